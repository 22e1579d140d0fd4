import { ApplicationFailure, CompleteAsyncError } from '@temporalio/activity';
import type {
  ActivityExecuteInput,
  ActivityInboundCallsInterceptor,
  Next,
  WorkerOptions,
} from '@temporalio/worker';
import { Context } from '@temporalio/activity';
import { ApplicationFailureCategory } from '@temporalio/common';
import { reactionTo } from '../domain/errors';

/** Hears of every call of an activity once it has ended. */
export interface ActivityMeter {
  ended(call: ActivityCall): void;
}

export interface ActivityCall {
  readonly activity: string;
  readonly seconds: number;
  /** Temporal's own count: more than 1 where an earlier try failed or was lost. */
  readonly attempt: number;
  /** Null where it was done. */
  readonly failure: { readonly code: string; readonly reaction: string } | null;
}

type Settings = Pick<WorkerOptions, 'interceptors'>;

/** The settings with a meter around everything else: it sees what Temporal is told. */
export function measuring<T extends Settings>(settings: T, meter: ActivityMeter | undefined): T {
  if (!meter) return settings;
  const activity = settings.interceptors?.activity ?? [];
  const around = () => ({ inbound: new Measure(meter) });
  return { ...settings, interceptors: { ...settings.interceptors, activity: [around, ...activity] } };
}

class Measure implements ActivityInboundCallsInterceptor {
  constructor(private readonly meter: ActivityMeter) {}

  async execute(
    input: ActivityExecuteInput,
    next: Next<ActivityInboundCallsInterceptor, 'execute'>,
  ): Promise<unknown> {
    const { activityType: activity, attempt } = Context.current().info;
    const began = performance.now();
    const told = (failure: ActivityCall['failure']): void =>
      this.meter.ended({ activity, attempt, failure, seconds: (performance.now() - began) / 1_000 });
    try {
      const result = await next(input);
      told(null);
      return result;
    } catch (error) {
      told(error instanceof CompleteAsyncError ? null : failureOf(error));
      throw error;
    }
  }
}

/** Codes are the catalogue's, so that there are only so many. Waiting in line is no failure. */
function failureOf(error: unknown): ActivityCall['failure'] {
  if (!(error instanceof ApplicationFailure)) return { code: 'CANCELLED', reaction: 'cancelled' };
  const code = error.type ?? 'INTERNAL';
  const isWait = error.category === ApplicationFailureCategory.BENIGN;
  return { code, reaction: isWait ? 'wait' : reactionTo(code) };
}
