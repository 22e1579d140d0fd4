import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import exceljs from 'exceljs';

import { register as registerList } from '../../cli/unit-list';
import { register as registerShow } from '../../cli/unit-show';
import { unitColumns } from '../../domain/unit-columns';
import { typeCommand, type TypedAnswer } from '../support/type-command';
import { openUnitScene, type UnitScene } from '../support/unit-scene';
import { digest } from '../support/walk-unit';

let scene: UnitScene;
let folder: string;

beforeAll(async () => {
  scene = await openUnitScene();
  folder = await mkdtemp(join(tmpdir(), 'unitrail-list-'));
});

afterAll(async () => {
  await scene?.close();
  if (folder) await rm(folder, { recursive: true, force: true });
});

/** Types a command: on a terminal of the given width, or into a pipe. */
const type = (line: string, width?: number): Promise<TypedAnswer> =>
  typeCommand(scene.database, [registerShow, registerList], line, width);

const jsonLines = (text: string): Record<string, unknown>[] =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

describe('unitrail unit show', () => {
  it('tells a person who the unit is, what it is made of, how it was tested and where it went', async () => {
    const { code, text, err } = await type(`unit show ${scene.shipped.serial}`);
    expect([code, err]).toEqual([0, '']);
    for (const part of [
      `Serial        ${scene.shipped.serial}  (issuer unitrail)`,
      'EUDV, GTIN 09506000134352',
      scene.shipped.macs.join(', '),
      scene.shipped.chipUid,
      `sha256 ${scene.shipped.certificateSha256}`,
      'batch PB-118, lot PCB-2406-17',
      'U7  RADIO-LOT-0092, RADIO-LOT-0093',
      'Shipped',
      'vcc_3v3',
      'housing, gs1datamatrix on polyester, print 1',
      `0109506000134352`,
      'by station label-1',
      'acme, DE',
    ]) {
      expect(text).toContain(part);
    }
  });

  it('tells why a unit is held, and what to do', async () => {
    const { text } = await type(`unit show ${scene.held.serial}`);
    expect(text).toContain('State         AwaitingEngineer');
    expect(text).toContain('step 3 (test), attempt 1');
    expect(text).toContain('TEST_FAILED');
    expect(text).toContain('What to do    The device missed a limit.');
    expect(text).toContain(
      `unitrail unit retry|rework|scrap ${scene.held.serial} --by OPERATOR --note TEXT (rework: --step STEP as well)`,
    );
    expect(text).toMatch(/vcc_3v3 +3\.5 +V +3\.2 +3\.4 +FAIL/);
  });

  it('tells which hold a unit is on, and what is beneath', async () => {
    const { text } = await type(`unit show ${scene.onHold.serial}`);
    expect(text).toContain('OnHold (InProgress beneath)');
    expect(text).toMatch(/Hold +QH-1 since .*: suspect reel/);
  });

  it('gives programs all of it as one JSON document', async () => {
    const { text } = await type(`unit show ${scene.held.serial} --json`);
    expect(text.trimEnd()).not.toContain('\n');
    expect(JSON.parse(text)).toMatchObject({
      serial: scene.held.serial,
      state: 'AwaitingEngineer',
      macs: scene.held.macs,
      failure: { code: 'TEST_FAILED', whatToDo: expect.stringContaining('missed a limit') },
      lastTest: { verdict: 'FAIL' },
      record: { format: 'unitrail.record-draft/1' },
      sealed: null,
    });
  });

  it('--record gives exactly the sealed bytes', async () => {
    const row = await scene.floor
      .as('desk')('records')
      .where({ unit_id: scene.shipped.unitId })
      .first('sha256');
    const { code, text, err } = await type(`unit show ${scene.shipped.serial} --record`);
    expect([code, err, digest(text)]).toEqual([0, '', row.sha256]);
  });

  it('--record of a unit in the house gives a draft, and says so on stderr', async () => {
    const { code, text, err } = await type(`unit show ${scene.assigned.serial} --record`);
    expect(code).toBe(0);
    expect(JSON.parse(text)).toMatchObject({ format: 'unitrail.record-draft/1' });
    expect(err).toContain('has not shipped: this is a draft');
  });

  it('--history tells the events, for people and for programs', async () => {
    const people = await type(`unit show ${scene.shipped.serial} --history`);
    expect(people.text).toContain('Final QC passed: device, label and record agree by station label-1');
    const programs = jsonLines((await type(`unit show ${scene.shipped.serial} --history --json`)).text);
    expect(programs[0]).toMatchObject({ seq: 1, type: 'claimed', login: 'unitrail_office_login' });
    expect(programs.at(-1)).toMatchObject({
      type: 'shipped',
      summary: expect.stringContaining('Shipped to acme, DE'),
    });
  });

  it.each([
    ['unit show NOBODY', 'No unit has "NOBODY" as serial, chip UID, asset number.'],
    ['unit show', "missing required argument 'id'"],
    ['unit show X --record --history', "option '--record' cannot be used with option '--history'"],
  ])('%s is refused with exit code 2', async (line, message) => {
    const { code, text, err } = await type(line);
    expect([code, text]).toEqual([2, '']);
    expect(err).toContain(message);
  });

  it('tells programs of a mistake as JSON, on stderr', async () => {
    const { code, text, err } = await type('unit show NOBODY --json');
    expect([code, text]).toEqual([2, '']);
    expect(JSON.parse(err)).toMatchObject({ error: { code: 'NOT_FOUND' } });
  });
});

describe('unitrail unit list', () => {
  it('shows a table that fits the terminal', async () => {
    const { code, text } = await type('unit list --batch B2647-01', 100);
    expect(code).toBe(0);
    const lines = text.trimEnd().split('\n');
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(100);
    expect(text).toContain('┌');
  });

  it('shows plain columns in a pipe, a unit a line', async () => {
    const { text } = await type('unit list --batch B2647-01');
    const [header, ...lines] = text.trimEnd().split('\n');
    expect(header).toMatch(/^Serial +State +Step/);
    expect(lines).toHaveLength(6);
    expect(lines[0]).toMatch(new RegExp(`^${scene.shipped.serial} +Shipped +ship`));
  });

  it('gives JSON Lines with every column', async () => {
    const { text } = await type('unit list --component-lot MCU-LOT-7731 --state shipped --json');
    const rows = jsonLines(text);
    expect(rows.map(({ serial }) => serial)).toEqual([scene.shipped.serial, scene.alsoShipped.serial]);
    expect(Object.keys(rows[0]!)).toEqual(unitColumns.map(({ name }) => name));
    expect(rows[0]).toMatchObject({
      macs: scene.shipped.macs,
      shippedAt: expect.stringMatching(/^\d{4}-.*Z$/),
    });
  });

  it('gives CSV to a pipe', async () => {
    const { text } = await type('unit list --batch B2647-01 --format csv');
    const lines = text.trimEnd().split('\r\n');
    expect(lines[0]).toBe(unitColumns.map(({ name }) => name).join(','));
    expect(lines).toHaveLength(7);
  });

  it('gives a spreadsheet to a pipe or to a file, with the same units', async () => {
    const file = join(folder, 'units.xlsx');
    const { code, text, err } = await type(`unit list --batch B2647-01 --format xlsx --out ${file}`);
    expect([code, text, err]).toEqual([0, '', `6 units written to ${file}.\n`]);
    const piped = await type('unit list --batch B2647-01 --format xlsx');
    for (const bytes of [await readFile(file), piped.out]) {
      const workbook = new exceljs.Workbook();
      await workbook.xlsx.load(bytes as never);
      const sheet = workbook.getWorksheet('Units')!;
      expect([sheet.rowCount, sheet.getCell('A2').value]).toEqual([7, scene.shipped.serial]);
    }
  });

  it('does not replace a file unless --force says so, and leaves nothing half written', async () => {
    const own = await mkdtemp(join(folder, 'own-'));
    const file = join(own, 'units.csv');
    await writeFile(file, 'mine');
    const refused = await type(`unit list --format csv --out ${file}`);
    expect([refused.code, await readFile(file, 'utf8')]).toEqual([2, 'mine']);
    expect(refused.err).toContain('--force to replace it');
    const forced = await type(`unit list --format csv --out ${file} --force`);
    expect([forced.code, (await readFile(file, 'utf8')).startsWith('serial,')]).toEqual([0, true]);
    expect(await readdir(own)).toEqual(['units.csv']);
  });

  it('says when there are more units than it shows, and when there are none', async () => {
    const some = await type('unit list --batch B2647-01 --limit 2');
    expect(some.text.trimEnd().split('\n')).toHaveLength(3);
    expect(some.err).toBe('There are more than these 2 units: narrow the filter, or raise --limit.\n');
    const all = await type('unit list --batch B2647-01 --limit 6');
    expect(all.err).toBe('');
    const none = await type('unit list --batch B-NOBODY');
    expect([none.code, none.text, none.err]).toEqual([0, '', 'No unit fits.\n']);
  });

  it.each([
    ['unit list --state Done', '--state: "Done" is not allowed; one of InProgress, AwaitingEngineer'],
    ['unit list --step paint', '--step: "paint" is not allowed; one of assign, flash'],
    ['unit list --shipped-after soon', '--shipped-after: "soon" is not allowed; a day YYYY-MM-DD'],
    ['unit list --format pdf', '--format: "pdf" is not allowed; one of table, json, csv, xlsx'],
    ['unit list --format csv --json', '--format: "csv" is not allowed; json, because --json was given'],
    ['unit list --force', '--force only with --out FILE'],
    ['unit list --limit 0', '--limit: "0" is not allowed; a whole number from 1 to 1000000'],
    ['unit list --format csv --out /nowhere/at/all.csv', 'a folder that exists'],
    ['unit list --colour red', "unknown option '--colour'"],
  ])('refuses %s with exit code 2, naming what is allowed', async (line, message) => {
    const { code, text, err } = await type(line);
    expect([code, text]).toEqual([2, '']);
    expect(err).toContain(line.endsWith('--json') ? JSON.stringify(message).slice(1, -1) : message);
  });

  it('refuses to write a spreadsheet on the terminal', async () => {
    const { code, err } = await type('unit list --format xlsx', 80);
    expect(code).toBe(2);
    expect(err).toContain('--out: (missing) is not allowed; a file name');
  });
});
