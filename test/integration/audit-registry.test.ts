import { createHash } from 'node:crypto';
import type { Client } from 'pg';
import { canonicalJson } from '../../domain/canonical';
import { streamOf, tellTruth, testLies, unitName } from '../support/audit-lies';
import { openShopFloor } from '../support/shop-floor';
import { rewriteHistory, withFacts } from '../support/tamper';
import { decide } from '../support/unit-acts';
import type { WalkedUnit } from '../support/walk-unit';

/** A6 to A13: registry, ledger, batches, records, shipments, slots, tables, names. */
const truth = tellTruth();
const { story } = truth;

testLies(truth, [
  {
    invariant: 'A6',
    what: 'a chip that another unit is said to have',
    tell: (su) =>
      su.query(`update identifiers set unit_id = $1 where kind = 'chip-uid' and unit_id = $2`, [
        story().claimed.unitId,
        story().flashed.unitId,
      ]),
    subjects: () => [unitName(story().claimed), unitName(story().flashed)],
  },
  {
    invariant: 'A6',
    what: 'a certificate that is shipped before its unit',
    tell: (su) =>
      su.query(`update identifiers set state = 'shipped' where kind = 'certificate' and unit_id = $1`, [
        story().ready.unitId,
      ]),
    subjects: () => [unitName(story().ready)],
  },
  {
    invariant: 'A6',
    what: 'a serial that its block does not give',
    tell: async (su) => {
      const { serial } = story().claimed;
      const other = serial.replace(/.$/, '0').replace('EUDV26', 'EUDV25');
      await rewriteHistory(su, streamOf(story().claimed), withFacts('claimed', { serial: other }));
      await su.query('update units set serial = $2 where serial = $1', [serial, other]);
      await su.query('update identifiers set value = $2 where value = $1', [serial, other]);
    },
    subjects: () => [`unit ${story().claimed.serial.replace(/.$/, '0').replace('EUDV26', 'EUDV25')}`],
  },
  {
    invariant: 'A7',
    what: 'a movement that is gone',
    tell: (su) =>
      su.query('delete from movements where stream = $1 and seq = 1', [streamOf(story().claimed)]),
    subjects: () => ['block 3 (eudv 2026W47, batch B2647-02)'],
  },
  {
    invariant: 'A7',
    what: 'a next number that would give a block again',
    tell: (su) => su.query(`update number_spaces set next_number = 3 where name = 'eudv'`),
    subjects: () => ['block 3 (eudv 2026W47, batch B2647-02)'],
  },
  {
    invariant: 'A7',
    what: 'two blocks that overlap',
    tell: async (su) => {
      await su.query('alter table blocks drop constraint blocks_no_overlap');
      await su.query(`update blocks set numbers = int8range(1, 4) where id = 1`);
    },
    subjects: () => ['block 1 (eudv 2026W47, batch B2647-01)', 'block 3 (eudv 2026W47, batch B2647-02)'],
  },
  {
    invariant: 'A7',
    what: 'an address that was used before Unitrail and was granted all the same',
    tell: (su) =>
      su.query(`insert into used_ranges (kind, name, numbers) values ('mac', 'main', int8range(3, 5))`),
    subjects: () => ['block 2 (main, batch B2647-01)', 'block 4 (main, batch B2647-02)'],
  },
  {
    invariant: 'A8',
    what: 'an order that counts a unit too many',
    tell: (su) => su.query(`update orders set alive = alive + 1 where id = 'PO-B2647-02'`),
    subjects: () => ['order PO-B2647-02'],
  },
  {
    invariant: 'A8',
    what: 'a unit that vanished with everything that told of it, but for its place in the order',
    tell: async (su) => {
      const { unitId } = story().claimed;
      await su.query('delete from unit_events where stream = $1', [streamOf(story().claimed)]);
      await su.query('delete from movements where stream = $1', [streamOf(story().claimed)]);
      await su.query('delete from identifiers where unit_id = $1', [unitId]);
      await su.query('delete from units where id = $1', [unitId]);
    },
    subjects: () => ['order PO-B2647-02'],
  },
  {
    invariant: 'A8',
    what: 'a batch that completed while units were under way',
    tell: async (su, database) => {
      const floor = openShopFloor(database);
      const plan = (quantity: string) =>
        su.query(`update batches set quantity = ${quantity} where id = 'B2647-02'`);
      await plan("(select count(*) from units where batch_id = 'B2647-02')");
      await floor.as('office').raw('select complete_batch(?, ?)', ['B2647-02', '{"units":9}']);
      await plan('10');
      await floor.close();
    },
    subjects: () => [story().claimed, story().flashed, story().openPrint].map(unitName),
  },
  {
    invariant: 'A9',
    what: 'a record with another chip in it, digests and leaf to match',
    tell: async (su) => {
      await rewriteRecord(su, story().shipped, (record) => ({ ...record, chipUid: 'FFFF' }));
    },
    subjects: () => [unitName(story().shipped)],
  },
  {
    invariant: 'A9',
    what: 'a record that is gone',
    tell: async (su) => {
      await su.query('delete from records where unit_id = $1', [story().shipped.unitId]);
      // Whoever hides it well takes it out of the line for the log, too.
      await su.query(
        'delete from log_pending p using log_queue q where q.id = p.queue_id and q.stream = $1',
        [streamOf(story().shipped)],
      );
      await su.query('delete from log_queue where stream = $1', [streamOf(story().shipped)]);
    },
    subjects: () => [unitName(story().shipped)],
  },
  {
    invariant: 'A9',
    what: 'a record of a unit that is still in the house',
    tell: (su) =>
      su.query(
        `insert into records (unit_id, serial, format, body, sha256) select $1, serial, format, body, sha256 from records where unit_id = $2`,
        [story().ready.unitId, story().shipped.unitId],
      ),
    subjects: () => [unitName(story().ready)],
  },
  {
    invariant: 'A10',
    what: 'simulated units with a buyer that is no test buyer',
    tell: (su) => su.query(`update buyers set test = false where id = 'acme'`),
    subjects: () => [unitName(story().shipped), unitName(story().mended)],
  },
  {
    invariant: 'A11',
    what: 'a fence that was turned back',
    tell: (su) => su.query(`update slots set fence = 0 where station = 'label-1' and slot = 1`),
    subjects: () => ['slot label-1/1'],
  },
  {
    invariant: 'A12',
    what: 'a transition that the code does not know',
    tell: (su) =>
      su.query(`insert into transitions (type, from_state, from_step, to_state, to_step, opens_attempt)
        values ('shipped', 'AwaitingEngineer', null, 'Shipped', null, false)`),
    subjects: () => ['transitions'],
  },
  {
    invariant: 'A13',
    what: 'an event that names a person',
    tell: async (_, database) => {
      const floor = openShopFloor(database);
      await decide(floor, story().ready, 'holdOpened', { hold: 'Q9', reason: 'Grace Hopper saw a scratch' });
      await floor.close();
    },
    subjects: () => [`${unitName(story().ready)}, event 21 (holdOpened)`],
  },
]);

async function rewriteRecord(
  su: Client,
  { unitId }: WalkedUnit,
  change: (record: Record<string, unknown>) => unknown,
): Promise<void> {
  const { rows } = await su.query<{ body: string }>('select body from records where unit_id = $1', [unitId]);
  const body = canonicalJson(change(JSON.parse(rows[0]!.body) as Record<string, unknown>));
  const sha256 = createHash('sha256').update(body).digest('hex');
  await su.query('update records set body = $2, sha256 = $3 where unit_id = $1', [unitId, body, sha256]);
  await su.query(`update log_queue set sha256 = $2 where stream = $1`, [`unit:${unitId}`, sha256]);
}
