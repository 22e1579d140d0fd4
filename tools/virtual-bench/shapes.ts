import { z } from 'zod';
import { BenchError } from './bench-error';

/*
 * The kinds of field that requests and fault plans are made of. The product's own documents have richer ones;
 * the fixture stays apart from them.
 */

/** An object with these fields and no others. */
export function fields<Shape extends z.ZodRawShape>(shape: Shape) {
  const known = `an object with the fields ${Object.keys(shape).join(', ')} and no others`;
  return z.strictObject(shape, { error: () => known });
}

export function patternText(pattern: RegExp, allowed: string) {
  return z.string({ error: allowed }).regex(pattern, { error: allowed });
}

/** Text on one line, without control characters. */
export function lineOfText(maxLength: number) {
  return patternText(
    new RegExp(`^\\P{Cc}{1,${maxLength}}$`, 'u'),
    `1 to ${maxLength} characters on one line`,
  );
}

export function wholeNumber(lowest: number, highest = Number.MAX_SAFE_INTEGER) {
  const allowed = `a whole number from ${lowest} to ${highest}`;
  return z.number({ error: allowed }).int({ error: allowed }).min(lowest, allowed).max(highest, allowed);
}

export function oneOf<const Values extends readonly [string, ...string[]]>(values: Values) {
  return z.enum(values, { error: `one of ${values.join(', ')}` });
}

export function list<Item extends z.ZodType>(item: Item, fewest: number, most: number) {
  const allowed = `a list of ${fewest} to ${most}`;
  return z.array(item, { error: allowed }).min(fewest, allowed).max(most, allowed);
}

const maxShownProblems = 10;
const maxShownCharacters = 60;

/** The typed input, or BAD_REQUEST that names each wrong field, its value and what is allowed. */
export function parseShape(title: string, schema: z.ZodType, input: unknown): unknown {
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  const problems = result.error.issues.slice(0, maxShownProblems).map((issue) => problemText(issue, input));
  throw new BenchError('BAD_REQUEST', [`${title} is not valid:`, ...problems].join('\n  '));
}

function problemText(issue: z.core.$ZodIssue, input: unknown): string {
  const path = issue.code === 'unrecognized_keys' ? [...issue.path, issue.keys[0] ?? ''] : issue.path;
  const value = JSON.stringify(valueAt(input, path)) ?? 'nothing';
  return `${path.join('.') || 'it'}: ${value.slice(0, maxShownCharacters)} is not allowed; ${issue.message}`;
}

function valueAt(input: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, part) => (value as Record<PropertyKey, unknown> | null | undefined)?.[part],
    input,
  );
}
