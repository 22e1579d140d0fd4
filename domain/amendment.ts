/** What was said of a unit after its record was sealed, in the order of its history. */
export const amendmentTypes = ['recordCorrected', 'unitReturned'] as const;
export type AmendmentType = (typeof amendmentTypes)[number];

/** Of the document that a leaf of the log is made of. */
export const STATEMENT_FORMAT = 'unitrail.statement/1';

/** A value of the record, or nothing where it has no such field. */
export type Found = { readonly value: unknown } | null;

/** Looks up `test.results.0.value`: names and places in lists, with dots between them. */
export function fieldOf(record: unknown, path: string): Found {
  let value = record;
  for (const name of path.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return null;
    value = (value as Readonly<Record<string, unknown>>)[name];
  }
  return { value };
}

/** The names that a field could have had at the first place where the path leads nowhere. */
export function namesBeside(record: unknown, path: string): string[] {
  const names = path.split('.');
  let at = 0;
  while (at < names.length - 1 && isPart(fieldOf(record, names.slice(0, at + 1).join('.')))) at += 1;
  const prefix = names.slice(0, at).join('.');
  const parent = at === 0 ? record : fieldOf(record, prefix)?.value;
  const inside = typeof parent === 'object' && parent !== null ? Object.keys(parent) : [];
  return inside.map((name) => (prefix === '' ? name : `${prefix}.${name}`));
}

function isPart(found: Found): boolean {
  return typeof found?.value === 'object' && found.value !== null;
}
