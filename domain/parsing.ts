import type { z } from 'zod';
import type { ErrorCode } from './errors';
import { refusal, type Locate, type Problem } from './refusal';

/** Far deeper than any document of ours. */
const MAX_DEPTH = 32;

export interface DocumentKind {
  readonly code: ErrorCode;
  /** How the refusal begins, such as `The order`. */
  readonly title: string;
}

/** The typed document, or one refusal that lists every problem of its shape. */
export function parseShape<Document>(
  kind: DocumentKind,
  schema: z.ZodType<Document>,
  input: unknown,
  locate?: Locate,
): Document {
  const unsafe = unsafeNames(input, [], 0);
  const result = unsafe.length === 0 ? schema.safeParse(input) : undefined;
  if (result?.success) return result.data;
  const problems =
    result === undefined ? unsafe : result.error.issues.flatMap((one) => toProblems(one, input));
  throw refusal(kind.code, kind.title, problems, locate);
}

function toProblems(issue: z.core.$ZodIssue, input: unknown): Problem[] {
  const path = issue.path.map((part) => (typeof part === 'number' ? part : String(part)));
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => {
      const at = [...path, key];
      return { path: at, value: valueAt(input, at), allowed: issue.message };
    });
  }
  // The name of a map's entry is wrong, not its value.
  const rule = issue.code === 'invalid_key' ? `as a name here: ${issue.issues[0]?.message}` : issue.message;
  return [{ path, value: issue.code === 'invalid_key' ? path.at(-1) : valueAt(input, path), allowed: rule }];
}

function valueAt(input: unknown, path: Problem['path']): unknown {
  return path.reduce<unknown>(
    (value, part) =>
      typeof value === 'object' && value !== null && Object.hasOwn(value, part)
        ? (value as Record<string | number, unknown>)[part]
        : undefined,
    input,
  );
}

/** zod drops an entry named `__proto__` without a word, and recurses as deep as its input: both are refused. */
function unsafeNames(value: unknown, path: Problem['path'], depth: number): Problem[] {
  if (typeof value !== 'object' || value === null) return [];
  if (depth > MAX_DEPTH)
    return [{ path: [], value, allowed: `at most ${MAX_DEPTH} levels of lists and maps` }];
  return Object.entries(value).flatMap(([name, entry]) =>
    name === '__proto__'
      ? [{ path: [...path, name], value: entry, allowed: 'any other name' }]
      : unsafeNames(entry, [...path, Array.isArray(value) ? Number(name) : name], depth + 1),
  );
}
