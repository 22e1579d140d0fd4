import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createBatchActivities } from '../../activities/batch';
import { createSchemeKeys } from '../../adapters/keys/scheme-keys';
import { readOrderFile } from '../../adapters/plant/order-file';
import { readPlantFile } from '../../adapters/plant/plant-file';
import { serialBlocks } from '../../adapters/postgres/batch-ledger';
import { applyPlant } from '../../adapters/postgres/plant-store';
import { createContentStore } from '../../adapters/store/content-store';
import type { PlantDocument, Scheme } from '../../domain/plant';
import { parsePattern, serialParts } from '../../domain/serial-scheme';
import { openCliScene, type CliScene } from '../support/cli';
import { hashBy, keyTexts } from '../support/hidden-keys';
import { applySamplePlant, sampleOrder, samplePlant } from '../support/plant';
import { openShopFloor, type ShopFloor } from '../support/shop-floor';
import { tamper } from '../support/tamper';
import { testWatermark } from '../support/watermark';
import { audit } from '../../tools/audit/audit';

/** Batches of a scheme that hides its sequence: opened, claimed and audited as office, desk and auditor do it. */
let scene: CliScene;
let floor: ShopFloor;
let keyFolder: string;
let plant: PlantDocument;

const withKey = { HIDDEN_KEY: keyTexts.first };
const withOther = { HIDDEN_KEY: keyTexts.other };
const hidden = (name: string, more: Partial<Scheme> = {}): Scheme => ({
  ...{ name, version: 1, kind: 'serial', pattern: `${name}-{seq:5}{tag:3}`, scope: 'ever', trial: false },
  ...{ hidden: { key: 'env:HIDDEN_KEY' } },
  ...more,
});

beforeAll(async () => {
  scene = await openCliScene();
  floor = openShopFloor(scene.database);
  keyFolder = await mkdtemp(join(tmpdir(), 'unitrail-hidden-'));
  await applySamplePlant(scene.database, storeFolder());
  plant = (await readPlantFile(samplePlant)).document;
});

afterAll(async () => {
  await floor?.close();
  await scene?.close();
  if (keyFolder) await rm(keyFolder, { recursive: true, force: true });
});

const storeFolder = () => join(scene.env.UNITRAIL_HOME!, 'store');

/** Puts the scheme into the plant in force, and has the product use it. */
async function use(scheme: Scheme): Promise<void> {
  const products = plant.products.map((one) =>
    one.code === 'EUDV' ? { ...one, serialScheme: scheme.name } : one,
  );
  plant = { ...plant, products, schemes: [...plant.schemes, scheme] };
  await applyPlant(floor.as('desk'), plant);
}

function officeWith(env: Record<string, string>) {
  const db = floor.as('office');
  const store = createContentStore({ folder: storeFolder() });
  return createBatchActivities({ db, store, watermark: testWatermark(db), keys: createSchemeKeys(env) });
}

async function open(batch: string, env: Record<string, string>): Promise<void> {
  const order = { ...(await readOrderFile(sampleOrder)), batch, order: `PO-${batch}` };
  await officeWith(env).openBatch({ order, workflowId: `batch:${batch}` });
}

async function claim(batch: string, env: Record<string, string>, to = 24): Promise<string[]> {
  const units = await officeWith(env).claimUnits({ batch, from: 1, to });
  return units.map(({ serial }) => serial);
}

async function countsOf(batch: string): Promise<{ blocks: number; units: number }> {
  const { rows } = await floor.as('office').raw<{ rows: { blocks: number; units: number }[] }>(
    `select (select count(*)::integer from blocks where batch_id = :batch) as blocks,
       (select count(*)::integer from units where batch_id = :batch) as units`,
    { batch },
  );
  return rows[0]!;
}

const numbersOf = (serials: string[], text: string) =>
  serials.map((serial) => serialParts(parsePattern(text), serial)!.number);

test('a batch gets serials of its own that do not run on, and a repeat gets the same', async () => {
  await use(hidden('HID'));
  await open('H-1', withKey);
  const serials = await claim('H-1', withKey);
  expect(new Set(serials).size).toBe(24);
  const numbers = numbersOf(serials, 'HID-{seq:5}{tag:3}');
  expect(numbers.some((number, at) => at > 0 && Math.abs(number - numbers[at - 1]!) === 1)).toBe(false);
  expect(await claim('H-1', withKey)).toEqual(serials);
  // The holder of the key reads the counter.
  const key = { hash: hashBy(Buffer.from(keyTexts.first, 'hex') as never), space: 'HID' };
  const counted = serials.map(
    (serial) => serialParts(parsePattern('HID-{seq:5}{tag:3}'), serial, key)?.number,
  );
  expect(counted).toEqual(Array.from({ length: 24 }, (_, at) => at + 1));
});

test('the block keeps where the key lies and its fingerprint, and nothing else of it', async () => {
  const [block] = await serialBlocks(floor.as('office'), 'H-1');
  expect(block!.facts.hidden).toEqual({
    ...{ key: 'env:HIDDEN_KEY', space: 'HID' },
    fingerprint: expect.stringMatching(/^[0-9a-f]{16}$/),
  });
  const tables = await floor
    .as('auditor')
    .raw<{ rows: { name: string }[] }>(
      `select table_name as name from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE'`,
    );
  for (const { name } of tables.rows) {
    const found = await floor
      .as('auditor')
      .raw<{ rows: unknown[] }>(`select from ${name} t where t::text like ? limit 1`, [
        `%${keyTexts.first}%`,
      ]);
    expect(found.rows).toEqual([]);
  }
});

test('another key gives other serials', async () => {
  const scheme = hidden('HIE', { pattern: 'HIE-{seq:5}', hidden: { key: 'env:HIDDEN_KEY_2' } });
  await use(scheme);
  await open('H-2', { HIDDEN_KEY_2: keyTexts.other });
  await use(hidden('HIF', { pattern: 'HIF-{seq:5}' }));
  await open('H-3', withKey);
  const [second, third] = [await claim('H-2', { HIDDEN_KEY_2: keyTexts.other }), await claim('H-3', withKey)];
  expect(numbersOf(second, 'HIE-{seq:5}')).not.toEqual(numbersOf(third, 'HIF-{seq:5}'));
});

describe('without the right key', () => {
  const fingerprints =
    /^env:HIDDEN_KEY: the key with the fingerprint [0-9a-f]{16} is not allowed; the one with [0-9a-f]{16}/;
  beforeAll(() => use(hidden('HIG')));

  test.each([
    ['none', {}, /^env:HIDDEN_KEY: \(missing\) is not allowed; a key of 32 to 256 bytes/],
    ['a text that is none', { HIDDEN_KEY: 'secret' }, /^env:HIDDEN_KEY: \(hidden\) is not allowed; a key of/],
  ])('(%s) no block is cut', async (_what, env, message) => {
    await expect(open('H-4', env)).rejects.toMatchObject({
      code: 'CONFIGURATION_INVALID',
      message: expect.stringMatching(message),
    });
    expect(await countsOf('H-4')).toEqual({ blocks: 0, units: 0 });
  });

  test('(another than before) no number is issued, neither of a new batch nor of one that is open', async () => {
    await open('H-4', withKey);
    const { blocks } = await countsOf('H-4');
    const refused = { code: 'CONFIGURATION_INVALID', message: expect.stringMatching(fingerprints) };
    await expect(claim('H-4', withOther)).rejects.toMatchObject(refused);
    await expect(open('H-5', withOther)).rejects.toMatchObject(refused);
    expect(await countsOf('H-4')).toEqual({ blocks, units: 0 });
    expect(await countsOf('H-5')).toEqual({ blocks: 0, units: 0 });
    expect(await claim('H-4', withKey, 3)).toHaveLength(3);
  });
});

test('a used scheme keeps its key, and a new version may name another place of it', async () => {
  const moved = { key: `file:${join(keyFolder, 'key')}` };
  const schemes = plant.schemes.map((one) => (one.name === 'HID' ? { ...one, hidden: moved } : one));
  await expect(applyPlant(floor.as('desk'), { ...plant, schemes })).rejects.toMatchObject({
    message: expect.stringContaining('serials of HID/1 were issued; keep the entry as it was and add HID/2'),
  });
  await writeFile(join(keyFolder, 'key'), keyTexts.first, { mode: 0o600 });
  await use(hidden('HID', { version: 2, hidden: moved }));
  await open('H-6', {});
  const [before, after] = [await claim('H-1', withKey), await claim('H-6', {})];
  expect(new Set([...before, ...after]).size).toBe(48);
  // Not one of them met a serial of the version before: nothing is void.
  expect((await serialBlocks(floor.as('office'), 'H-6')).length).toBe(1);
});

describe('the preview', () => {
  const read = async (line: string, env: Record<string, string>) => {
    const { code, out, err } = await scene.run(line.split(' '), env);
    return { code, err, shown: code === 0 ? (JSON.parse(out) as Record<string, unknown>) : null };
  };

  test('shows the next serial where the key is, and how likely one is guessed', async () => {
    await use(hidden('HIH'));
    const { shown } = await read('scheme preview HIH --json', withKey);
    await open('H-7', withKey);
    expect(shown).toMatchObject({
      ...{ next: (await claim('H-7', withKey, 1))[0], left: 99_999 },
      hidden: { key: 'env:HIDDEN_KEY', keyIsHere: true, guessChance: 1 / 32_768 },
    });
  });

  test('says that it can’t where the key is not', async () => {
    const { shown } = await read('scheme preview HIH --json', {});
    expect(shown).toMatchObject({ first: null, next: null, last: null, length: 12, left: 99_975 });
    const { out } = await scene.run('scheme preview HIH');
    expect(out).toContain('next      hidden, and the key is not here');
    expect(out).toContain("the numbers are hidden, and can't be shown: the key is not here (env:HIDDEN_KEY)");
    expect(out).toContain('1 time in 32768');
  });

  test('refuses another key than the numbers began with', async () => {
    const { code, err } = await read('scheme preview HIH', withOther);
    expect(code).not.toBe(0);
    expect(err).toContain('env:HIDDEN_KEY: the key with the fingerprint');
    expect(err).not.toContain(keyTexts.other);
  });

  test('of a new key is a key', async () => {
    const { out } = await scene.run('scheme key');
    expect(Buffer.from(out, 'base64')).toHaveLength(64);
  });
});

describe('the auditor', () => {
  const everyKey = { ...withKey, HIDDEN_KEY_2: keyTexts.other };
  // A database that is copied has no other user.
  beforeAll(() => floor.close());
  const run = (env: Record<string, string>) => audit(scene.database.urlOf('auditor'), { env });

  test('computes every serial again by the keys', async () => {
    expect(await run(everyKey)).toMatchObject({ violations: [], notes: [] });
  });

  test.each([
    ['is not here', {}, 'the key is not here'],
    ['is another', { ...everyKey, HIDDEN_KEY: keyTexts.other }, 'the key there has the fingerprint'],
  ])('says of a key that %s what it could not check', async (_what, env, note) => {
    const { violations, notes } = await run(env);
    expect(violations).toEqual([]);
    expect(notes).toContainEqual(expect.stringContaining('The numbers of HID are hidden by env:HIDDEN_KEY'));
    expect(notes.join()).toContain(note);
  });

  test('finds a serial without its key that is none of the pattern', async () => {
    const copy = await scene.database.clone();
    try {
      const lie = `update blocks set pattern = replace(pattern, 'HIG', 'HIX') where pattern like 'HIG%'`;
      await tamper(copy, (superuser) => superuser.query(lie));
      const { violations } = await audit(copy.urlOf('auditor'), { env: {} });
      expect(violations.map(({ invariant }) => invariant)).toContain('A6');
    } finally {
      await copy.drop();
    }
  });

  test('finds by the key that a block says another key than its serials were made by', async () => {
    const copy = await scene.database.clone();
    try {
      await tamper(copy, (superuser) =>
        superuser.query(
          `update blocks set date_parts = replace(date_parts, '"space":"HIG"', '"space":"HIX"')`,
        ),
      );
      const { violations } = await audit(copy.urlOf('auditor'), { env: everyKey });
      expect(violations.map(({ invariant }) => invariant)).toContain('A6');
    } finally {
      await copy.drop();
    }
  });
});
