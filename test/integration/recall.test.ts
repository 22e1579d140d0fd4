import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import exceljs from 'exceljs';
import { canonicalJson } from '../../domain/canonical';
import { changeLots } from '../../adapters/postgres/batch-queries';
import { openDatabase } from '../../adapters/postgres/database';
import { findRecalled, holdRecalled } from '../../adapters/postgres/recalls';
import { register } from '../../cli/recall';
import type { ServerContext } from '../../cli/server-context';
import type { RecallCount } from '../../domain/recall';
import { UnitrailError } from '../../domain/errors';
import { audit } from '../../tools/audit/audit';
import { withSuperuser } from '../support/database';
import { until } from '../support/line-units';
import { openTestBatch } from '../support/shop-floor';
import { typeCommand, type Register, type TypedAnswer } from '../support/type-command';
import { claimForBuyer, openUnitScene, type UnitScene } from '../support/unit-scene';
import { sampleRecipe } from '../support/unit-facts';
import { beginAct, decide, digest, walkOn, walkUnit, type WalkedUnit } from '../support/walk-unit';

/** A scene with a second buyer who has a unit, one that is packed, and two of other lots. */
let scene: UnitScene;
let folder: string;
let packed: WalkedUnit;
let forCora: WalkedUnit;
let otherReel: WalkedUnit;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'unitrail-recall-'));
  scene = await openUnitScene();
  const { floor } = scene;
  await addTestBuyer('cora');
  const batch = await openTestBatch(floor, { id: 'B2647-03', quantity: 2 });
  packed = await walkUnit(floor, { upTo: 'Packed', batch, index: 1 });
  const cora = await openTestBatch(floor, { id: 'B2647-04', buyer: 'cora', quantity: 2 });
  forCora = await walkUnit(floor, { upTo: 'Packed', batch: cora, index: 1 });
  await walkOn(floor, forCora, 'Shipped', 'Shipped');
  otherReel = await walkUnit(floor, { upTo: 'assign', batch: cora, index: 2 });
  await bindOtherReel(otherReel);
  await claimForBuyer(floor, 'ACME-0001');
});
afterAll(async () => {
  await scene?.close();
  if (folder) await rm(folder, { recursive: true, force: true });
});

async function addTestBuyer(id: string): Promise<void> {
  const none = { issuers: [], operators: [], stations: [], objects: [] };
  const changes = JSON.stringify({ ...none, buyers: [{ id, name: id, test: true }] });
  await scene.floor.as('desk').raw('select apply_plant(?, ?, ?::jsonb)', ['{}', 'a buyer', changes]);
}

/** The reel ran out before its turn came: it is of the batch and not of the batch's first lots. */
async function bindOtherReel(unit: WalkedUnit): Promise<void> {
  const { floor } = scene;
  const lots = { U1: ['MCU-LOT-OTHER'] };
  await changeLots(floor.as('desk'), { id: randomUUID(), batch: unit.batch.id, by: '17', lots });
  const act = await beginAct(floor, unit, 'flash', 'flashIntended');
  await act.note('boardBound', 'board', {
    ...{ chipUid: unit.chipUid, chipFamily: sampleRecipe.product.chipFamily },
    ...{ boardBatch: 'PB-118', boardLot: 'PCB-2406-17' },
    components: { ...lots, U7: ['RADIO-LOT-0092', 'RADIO-LOT-0093'] },
  });
}

const base = '--by 17 --note reel';

/** Temporal is away: a recall is in force without it. */
const withoutTemporal: Register = (program, context) =>
  register(program, {
    ...(context as object),
    temporal: () => Promise.reject(new UnitrailError('TEMPORAL_UNAVAILABLE', 'no answer')),
  } as ServerContext);

const type = (options: string): Promise<TypedAnswer> =>
  typeCommand(scene.database, [withoutTemporal], `recall ${base} ${options}`);

interface Told {
  readonly recall: string | null;
  readonly held: number;
  readonly files: readonly { buyer: string; file: string; units: number }[];
  readonly counts: readonly RecallCount[];
}

async function told(options: string): Promise<Told> {
  const { code, text, err } = await type(`${options} --json`);
  if (code !== 0) throw new Error(err);
  return JSON.parse(text) as Told;
}

const countOf = ({ counts }: Told): string[] =>
  counts.map(({ state, buyer, country, units }) => `${state} ${buyer} ${country} ${units}`);
const unitsOf = ({ counts }: Told): number => counts.reduce((sum, { units }) => sum + units, 0);

async function rows(): Promise<unknown> {
  const desk = scene.floor.as('desk');
  const [holds, streams] = [await desk('holds').count(), await desk('streams').sum('seq as events')];
  return { holds, streams };
}

async function serialsIn(file: string): Promise<unknown[]> {
  const workbook = new exceljs.Workbook();
  await workbook.xlsx.load((await readFile(file)) as never);
  const sheet = workbook.getWorksheet('Units')!;
  const column = sheet.getRow(1).values as unknown[];
  const at = column.indexOf('serial') === -1 ? column.indexOf('Serial') : column.indexOf('serial');
  return sheet
    .getColumn(at)
    .values.filter((value) => value !== undefined)
    .slice(1);
}

/** When its final test was made. */
async function testedAt({ unitId }: WalkedUnit): Promise<string> {
  const event = await scene.floor
    .as('desk')('unit_events')
    .where({ stream: `unit:${unitId}` })
    .whereIn('type', ['testPassed', 'testFailed'])
    .first('at');
  return (event.at as Date).toISOString();
}

describe('unitrail recall', () => {
  it('counts by state, buyer and country, and does nothing in a dry run', async () => {
    const before = await rows();
    const { code, text, err } = await type('--component-lot MCU-LOT-7731 --dry-run');
    expect([code, err]).toEqual([0, 'A dry run: nothing was put on hold.\n']);
    expect(
      text
        .trimEnd()
        .split('\n')
        .map((line) => line.trim().split(/\s+/).join(' ')),
    ).toEqual([
      'State Buyer Country Units',
      'AwaitingEngineer acme DE 1',
      'InProgress acme DE 1',
      'OnHold acme DE 1',
      'Packed acme DE 1',
      'ReadyToShip borealis DE 1',
      'Scrapped acme DE 1',
      'Shipped acme DE 2',
      'Shipped cora DE 1',
    ]);
    expect(await rows()).toEqual(before);
  });

  it('finds by firmware, component lot, board lot, product', async () => {
    const all = ['--product EUDV', '--firmware 1.4.2'];
    for (const options of all) expect(unitsOf(await told(`${options} --dry-run`))).toBe(11);
    expect(countOf(await told('--component-lot MCU-LOT-OTHER --dry-run'))).toEqual(['InProgress cora DE 1']);
    expect(unitsOf(await told('--board-lot PCB-2406-17 --dry-run'))).toBe(10);
    // Its board is not bound yet: it is about to get one of its batch's lot.
    expect(countOf(await told('--board-lot PCB-1 --dry-run'))).toEqual(['InProgress acme FR 1']);
    for (const options of ['--firmware 9.9.9', '--component-lot X', '--product X --firmware 1.4.2'])
      expect(countOf(await told(`${options} --dry-run`))).toEqual([]);
  });

  it('finds by the station and the time of a final test, failed ones as well', async () => {
    const at = await testedAt(packed);
    const found = async (options: string): Promise<string[]> => countOf(await told(`${options} --dry-run`));
    expect(await found('--station label-1')).toEqual([]);
    expect(await found('--station line-1')).toEqual([
      ...['AwaitingEngineer acme DE 1', 'Packed acme DE 1', 'ReadyToShip borealis DE 1'],
      ...['Shipped acme DE 2', 'Shipped cora DE 1'],
    ]);
    expect(await found(`--station line-1 --from ${at}`)).toEqual(['Packed acme DE 1', 'Shipped cora DE 1']);
    expect(await found(`--from ${at} --to ${await testedAt(forCora)}`)).toEqual(['Packed acme DE 1']);
    expect(unitsOf(await told(`--to ${at} --dry-run`))).toBe(4);
  });

  it('finds the serials of a file, and names the one that is no unit’s', async () => {
    const file = join(folder, 'serials.txt');
    await writeFile(file, `${scene.held.serial}\r\n\n acme:ACME-0001 \n${scene.held.serial}\n`);
    expect(countOf(await told(`--serials ${file} --dry-run`))).toEqual([
      'AwaitingEngineer acme DE 1',
      'InProgress acme FR 1',
    ]);
    await writeFile(file, `${scene.held.serial}\nNOBODY-1\n`);
    const { code, err } = await type(`--serials ${file} --dry-run`);
    expect([code, err]).toEqual([2, expect.stringContaining('"NOBODY-1" is not allowed')]);
  });

  it('holds what is in the house, lists exactly what has shipped for each buyer, and may be repeated', async () => {
    const out = join(folder, 'one', 'deep');
    const command = `--component-lot MCU-LOT-7731 --id R-1 --out ${out}`;
    const first = await told(command);
    expect(first).toMatchObject({ recall: 'R-1', held: 5 });
    expect(countOf(first)).toEqual([
      ...['OnHold acme DE 4', 'OnHold borealis DE 1'],
      ...['Scrapped acme DE 1', 'Shipped acme DE 2', 'Shipped cora DE 1'],
    ]);
    expect((await readdir(out)).sort()).toEqual(['R-1-acme.xlsx', 'R-1-cora.xlsx']);
    expect(await serialsIn(join(out, 'R-1-acme.xlsx'))).toEqual([
      scene.shipped.serial,
      scene.alsoShipped.serial,
    ]);
    expect(await serialsIn(join(out, 'R-1-cora.xlsx'))).toEqual([forCora.serial]);

    const before = await rows();
    expect(await told(command)).toMatchObject({ recall: 'R-1', held: 0, counts: first.counts });
    expect(await rows()).toEqual(before);
    expect((await audit(scene.database.urlOf('auditor'))).violations).toEqual([]);
  });

  it('leaves alone what was released from it, and holds it again under another id', async () => {
    await decide(scene.floor, packed, 'holdReleased', { hold: 'R-1', reason: 'measured' });
    const out = join(folder, 'again');
    expect(await told(`--component-lot MCU-LOT-7731 --id R-1 --out ${out}`)).toMatchObject({ held: 0 });
    const { code, text, err } = await type(`--component-lot MCU-LOT-7731 --id R-2 --out ${out}`);
    expect([code, err]).toEqual([0, expect.stringContaining('Temporal does not answer')]);
    expect(text).toContain(`2 units written to ${join(out, 'R-2-acme.xlsx')}.`);
    expect(text).toContain('Recall R-2: 5 units were put on hold by this run.');
  });

  it('finds a release in the flash of a unit that is pinned to another one by now', async () => {
    const { unitId } = scene.held;
    const firmware = { ...sampleRecipe.firmware, version: '1.5.0', sha256: digest('1.5.0') };
    const answer = await scene.floor
      .as('office')
      .raw('select add_release(?, ?) as sha256', [unitId, canonicalJson({ ...sampleRecipe, firmware })]);
    await decide(scene.floor, scene.held, 'reworked', {
      ...{ reason: 'new release', step: 'flash', recipeSha256: answer.rows[0].sha256 },
      ...{ firmwareSha256: firmware.sha256, firmwareVersion: firmware.version },
    });
    expect(unitsOf(await told('--firmware 1.5.0 --dry-run'))).toBe(1);
    expect(unitsOf(await told('--firmware 1.4.2 --dry-run'))).toBe(11);
  });

  it('with the id of another one changes nothing', async () => {
    const before = await rows();
    const { code, err } = await type(`--board-lot PCB-1 --id R-1 --out ${join(folder, 'other')}`);
    expect([code, err]).toEqual([1, expect.stringContaining('R-1')]);
    expect(await rows()).toEqual(before);
  });

  it.each([
    ['nothing to look for', '--dry-run', '--firmware: (missing) is not allowed; at least one of'],
    ['no folder', '--product EUDV', '--out: (missing) is not allowed; a folder'],
    ['a folder that is a file', '--product EUDV --out FILE', '--out: "FILE" is not allowed; a folder'],
    [
      'a workbook of somebody else',
      '--product EUDV --id R-9 --out TAKEN',
      'a file that does not exist yet, or --force',
    ],
    ['no time', '--from yesterday --dry-run', '--from: "yesterday" is not allowed; a day'],
    [
      'the end before the start',
      '--from 2026-02-01 --to 2026-01-01 --dry-run',
      '--to: "2026-01-01T00:00:00.000Z" is not allowed; an instant after 2026-02-01T00:00:00.000Z',
    ],
    ['an id with a slash', '--product EUDV --id a/b --dry-run', '--id: "a/b" is not allowed'],
    ['no file', '--serials GONE --dry-run', '--serials: "GONE" is not allowed; a file'],
    ['no serial', '--serials EMPTY --dry-run', '--serials: "EMPTY" is not allowed; a file with a serial'],
    ['nobody', '--product EUDV --by ../x --dry-run', '--by: "../x" is not allowed'],
  ])('refuses %s while nothing is done', async (_, options, words) => {
    const before = await rows();
    await writeFile(join(folder, 'FILE'), 'mine');
    await writeFile(join(folder, 'EMPTY'), '\n');
    const taken = join(folder, 'TAKEN');
    await rm(taken, { recursive: true, force: true });
    await mkdir(taken);
    await writeFile(join(taken, 'R-9-acme.xlsx'), 'mine');
    const inFolder = (text: string): string =>
      text.replace(/FILE|TAKEN|GONE|EMPTY/g, (name) => join(folder, name));
    const { code, err } = await type(inFolder(options));
    expect([code, err]).toEqual([2, expect.stringContaining(inFolder(words))]);
    expect(await rows()).toEqual(before);
    expect(await readFile(join(taken, 'R-9-acme.xlsx'), 'utf8')).toBe('mine');
  });
});

test('a unit that a closing shipment keeps locked is waited for, as often as the lock is not had in time, and held then', async () => {
  const unit = await walkUnit(scene.floor, { upTo: 'claim', batch: await openTestBatch(scene.floor, {}) });
  // One connection, so that its own patience is that of every statement.
  const desk = openDatabase(scene.database.urlOf('desk'), {
    applicationName: 'test-recall',
    maxConnections: 1,
  });
  const refused: string[] = [];
  desk.on('query-error', ({ code }: { code: string }) => refused.push(code));
  try {
    await desk.raw(`set lock_timeout = '100ms'`);
    const recall = await findRecalled(desk, { serials: [unit.serial] });
    const holding = await withSuperuser(async (shipment) => {
      await shipment.query('begin');
      await shipment.query('select from units where id = $1 for update', [unit.unitId]);
      const held = holdRecalled(desk, { id: 'R-LOCKED', by: '17', note: 'reel' }, recall);
      held.catch(() => {});
      expect(await until(async () => refused.length >= 3)).toBe(true);
      await shipment.query('rollback');
      return { held };
    }, scene.database.superuserUrl);
    expect(await holding.held).toEqual([unit.serial]);
  } finally {
    await desk.destroy();
  }
  expect(new Set(refused)).toEqual(new Set(['55P03']));
  expect(await scene.floor.as('desk')('holds').where({ hold_id: 'R-LOCKED' }).pluck('unit_id')).toEqual([
    unit.unitId,
  ]);
});
