import { createHash } from 'node:crypto';
import { cp, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import exceljs from 'exceljs';
import { openDatabase } from '../../adapters/postgres/database';
import { mapped } from '../../adapters/postgres/errors';
import { audit } from '../../tools/audit/audit';
import { openCliScene, type CliScene } from '../support/cli';
import { withSuperuser, type TestLogin } from '../support/database';
import { samplePlant } from '../support/plant';
import { sqlStateOf } from '../support/refusals';
import { openShopFloor, type ShopFloor } from '../support/shop-floor';
import { textRows, workbookParts, zipOf } from '../support/xlsx-file';

const sha256 = (bytes: string | Buffer) => createHash('sha256').update(bytes);

let scene: CliScene;
let floor: ShopFloor;

beforeAll(async () => {
  scene = await openCliScene();
  floor = openShopFloor(scene.database);
  await cp(join(dirname(samplePlant), 'firmware'), join(scene.folder, 'firmware'), { recursive: true });
  const plant = (await readFile(samplePlant, 'utf8')).replace(
    'name: Nordlicht Gebäudetechnik,',
    "name: Nordlicht Gebäudetechnik, serialPattern: 'NL-{digit:6}',",
  );
  expect(await scene.run(`apply ${await scene.file('plant.yaml', plant)}`)).toMatchObject({ code: 0 });
});

afterAll(async () => {
  await floor?.close();
  await scene?.close();
});

interface Trace {
  readonly lists: string;
  readonly numbers: string;
  readonly spaces: string;
  readonly events: string;
}

/** Everything that an import could leave behind. */
async function trace(): Promise<Trace> {
  const answer = await floor.as('desk').raw<{ rows: Trace[] }>(
    `select (select count(*) from number_lists) as lists, (select count(*) from listed_numbers) as numbers,
       (select count(*) from number_spaces) as spaces, (select count(*) from unit_events) as events`,
  );
  return answer.rows[0]!;
}

const importing = (file: string, issuer: string, list: string, more = '') =>
  scene.run(`import serials ${file} --issuer ${issuer} --list ${list} --by 17${more}`);

/** The message of a refusal that left everything as it was. */
async function refused(file: string, issuer: string, list: string, more?: string): Promise<string> {
  const before = await trace();
  const { code, out, err } = await importing(file, issuer, list, more);
  expect({ code, out }).toEqual({ code: 2, out: '' });
  expect(await trace()).toEqual(before);
  return err;
}

async function listed(issuer: string, list: string): Promise<string[]> {
  const answer = await floor.as('office').raw<{ rows: { value: string }[] }>(
    `select n.value from listed_numbers n join number_lists l on l.space_id = n.space_id
     where l.issuer = ? and l.name = ? order by n.position`,
    [issuer, list],
  );
  return answer.rows.map(({ value }) => value);
}

test('a dry run checks all of a list and changes nothing', async () => {
  const file = await scene.file('dry.csv', 'serial\n0001\n0002\n');
  const before = await trace();
  expect(await importing(file, 'acme', 'dry', ' --dry-run')).toEqual({
    code: 0,
    out: 'Dry run: list dry would have 2 numbers of acme, 0001 to 0002; nothing was changed.\n',
    err: '',
  });
  expect(await trace()).toEqual(before);
});

test('a list from half of Europe keeps its zeros to the end, and is told of in an event', async () => {
  const file = await scene.file('2026-04.csv', '\ufeffNote;Serial\r\n"a;b";0007\r\n;0008\r\n');
  const { code, out } = await importing(file, 'acme', '2026-04', ' --json');
  expect(code).toBe(0);
  const told = JSON.parse(out) as { sha256: string };
  expect(told).toEqual({
    ...{
      imported: true,
      dryRun: false,
      issuer: 'acme',
      list: '2026-04',
      count: 2,
      first: '0007',
      last: '0008',
    },
    ...{ pattern: null, source: '2026-04.csv', sha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
  });
  expect(await listed('acme', '2026-04')).toEqual(['0007', '0008']);
  const event = await floor
    .as('auditor')('unit_events')
    .where({ stream: 'list:acme/2026-04' })
    .first('type', 'body');
  expect(event.type).toBe('numbersListed');
  expect(JSON.parse(event.body)).toEqual({
    ...{ by: '17', count: 2, first: '0007', last: '0008', part: 'all', pattern: null },
    ...{ sha256: told.sha256, source: '2026-04.csv' },
    // SHA-256 over that of each number, in their order.
    numbersSha256: sha256(Buffer.concat([sha256('0007').digest(), sha256('0008').digest()])).digest('hex'),
  });
  const space = await floor.as('office')('number_spaces').where({ name: '2026-04' }).first();
  expect(space).toMatchObject({
    ...{
      kind: 'serial',
      scope: 'list:acme',
      issuer: 'acme',
      first_number: '1',
      last_number: '2',
      next_number: '1',
    },
  });
});

test('the same file again is a no-op that says so; another content, or another part, is refused', async () => {
  const file = await scene.file('again.csv', 'serial;old\n0101;0201\n');
  expect(await importing(file, 'acme', 'again')).toMatchObject({ code: 0 });
  const before = await trace();
  expect(await importing(file, 'acme', 'again')).toEqual({
    code: 0,
    out: 'No change: list again has this file: 1 numbers of acme, 0101 to 0101.\n',
    err: '',
  });
  expect(await trace()).toEqual(before);
  expect(await refused(file, 'acme', 'again', ' --column old')).toContain(
    'list: again is not allowed; 17 imported it',
  );
  const other = await scene.file('other.csv', 'serial\n0102\n');
  expect(await refused(other, 'acme', 'again')).toContain('imported it before from other content');
});

test('the same number of two buyers is two identifiers, and both may call their list alike', async () => {
  const file = await scene.file('shared.csv', 'from,to\nNL-000001,NL-000003\n');
  expect(await importing(file, 'acme', 'shared')).toMatchObject({ code: 0 });
  expect(await importing(file, 'nordlicht', 'shared')).toMatchObject({ code: 0 });
  expect(await listed('nordlicht', 'shared')).toEqual(['NL-000001', 'NL-000002', 'NL-000003']);
});

test('every offending row is told at once: twice in the file, in a list, of a unit, not of the buyer’s form', async () => {
  await withSuperuser(async (superuser) => {
    await superuser.query(`set session_replication_role = replica`);
    await superuser.query(
      `insert into identifiers (issuer, kind, value, unit_id, state) values ('nordlicht', 'serial', 'NL-000500', gen_random_uuid(), 'assigned')`,
    );
  }, scene.database.superuserUrl);
  const rows = ['NL-000400', 'NL-000401', 'NL-000400', 'NL-000002', 'NL-000500', 'NL-00041', 'nl-000402'];
  const err = await refused(await scene.file('bad.csv', `serial\n${rows.join('\n')}\n`), 'nordlicht', 'bad');
  expect(
    err
      .split('\n')
      .map((line) => line.trim())
      .sort(),
  ).toEqual([
    '',
    'A4: "NL-000400" is not allowed; each number once, and A2 has it',
    'A5: "NL-000002" is not allowed; a number of no other list, and shared has it at position 2',
    'A6: "NL-000500" is not allowed; a number that no unit has',
    `A7: "NL-00041" is not allowed; a number of the form NL-{digit:6}, the buyer's serialPattern`,
    `A8: "nl-000402" is not allowed; a number of the form NL-{digit:6}, the buyer's serialPattern`,
    'unitrail: The list, of which nothing was imported, is not valid:',
  ]);
});

test('a range that runs into another list is refused number by number, up to a limit', async () => {
  const first = await scene.file('r1.csv', 'from,to\nNL-100000,NL-100499\n');
  expect(await importing(first, 'nordlicht', 'r1')).toMatchObject({ code: 0 });
  const err = await refused(await scene.file('r2.csv', 'from,to\nNL-100300,NL-100599\n'), 'nordlicht', 'r2');
  expect(err).toContain(
    'A2: "NL-100300" is not allowed; a number of no other list, and r1 has it at position 301',
  );
  expect(err).toContain('and 100 more');
});

test('an Excel file with numbers, formulas and merged cells is refused with every address', async () => {
  const workbook = new exceljs.Workbook();
  const sheet = workbook.addWorksheet('Seriennummern');
  sheet.addRows([
    ['Note', 'Serial'],
    ['a', '0900'],
    ['b', 1.5e15],
    ['c', 0.1 + 0.2],
    ['d', { formula: 'B2' }],
    ['e', '0901'],
  ]);
  sheet.mergeCells('B6:B7');
  const file = join(scene.folder, 'bad.xlsx');
  await workbook.xlsx.writeFile(file);
  const err = await refused(file, 'acme', 'bad');
  for (const told of [
    'Seriennummern!B3: number 1500000000000000 is not allowed; a text cell',
    'Seriennummern!B4: number 0.30000000000000004 is not allowed',
    'Seriennummern!B5: formula =B2 is not allowed',
    'Seriennummern!B6: the merged area B6:B7 is not allowed',
  ])
    expect(err).toContain(told);
});

test('a bomb is refused before anything of it is unpacked', async () => {
  const sheet = { name: 'xl/worksheets/sheet1.xml', bytes: Buffer.alloc(200 * 1024 * 1024, ' ') };
  const parts = workbookParts({ sheet: '' }).filter(({ name }) => name !== sheet.name);
  const file = join(scene.folder, 'bomb.xlsx');
  await writeFile(file, zipOf([...parts, sheet]));
  expect(await refused(file, 'acme', 'bomb')).toContain('times its size');
});

test.each([
  [
    'a buyer that is none',
    'nobody',
    'x',
    '--issuer: "nobody" is not allowed; a buyer of the plant in force: acme, nordlicht',
  ],
  ['a name with a slash', 'acme', 'a/b', '--list: "a/b" is not allowed'],
  ['a separator that is none', 'acme', 'x --separator :', '--separator: ":" is not allowed; one of'],
])('%s is refused', async (_, issuer, list, message) => {
  expect(await refused(await scene.file('good.csv', 'serial\n0300\n'), issuer, list)).toContain(message);
});

test('of two imports of the same numbers at the same time, one lists them', async () => {
  const [a, b] = [
    await scene.file('a.csv', 'serial\n0801\n'),
    await scene.file('b.csv', 'serial\n0801\n0802\n'),
  ];
  const answers = await Promise.all([importing(a, 'acme', 'race-a'), importing(b, 'acme', 'race-b')]);
  expect(answers.map(({ code }) => code).sort()).toEqual([0, 2]);
  expect(answers.find(({ code }) => code === 2)?.err).toContain(
    'A2: "0801" is not allowed; a number of no other list',
  );
});

test('an import that waits too long for another one of its buyer says so', async () => {
  const open = 'select open_number_list(?, ?, null, ?, ?, ?, ?)';
  const values = (list: string) => [list, 'x.csv', 'a'.repeat(64), 'column A', '17'];
  const db = openDatabase(scene.database.urlOf('desk'), { applicationName: 'test-two', maxConnections: 2 });
  try {
    await db.transaction(async (first) => {
      await first.raw(open, ['acme', ...values('waits-1')]);
      const second = db.transaction(async (other) => {
        await other.raw(`set local lock_timeout = '50ms'`);
        await mapped(other.raw(open, ['acme', ...values('waits-2')]));
      });
      await expect(second).rejects.toMatchObject({
        code: 'IMPORT_UNDER_WAY',
        message: expect.stringContaining('another import of numbers of acme runs'),
      });
      await first.raw(open, ['nordlicht', ...values('waits-3')]);
      throw new Error('nothing is kept of this');
    });
  } catch (error) {
    expect((error as Error).message).toBe('nothing is kept of this');
  } finally {
    await db.destroy();
  }
});

/** The most memory that the command was seen to have, in MiB. (What the system counts begins with that of its parent.) */
async function peakOf(file: string, list: string): Promise<number> {
  const [script, told] = [join(scene.folder, 'peak.cjs'), join(scene.folder, `${list}.peak`)];
  await writeFile(
    script,
    `let peak = 0;
     const look = () => (peak = Math.max(peak, process.memoryUsage.rss()));
     setInterval(look, 10).unref();
     process.on('exit', () => (look(), require('fs').writeFileSync(process.env.PEAK, String(peak))));`,
  );
  const args = ['import', 'serials', file, '--issuer', 'acme', '--list', list, '--by', '17'];
  const answer = await scene.run(args, { NODE_OPTIONS: `--require ${script}`, PEAK: told });
  expect(answer).toMatchObject({ code: 0, err: '' });
  return Math.round(Number(await readFile(told, 'utf8')) / 1024 ** 2);
}

test('a hundred thousand rows take hardly more memory than a thousand', async () => {
  const values = (letter: string, count: number): string[] =>
    Array.from({ length: count }, (_, at) => `${letter}${String(at).padStart(7, '0')}`);
  const file = async (letter: string, count: number): Promise<string> => {
    const path = join(scene.folder, `${letter}.xlsx`);
    await writeFile(path, zipOf(workbookParts({ sheet: textRows(values(letter, count)) })));
    return path;
  };
  const few = await peakOf(await file('S', 1_000), 'few');
  const many = await peakOf(await file('L', 100_000), 'many');
  process.stdout.write(`peak memory: ${few} MiB for 1,000 rows, ${many} MiB for 100,000\n`);
  expect(many - few).toBeLessThan(100);
  expect(await listed('acme', 'many')).toEqual(values('L', 100_000));
});

describe('by plain SQL', () => {
  const everybody: TestLogin[] = ['office', 'desk', 'line-1', 'retention', 'auditor'];
  const tables = ['number_lists', 'listed_numbers'];

  test.each(everybody)('the login of %s can change no list', async (login) => {
    const before = await trace();
    const states: string[] = [];
    for (const table of tables) {
      const statements = [
        `update ${table} set issuer = issuer`,
        `delete from ${table}`,
        `truncate ${table} cascade`,
        `insert into ${table} (space_id, issuer) values (1, 'acme')`,
      ];
      for (const sql of statements) states.push(await sqlStateOf(floor.as(login).raw(sql)));
    }
    expect(new Set(states)).toEqual(new Set(['42501']));
    expect(await trace()).toEqual(before);
  });

  test('not even the owner can', async () => {
    await withSuperuser(async (superuser) => {
      for (const table of tables) {
        for (const sql of [
          `update ${table} set issuer = issuer`,
          `delete from ${table}`,
          `truncate ${table} cascade`,
        ])
          expect(await sqlStateOf(superuser.query(sql))).toBe('42501');
      }
    }, scene.database.superuserUrl);
  });

  const open = `select open_number_list('acme', 'half', null, 'x.csv', '${'0'.repeat(64)}', 'all', '17') as space`;

  test('a list that is not closed can not stay, nor one with a hole or a value of another form', async () => {
    const before = await trace();
    const desk = floor.as('desk');
    expect(await sqlStateOf(desk.raw(open))).toBe('23503');
    const within = (...statements: string[]) =>
      sqlStateOf(
        desk.transaction(async (trx) => {
          const { space } = (await trx.raw<{ rows: { space: string }[] }>(open)).rows[0]!;
          for (const sql of statements) await trx.raw(sql.replace('SPACE', space));
        }),
      );
    expect(await within(`select close_number_list(SPACE)`)).toBe('UT007');
    expect(
      await within(`select add_listed_numbers(SPACE, 2, '{A1}')`, `select close_number_list(SPACE)`),
    ).toBe('UT007');
    for (const wrong of ['A 1', 'A|1', 'Ä1', '1'.repeat(21), ''])
      expect(await within(`select add_listed_numbers(SPACE, 1, array['${wrong}'])`)).toBe('23514');
    expect(await trace()).toEqual(before);
  });

  test('a closed list takes no further numbers', async () => {
    const list = await floor.as('desk')('number_lists').where({ name: '2026-04' }).first('space_id');
    for (const sql of ["select add_listed_numbers(?, 3, array['X1'])", 'select close_number_list(?)'])
      expect(await sqlStateOf(floor.as('desk').raw(sql, [list.space_id]))).toBe('UT009');
  });

  test('nobody but a buyer has lists', async () => {
    const sql = open.replace(`'acme'`, `'unitrail'`);
    expect(await sqlStateOf(floor.as('desk').raw(sql))).toBe('UT009');
  });
});

test('the auditor finds the lists in order', async () => {
  const report = await audit(scene.database.urlOf('auditor'));
  // The registry's row of a unit that is none is this test's own.
  expect(report.violations.filter(({ subject }) => !subject.includes('NL-000500'))).toEqual([]);
});
