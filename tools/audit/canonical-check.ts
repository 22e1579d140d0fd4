/**
 * RFC 8785 again, by code of the auditor's own: numbers and strings as ECMAScript writes them, members in the order
 * of their names' UTF-16 code units, nothing between the tokens. The writers use a package; sharing it would
 * share its mistakes.
 */
const MAX_DEPTH = 64;

export interface Reading {
  /** Undefined where the text is no JSON. */
  readonly value: unknown;
  readonly problem: { readonly found: string; readonly expected: string } | null;
}

export function readCanonical(text: string): Reading {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return {
      value: undefined,
      problem: { found: `no JSON: ${text.slice(0, 60)}`, expected: 'JSON (RFC 8785)' },
    };
  }
  if (isOrdered(value, 0) && JSON.stringify(value) === text && !text.includes('\\ud'))
    return { value, problem: null };
  return { value, problem: differenceOf(text, value) };
}

/** Quick path, right for nearly every body: the parser kept the order, so only the order has to be looked at. */
function isOrdered(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return true;
  if (depth > MAX_DEPTH) return false;
  if (Array.isArray(value)) return value.every((item) => isOrdered(item, depth + 1));
  let last: string | undefined;
  for (const name of Object.keys(value)) {
    if (last !== undefined && name <= last) return false;
    if (!isOrdered((value as Record<string, unknown>)[name], depth + 1)) return false;
    last = name;
  }
  return true;
}

function differenceOf(text: string, value: unknown): Reading['problem'] {
  const canonical = canonicalText(value, 0);
  if (canonical === null)
    return { found: text, expected: `no half surrogate pair, at most ${MAX_DEPTH} levels` };
  if (canonical === text) return null;
  let at = 0;
  while (text[at] === canonical[at]) at += 1;
  const excerpt = (whole: string): string => whole.slice(Math.max(0, at - 20), at + 60);
  return { found: `at character ${at}: ${excerpt(text)}`, expected: excerpt(canonical) };
}

/** The text of a value; what is undefined reads as null. Null for what RFC 8785 has no text for. */
export function canonicalText(value: unknown, depth = 0): string | null {
  if (depth > MAX_DEPTH) return null;
  if (value === undefined) return 'null';
  if (typeof value === 'string') return stringText(value);
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  return Array.isArray(value) ? listText(value, depth) : membersText(value as Record<string, unknown>, depth);
}

function listText(list: readonly unknown[], depth: number): string | null {
  const items = list.map((item) => canonicalText(item, depth + 1));
  return items.includes(null) ? null : `[${items.join(',')}]`;
}

function membersText(members: Record<string, unknown>, depth: number): string | null {
  const texts: string[] = [];
  // The default order of `sort` is that of UTF-16 code units.
  for (const name of Object.keys(members).sort()) {
    const [nameText, valueText] = [stringText(name), canonicalText(members[name], depth + 1)];
    if (nameText === null || valueText === null) return null;
    texts.push(`${nameText}:${valueText}`);
  }
  return `{${texts.join(',')}}`;
}

function stringText(text: string): string | null {
  return /\p{Surrogate}/u.test(text) ? null : JSON.stringify(text);
}
