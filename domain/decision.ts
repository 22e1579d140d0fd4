import { steps, type Standing, type Step } from './unit-lifecycle';

/** What an engineer decides about a unit, in the Temporal UI or by command. People are operator numbers. */
export type Decision =
  | {
      readonly action: 'retry';
      readonly by: string;
      readonly note?: string;
      readonly label?: 'none' | 'found';
    }
  | { readonly action: 'rework'; readonly by: string; readonly reason: string; readonly step: Step }
  | { readonly action: 'scrap'; readonly by: string; readonly reason: string };

export const UNIDENTIFIED = 'unidentified';
/** A station that comes back decides under its own id. */
const OPERATOR = /^[0-9A-Za-z-]{1,64}$/;
const MAX_TEXT = 500;
/** A rework voids the label, so it begins no later than at the label. */
export const reworkSteps: readonly Step[] = steps.slice(1, 5);

/** A decision is judged by where the unit stands, whatever its history is. */
type Place = Omit<Standing, 'seq'>;

/** Null where the decision may be taken now; otherwise the sentence that the engineer reads. */
export function decisionProblem(
  standing: Place,
  decision: Decision,
  expectedAttempt?: number,
): string | null {
  return (
    formProblem(decision) ?? attemptProblem(standing, expectedAttempt) ?? stateProblem(standing, decision)
  );
}

function formProblem(decision: Decision): string | null {
  if (decision.by !== UNIDENTIFIED && !OPERATOR.test(decision.by)) {
    return `by: ${shown(decision.by)} is not allowed; an operator number of up to 64 letters, digits and "-"`;
  }
  const text = decision.action === 'retry' ? (decision.note ?? '') : decision.reason;
  if (typeof text !== 'string' || text.length > MAX_TEXT)
    return `note or reason: at most ${MAX_TEXT} characters of text`;
  if (decision.action === 'retry') return labelProblem(decision.label);
  if (decision.by === UNIDENTIFIED || text.trim() === '')
    return `${decision.action} needs {"by": operator number, "reason": text}`;
  if (decision.action === 'rework' && !reworkSteps.includes(decision.step)) {
    return `step: ${shown(decision.step)} is not allowed; one of ${reworkSteps.join(', ')}`;
  }
  return null;
}

function labelProblem(label: unknown): string | null {
  if (label === undefined || label === 'none' || label === 'found') return null;
  return `label: ${shown(label)} is not allowed; "none" (no label was printed, or it is destroyed) or "found" (it is on the unit)`;
}

function attemptProblem(standing: Place, expectedAttempt: number | undefined): string | null {
  if (expectedAttempt === undefined || expectedAttempt === standing.attempt) return null;
  return `expectedAttempt: ${shown(expectedAttempt)} is not allowed; ${standing.step} of ${standing.serial} is at attempt ${standing.attempt}`;
}

function stateProblem(standing: Place, decision: Decision): string | null {
  const allowed = {
    retry: ['AwaitingEngineer'],
    rework: ['AwaitingEngineer', 'ReadyToShip', 'Packed'],
    scrap: ['InProgress', 'AwaitingEngineer', 'ReadyToShip', 'Packed', 'Missing'],
  }[decision.action];
  if (allowed.includes(standing.state)) return null;
  return `${decision.action} is not allowed: unit ${standing.serial} is ${standing.state}; it has to be ${allowed.join(' or ')}`;
}

function shown(value: unknown): string {
  return JSON.stringify(value)?.slice(0, 60) ?? 'nothing';
}
