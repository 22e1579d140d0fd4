import { outputOf } from './tool-output';
import { stepNumber, steps, type Step, type UnitState } from './unit-lifecycle';

/** A step that counts: done, and not voided by a rework since. */
export interface DoneStep {
  readonly step: Step;
  /** RFC 3339 UTC. */
  readonly at: string;
  readonly attempt: number;
  readonly station: string | null;
}

/** Why the unit is held, with what the tool said last. */
export interface UnitFailure {
  readonly code: string;
  readonly message: string;
  readonly at: string;
  readonly station: string | null;
  readonly output: readonly string[];
}

/** One thing that was tried: a try that failed, or what a person decided. */
export interface Trial {
  readonly at: string;
  readonly what: string;
}

/** What the unit's page tells beside where it stands: read when a run begins, and when the unit is held. */
export interface UnitFacts {
  readonly product: string;
  readonly productName: string;
  readonly index: number;
  readonly firmware: string;
  readonly chipUid: string | null;
  /** Its certificate was revoked while it was missing: it needs another one. */
  readonly needsCertificate: boolean;
  /** A label that is known to be made and was not scanned on the unit, or whose fate nobody knows. */
  readonly labelInQuestion: number | null;
  readonly done: readonly DoneStep[];
  readonly failure: UnitFailure | null;
  /** Failed tries and decisions, the oldest first; only the newest few. */
  readonly tried: readonly Trial[];
  /** How many tries failed in all. */
  readonly failedTries: number;
}

/** A line of the history, with what the page needs of its body. */
export interface FactEvent {
  readonly type: string;
  readonly at: string;
  readonly body: {
    readonly attempt: number | null;
    readonly try: number | null;
    readonly part: string | null;
    readonly step: string | null;
    readonly station: string | null;
    readonly code: string | null;
    readonly message: string | null;
    readonly by: string | null;
    readonly reason: string | null;
    readonly output: unknown;
  };
}

const MAX_TRIALS = 8;
const MAX_TEXT = 300;

const endOfStep: Readonly<Record<string, Step>> = {
  assigned: 'assign',
  flashed: 'flash',
  testPassed: 'test',
  provisioned: 'provision',
  labelVerified: 'label',
  qualityPassed: 'qc',
};
const decisions: Readonly<Record<string, string>> = {
  retried: 'retry',
  reworked: 'rework',
  missing: 'declared missing',
  found: 'found again',
};

/** The event types that the page is made of. */
export const factTypes: readonly string[] = [
  ...Object.keys(endOfStep),
  ...Object.keys(decisions),
  'stepFailed',
  'held',
];

export function doneSteps(events: readonly FactEvent[]): DoneStep[] {
  const done = new Map<Step, DoneStep>();
  for (const { type, at, body } of events) {
    const step = endOfStep[type];
    if (step) done.set(step, { step, at, attempt: body.attempt ?? 1, station: body.station });
    if (type === 'reworked') for (const voided of stepsFrom(body.step)) done.delete(voided);
  }
  return steps.flatMap((step) => done.get(step) ?? []);
}

/** The newest hold, with the output of the try that led to it. */
export function failureOf(state: UnitState, events: readonly FactEvent[]): UnitFailure | null {
  const held = events.findLast(({ type }) => type === 'held' || type === 'found');
  if (state !== 'AwaitingEngineer' || held?.type !== 'held') return null;
  const failed = events.findLast(({ type, body }) => type === 'stepFailed' && body.code === held.body.code);
  const output = outputOf(held.body);
  return {
    code: held.body.code ?? 'UNKNOWN',
    message: held.body.message ?? '',
    at: held.at,
    station: failed?.body.station ?? null,
    output: output.length > 0 ? output : outputOf(failed?.body),
  };
}

export function trials(events: readonly FactEvent[]): Trial[] {
  return events
    .filter(({ type }) => type === 'stepFailed' || Object.hasOwn(decisions, type))
    .slice(-MAX_TRIALS)
    .map(({ type, at, body }) => ({
      at,
      what: type === 'stepFailed' ? failedTry(body) : decided(type, body),
    }));
}

function failedTry({ part, attempt, try: tries, code }: FactEvent['body']): string {
  return `${part ?? '?'}, attempt ${attempt ?? '?'}, try ${tries ?? '?'}: ${code ?? '?'}`;
}

function decided(type: string, { by, reason, step }: FactEvent['body']): string {
  const to = type === 'reworked' ? ` from ${step ?? '?'}` : '';
  return `${decisions[type]}${to} by ${by ?? '?'}${reason ? `: ${reason.slice(0, MAX_TEXT)}` : ''}`;
}

function stepsFrom(step: string | null): Step[] {
  const known = steps.find((one) => one === step);
  return known ? steps.slice(stepNumber(known) - 1) : [];
}
