import { createHash } from 'node:crypto';
import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import { logFolderIn } from '../../adapters/log/log-folder';
import { capsuleFiles } from '../../adapters/postgres/capsules';
import type { CliContext } from '../../cli/context';
import { register as exportCapsule } from '../../cli/capsule-export';
import { register as importReports } from '../../cli/import-field-firmware';
import { register as recall } from '../../cli/recall';
import { register as list } from '../../cli/unit-list';
import { register as takeBack } from '../../cli/unit-return';
import { register as show } from '../../cli/unit-show';
import { capsuleDeps, moveAll, planRun } from '../support/capsule-run';
import { createTestDatabase, type TestDatabase } from '../support/database';
import { shipBatch } from '../support/exports';
import { applyPolicy, handOut } from '../support/retention';
import { applySmallPlant, openShopFloor, type ShopFloor } from '../support/shop-floor';
import { tamper } from '../support/tamper';
import { typeCommand, type Register, type TypedAnswer } from '../support/type-command';
import { decide, walkUnit, type WalkedUnit } from '../support/walk-unit';

/** Units whose bytes have moved into a capsule: the same commands answer, from there. */
let database: TestDatabase;
let floor: ShopFloor;
let home: string;
let units: readonly WalkedUnit[];
let scrapped: WalkedUnit;
let before: Readonly<Record<string, TypedAnswer>>;
let capsule: string;

const pages = ['', '--record', '--history', '--json'];

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'unitrail-archived-'));
  database = await createTestDatabase();
  floor = openShopFloor(database);
  await applySmallPlant(floor);
  ({ units } = await shipBatch(floor, 3));
  scrapped = await walkUnit(floor, { upTo: 'assign' });
  await decide(floor, scrapped, 'scrapped', { reason: 'broken board', step: 'flash', attempt: 1 });
  await type(`unit return ${first().serial} --rma RMA-1 --condition cracked --note fell --by 17`);
  await applyPolicy(floor);
  await handOut(floor.as('office'), 'acme', home);
  before = Object.fromEntries(
    await Promise.all(
      pages.map(async (more) => [more, await type(`unit show ${first().serial} ${more}`.trim())] as const),
    ),
  );
  await moveAllUnits();
});
afterAll(async () => {
  await floor?.close();
  await database?.drop();
  await rm(home, { recursive: true, force: true });
});

const first = (): WalkedUnit => units[0]!;

/** The commands, with the content store where a process of the desk has it. */
function type(line: string): Promise<TypedAnswer> {
  const store = { first: { kind: 'folder', folder: join(home, 'store') }, copy: null };
  const config = () => ({ store, log: logFolderIn(join(home, 'store')) });
  const withStore = (register: (program: Command, context: never) => void): Register => {
    return (program, context) => register(program, { ...(context as CliContext), config } as never);
  };
  return typeCommand(
    database,
    [show, list, takeBack, importReports, recall, exportCapsule].map(withStore),
    line,
  );
}

async function moveAllUnits(): Promise<void> {
  const planned = await planRun(floor.as('office'));
  await moveAll(await capsuleDeps(floor.as('office'), home), floor.as('retention'), planned);
  capsule = planned.capsules.find((id) => id.startsWith('acme'))!;
}

test('the database has no event and no record of it any more', async () => {
  const { unitId } = first();
  const events = await floor
    .as('desk')('unit_events')
    .where({ stream: `unit:${unitId}` });
  expect(events).toEqual([]);
  expect(await floor.as('desk')('records').where({ unit_id: unitId })).toEqual([]);
});

test('its sealed record comes byte for byte, and its history event for event', async () => {
  for (const more of ['--record', '--history'])
    expect(await type(`unit show ${first().serial} ${more}`)).toEqual(before[more]);
});

test('its page says the same as before, from where it was read, and that the log holds it', async () => {
  const [then, now] = [before['']!.text, (await type(`unit show ${first().serial}`)).text].map((text) =>
    text.split('\n').filter((line) => !/^ {2}(Sealed|From|Proof|Since|Log) /.test(line)),
  );
  expect(now).toEqual(then);
  const { text } = await type(`unit show ${first().serial}`);
  expect(before['']!.text).toContain('From          database');
  expect(text).toContain(`From          archive ${capsule}`);
  for (const page of [before['']!.text, text])
    expect(page).toMatch(/Proof {9}holds: leaf \d+ of \d+ in the log /);
  expect(text).toContain('Came back under RMA RMA-1, cracked');
});

test.each([
  ['serial', () => first().serial],
  ['MAC address', () => first().macs[0]!],
  ['chip UID', () => first().chipUid],
  ['certificate fingerprint', () => first().certificateSha256],
])('it is found by its %s', async (_kind, id) => {
  const told = JSON.parse((await type(`unit show ${id()} --json`)).text) as Record<string, unknown>;
  const inDatabase = JSON.parse(before['--json']!.text) as { proof: { index: number } };
  expect(inDatabase).toMatchObject({ from: 'database', proof: { verdict: 'holds' } });
  const { index } = inDatabase.proof;
  expect(told).toMatchObject({
    ...{ serial: first().serial, from: `archive ${capsule}`, proof: { verdict: 'holds', index } },
    ...{ record: (JSON.parse(before['--json']!.text) as { record: unknown }).record },
  });
});

test('lists span both: by what was shipped when and where, and by what it reports', async () => {
  const report = join(home, 'reports.csv');
  await writeFile(report, `serial,version,reportedAt\n${first().serial},2.0.0,${new Date().toISOString()}\n`);
  expect(await type(`import field-firmware ${report} --by 17 --source fleet`)).toMatchObject({ code: 0 });
  const { shipment } = JSON.parse(before['--record']!.text) as { shipment: { at: string } };
  const day = shipment.at.slice(0, 10);
  const alive = await walkUnit(floor, { upTo: 'Shipped' });
  for (const [filter, expected] of [
    [`--buyer acme --country DE --state Shipped`, [...units, alive]],
    [`--shipped-after ${day} --component-lot MCU-LOT-7731`, [...units, alive]],
    [`--board-lot PCB-2406-17 --firmware 1.4.2 --batch ${first().batch.id}`, units],
    ['--running-firmware 2.0.0', [first()]],
    ['--firmware-differs', [first()]],
  ] as const) {
    const { text } = await type(`unit list ${filter} --json`);
    const rows = text
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as { serial: string; shippedAt: string });
    expect([filter, rows.map(({ serial }) => serial)]).toEqual([filter, expected.map((one) => one.serial)]);
    for (const { shippedAt } of rows) expect(shippedAt).toMatch(/^20/);
  }
});

test('a unit that ended without being shipped shows how, and a draft of its record', async () => {
  const { text } = await type(`unit show ${scrapped.serial}`);
  expect(text).toMatch(/From {10}archive own-/);
  expect(text).toContain('Scrapped');
  const history = await type(`unit show ${scrapped.serial} --history`);
  expect(history.text).toContain('broken board');
});

test('the dossier says from where it was read, and what the log says', async () => {
  const file = join(home, 'archived.pdf');
  expect(await type(`unit show ${first().serial} --pdf ${file}`)).toMatchObject({ code: 0 });
  expect((await readFile(file)).length).toBeGreaterThan(10_000);
});

test('a capsule that was changed is told, and nothing of it is shown', async () => {
  const desk = floor.as('desk');
  const file = (await capsuleFiles(desk, capsule)).find(({ role }) => role === 'events')!;
  const path = join(home, 'store', 'sha256', file.sha256.slice(0, 2), file.sha256);
  const bytes = await readFile(path);
  const changed = Buffer.from(bytes.toString('utf8').replaceAll('MCU-LOT-7731', 'MCU-LOT-7730'));
  expect(createHash('sha256').update(changed).digest('hex')).not.toBe(file.sha256);
  await chmod(path, 0o644);
  await writeFile(path, changed);
  const { code, err, text } = await type(`unit show ${first().serial}`);
  expect({ code, text }).toEqual({ code: 1, text: '' });
  expect(err).toContain(`its history of ${first().serial} is not the one that was moved`);
  await writeFile(path, bytes);
  expect(await type(`unit show ${first().serial}`)).toMatchObject({ code: 0 });
});

test('a recall by station or time says how many shipped units it can not judge, because their tests have moved', async () => {
  const dry = 'recall --dry-run --by 17 --note suspect';
  const told = async (more: string) =>
    JSON.parse((await type(`${dry} ${more} --json`)).text) as {
      counts: { state: string; units: number }[];
      unjudged: number;
    };
  const shipped = ({ counts }: { counts: { state: string; units: number }[] }): number =>
    counts.filter(({ state }) => state === 'Shipped').reduce((sum, { units: more }) => sum + more, 0);
  const [all, tested] = [await told('--product EUDV'), await told('--product EUDV --from 2020-01-01')];
  expect([all.unjudged, tested.unjudged]).toEqual([0, units.length]);
  expect(shipped(all) - shipped(tested)).toBe(units.length);
  expect(await told('--station FINAL-1 --product no-such')).toMatchObject({ counts: [], unjudged: 0 });
  expect((await type(`${dry} --from 2020-01-01`)).text).toContain(
    `NOT JUDGED: ${units.length} shipped units`,
  );
});

test('a capsule is put into a folder by hand, the manifest last, verified there, and never over anything else', async () => {
  const to = join(home, 'by-hand');
  const { code, text } = await type(`capsule export ${capsule} --to ${to}`);
  expect({ code, last: text.trim().split('\n').at(-1) }).toEqual({
    code: 0,
    last: 'Verified: complete, as signed, every row and every proof.',
  });
  const own = JSON.parse(
    (await type(`capsule export ${capsule} --to ${join(home, 'own')} --own --json`)).text,
  ) as {
    files: string[];
    report: { ok: boolean; counts: { events: number } };
  };
  expect(own.report.ok).toBe(true);
  expect(own.report.counts.events).toBeGreaterThan(0);
  const names = await readdir(join(to, capsule));
  expect(own.files.filter((name) => !names.includes(name))).toEqual(['events.jsonl', 'events.manifest.json']);
  expect(own.files.slice(-3)).toEqual(['manifest.json', 'events.jsonl', 'events.manifest.json']);
  const path = join(to, capsule, 'records.jsonl');
  await writeFile(path, 'mine');
  const again = await type(`capsule export ${capsule} --to ${to}`);
  expect([again.code, again.err]).toEqual([2, expect.stringContaining('is not overwritten')]);
  expect(await readFile(path, 'utf8')).toBe('mine');
  expect((await type(`capsule export acme-none-1 --to ${to}`)).code).toBe(2);
  const set = (columns: string): Promise<unknown> =>
    tamper(database, (su) => su.query(`update capsules set ${columns} where id = $1`, [capsule]));
  await tamper(database, (su) => su.query('create table kept_capsules as select * from capsules'));
  await set(`state = 'abandoned', moved_at = null, delivery = 'none', abandoned_at = clock_timestamp()`);
  expect((await type(`capsule export ${capsule} --to ${to}`)).err).toContain('was given up before');
  await set(
    `(state, moved_at, delivery, abandoned_at) = (select k.state, k.moved_at, k.delivery, k.abandoned_at from kept_capsules k where k.id = capsules.id)`,
  );
});
