import { UnitrailError, type ErrorCode } from './errors';

/** One thing that is wrong in a document: where, what stands there, and what may stand there. */
export interface Problem {
  readonly path: readonly (string | number)[];
  /** The offending value; undefined where nothing was given. */
  readonly value: unknown;
  readonly allowed: string;
  /** Where the problem knows by itself where it stands, and how its value is told there. */
  readonly spot?: Spot;
}

/** Where a value stands in a file, and how it is spelled there (0012 and 12 are the same number). */
export interface Spot {
  readonly line?: number | undefined;
  readonly source?: string | undefined;
}

export type Locate = (path: Problem['path']) => Spot;

const MAX_SHOWN_PROBLEMS = 20;
const MAX_SHOWN_CHARACTERS = 60;
const SECRET_NAME = /pass|secret|token|key|credential/i;

const nowhere: Locate = () => ({});

export interface RefusalSize {
  readonly maxShown?: number;
  /** How many there are, where not all of them were kept. */
  readonly total?: number;
}

/** All problems in one error, each on a line that names field, value and what is allowed. */
export function refusal(
  code: ErrorCode,
  title: string,
  problems: readonly Problem[],
  locate: Locate = nowhere,
  { maxShown = MAX_SHOWN_PROBLEMS, total = problems.length }: RefusalSize = {},
): UnitrailError {
  const shown = problems.slice(0, maxShown);
  const lines = shown.map((problem) => problemText(problem, locate));
  const unseen = total - lines.length;
  if (unseen > 0) lines.push(`and ${unseen} more`);
  return new UnitrailError(code, [`${title} is not valid:`, ...lines].join('\n  '), {
    problems: shown.map((problem) => pathText(problem.path)),
  });
}

/** `quantity: 10000000 is not allowed; a whole number from 1 to 1000000 (line 5)` */
export function problemText(problem: Problem, locate: Locate = nowhere): string {
  const spot = problem.spot ?? locate(problem.path);
  const shown = shownValue(problem, spot);
  const where = spot.line === undefined ? '' : ` (line ${spot.line})`;
  return `${pathText(problem.path) || 'document'}: ${shown} is not allowed; ${problem.allowed}${where}`;
}

/** `components.U1[0]` */
export function pathText(path: Problem['path']): string {
  return path
    .map((part, at) => (typeof part === 'number' ? `[${part}]` : `${at === 0 ? '' : '.'}${plainName(part)}`))
    .join('');
}

function plainName(name: string): string {
  return /^[A-Za-z0-9._!-]{1,64}$/.test(name) ? name : shorten(escaped(name));
}

function shownValue(problem: Problem, spot: Spot): string {
  const field = problem.path.at(-1);
  if (problem.value === undefined) return problem.spot?.source ?? '(missing)';
  // Somebody pasted a password where only a reference may stand: a log is no place for it.
  if (typeof field === 'string' && SECRET_NAME.test(field)) return '(hidden)';
  if (typeof problem.value === 'number') return shorten(spot.source ?? String(problem.value));
  return shorten(escaped(problem.value));
}

function escaped(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : `a list of ${value.length}`;
  if (typeof value === 'object' && value !== null) return 'a map';
  if (typeof value !== 'string') return String(value);
  // JSON escapes the control characters below U+0020 only; the others would upset a terminal as well.
  return JSON.stringify(value).replace(
    /[\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function shorten(text: string): string {
  return text.length <= MAX_SHOWN_CHARACTERS ? text : `${text.slice(0, MAX_SHOWN_CHARACTERS)}…`;
}
