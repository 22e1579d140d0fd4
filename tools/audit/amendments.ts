import { createHash } from 'node:crypto';
import type { Findings } from './findings';
import { STATED_TYPES } from './log-queue';
import type { FoldedUnit } from './folded-unit';
import type { Snapshot } from './snapshot';
import { eventName, textFact, type ReadEvent } from './stored-event';
import type { UnitRows } from './unit-rows';

/** Written down here a second time on purpose: what a leaf is made of is a promise to those who hold it. */
const STATEMENT_FORMAT = 'unitrail.statement/1';
const SALT_BYTES = 32;

/** A9. What was said after the sealing points at the record that there is, and waits for the log. */
export function checkAmendments(unit: FoldedUnit, rows: UnitRows, name: string, findings: Findings): void {
  for (const event of unit.amendments) {
    const wrong = (found: string, expected: string): void =>
      findings.violation('A9', eventName(name, event), found, expected);
    const record = textFact(event.facts, 'record');
    if (event.type === 'recordCorrected' && record !== rows.records[0]?.sha256)
      wrong(`corrects record ${record}`, `record ${rows.records[0]?.sha256 ?? 'of its own'}`);
    const sha256 = digestOf(event);
    const leaf = rows.log.find((row) => row.format === STATEMENT_FORMAT && row.seq === event.seq);
    if (!leaf) wrong('no row in the log queue', `a leaf of ${STATEMENT_FORMAT}`);
    else if (leaf.sha256 !== sha256) wrong(`a leaf of ${leaf.sha256}`, `its own digest, ${sha256}`);
    else if (leaf.saltBytes !== SALT_BYTES) wrong(`a salt of ${leaf.saltBytes} bytes`, `${SALT_BYTES} bytes`);
  }
}

function digestOf({ body, hash, header }: ReadEvent): string {
  const parts = [
    `"body":${body}`,
    `"format":"${STATEMENT_FORMAT}"`,
    `"hash":"${hash.toString('hex')}"`,
    `"header":${JSON.stringify(header)}`,
  ];
  return createHash('sha256')
    .update(`{${parts.join(',')}}`, 'utf8')
    .digest('hex');
}

/** A9. Leaves of statements that no event made. */
export async function checkStrayStatements(snapshot: Snapshot, findings: Findings): Promise<void> {
  const leaves = await snapshot.rows<{ id: number; stream: string; seq: number }>(
    `select id, stream, seq from log_queue l where format = $1
     and not exists (select from unit_events e where e.stream = l.stream and e.seq = l.seq
       and e.type = any ($2))
     and not exists (select from capsule_units c where 'unit:' || c.unit_id = l.stream and l.seq <= c.last_seq and c.retired_at is not null)
     limit 100`,
    [STATEMENT_FORMAT, STATED_TYPES],
  );
  for (const { id, stream, seq } of leaves)
    findings.violation(
      'A9',
      `leaf ${id} of the log queue`,
      `${stream}, event ${seq}`,
      'an event that is a leaf of the log',
    );
}
