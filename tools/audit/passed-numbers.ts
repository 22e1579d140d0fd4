import type { Findings } from './findings';
import type { Invariant } from './invariants';
import type { Snapshot } from './snapshot';
import { innerFacts, listFact, numberFact, textFact, type Facts } from './stored-event';

/** Numbers that an event says are granted to nobody, now or later. */
export interface Passed {
  /** `serial EUDV 2026W48` */
  readonly space: string;
  readonly from: number;
  readonly to: number;
}

export function passedOf(facts: Facts): Passed[] {
  return listFact(facts, 'passed').map((passed) => {
    const one = innerFacts({ passed }, 'passed');
    return {
      space: textFact(one, 'space') ?? '',
      from: numberFact(one, 'from') ?? 0,
      to: numberFact(one, 'to') ?? 0,
    };
  });
}

/** They are in no block, and their counter is behind them. */
export async function checkPassed(
  snapshot: Snapshot,
  { invariant, subject, facts }: { invariant: Invariant; subject: string; facts: Facts },
  findings: Findings,
): Promise<void> {
  for (const { space, from, to } of passedOf(facts)) {
    const [row] = await snapshot.rows<{ next: number; granted: number }>(
      `select s.next_number as next, (select count(*) from blocks b where b.space_id = s.id
         and b.numbers && int8range($2::bigint, $3::bigint, '[]')) as granted
       from number_spaces s where concat_ws(' ', s.kind, s.name, nullif(s.scope, '')) = $1`,
      [space, from, Math.max(from, to)],
    );
    if (row && row.next > to && row.granted === 0) continue;
    findings.violation(
      invariant,
      subject,
      `${space} ${from} to ${to} can be granted`,
      'numbers that are passed over',
    );
  }
}
