import canonicalize from 'canonicalize';
import { UnitrailError } from './errors';

/** Deeper than any document of ours; what is deeper is a mistake or an attack on the stack. */
const MAX_DEPTH = 64;

/**
 * The RFC 8785 text of a JSON value: one value, one text, so that digests of it can be compared.
 * What JSON can't say (undefined, NaN, Infinity, dates, bigints, half a surrogate pair) is refused with
 * INTERNAL: the package underneath would drop or change it silently, and the digest would lie.
 */
export function canonicalJson(value: unknown): string {
  refuseNonJson(value, '$', 0);
  return canonicalize(value) as string;
}

/** Reads a text that must be canonical already: any other spelling of the same value is refused. */
export function parseCanonical(text: string): unknown {
  const value = parseJson(text);
  if (canonicalJson(value) !== text) {
    throw new UnitrailError('INPUT_INVALID', 'The text is JSON, but not in its canonical form (RFC 8785).');
  }
  return value;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new UnitrailError('INPUT_INVALID', 'The text is not JSON.', {}, { cause });
  }
}

function refuseNonJson(value: unknown, path: string, depth: number): void {
  if (depth > MAX_DEPTH) refuse(path, `nested more than ${MAX_DEPTH} deep`);
  if (typeof value === 'string') return refuseHalfSurrogates(value, path);
  if (value === null || typeof value === 'boolean') return;
  if (typeof value === 'number') return Number.isFinite(value) ? undefined : refuse(path, String(value));
  if (typeof value !== 'object') refuse(path, `of type ${typeof value}`);
  if (Array.isArray(value)) return refuseInList(value, path, depth);
  refuseInMap(value, path, depth);
}

function refuseInList(list: readonly unknown[], path: string, depth: number): void {
  // By index: forEach would jump over the holes of a sparse array.
  for (let index = 0; index < list.length; index++) {
    refuseNonJson(list[index], `${path}[${index}]`, depth + 1);
  }
}

function refuseInMap(map: object, path: string, depth: number): void {
  const prototype: unknown = Object.getPrototypeOf(map);
  if (prototype !== null && Object.getPrototypeOf(prototype) !== null) refuse(path, 'not a plain object');
  for (const [key, value] of Object.entries(map)) {
    refuseHalfSurrogates(key, path);
    refuseNonJson(value, `${path}.${key}`, depth + 1);
  }
}

function refuseHalfSurrogates(text: string, path: string): void {
  if (/\p{Surrogate}/u.test(text)) refuse(path, 'text with half a surrogate pair');
}

function refuse(path: string, what: string): never {
  throw new UnitrailError('INTERNAL', `A canonical document can't hold what stands at ${path}: ${what}.`);
}
