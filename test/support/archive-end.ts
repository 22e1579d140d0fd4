/** The archive's end on a shop floor: capsules of made-up files in a folder, an export each, holds, and what is left in the store. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { removeErased } from '../../activities/remove-erased';
import type { Database } from '../../adapters/postgres/database';
import { approveRetention, eraseCapsule, retentionInForce } from '../../adapters/postgres/retention';
import { wantedContents } from '../../adapters/postgres/wanted-contents';
import type { ContentStore } from '../../adapters/store/port';
import { parseSha256Hex, type Sha256Hex } from '../../domain/brands';
import { createTestDatabase, type TestDatabase } from './database';
import { all, makeDeps, shipBatch } from './exports';
import { applyPolicy, handOut, one, openRun, planned, retire, type TestPolicy } from './retention';
import { applySmallPlant, openShopFloor, type ShopFloor } from './shop-floor';
import { digest } from './unit-acts';
import type { WalkedUnit } from './walk-unit';

export const digestOf = (text: string): Sha256Hex => parseSha256Hex(digest(text));

export class ArchiveEnd {
  readonly office: Database;
  readonly desk: Database;
  readonly retention: Database;
  private holds = 0;

  private constructor(
    readonly database: TestDatabase,
    readonly floor: ShopFloor,
    readonly home: string,
    /** In the folder `store` of the home. */
    readonly store: ContentStore,
  ) {
    [this.office, this.desk, this.retention] = [floor.as('office'), floor.as('desk'), floor.as('retention')];
  }

  /** With a policy by which an archive is over at once. */
  static async open(): Promise<ArchiveEnd> {
    const home = await mkdtemp(join(tmpdir(), 'unitrail-erasure-'));
    const database = await createTestDatabase();
    const floor = openShopFloor(database);
    const { store } = await makeDeps(floor.as('office'), home);
    await applySmallPlant(floor);
    const archive = new ArchiveEnd(database, floor, home, store);
    await archive.keepFor(-1);
    return archive;
  }

  async close(): Promise<void> {
    await this.floor.close();
    await this.database.drop();
    await rm(this.home, { recursive: true, force: true });
  }

  /** A policy that counts at once, because two persons agree. */
  async keepFor(archiveYears: NonNullable<TestPolicy['archiveYears']>): Promise<void> {
    await applyPolicy(this.floor, { archiveYears });
    const { version } = await retentionInForce(this.desk);
    for (const by of ['17', '23']) await approveRetention(this.desk, version, by);
  }

  /** Units in their buyer's hands, and exported. */
  async ship(quantity: number): Promise<readonly WalkedUnit[]> {
    const { units } = await shipBatch(this.floor, quantity);
    await handOut(this.office, 'acme', this.home);
    return units;
  }

  /** On a unit, or on the buyer. Its id. */
  async addHold(of: WalkedUnit | 'acme'): Promise<string> {
    const id = `H-${(this.holds += 1)}`;
    const [kind, value, unit] =
      of === 'acme' ? (['buyer', of, null] as const) : (['unit', of.serial, of.unitId] as const);
    const values = [id, kind, value, unit as string, 'a claim', '17'];
    await this.desk.raw('select add_legal_hold(?, ?, ?, ?, ?, ?)', values);
    return id;
  }

  async release(hold: string): Promise<void> {
    await this.desk.raw('select release_legal_hold(?, ?, ?)', [hold, 'settled', '23']);
  }

  /** Moves what is due, with made-up files: one of the capsule's own, one that tells of nothing, and what else is given. */
  async move(shared: readonly string[] = []): Promise<string> {
    const { office, floor, store } = this;
    const { run, capsules } = await planned(office);
    const [capsule] = capsules as [string];
    const manifest = JSON.stringify({ capsule });
    const events = JSON.stringify({ manifestSha256: digest(manifest) });
    const contents = { manifest, page: 'the page', records: `records of ${capsule}`, proofs: '' };
    const texts = { ...contents, ...Object.fromEntries(shared.map((text, at) => [`shared${at}`, text])) };
    const files = Object.entries(texts).map(([role, text]) => ({
      ...{ name: role, role, ownOnly: false, sizeBytes: text.length, sha256: digest(text) },
    }));
    for (const text of Object.values(texts)) await store.put(Buffer.from(text));
    await office.raw('select capsule_made(?, ?, ?, ?, ?::jsonb)', [
      ...[capsule, run, manifest, events, JSON.stringify(files)],
    ]);
    await office.raw('select capsule_delivered(?, ?, ?, null, null)', [capsule, run, 'sftp://test']);
    await office.raw('select copy_verified(?, ?, ?, ?)', [capsule, run, 'store', digest(events)]);
    await retire(floor, run, capsule);
    return capsule;
  }

  /** The capsule's end in the database, by the run that is given or one of its own. */
  async erase(capsule: string, run?: string): Promise<void> {
    await eraseCapsule(this.retention, capsule, run ?? (await openRun(this.office)));
  }

  /** And in the store: what is decided to go. */
  async remove(): Promise<void> {
    await removeErased({ retentionDb: this.retention, store: this.store }, await openRun(this.office));
  }

  isKept(text: string): Promise<boolean> {
    return this.store.has(digestOf(text));
  }

  /** Files of the newest export of acme that tell of anything. */
  async exportFiles(): Promise<readonly { name: string; sha256: Sha256Hex }[]> {
    const newest = `(select id from exports where buyer = 'acme' order by number desc limit 1)`;
    const id = await one<string>(this.office, newest);
    const files = this.office('export_files').where({ export_id: id }).where('rows', '>', 0);
    return files.select('name', 'sha256');
  }

  /** Names of those that are in the store. */
  async exportFilesKept(): Promise<string[]> {
    const kept: string[] = [];
    for (const { name, sha256 } of await this.exportFiles())
      if (await this.store.has(sha256)) kept.push(name);
    return kept;
  }

  /** What the search for bit rot would call lost. */
  async lost(): Promise<string[]> {
    const wanted = await all(wantedContents(this.office, null));
    const kept = await Promise.all(wanted.map((sha256) => this.store.has(sha256)));
    return wanted.filter((_sha256, at) => !kept[at]);
  }
}
