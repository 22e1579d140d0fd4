import { readFile, writeFile, cp } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createAssignActivities } from '../../activities/assign';
import { claimBatchUnits } from '../../activities/claim-units';
import { prepareBatch } from '../../activities/prepare-batch';
import { readOrderFile } from '../../adapters/plant/order-file';
import { readPlantFile } from '../../adapters/plant/plant-file';
import { openBatch } from '../../adapters/postgres/batch-ledger';
import { findOneUnit } from '../../adapters/postgres/unit-queries';
import { createContentStore } from '../../adapters/store/content-store';
import { isoWeekOf } from '../../domain/grant-facts';
import { parseOrder } from '../../domain/order';
import { audit } from '../../tools/audit/audit';
import { openCliScene, type CliScene } from '../support/cli';
import { sampleOrder, samplePlant } from '../support/plant';
import { sqlStateOf } from '../support/refusals';
import { openShopFloor, type ShopFloor } from '../support/shop-floor';
import { tamper } from '../support/tamper';
import { testWatermark } from '../support/watermark';
import { cellsOf, workbookParts, zipOf } from '../support/xlsx-file';

/** Units that were made before Unitrail: adopted by the command, and met by no batch that comes after. */
let scene: CliScene;
let floor: ShopFloor;
let store: ReturnType<typeof createContentStore>;

const { isoYear, isoWeek } = isoWeekOf(Date.now());
const week = `${String(isoYear).slice(-2)}${String(isoWeek).padStart(2, '0')}`;
const serial = (number: number): string => `EUDV${week}-${String(number).padStart(6, '0')}`;

beforeAll(async () => {
  scene = await openCliScene();
  floor = openShopFloor(scene.database);
  store = createContentStore({ folder: join(scene.folder, 'images') });
  await cp(join(dirname(samplePlant), 'firmware'), join(scene.folder, 'firmware'), { recursive: true });
  for (const { bytes } of (await readPlantFile(samplePlant)).files) await store.put(bytes);
  await applyPlant('');
});

afterAll(async () => {
  await floor?.close();
  await scene?.close();
});

/** The sample plant, with these used ranges of its pool. */
async function applyPlant(used: string): Promise<void> {
  const text = await readFile(samplePlant, 'utf8');
  const plant = text.replace('reserveLast: 4 }', `reserveLast: 4${used} }`);
  expect(await scene.run(`apply ${await scene.file('plant.yaml', plant)}`)).toMatchObject({ code: 0 });
}

/** Opens a batch as its workflow does, claims and assigns its first units: their serials and addresses. */
async function makeBatch(id: string, quantity: number): Promise<{ serials: string[]; macs: string[] }> {
  const office = floor.as('office');
  const order = parseOrder({
    ...(await readOrderFile(sampleOrder)),
    ...{ batch: id, order: `PO-${id}`, quantity, orderQuantity: quantity },
  });
  const prepared = await prepareBatch({ db: office, store }, order);
  await openBatch(office, { order, ...prepared!, workflowId: `batch:${id}`, by: '17' });
  const deps = { db: office, watermark: testWatermark(office) };
  const units = await claimBatchUnits(deps, id, { from: 1, to: Math.min(quantity, 5) });
  const { assign } = createAssignActivities({ db: office });
  for (const { unitId } of units) await assign({ unitId } as never);
  const rows = await Promise.all(units.map((unit) => findOneUnit(office, unit.serial)));
  return { serials: units.map((unit) => unit.serial), macs: rows.flatMap(({ macs }) => macs) };
}

const trace = async (): Promise<Record<string, string>> => {
  const { rows } = await floor.as('desk').raw<{ rows: Record<string, string>[] }>(
    `select (select count(*) from adoptions) as adoptions, (select count(*) from adopted_units) as units,
       (select count(*) from identifiers) as identifiers, (select count(*) from unit_events) as events,
       (select coalesce(sum(next_number), 0) from number_spaces) as numbers`,
  );
  return rows[0]!;
};

const adopt = (file: string, more = '--scheme EUDV') =>
  scene.run(`import history ${file} --by 17 ${more}`.trim());

interface Told {
  readonly count: number;
  readonly disputedUnits: number;
  readonly disputes: { at: string; kind: string; value: string; with: string }[];
  readonly foreign: { total: number; serials: string[] };
  readonly passed: { space: string; from: number; to: number }[];
}

/** The report of an import that was done. */
async function adopted(file: string, more?: string): Promise<Told> {
  const { code, out, err } = await adopt(file, `${more ?? '--scheme EUDV'} --json`);
  expect({ code, err }).toEqual({ code: 0, err: '' });
  return JSON.parse(out) as Told;
}

/** The message of a refusal that left everything as it was. */
async function refused(file: string, more?: string): Promise<string> {
  const before = await trace();
  const { code, out, err } = await adopt(file, more);
  expect({ code, out }).toEqual({ code: 2, out: '' });
  expect(await trace()).toEqual(before);
  return err;
}

test('a dry run shows what an import would do, and changes nothing', async () => {
  const file = await scene.file('dry.csv', `Serial,State\n${serial(7)},void\nOLD-1,\n`);
  const before = await trace();
  const { code, out, err } = await adopt(file, '--scheme EUDV --dry-run');
  expect({ code, err }).toEqual({ code: 0, err: '' });
  expect(out).toContain('Dry run: 2 units of unitrail (1 shipped, 0 used, 1 void) with 0 MAC addresses');
  expect(out).toContain(`serial EUDV ${isoYear}W${String(isoWeek).padStart(2, '0')}: 1 to 7 are passed over`);
  expect(out).toContain('1 serials fit no version of EUDV: OLD-1.');
  expect(await trace()).toEqual(before);
});

test('40,000 units with 12 duplicates and a half-used block: the next batch collides with none', async () => {
  await applyPlant(", used: [{ from: '70:B3:D5:00:00:00', to: '70:B3:D5:00:07:FF' }]");
  const macs = Array.from(
    { length: 2_000 },
    (_, at) => `70:B3:D5:00:0${(at + 4).toString(16).padStart(3, '0')}`,
  );
  const inBlock = (at: number) => macs[at]?.replace(/(..)(..)$/, '$1:$2').toUpperCase() ?? '';
  const rows = Array.from({ length: 39_988 }, (_, at) => [
    serial(at + 1),
    'shipped',
    inBlock(at),
    `B-${at % 9}`,
  ]);
  const twice = Array.from({ length: 12 }, (_, at) => [serial(at * 3_000 + 1), 'used', '', 'B-again']);
  const file = join(scene.folder, 'history.xlsx');
  const sheet = cellsOf([['Serial', 'State', 'MACs', 'Batch'], ...rows, ...twice]);
  await writeFile(file, zipOf(workbookParts({ sheet })));
  const begun = performance.now();
  const told = await adopted(file);
  const seconds = ((performance.now() - begun) / 1000).toFixed(1);
  process.stdout.write(`adopted ${told.count} units in ${seconds} s\n`);
  expect(told).toMatchObject({ count: 40_000, disputedUnits: 12, foreign: { total: 0 } });
  expect(told.disputes).toHaveLength(12);
  expect(told.disputes[1]).toMatchObject({ at: 'Sheet1!A39991', value: serial(3_001), with: 'Sheet1!A3002' });
  expect(told.passed).toEqual([{ space: expect.stringContaining('serial EUDV'), from: 1, to: 39_988 }]);
  const batch = await makeBatch('AFTER', 5);
  expect(batch.serials).toEqual([1, 2, 3, 4, 5].map((at) => serial(39_988 + at)));
  expect(batch.macs[0]).toBe('70:B3:D5:00:08:00');
});

test('the same file again is a no-op that says so; under another scheme it is refused', async () => {
  const file = join(scene.folder, 'history.xlsx');
  const before = await trace();
  expect((await adopt(file)).out).toMatch(
    /^No change: this file was adopted by 17 on .*: 40000 units of unitrail\.\n$/,
  );
  expect(await trace()).toEqual(before);
  expect(await refused(file, '--issuer unitrail')).toContain('adopted this file before with scheme EUDV');
});

test('every bad row is told with its cell, and nothing is adopted', async () => {
  const lines = [
    'serial,state,macs,chipUid,note',
    'GOOD-1,shipped,70:B3:D5:F0:00:01,,',
    'a|b,shipped,,,',
    '1.2E+12,sold,,,',
    'GOOD-2,,70:B3:D5:F0:00,,',
    'GOOD-3,,70:B3:D5:F0:00:02;70:B3:D5:F0:00:02,,',
    ',,,,"only a note"',
    'GOOD-4,,,,,stray',
  ];
  const err = await refused(await scene.file('bad.csv', `${lines.join('\n')}\n`));
  for (const one of [
    'A3: "a|b" is not allowed; 1 to 64 printable ASCII characters without "|"',
    'A4: "1.2E+12" is not allowed; a number that no spreadsheet has rounded',
    'B4: "sold" is not allowed; one of shipped, used, void',
    'C5: "70:B3:D5:F0:00" is not allowed; MAC addresses such as',
    'C6: "70:B3:D5:F0:00:02;70:B3:D5:F0:00:02" is not allowed; each MAC address once',
    'A7: (missing) is not allowed; 1 to 64 printable ASCII characters',
    'F8: "stray" is not allowed; a value below a heading',
  ])
    expect(err).toContain(one);
});

test('a cell that may have lost digits is told with its address', async () => {
  const sheet = cellsOf([['serial'], ['OLD-9']]).replace(
    '</sheetData>',
    '<row r="3"><c r="A3"><v>1.5E15</v></c></row></sheetData>',
  );
  const file = join(scene.folder, 'number.xlsx');
  await writeFile(file, zipOf(workbookParts({ sheet })));
  expect(await refused(file)).toContain('Sheet1!A3: number');
});

test.each([
  ['no column serial', 'number\n1\n', '--scheme EUDV', 'one with serial'],
  ['a heading twice', 'serial,MACs,macs\n1,,\n', '--scheme EUDV', 'each heading once'],
  ['no row', 'serial\n', '--scheme EUDV', 'headings and a unit below them'],
  [
    'a scheme that is none',
    'serial\n1\n',
    '--scheme NONE',
    '--scheme: "NONE" is not allowed; a scheme of the plant',
  ],
  ['an issuer that is none', 'serial\n1\n', '--issuer nobody', '--issuer: "nobody" is not allowed'],
  ['neither scheme nor issuer', 'serial\n1\n', '', '--scheme NAME, or --issuer ISSUER'],
])('a file with %s is refused', async (_what, text, more, message) => {
  expect(await refused(await scene.file('wrong.csv', text), more)).toContain(message);
});

test('an address that a batch may still get is refused, until the plant file declares it', async () => {
  const rows = ['NEW-1,70:B3:D5:00:0A:00', 'NEW-2,70:B3:D5:00:0F:FE', 'NEW-3,00:11:22:33:44:55'];
  const file = await scene.file('pool.csv', `serial,macs\n${rows.join('\n')}\n`);
  const err = await refused(file, '--issuer unitrail');
  // The last addresses are the pool's reserve, and the third is of no pool.
  expect(err.match(/is not allowed/g)).toHaveLength(1);
  expect(err).toMatch(
    /B2: "70:B3:D5:00:0A:00" is not allowed; .*declare it in the plant file \(macPools\[\]\.used\)/,
  );
  await applyPlant(
    ", used: [{ from: '70:B3:D5:00:00:00', to: '70:B3:D5:00:07:FF' }, { from: '70:B3:D5:00:0A:00', to: '70:B3:D5:00:0A:00' }]",
  );
  expect(await adopted(file, '--issuer unitrail')).toMatchObject({ count: 3 });
  // Even if nobody declared it any more (nothing but a superuser's hand can take it back): the address is never granted.
  await tamper(scene.database, (superuser) =>
    superuser.query(`delete from used_ranges where numbers @> 2560::bigint`),
  );
  const { macs } = await makeBatch('AROUND', 600);
  expect(macs).not.toContain('70:B3:D5:00:0A:00');
  expect(macs[0]).toBe('70:B3:D5:00:0A:01');
});

test('what a unit of ours has, or a batch was granted, is told by name', async () => {
  const office = floor.as('office');
  const built = await office('units').orderBy('serial').first('serial');
  const mac = await office('identifiers').where({ kind: 'mac' }).whereNotNull('unit_id').first('value');
  const file = await scene.file('ours.csv', `serial,macs\n${built.serial},\nSTRAY-1,${mac.value}\n`);
  const told = await adopted(file, '--issuer unitrail');
  expect(told).toMatchObject({ count: 2, disputedUnits: 1 });
  expect(told.disputes.map((one) => one.with)).toEqual([
    `unit ${built.serial}, built here`,
    expect.stringMatching(/^unit EUDV.*, built here$/),
  ]);
  const order = parseOrder({
    ...(await readOrderFile(sampleOrder)),
    ...{ batch: 'OPEN', order: 'PO-OPEN', quantity: 2, orderQuantity: 2 },
  });
  const prepared = await prepareBatch({ db: office, store }, order);
  await openBatch(office, { order, ...prepared!, workflowId: 'batch:OPEN', by: '17' });
  const block = await office('blocks')
    .where({ batch_id: 'OPEN', run_length: 1 })
    .orderBy('id', 'desc')
    .first('numbers');
  const offset = Number(/\d+/.exec(block.numbers)![0]).toString(16).toUpperCase().padStart(4, '0');
  const granted = `70:B3:D5:00:${offset.slice(0, 2)}:${offset.slice(2)}`;
  const err = await refused(
    await scene.file('granted.csv', `serial,macs\nG-1,${granted}\n`),
    '--issuer unitrail',
  );
  expect(err).toContain('an address that no batch was granted, and OPEN was');
});

test('a number that a list of a buyer has as well is replaced when it is claimed', async () => {
  await scene.run(
    `import serials ${await scene.file('list.csv', 'serial\nA1\nA2\nA3\n')} --issuer acme --list L --by 17`,
  );
  expect(
    await adopted(await scene.file('acme.csv', 'serial,state\nA1,used\n'), '--issuer acme'),
  ).toMatchObject({ count: 1 });
  const office = floor.as('office');
  const order = parseOrder({
    ...(await readOrderFile(sampleOrder)),
    ...{ batch: 'LISTED', order: 'PO-LISTED', quantity: 2, orderQuantity: 2, serials: 'L' },
  });
  const prepared = await prepareBatch({ db: office, store }, order);
  await openBatch(office, { order, ...prepared!, workflowId: 'batch:LISTED', by: '17' });
  const units = await claimBatchUnits({ db: office, watermark: testWatermark(office) }, 'LISTED', {
    from: 1,
    to: 2,
  });
  expect(units.map((unit) => unit.serial)).toEqual(['A3', 'A2']);
});

test('`unit show` finds an adopted unit by any of its identifiers, and says what nobody knows', async () => {
  const rows = [
    'Serial,MACs,Chip UID,Product,Shipped At,Colour',
    'S 77,001122334466,0a:0b:0c,EUDV,2019-04-01,red',
  ];
  await adopted(await scene.file('show.csv', `${rows.join('\n')}\n`), '--issuer unitrail');
  const { out } = await scene.run(['unit', 'show', 'S 77']);
  const said = out.split('\n').map((line) => line.trim());
  expect(said.slice(0, 12)).toEqual([
    'Who',
    'Serial        S 77  (issuer unitrail)',
    'State         shipped; adopted, not built here',
    '',
    'What',
    'State         shipped',
    'product       EUDV',
    'batch         unknown',
    'shippedAt     2019-04-01',
    'buyer         unknown',
    'firmware      unknown',
    'Colour        red',
  ]);
  expect(out).toContain('0A0B0C  (family lm3s6965)');
  for (const id of ['00:11:22:33:44:66', '0A0B0C', 'unitrail:S 77'])
    expect((await scene.run(['unit', 'show', id])).out).toBe(out);
  expect(await scene.run(['unit', 'show', 'S 77', '--record'])).toMatchObject({
    code: 2,
    err: expect.stringContaining('S 77 was adopted, not built here: it has no record.'),
  });
});

test('a disputed unit shows every reading, and a unit of ours the adopted one beside it', async () => {
  const told = await scene.run(`unit show ${serial(3_001)} --json`);
  expect(JSON.parse(told.out)).toMatchObject({
    ...{ serial: serial(3_001), builtHere: false, disputed: true },
    readings: [
      { state: 'shipped', batch: 'B-3', product: null, row: 3_002 },
      { state: 'used', batch: 'B-again', row: 39_991 },
    ],
  });
  expect((await scene.run(`unit show ${serial(39_989)}`)).out).toMatch(
    /^Who\n[^]*Disputed: adopted, not built here, with the same serial\n {2}State {9}shipped\n/,
  );
  expect((await scene.run(`unit show NOBODY`)).err).toContain('No unit has "NOBODY"');
});

describe('by plain SQL', () => {
  test('an adoption that is not closed can not stay, and only the desk adopts', async () => {
    const open = `select open_adoption('unitrail', null, 'x.csv', '${'0'.repeat(64)}', 'all', '17')`;
    expect(await sqlStateOf(floor.as('desk').raw(open))).toBe('23503');
    for (const login of ['office', 'line-1', 'auditor'] as const)
      expect(await sqlStateOf(floor.as(login).raw(open))).toBe('42501');
  });

  test('a closed one takes no further row', async () => {
    const { id } = await floor.as('desk')('adoptions').first('id');
    expect(await sqlStateOf(floor.as('desk').raw(`select add_adopted_units(?, 1, array['{}'])`, [id]))).toBe(
      'UT009',
    );
  });
});

test('the auditor finds everything in order', async () => {
  const report = await audit(scene.database.urlOf('auditor'));
  expect(report.violations).toEqual([]);
  expect(report.counts.adoptedUnits).toBe(40_007);
});
