/** Retention on a shop floor: a plant with a policy, units in their buyer's hands, capsules that are made by SQL alone. */
import { join } from 'node:path';
import { handOutExport } from '../../activities/hand-out-export';
import { makeExport } from '../../activities/make-export';
import type { Database } from '../../adapters/postgres/database';
import { openExport } from '../../adapters/postgres/exports';
import type { ExportSettings } from '../../domain/export-settings';
import { asOf, makeDeps, testLook } from './exports';
import type { ShopFloor } from './shop-floor';
import { sampleRecipe } from './unit-facts';
import { digest } from './unit-acts';

export interface TestPolicy {
  readonly databaseMonths?: number;
  readonly archiveYears?: number;
  readonly operatorNamesMonths?: number;
  readonly supportEnds?: string;
}

/** A version of the plant file in which the product has this policy (as no plant file could: due at once), and one more test buyer. */
export async function applyPolicy(
  floor: ShopFloor,
  policy: TestPolicy = {},
  settings?: ExportSettings,
): Promise<void> {
  const { supportEnds = '2020-01-01', databaseMonths = 0, ...rest } = policy;
  const document = {
    products: [{ code: sampleRecipe.product.code, supportEnds, retentionPolicy: 'test' }],
    retentionPolicies: [{ name: 'test', databaseMonths, ...rest }],
    buyers: [{ id: 'acme', export: settings }, { id: 'cobalt' }],
  };
  const changes = {
    issuers: [{ id: 'cobalt', kind: 'buyer' }],
    buyers: [{ id: 'cobalt', name: 'Cobalt', test: true }],
    ...{ operators: [], stations: [] },
  };
  await floor
    .as('desk')
    .raw('select apply_plant(?, ?, ?::jsonb)', [JSON.stringify(document), 'policy', JSON.stringify(changes)]);
}

/** Everything that is due to the buyer, exported and handed out. The log goes on in the same home. */
export async function handOut(db: Database, buyer: string, home: string): Promise<void> {
  const deps = await makeDeps(db, home);
  const id = await openExport(db, buyer, { request: `r${(requests += 1)}`, asOf, look: testLook() });
  await makeExport(deps, id!);
  await handOutExport(deps, id!, join(home, 'out', id!));
}

let requests = 0;

export async function one<T>(db: Database, sql: string, values: readonly unknown[] = []): Promise<T> {
  const { rows } = await db.raw<{ rows: { value: T }[] }>(`select ${sql} as value`, values as string[]);
  return rows[0]!.value;
}

let runs = 0;

export async function openRun(office: Database, asOfTime: Date = new Date()): Promise<string> {
  return one(office, 'open_retention_run(?, ?, null)', [`test-${(runs += 1)}`, asOfTime]);
}

/** A run with its capsules planned; their ids. */
export async function planned(office: Database): Promise<{ run: string; capsules: string[] }> {
  const run = await openRun(office);
  await office.raw('select plan_capsules(?)', [run]);
  return { run, capsules: await office('capsules').where({ run_id: run }).orderBy('id').pluck('id') };
}

/** Books it as made. The files are words. */
export async function bookMade(office: Database, run: string, capsule: string): Promise<{ sha256: string }> {
  const manifest = JSON.stringify({ capsule });
  const events = JSON.stringify({ manifestSha256: digest(manifest) });
  const one = {
    name: 'manifest.json',
    role: 'manifest',
    sizeBytes: manifest.length,
    sha256: digest(manifest),
  };
  const files = JSON.stringify([{ ...one, ownOnly: false }]);
  await office.raw('select capsule_made(?, ?, ?, ?, ?::jsonb)', [capsule, run, manifest, events, files]);
  return { sha256: digest(events) };
}

/** Made, brought to its buyer and read back: what is left is to move it. */
export async function readyToMove(office: Database, run: string, capsule: string): Promise<void> {
  const { sha256 } = await bookMade(office, run, capsule);
  await office.raw('select capsule_delivered(?, ?, ?, null, null)', [capsule, run, 'sftp://test']);
  await office.raw('select copy_verified(?, ?, ?, ?)', [capsule, run, 'store', sha256]);
}

export function retire(floor: ShopFloor, run: string, capsule: string, most = 1000): Promise<string> {
  return one(floor.as('retention'), 'retire(?, ?, ?)', [capsule, run, most]);
}
