/** One record by the serial on its label, as `unit show --record` finds it. */
import { readArchived } from '../../adapters/archive/archived-unit';
import { prepared, type Database } from '../../adapters/postgres/database';
import { locateUnit } from '../../adapters/postgres/located-unit';
import { unitRecord } from '../../adapters/postgres/unit-queries';
import { createContentStore } from '../../adapters/store/content-store';
import { cloneSerial } from './clones';

const LOOK_UPS = 1_000;
const recordByKey = 'select body from records where unit_id = ?';

export interface LookUpTimes {
  readonly product: readonly number[];
  readonly floor: readonly number[];
}

/**
 * The floor reads a record by the primary key of its table: whoever has that needs no look-up. Both by turns, so that a
 * checkpoint meets both, and each of units of its own, so that neither finds pages that the other has just fetched.
 */
export async function databaseTimes(db: Database, clones: number): Promise<LookUpTimes> {
  const byKey = drawn(clones);
  const ids = new Map(
    (await db('units').whereIn('serial', byKey).select('id', 'serial')).map(
      ({ id, serial }: { id: string; serial: string }) => [serial, id],
    ),
  );
  const product: number[] = [];
  const floor: number[] = [];
  for (const [no, serial] of drawn(clones).entries()) {
    product.push(
      await timeOf(serial, async () => {
        const { sealed, text } = await unitRecord(db, await locateUnit(db, serial));
        return sealed ? text : '';
      }),
    );
    const other = byKey[no]!;
    floor.push(
      await timeOf(other, async () => {
        const { rows } = await prepared<{ body: string }>(db, 'record_by_key', recordByKey, [
          ids.get(other)!,
        ]);
        return rows[0]!.body;
      }),
    );
  }
  return { product, floor };
}

export async function archiveTimes(db: Database, folder: string, clones: number): Promise<number[]> {
  const store = createContentStore({ folder });
  const times: number[] = [];
  for (const serial of drawn(clones))
    times.push(
      await timeOf(serial, async () => {
        const unit = await locateUnit(db, serial);
        if (unit.place === null) throw new Error(`${serial} has not moved`);
        const { record, proof } = await readArchived(db, store, unit, unit.place);
        if (proof?.verdict !== 'holds') throw new Error(`the proof of ${serial} does not hold`);
        return record!.text;
      }),
    );
  return times;
}

function drawn(clones: number): string[] {
  return Array.from({ length: LOOK_UPS }, () => cloneSerial(1 + Math.floor(Math.random() * clones)));
}

async function timeOf(serial: string, lookUp: () => Promise<string>): Promise<number> {
  const begun = performance.now();
  const text = await lookUp();
  const took = performance.now() - begun;
  if (!text.includes(serial)) throw new Error(`${serial} has another record than its own`);
  return took;
}
