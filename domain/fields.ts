import { z } from 'zod';
import type { MacAddress, Sha256Hex } from './brands';
import { COUNTRY_CODES } from './country-codes';

/**
 * The kinds of field that our documents are made of. Each carries one text that says what is allowed: people
 * read it in the refusal, editors show it from the JSON Schema.
 */

const QUOTE_HINT = 'put it in quotes, a bare number would lose its zeros';

/** A map with these fields and no others. */
export function fields<Shape extends z.ZodRawShape>(shape: Shape) {
  const known = `the fields here are ${Object.keys(shape).join(', ')}`;
  return z.strictObject(shape, {
    error: (issue) => (issue.code === 'unrecognized_keys' ? known : `a map; ${known}`),
  });
}

/** Text by a rule; what YAML reads as a number is refused with the advice to quote it. */
export function patternText(pattern: RegExp, allowed: string) {
  return z
    .string({ error: (issue) => (needsQuotes(issue.input) ? `${QUOTE_HINT}; ${allowed}` : allowed) })
    .regex(pattern, { error: allowed })
    .describe(allowed);
}

/** The same, with a check that no regular expression can do. */
export function checkedText(pattern: RegExp, allowed: string, check: (text: string) => boolean) {
  return patternText(pattern, allowed).refine(check, { error: allowed });
}

/** The same, where the check itself says what would be allowed instead; null where the text is good. */
export function judgedText(pattern: RegExp, allowed: string, judge: (text: string) => string | null) {
  return patternText(pattern, allowed).superRefine((text, context) => {
    // A text of another form was refused already.
    const instead = pattern.test(text) ? judge(text) : null;
    if (instead !== null) context.addIssue({ code: 'custom', message: instead });
  });
}

/** A name that becomes part of ids, keys and event headers: no blanks, no `|`, nothing to quote. */
export function identifier(maxLength = 64) {
  return patternText(
    new RegExp(`^[A-Za-z0-9][A-Za-z0-9._-]{0,${maxLength - 1}}$`),
    `1 to ${maxLength} of A–Z a–z 0–9 . _ -, the first a letter or digit`,
  );
}

/** An identifier from which a database login is made: no upper case, no underscore, no dot. */
export function loginName() {
  return patternText(/^[a-z][a-z0-9-]{0,39}$/, '1 to 40 of a–z 0–9 -, the first a letter');
}

/** Free text on one line. */
export function lineOfText(maxLength: number) {
  return patternText(
    // Control characters, line separators and the marks that turn the reading direction are refused.
    new RegExp(
      `^(?! )[^\\p{Cc}\\p{Cs}\\u2028\\u2029\\u202a-\\u202e\\u2066-\\u2069]{1,${maxLength}}(?<! )$`,
      'u',
    ),
    `1 to ${maxLength} characters on one line, no blank at either end, no control characters`,
  );
}

export function wholeNumber(lowest: number, highest: number) {
  const allowed = `a whole number from ${lowest} to ${highest}`;
  return z
    .number({ error: allowed })
    .int({ error: allowed })
    .min(lowest, { error: allowed })
    .max(highest, { error: allowed })
    .describe(allowed);
}

export function numberBetween(lowest: number, highest: number, what: string) {
  const allowed = `${what}, from ${lowest} to ${highest}`;
  return z
    .number({ error: allowed })
    .min(lowest, { error: allowed })
    .max(highest, { error: allowed })
    .describe(allowed);
}

export function flag() {
  return z.boolean({ error: 'true or false' });
}

export function oneOf<const Values extends readonly [string, ...string[]]>(values: Values) {
  return z.enum(values, { error: `one of ${values.join(', ')}` });
}

const COUNTRY = 'a country by ISO 3166-1 alpha-2, such as DE';
/** One schema for all fields, so that the JSON Schema lists the codes once. */
const countrySchema = z.enum(COUNTRY_CODES, { error: COUNTRY }).meta({ id: 'country', description: COUNTRY });

export function country() {
  return countrySchema;
}

export function calendarDate() {
  return checkedText(/^[0-9]{4}-[0-9]{2}-[0-9]{2}$/, 'a date YYYY-MM-DD, such as 2036-12-31', isCalendarDate);
}

export function macAddress() {
  const address = patternText(
    /^[0-9A-F]{2}(:[0-9A-F]{2}){5}(:[0-9A-F]{2}:[0-9A-F]{2})?$/,
    'a MAC address such as 70:B3:D5:00:00:04, with eight octets in a pool of EUI-64',
  );
  return address as unknown as z.ZodType<MacAddress, string>;
}

export function sha256() {
  const digest = patternText(/^[0-9a-f]{64}$/, 'a SHA-256 as 64 digits of 0–9 a–f');
  return digest as unknown as z.ZodType<Sha256Hex, string>;
}

export function list<Item extends z.ZodType>(item: Item, fewest: number, most: number) {
  const allowed = `a list of ${fewest} to ${most}`;
  return z.array(item, { error: allowed }).min(fewest, { error: allowed }).max(most, { error: allowed });
}

/** A list in which nothing stands twice. */
export function distinctList<Item extends z.ZodType<string>>(item: Item, fewest: number, most: number) {
  const allowed = 'each entry once';
  return list(item, fewest, most)
    .refine((entries) => new Set(entries).size === entries.length, { error: allowed })
    .meta({ uniqueItems: true });
}

/** A map of free names to values. */
export function mapOf<Value extends z.ZodType>(name: z.ZodString, value: Value, most: number) {
  const allowed = `a map of at most ${most} entries`;
  return z
    .record(name, value, { error: (issue) => (issue.code === 'invalid_key' ? 'as a name' : allowed) })
    .refine((entries) => Object.keys(entries).length <= most, { error: allowed })
    .meta({ maxProperties: most });
}

function needsQuotes(input: unknown): boolean {
  return typeof input === 'number' || typeof input === 'boolean';
}

function isCalendarDate(text: string): boolean {
  const time = Date.parse(`${text}T00:00:00Z`);
  return Number.isFinite(time) && new Date(time).toISOString().startsWith(text);
}
