import type { Findings } from './findings';
import type { Plant } from './plant';
import type { Facts, ReadEvent } from './stored-event';

/** What the checks of one stream need. */
export interface Business {
  readonly id: string;
  readonly name: string;
  /** What the opening event says. */
  readonly opened: Facts;
  readonly events: readonly ReadEvent[];
  readonly plant: Plant;
  readonly findings: Findings;
}

/** A5. Each column is what the events tell. */
export function compare({ name, findings }: Business, found: Facts, expected: Facts): void {
  for (const [column, wanted] of Object.entries(expected)) {
    const [there, told] = [found[column] ?? null, wanted ?? null];
    if (there === told) continue;
    findings.violation(
      'A5',
      name,
      `${column} = ${String(there)}`,
      `${column} = ${String(told)}, by its events`,
    );
  }
}
