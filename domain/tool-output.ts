import { plainText } from './plain-text';

const MAX_LINES = 20;
const MAX_CHARACTERS = 2_000;
const MAX_LINE = 200;

/**
 * The last lines of what a tool wrote, for the engineer who has to find out why it failed: safe to print, and small
 * enough for an event, a failure and a page.
 */
export function lastLines(lines: readonly string[]): string[] {
  const kept: string[] = [];
  let left = MAX_CHARACTERS;
  for (const line of lines.slice(-MAX_LINES).reverse()) {
    const shown = plainText(line, MAX_LINE);
    left -= shown.length + 1;
    if (left < 0) break;
    kept.unshift(shown);
  }
  return kept;
}

/** The lines that an error's detail or an event's body holds; none where it holds something else. */
export function outputOf(facts: unknown): string[] {
  const output = (facts as { output?: unknown } | null | undefined)?.output;
  if (!Array.isArray(output)) return [];
  return lastLines(output.filter((line): line is string => typeof line === 'string'));
}
