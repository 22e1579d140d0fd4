/**
 * RFC 8785, written once more: whoever checks must not lean on what wrote. Numbers and strings of JSON.stringify are
 * already what the RFC asks for; what is left is the order of the keys, by UTF-16 code units.
 */
export function canonicalText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalText).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const map = value as Record<string, unknown>;
  const entries = Object.keys(map)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${canonicalText(map[key])}`);
  return `{${entries.join(',')}}`;
}

/** The value, or what is wrong with the text. A key twice, a blank, another spelling: each makes it another text. */
export function readCanonical(text: string): { value: unknown } | { wrong: string } {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { wrong: 'is no JSON' };
  }
  return canonicalText(value) === text ? { value } : { wrong: 'is not in its canonical form (RFC 8785)' };
}
