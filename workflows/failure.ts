import { ActivityFailure, ApplicationFailure, isCancellation, TimeoutFailure } from '@temporalio/workflow';
import { outputOf } from '../domain/tool-output';

export interface Failure {
  readonly code: string;
  readonly message: string;
  /** The tool's last lines, where it said anything. */
  readonly output?: readonly string[];
}

export const cancelled: Failure = {
  code: 'CANCELLED',
  message: 'Somebody pressed Cancel in the Temporal UI: the unit is parked, not lost.',
};

/** A failed activity, as one of our codes. A worker that never took the task is a station that is away. */
export function failureOf(error: unknown): Failure {
  if (isCancellation(error)) return cancelled;
  if (!(error instanceof ActivityFailure)) throw error;
  const { cause } = error;
  if (cause instanceof ApplicationFailure) {
    const output = outputOf(cause.details?.[0]);
    return {
      code: cause.type ?? 'INTERNAL',
      message: cause.message.slice(0, 1_000),
      ...(output.length > 0 && { output }),
    };
  }
  if (cause instanceof TimeoutFailure && cause.timeoutType === 'SCHEDULE_TO_START') {
    return {
      code: 'STATION_OFFLINE',
      message:
        'No worker of the station took the task. Is the station on? It goes on by itself when the station comes back.',
    };
  }
  return { code: 'DEVICE_NOT_RESPONDING', message: 'The step did not end in its time.' };
}
