/** Plants with databases of their own that share numbers: each is the real plant file, logins, watermark and activities. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { acceptLease } from '../../activities/accept-lease';
import { createBatchActivities } from '../../activities/batch';
import { grantLease, type LeaseRequest } from '../../activities/grant-lease';
import type { LeaseDeps, LeaseFile } from '../../activities/lease-site';
import { returnLease, takeBackLease } from '../../activities/return-lease';
import { createSchemeKeys } from '../../adapters/keys/scheme-keys';
import { newSiteKey } from '../../adapters/keys/site-keys';
import { readOrderFile } from '../../adapters/plant/order-file';
import { readPlantFile } from '../../adapters/plant/plant-file';
import { blockLedgers } from '../../adapters/postgres/balance-queries';
import { applyPlant } from '../../adapters/postgres/plant-store';
import { createWatermark } from '../../adapters/registry/watermark';
import { createContentStore } from '../../adapters/store/content-store';
import { culpritsOf } from '../../domain/balance';
import type { LeaseReturn, NumberLease } from '../../domain/number-lease';
import type { PlantDocument, Scheme } from '../../domain/plant';
import { audit } from '../../tools/audit/audit';
import { bareEnvironment, runCli, type CliAnswer } from './cli';
import { createTestDatabase, type TestDatabase } from './database';
import { applySamplePlant, sampleOrder, samplePlant } from './plant';
import { openShopFloor, type ShopFloor } from './shop-floor';

type Keys = Readonly<Record<string, ReturnType<typeof newSiteKey>>>;

/** A site key for each of these names. */
export function siteKeys(...names: readonly string[]): Keys {
  return Object.fromEntries(names.map((name) => [name, newSiteKey()]));
}

export const sharedScheme = (name: string, more: Partial<Scheme> = {}): Scheme => ({
  ...{
    name,
    version: 1,
    kind: 'serial',
    pattern: `${name}-{seq:6}`,
    scope: 'ever',
    trial: false,
    lessor: 'W1',
  },
  ...more,
});

/** Opens the site with the sample plant, whose product takes its serials from the first of these schemes. */
export async function openSite(name: string, keys: Keys, schemes: readonly Scheme[]): Promise<TestSite> {
  const folder = await mkdtemp(join(process.env.UNITRAIL_TEST_HOME!, `site-${name}-`));
  const database = await createTestDatabase();
  await applySamplePlant(database, join(folder, 'store'));
  const { document } = await readPlantFile(samplePlant);
  const keyFile = join(folder, 'site.key');
  await writeFile(keyFile, keys[name]!.secret, { mode: 0o600 });
  const site = new TestSite(name, database, folder);
  await site.apply({
    ...document,
    manufacturer: { ...document.manufacturer, site: name, siteKey: `file:${keyFile}` },
    sites: Object.entries(keys).map(([id, { publicKey }]) => ({ name: id, publicKey })),
    schemes: [...document.schemes, ...schemes],
    macPools: document.macPools.map((pool) => ({ ...pool, lessor: 'W1' })),
    products: document.products.map((one) =>
      one.code === 'EUDV' ? { ...one, serialScheme: schemes[0]!.name } : one,
    ),
  });
  return site;
}

/** Types `unitrail …` at the desk of the site. */
export function typeAt(site: TestSite, line: string): Promise<CliAnswer> {
  return runCli(line.split(' '), {
    ...bareEnvironment,
    UNITRAIL_DATABASE_URL: site.database.urlOf('desk'),
    TEMPORAL_ADDRESS: process.env.UNITRAIL_TEST_TEMPORAL_ADDRESS!,
    UNITRAIL_HOME: site.folder,
  });
}

type Request = Partial<LeaseRequest> & Pick<LeaseRequest, 'name' | 'count'>;

export class TestSite {
  plant!: PlantDocument;
  /** Where the keys of hidden sequences are looked for. */
  env: Record<string, string> = {};
  private floor: ShopFloor;
  private batches = 0;

  constructor(
    readonly name: string,
    public database: TestDatabase,
    readonly folder: string,
  ) {
    this.floor = openShopFloor(database);
  }

  get desk() {
    return this.floor.as('desk');
  }

  get office() {
    return this.floor.as('office');
  }

  get watermarkFile(): string {
    return join(this.folder, 'watermark.json');
  }

  async apply(plant: PlantDocument): Promise<void> {
    await applyPlant(this.desk, plant);
    this.plant = plant;
  }

  /** The same with one scheme, by which the product is numbered, added or in the place of that of its name. */
  async use(scheme: Scheme): Promise<void> {
    const { schemes, products } = this.plant;
    await this.apply({
      ...this.plant,
      schemes: [
        ...schemes.filter(({ name, version }) => name !== scheme.name || version !== scheme.version),
        scheme,
      ],
      products: products.map((one) => (one.code === 'EUDV' ? { ...one, serialScheme: scheme.name } : one)),
    });
  }

  grant(request: Request): Promise<LeaseFile<NumberLease>> {
    const told = { to: 'W2', day: new Date(), product: undefined, lease: undefined, by: '17' };
    return grantLease(this.deps(), { ...told, ...request });
  }

  accept(file: unknown): Promise<{ lease: NumberLease; isNew: boolean }> {
    return acceptLease(this.deps(), file, '17');
  }

  giveBack(lease: string): Promise<LeaseFile<LeaseReturn>> {
    return returnLease(this.deps(), lease, '17');
  }

  takeBack(file: unknown) {
    return takeBackLease(this.deps(), file, '17');
  }

  /** Opens a batch of the product and claims its units; their serials. */
  async make(quantity: number): Promise<string[]> {
    return this.claim(await this.open(quantity), 1, quantity);
  }

  async open(quantity: number): Promise<string> {
    const batch = `${this.name}-${(this.batches += 1)}`;
    const order = { ...(await readOrderFile(sampleOrder)), batch, order: `PO-${batch}` };
    await this.acts().openBatch({
      order: { ...order, quantity, orderQuantity: quantity },
      workflowId: `batch:${batch}`,
    });
    return batch;
  }

  async claim(batch: string, from: number, to: number): Promise<string[]> {
    return (await this.acts().claimUnits({ batch, from, to })).map(({ serial }) => serial);
  }

  private acts() {
    const store = createContentStore({ folder: join(this.folder, 'store') });
    const watermark = createWatermark({ db: this.office, file: this.watermarkFile });
    return createBatchActivities({ db: this.office, store, watermark, keys: createSchemeKeys(this.env) });
  }

  private deps(): LeaseDeps {
    const watermark = createWatermark({ db: this.desk, file: this.watermarkFile });
    return { db: this.desk, watermark, env: this.env, keys: createSchemeKeys(this.env) };
  }

  /** Every serial that a unit here ever had, or that is void. */
  async serials(): Promise<string[]> {
    return this.office('identifiers').where({ kind: 'serial' }).whereNotNull('block_id').pluck('value');
  }

  /** Sums over all blocks of these numbers, and what does not add up. */
  async balance(scheme: string) {
    const ledgers = await blockLedgers(this.desk, { scheme });
    const sum = (account: 'reserved' | 'leased' | 'assigned' | 'returned' | 'void') =>
      ledgers.reduce((all, { moved }) => all + moved[account], 0);
    return {
      granted: ledgers.reduce((all, { granted }) => all + granted, 0),
      ...{
        leased: sum('leased'),
        reserved: sum('reserved'),
        assigned: sum('assigned'),
        returned: sum('returned'),
      },
      culprits: ledgers.flatMap(culpritsOf),
    };
  }

  async violations(): Promise<readonly unknown[]> {
    return (await audit(this.database.urlOf('auditor'), { env: this.env })).violations;
  }

  /** From here on it stands on another database, as after a restore. */
  async standOn(database: TestDatabase): Promise<void> {
    await this.floor.close();
    await this.database.drop();
    this.database = database;
    this.floor = openShopFloor(database);
  }

  /** A copy of its database as it is now. */
  async backUp(): Promise<TestDatabase> {
    await this.floor.close();
    const copy = await this.database.clone();
    this.floor = openShopFloor(this.database);
    return copy;
  }

  async close(): Promise<void> {
    await this.floor.close();
    await this.database.drop();
    await rm(this.folder, { recursive: true, force: true });
  }
}
