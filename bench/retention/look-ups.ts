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

/** The floor reads the same record by the primary key of its table: whoever has that needs no look-up. */
export async function databaseTimes(db: Database, clones: number): Promise<LookUpTimes> {
  const product = await timesOf(clones, async (serial) => {
    const { sealed, text } = await unitRecord(db, await locateUnit(db, serial));
    return sealed ? text : '';
  });
  const ids = new Map(
    (await db('records').whereLike('serial', 'EUDV9999-%').limit(100_000).select('unit_id', 'serial')).map(
      ({ unit_id, serial }: { unit_id: string; serial: string }) => [serial, unit_id],
    ),
  );
  const known = [...ids];
  const floor = await timesOf(known.length, async (_, at) => {
    const [serial, id] = known[at]!;
    const { rows } = await prepared<{ body: string }>(db, 'record_by_key', recordByKey, [id]);
    return rows[0]!.body.includes(serial) ? rows[0]!.body : '';
  });
  return { product, floor };
}

export async function archiveTimes(db: Database, folder: string, clones: number): Promise<number[]> {
  const store = createContentStore({ folder });
  return timesOf(clones, async (serial) => {
    const unit = await locateUnit(db, serial);
    if (unit.place === null) throw new Error(`${serial} has not moved`);
    const { record, proof } = await readArchived(db, store, unit, unit.place);
    if (proof?.verdict !== 'holds') throw new Error(`the proof of ${serial} does not hold`);
    return record!.text;
  });
}

async function timesOf(
  among: number,
  lookUp: (serial: string, at: number) => Promise<string>,
): Promise<number[]> {
  const times: number[] = [];
  for (let no = 0; no < LOOK_UPS; no += 1) {
    const at = Math.floor(Math.random() * among);
    const serial = cloneSerial(at + 1);
    const begun = performance.now();
    const text = await lookUp(serial, at);
    times.push(performance.now() - begun);
    if (text === '') throw new Error(`${serial} has another record than its own`);
  }
  return times;
}
