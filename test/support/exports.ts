/** Exports of a shop floor: units that ship in numbers, and what exports are opened and made with. */
import { join } from 'node:path';
import type { MakeExportDeps } from '../../activities/make-export';
import { readExportKey } from '../../adapters/keys/export-keys';
import type { Database } from '../../adapters/postgres/database';
import { readLogKey } from '../../adapters/keys/log-key';
import { logFolderIn, openLogFolder } from '../../adapters/log/log-folder';
import { createContentStore } from '../../adapters/store/content-store';
import { canonicalJson } from '../../domain/canonical';
import { defaultExportSettings } from '../../domain/export-schema';
import type { PinnedLook } from '../../domain/export-manifest';
import { openTestBatch, type BatchOptions, type ShopFloor, type TestBatch } from './shop-floor';
import { digest, walkUnit, type WalkedUnit } from './walk-unit';

export function testLook(changes: Partial<PinnedLook> = {}): PinnedLook {
  const { columns, formats, csv, testColumns, include, naming } = defaultExportSettings();
  return { columns, formats, csv, testColumns, include, naming, ...changes };
}

export const asOf = new Date('2026-11-26T06:00:00.000Z');

/** What exports are made with: a store, a work folder and a key of their own below the folder. */
export async function makeDeps(db: Database, home: string): Promise<MakeExportDeps> {
  const key = await readExportKey({ env: {}, reference: null, home });
  const [store, manufacturer] = [
    join(home, 'store'),
    { issuer: 'unitrail', name: 'Unitrail', companyPrefix: '061414112' },
  ];
  return {
    db,
    store: createContentStore({ folder: store }),
    key,
    log: {
      folder: openLogFolder(logFolderIn(store)),
      key: await readLogKey({ env: {}, manufacturer, home }),
    },
    workFolder: join(home, 'work'),
  };
}

/** A batch of units, packed; the last of them ships them all. */
export async function shipBatch(
  floor: ShopFloor,
  quantity: number,
  options: BatchOptions = {},
): Promise<{ batch: TestBatch; units: WalkedUnit[] }> {
  const batch = await openTestBatch(floor, { quantity, ...options });
  const units: WalkedUnit[] = [];
  for (let index = 1; index <= quantity; index += 1)
    units.push(await walkUnit(floor, { batch, index, upTo: index === quantity ? 'Shipped' : 'Packed' }));
  return { batch, units };
}

/** Items of an export: `record unitrail serial X`. */
export async function itemsOf(db: Database, exportId: string): Promise<string[]> {
  const { rows } = await db.raw<{ rows: { item: string }[] }>(
    `select concat_ws(' ', kind, value, nullif(seq, 0), fate, reason) as item from export_items where export_id = ?
     order by kind, issuer, identifier, value`,
    [exportId],
  );
  return rows.map(({ item }) => item);
}

export async function all<T>(rows: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const row of rows) list.push(row);
  return list;
}

/** A list of the buyer's numbers, all of them granted to a batch that was cancelled before it claimed any. */
export async function returnNumbers(floor: ShopFloor, issuer: string, values: string[]): Promise<string[]> {
  const list = `list-${values[0]}`;
  await floor.as('desk').transaction(async (trx) => {
    const opening = await trx.raw<{ rows: { space: string }[] }>(
      'select open_number_list(?, ?, null, ?, ?, ?, ?) as space',
      [issuer, list, 'numbers.csv', digest(list), 'all', '17'],
    );
    const { space } = opening.rows[0]!;
    await trx.raw('select add_listed_numbers(?, 1, ?)', [space, values]);
    await trx.raw('select close_number_list(?)', [space]);
  });
  const batch = await openTestBatch(floor, { quantity: values.length, list: { issuer, name: list } });
  const office = floor.as('office');
  const body = canonicalJson({ by: '17' });
  await office.raw('select control_batch(?, ?, ?, ?)', [batch.id, 'batchCancelled', 'cancel', body]);
  await office.raw('select return_numbers(?)', [batch.id]);
  return values;
}
