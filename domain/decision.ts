import { stepNumber, steps, type Standing, type Step } from './unit-lifecycle';

/** What an engineer decides about a unit, in the Temporal UI or by command. People are operator numbers. */
export type Decision =
  | {
      readonly action: 'retry';
      readonly by: string;
      readonly note?: string;
      readonly label?: 'none' | 'found';
    }
  | {
      readonly action: 'rework';
      readonly by: string;
      readonly reason: string;
      readonly step: Step;
      /** Another release than the unit is pinned to. */
      readonly firmware?: string;
    }
  | { readonly action: 'scrap'; readonly by: string; readonly reason: string; readonly code?: ScrapCode }
  | {
      readonly action: 'missing';
      readonly by: string;
      readonly reason: string;
      /** The place where somebody saw it last, and when (RFC 3339). */
      readonly lastSeen: string;
      readonly lastSeenAt: string;
    }
  | { readonly action: 'found'; readonly by: string; readonly place: string; readonly note?: string };

/** Why units are scrapped, for the statistics; the reason says it in words. The database knows the same list. */
export const scrapCodes = [
  'test',
  'damaged',
  'component',
  'label',
  'identity',
  'process',
  'lost',
  'other',
] as const;
export type ScrapCode = (typeof scrapCodes)[number];

export const UNIDENTIFIED = 'unidentified';
/** A station that comes back decides under its own id. */
const OPERATOR = /^[0-9A-Za-z-]{1,64}$/;
const MAX_TEXT = 500;
const MAX_PLACE = 100;
/** A version as plant files spell it. */
const VERSION = /^[0-9A-Za-z][0-9A-Za-z.+_-]{0,63}$/;
const INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?(Z|[+-]\d{2}:\d{2})$/;
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

const needed: Readonly<Record<Decision['action'], string>> = {
  retry: '',
  rework: '{"by": operator number, "reason": text}',
  scrap: '{"by": operator number, "reason": text}',
  missing: '{"by": operator number, "reason": text, "lastSeen": place, "lastSeenAt": time}',
  found: '{"by": operator number, "place": where it is}',
};

function formProblem(decision: Decision): string | null {
  const { action, by } = decision;
  if (by !== UNIDENTIFIED && !(typeof by === 'string' && OPERATOR.test(by))) {
    return `by: ${shown(by)} is not allowed; an operator number of up to 64 letters, digits and "-"`;
  }
  const text = ('reason' in decision ? decision.reason : decision.note) ?? '';
  if (typeof text !== 'string' || text.length > MAX_TEXT)
    return `note or reason: at most ${MAX_TEXT} characters of text`;
  if (isPlaceholder(text)) return `note or reason: ${shown(text)} is not allowed; ${PLACEHOLDER_ALLOWED}`;
  if (action === 'retry') return labelProblem(decision.label);
  if (by === UNIDENTIFIED || ('reason' in decision && text.trim() === ''))
    return `${action} needs ${needed[action]}`;
  if (action === 'rework') return reworkProblem(decision);
  if (action === 'scrap') return codeProblem(decision.code);
  if (action === 'found') return placeProblem('place', decision.place);
  return placeProblem('lastSeen', decision.lastSeen) ?? instantProblem(decision.lastSeenAt);
}

/** The dots of an example that was pasted as it stands: whoever reads the history later learns nothing from them. */
export function isPlaceholder(text: string): boolean {
  return /^(\.{2,}|…+)$/.test(text.trim());
}

export const PLACEHOLDER_ALLOWED = 'the reason in words, in place of the dots';

function reworkProblem({ step, firmware }: Extract<Decision, { action: 'rework' }>): string | null {
  if (!reworkSteps.includes(step))
    return `step: ${shown(step)} is not allowed; one of ${reworkSteps.join(', ')}`;
  if (firmware === undefined) return null;
  if (typeof firmware !== 'string' || !VERSION.test(firmware))
    return `firmware: ${shown(firmware)} is not allowed; the version of a release, such as "1.4.2"`;
  return step === 'flash' ? null : `step: ${shown(step)} is not allowed; flash, where firmware is given`;
}

function codeProblem(code: unknown): string | null {
  if (code === undefined || scrapCodes.some((known) => known === code)) return null;
  return `code: ${shown(code)} is not allowed; one of ${scrapCodes.join(', ')}`;
}

function placeProblem(field: string, place: unknown): string | null {
  if (typeof place === 'string' && place.trim() !== '' && !isPlaceholder(place) && place.length <= MAX_PLACE)
    return null;
  return `${field}: ${shown(place)} is not allowed; the place in words, at most ${MAX_PLACE} characters`;
}

function instantProblem(at: unknown): string | null {
  if (typeof at === 'string' && INSTANT.test(at) && !Number.isNaN(Date.parse(at))) return null;
  return `lastSeenAt: ${shown(at)} is not allowed; a time with its zone, such as "2026-11-26T14:30:00Z"`;
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
    missing: ['InProgress', 'AwaitingEngineer', 'ReadyToShip', 'Packed'],
    found: ['Missing'],
  }[decision.action];
  if (allowed.includes(standing.state)) return laterProblem(standing, decision);
  return `${decision.action} is not allowed: unit ${standing.serial} is ${standing.state}; it has to be ${allowed.join(' or ')}`;
}

/** A rework goes back: what was not done yet is not done again. At `assign` there is nothing to go back to. */
function laterProblem({ serial, step: own }: Place, decision: Decision): string | null {
  if (decision.action !== 'rework' || stepNumber(decision.step) <= stepNumber(own)) return null;
  const allowed = reworkSteps.filter((step) => stepNumber(step) <= stepNumber(own));
  const instead = allowed.length > 0 ? `one of ${allowed.join(', ')}` : 'retry it, or scrap it';
  return `step: ${shown(decision.step)} is not allowed: unit ${serial} is at ${own}; ${instead}`;
}

function shown(value: unknown): string {
  return JSON.stringify(value)?.slice(0, 60) ?? 'nothing';
}
