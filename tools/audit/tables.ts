import { transitions } from '../../domain/unit-lifecycle';
import type { Findings } from './findings';
import { eventKinds, identifierEffects } from './lifecycle-tables';
import type { Snapshot } from './snapshot';

/** A12. What the database enforces is what the code says. */
export async function checkTables(snapshot: Snapshot, findings: Findings): Promise<void> {
  const expected: Record<string, string[]> = {
    transitions: transitions.map((t) =>
      line(t.type, t.fromState, t.fromStep, t.toState, t.toStep, t.opensAttempt),
    ),
    event_types: [...eventKinds.values()].map((k) =>
      line(k.type, k.streamKind, k.appender, k.nature, k.part),
    ),
    identifier_effects: identifierEffects.map((e) => line(e.type, e.from, e.to)),
  };
  for (const [table, columns] of Object.entries(tables)) {
    const rows = await snapshot.rows<{ cells: unknown[] }>(
      `select jsonb_build_array(${columns}) as cells from ${table}`,
    );
    compare(table, new Set(rows.map(({ cells }) => line(...cells))), new Set(expected[table]), findings);
  }
}

const tables = {
  transitions: 'type, from_state, from_step, to_state, to_step, opens_attempt',
  event_types: 'type, stream_kind, appender, nature, part',
  identifier_effects: 'type, from_state, to_state',
} as const;

function compare(
  table: string,
  found: ReadonlySet<string>,
  expected: ReadonlySet<string>,
  findings: Findings,
): void {
  for (const row of found)
    if (!expected.has(row)) findings.violation('A12', table, row, 'no such row, by the code');
  for (const row of expected) if (!found.has(row)) findings.violation('A12', table, 'no such row', row);
}

function line(...cells: unknown[]): string {
  return cells.map((cell) => (cell === null ? '-' : String(cell))).join(' ');
}
