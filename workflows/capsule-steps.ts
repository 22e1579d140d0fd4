import {
  ActivityFailure,
  ApplicationFailure,
  isCancellation,
  setCurrentDetails,
  TimeoutFailure,
} from '@temporalio/workflow';
import {
  capsuleSteps,
  retentionText,
  type CapsuleReport,
  type CapsuleStep,
  type RetentionReport,
  type Trouble,
} from '../domain/retention';

type Writable<T> = { -readonly [Name in keyof T]: T[Name] };
/** What a run knows of itself. */
export type RetentionState = Writable<RetentionReport> & { readonly run: string };

/** Brings each capsule that stands before the step one further; what fails for good stays where it is, with its cause. */
export async function each(
  state: RetentionState,
  step: CapsuleStep,
  act: (capsule: string) => Promise<unknown>,
): Promise<void> {
  for (const [at, one] of state.capsules.entries()) {
    if (!standsBefore(one, step)) continue;
    show(state, `${one.capsule}: ${doings[step]}`);
    const problem = await troubleOf(() => act(one.capsule));
    const next: CapsuleReport = problem ? { ...one, problem } : { ...one, step };
    state.capsules = state.capsules.with(at, next);
  }
}

export function standsBefore(one: CapsuleReport, step: CapsuleStep): boolean {
  return one.problem === null && capsuleSteps.indexOf(one.step) === capsuleSteps.indexOf(step) - 1;
}

export const doings: Readonly<Record<CapsuleStep, string>> = {
  due: '',
  planned: '',
  made: 'writing its files',
  delivered: 'bringing it to its buyer',
  verified: 'reading it back',
  moved: 'removing its units here',
};

/** Null where it was done; what is neither done nor failed (somebody cancels the run) is thrown. */
export async function troubleOf(act: () => Promise<unknown>): Promise<Trouble | null> {
  try {
    await act();
    return null;
  } catch (error) {
    return troubleIn(error);
  }
}

export function troubleIn(error: unknown): Trouble {
  if (!(error instanceof ActivityFailure) || isCancellation(error)) throw error;
  const { cause } = error;
  if (cause instanceof ApplicationFailure) return { code: cause.type ?? 'INTERNAL', message: cause.message };
  if (cause instanceof TimeoutFailure) return overdue(lastWordOf(cause));
  throw error;
}

/** Out of time, with what the last try failed with. */
export function overdue(last: string | null): Trouble {
  const word = last === null ? '' : `: ${last.replace(/\.$/, '')}`;
  return { code: 'OVERDUE', message: `It took too long${word}. The next run goes on with it.` };
}

/** As far as Temporal tells. */
function lastWordOf({ cause }: TimeoutFailure): string | null {
  return cause instanceof ApplicationFailure ? cause.message : null;
}

export function show(state: RetentionState, doing: string | null): void {
  setCurrentDetails(retentionText(state, doing));
}
