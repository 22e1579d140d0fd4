import type { Name } from '@peculiar/x509';

/**
 * A name as RFC 4514 writes it: the most specific part first, no space after the comma. (The library's own
 * `toString` keeps the order of the certificate.) One name is one text, so that records can be compared.
 * For names of types that have a short name (CN, O, …), which those of a CA are.
 */
export function toRfc4514(name: Name): string {
  return name
    .toJSON()
    .map((parts) =>
      Object.entries(parts).flatMap(([type, values]) => values.map((value) => attribute(type, value))),
    )
    .map((attributes) => attributes.join('+'))
    .reverse()
    .join(',');
}

function attribute(type: string, value: string): string {
  return `${type}=${escapeValue(value)}`;
}

/** RFC 4514, 2.4. */
function escapeValue(value: string): string {
  return value
    .replace(/["+,;<>\\]/g, '\\$&')
    .replace(/\0/g, '\\00')
    .replace(/^[ #]/, '\\$&')
    .replace(/ $/, '\\ ');
}
