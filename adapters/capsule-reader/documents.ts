export type Facts = Readonly<Record<string, unknown>>;

export type Read = { readonly facts: Facts } | { readonly wrong: string };

/**
 * RFC 8785, written once more: whoever checks must not lean on what wrote. Numbers and strings of JSON.stringify are
 * already what the RFC asks for; what is left is the order of the keys, by UTF-16 code units.
 */
export function canonicalText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalText).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const map = value as Facts;
  const entries = Object.keys(map)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${canonicalText(map[key])}`);
  return `{${entries.join(',')}}`;
}

/** A document in its one spelling, of one of the formats. */
export function readDocument(text: string | null, ...formats: readonly string[]): Read {
  if (text === null) return { wrong: 'is no text in UTF-8' };
  const facts = parsed(text);
  if (facts === null) return { wrong: 'is no JSON object' };
  if (canonicalText(facts) !== text) return { wrong: 'is not in its canonical form (RFC 8785)' };
  if (formats.includes(String(facts.format))) return { facts };
  return { wrong: `is of format ${JSON.stringify(facts.format)}, not ${formats.join(' or ')}` };
}

/** Null where it is no JSON object. */
export function parsed(text: string): Facts | null {
  try {
    const value: unknown = JSON.parse(text);
    return isMap(value) ? value : null;
  } catch {
    return null;
  }
}

export function isMap(value: unknown): value is Facts {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function mapAt(facts: Facts, name: string): Facts {
  const value = facts[name];
  return isMap(value) ? value : {};
}

export function listAt(facts: Facts, name: string): readonly unknown[] {
  const value = facts[name];
  return Array.isArray(value) ? value : [];
}
