import { mkdtempSync } from 'node:fs';
import { readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { newSiteKey } from '../../adapters/keys/site-keys';
import { openDatabase, type Database } from '../../adapters/postgres/database';
import { exportKeys } from '../../adapters/postgres/exports';
import { applyPlant, requirePlant } from '../../adapters/postgres/plant-store';
import { defaultExportSettings } from '../../domain/export-schema';
import { readKeys } from '../../tools/export-verifier/keys';
import { verifyFolder } from '../../tools/export-verifier/verify';
import { openInbox, type Inbox } from '../../tools/inbox/inbox';
import { verifyFiles } from '../../workers/retention-parts';
import { desk } from '../support/in-browser';
import { newOrder } from '../support/line';
import { linkOf } from '../support/printed-links';

const folder = mkdtempSync(join(tmpdir(), 'unitrail-retention-ui-'));
const order = newOrder({ quantity: 2 });
/** By the month of what has shipped. */
let capsule: string;
let inbox: Inbox;
let db: Database;

const inBrowser = desk(async (line) => {
  db = openDatabase(line.database.urlOf('desk'), { applicationName: 'test-desk' });
  inbox = await openInbox(join(folder, 'inbox'));
  const key = join(folder, 'export.pem');
  await writeFile(key, newSiteKey().secret, { mode: 0o600 });
  const plant = await requirePlant(db);
  const settings = { ...defaultExportSettings(), sftp: inbox.target };
  await applyPlant(db, {
    ...plant,
    manufacturer: { ...plant.manufacturer, exportKey: `file:${key}` },
    buyers: plant.buyers.map((buyer) => (buyer.id === 'acme' ? { ...buyer, export: settings } : buyer)),
    retentionPolicies: plant.retentionPolicies.map((policy) => ({ ...policy, databaseMonths: 0 })),
  });
  await line.startBatch(order);
  await line.shipped(order.batch);
  const { body } = (await db('records').first<{ body: string }>('body'))!;
  const { shipment } = JSON.parse(body) as { shipment: { at: string } };
  capsule = `acme-EUDV-${shipment.at.slice(0, 7)}-1`;
});

afterAll(async () => {
  await db?.destroy();
  await inbox?.close();
  await rm(folder, { recursive: true, force: true });
});

inBrowser('a run that is started by the form says what it has moved', async ({ line, ui }) => {
  const form = await linkOf(line, 'Start', 'retention by form');
  await ui.startByForm(form, { id: 'retention-by-form', json: {} });
  await ui.showsStatus('Completed');
  const details = await ui.detailsOnce(/moved/);
  await ui.screenshot('details-retention');
  expect(details).toMatch(new RegExp(`${capsule}: 2 units, moved`));
  expect(await ui.resultShown()).toContain(capsule);
  await ui.screenshot('retention');
});

inBrowser('export and capsule are in the folder of the buyer, and both are good', async () => {
  const keys = (await exportKeys(db)).map(({ publicKey }) => publicKey);
  const [logKey] = await db('log_keys').pluck<string[]>('key');
  const report = await verifyFolder(inbox.folder, { keys: readKeys(keys.join('\n')), logKeys: [logKey!] });
  expect(report).toMatchObject({ ok: true, problems: [] });
  const delivered = join(inbox.folder, 'capsules', capsule);
  expect(await readdir(delivered)).toContain('manifest.json');
  expect(await verifyFiles(delivered, { publicKeys: keys, logKeys: [logKey!] })).toMatchObject({
    ok: true,
    counts: { records: 2 },
  });
});

inBrowser('the auditor finds every promise kept', ({ line }) => line.audit());
