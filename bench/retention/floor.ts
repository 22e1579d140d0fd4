/** A factory whose parts can be killed, with a buyer's inbox and a policy that lets units go at once. */
import { mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { newSiteKey } from '../../adapters/keys/site-keys';
import type { Database } from '../../adapters/postgres/database';
import { fixedLogins } from '../../adapters/postgres/logins';
import { applyPlant, requirePlant } from '../../adapters/postgres/plant-store';
import { approveRetention } from '../../adapters/postgres/retention';
import { superuserLogin } from '../../adapters/stack/logins';
import { joinStack, type Stack } from '../../adapters/stack/stack';
import { defaultExportSettings } from '../../domain/export-schema';
import type { ExportFormat } from '../../domain/export-settings';
import { stationLogin } from '../../domain/plant';
import { openShopFloor, type ShopFloor } from '../../test/support/shop-floor';
import type { TestLogin } from '../../test/support/database';
import { sampleRecipe } from '../../test/support/unit-facts';
import { KillFloor } from '../../test/support/kill-floor';
import { openInbox, type Inbox } from '../../tools/inbox/inbox';
import { closeAll, type Closer } from '../../workers/close-all';

const logins: Readonly<Partial<Record<TestLogin, string>>> = {
  office: fixedLogins.office.name,
  desk: fixedLogins.desk.name,
  retention: fixedLogins.retention.name,
  auditor: fixedLogins.auditor.name,
  'line-1': stationLogin('line-1'),
  'label-1': stationLogin('label-1'),
};

/** So long ago that the week for a clock in doubt is over as well: a run comes to its last step. No plant file could say it. */
const archiveYears = -1;
/** The plant that is kept has no names: whoever applies it again has to bring them. */
const operators = [17, 21].map((number) => ({ number, name: `Operator ${number}` }));

export class RetentionFloor {
  private constructor(
    readonly kills: KillFloor,
    readonly shop: ShopFloor,
    readonly inbox: Inbox,
    /** Past all rights: for what a benchmark makes up. */
    readonly superuserUrl: string,
    private readonly opened: Closer[],
  ) {}

  static async open(
    say: (line: string) => void,
    stop: AbortSignal,
    formats: readonly ExportFormat[] = defaultExportSettings().formats,
  ): Promise<RetentionFloor> {
    const opened: Closer[] = [];
    try {
      const folder = await realpath(await mkdtemp(join(tmpdir(), 'unitrail-retention-')));
      opened.push(() => rm(folder, { recursive: true, force: true }));
      const inbox = await openInbox(join(folder, 'inbox'));
      opened.push(() => inbox.close());
      const kills = await KillFloor.open(say, stop);
      opened.push(() => kills.close());
      // Units are walked by SQL here, slots and all: who else clears slots would come in between.
      for (const station of ['line-1', 'label-1'] as const) await kills.kill(station);
      const stack = await joinStack({ home: kills.home, say });
      opened.push(() => stack.leave());
      const shop = await openShop(stack);
      opened.push(() => shop.close());
      const key = join(folder, 'export.pem');
      await writeFile(key, newSiteKey().secret, { mode: 0o600 });
      const floor = new RetentionFloor(kills, shop, inbox, await stack.loginUrl(superuserLogin), opened);
      await floor.letGo(key, formats);
      return floor;
    } catch (error) {
      await closeAll(opened);
      throw error;
    }
  }

  get desk(): Database {
    return this.shop.as('desk');
  }

  get store(): string {
    return join(this.kills.home, 'store');
  }

  /** From now on the archive's end has come for whatever was moved. */
  async endArchive(): Promise<void> {
    const plant = await requirePlant(this.desk);
    const retentionPolicies = plant.retentionPolicies.map((policy) => ({ ...policy, archiveYears }));
    const { version } = await applyPlant(this.desk, { ...plant, operators, retentionPolicies });
    if (version === null) return;
    for (const { number } of operators) await approveRetention(this.desk, String(version), String(number));
  }

  async close(): Promise<void> {
    await closeAll(this.opened);
  }

  /** The sample plant, but that acme gets its files here, and that what has shipped is due at once. */
  private async letGo(exportKey: string, formats: readonly ExportFormat[]): Promise<void> {
    const plant = await requirePlant(this.desk);
    const settings = { ...defaultExportSettings(), formats, sftp: this.inbox.target };
    const products = plant.products.map((product) => ({ ...product, supportEnds: '2020-01-01' }));
    const buyers = plant.buyers.map((buyer) =>
      buyer.id === 'acme' ? { ...buyer, export: settings } : buyer,
    );
    const manufacturer = { ...plant.manufacturer, exportKey: `file:${exportKey}` };
    const retentionPolicies = plant.retentionPolicies.map((policy) => ({ ...policy, databaseMonths: 0 }));
    await applyPlant(this.desk, { ...plant, operators, products, manufacturer, buyers, retentionPolicies });
    await this.addIssuers();
  }

  /** Of the units that are walked here by SQL: they are not quite the sample plant's. */
  private async addIssuers(): Promise<void> {
    const issuers = [
      { id: sampleRecipe.product.chipFamily, kind: 'chip-family' },
      { id: 'device-ca', kind: 'authority' },
    ];
    const changes = {
      issuers,
      buyers: [],
      operators: operators.map(({ number, name }) => ({ number: String(number), name })),
      stations: [],
      objects: [],
    };
    const document = JSON.stringify(await requirePlant(this.desk));
    await this.desk.raw('select apply_plant(?, ?, ?::jsonb)', [document, 'issuers', JSON.stringify(changes)]);
  }
}

async function openShop(stack: Stack): Promise<ShopFloor> {
  const urls = new Map<string, string>();
  for (const [login, name] of Object.entries(logins)) urls.set(login, await stack.loginUrl(name));
  return openShopFloor({ urlOf: (login) => urls.get(login)! });
}
