import type { ToldOfRun } from './retention-events';
import type { Facts } from './stored-event';

/** Tells a violation of A19 by one row, whatever that is of. */
export type WrongOfRow = (found: string, expected: string) => void;

/** A row and its event are written in one statement. */
const SAME_MOMENT_MS = 60_000;

/** A row's time may be so much before that of its event, and only a moment after it. */
export function checkTime(
  what: string,
  at: string,
  event: Pick<ToldOfRun, 'at'>,
  wrong: WrongOfRow,
  slowMs = SAME_MOMENT_MS,
): void {
  const earlier = Date.parse(event.at) - Date.parse(at);
  if (earlier <= slowMs && earlier >= -SAME_MOMENT_MS) return;
  wrong(`${what} at ${at}`, `${event.at}, by its event`);
}

export function isAfter(one: string, other: string): boolean {
  return Date.parse(one) > Date.parse(other) + SAME_MOMENT_MS;
}

/** Null where it was never told; for what is told once at most. */
export function onlyOne(told: readonly ToldOfRun[], type: string, wrong: WrongOfRow): ToldOfRun | null {
  const found = told.filter((event) => event.type === type);
  if (found.length > 1) wrong(`${found.length} events ${type}`, 'one');
  return found[0] ?? null;
}

export function compare(row: Facts, facts: Facts, wrong: WrongOfRow): void {
  for (const [field, value] of Object.entries(row))
    if ((facts[field] ?? null) !== value)
      wrong(`${field} = ${String(value)}`, `${field} = ${String(facts[field])}, by its event`);
}

/** What did happen, or did not, by the row and by its event: both, with one time, or neither. */
export function checkDone(
  { what, type, slowMs }: { what: string; type: string; slowMs?: number | undefined },
  at: string | null,
  event: Pick<ToldOfRun, 'at'> | null,
  wrong: WrongOfRow,
): void {
  if (event === null && at === null) return;
  if (event === null) return wrong(`${what} at ${at}`, `an event ${type}`);
  if (at === null) return wrong(`not ${what}`, `${what} at ${event.at}, by its event`);
  checkTime(what, at, event, wrong, slowMs);
}
