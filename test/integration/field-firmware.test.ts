import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from 'pg';
import { register as importReports } from '../../cli/import-field-firmware';
import { register as list } from '../../cli/unit-list';
import { register as show } from '../../cli/unit-show';
import { audit } from '../../tools/audit/audit';
import type { TestLogin } from '../support/database';
import { sqlStateOf } from '../support/refusals';
import { rewriteHistory, tamper, withFacts } from '../support/tamper';
import { typeCommand, type Register, type TypedAnswer } from '../support/type-command';
import { openUnitScene, type UnitScene } from '../support/unit-scene';
import { cellsOf, workbookParts, zipOf } from '../support/xlsx-file';

/** What devices report after shipping: kept beside what was shipped, never instead of it. */
let scene: UnitScene;
let folder: string;

beforeAll(async () => {
  scene = await openUnitScene();
  folder = await mkdtemp(join(tmpdir(), 'unitrail-field-'));
  // A report is of no day before that of the shipping, and those here reach back a minute.
  const sinceMidnight = Date.now() % 86_400_000;
  if (sinceMidnight < 61_000) await sleep(61_000 - sinceMidnight);
  start = Date.now();
});
afterAll(async () => {
  await scene?.close();
  if (folder) await rm(folder, { recursive: true, force: true });
});

const type = (line: string): Promise<TypedAnswer> =>
  typeCommand(scene.database, [importReports, list, show] as Register[], line);

let files = 0;
async function bring(text: string, more = ''): Promise<TypedAnswer> {
  const file = join(folder, `reports-${(files += 1)}.csv`);
  await writeFile(file, text);
  return type(`import field-firmware ${file} --by 17 ${more}`.trim());
}

/** So much later than now. */
const later = (minutes: number): string => new Date(Date.now() + minutes * 60_000).toISOString();
/** Each a moment later than the one before; all of them since the unit shipped. */
let start = 0;
const moment = (number: number): string => new Date(start - 60_000 + number).toISOString();

const rows = async (): Promise<number> => {
  const { rows: answer } = await scene.floor
    .as('desk')
    .raw<{ rows: { count: string }[] }>('select count(*) from field_reports');
  return Number(answer[0]!.count);
};

const serials = async (filter: string): Promise<string[]> => {
  const { text } = await type(`unit list ${filter} --json`);
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => (JSON.parse(line) as { serial: string }).serial);
};

test('a report by serial, MAC address or chip UID stands beside what was shipped, and finds the unit', async () => {
  const { shipped, alsoShipped } = scene;
  const text = [
    'Serial;MAC address;Chip UID;Firmware version;SHA-256;Reported at;Source;IP',
    `${shipped.serial};${shipped.macs[0]};;1.5.0;${'A'.repeat(64)};${moment(1)};update server;10.0.0.1`,
    `;;${alsoShipped.chipUid};1.4.2;;${moment(1)};update server;`,
  ].join('\n');
  const answer = await bring(text);
  expect(answer).toMatchObject({ code: 0 });
  expect(answer.err).toContain('Columns that were not read: IP.');
  expect(answer.text).toBe(
    'Added 2 reports.\n  1.5.0: 1, no release of the plant file\n  1.4.2: 1, no release of the plant file\n',
  );
  const [row] = (await type(`unit list --reported-firmware 1.5.0 --json`)).text.split('\n');
  expect(JSON.parse(row!)).toMatchObject({
    ...{ serial: shipped.serial, firmware: '1.4.2', reportedFirmware: '1.5.0' },
    ...{ reportedSha256: 'a'.repeat(64), reportedAt: moment(1), reportedBy: 'update server' },
  });
  expect(await serials('--firmware-differs')).toEqual([shipped.serial]);
  expect(await serials('--running-firmware 1.5.0')).toEqual([shipped.serial]);
  const running = await serials('--running-firmware 1.4.2');
  expect(running).toContain(alsoShipped.serial);
  expect(running).not.toContain(shipped.serial);
  expect(await serials('--firmware 1.4.2 --state Shipped')).toContain(shipped.serial);
});

test('the same file again, and another file with the same reports, change nothing', async () => {
  const { serial } = scene.shipped;
  const text = `serial,version,reportedAt\n${serial},1.6.0,${moment(10)}\n`;
  expect((await bring(text, '--source fleet')).text).toContain('Added 1 reports');
  const before = await rows();
  expect((await bring(text, '--source fleet')).text).toContain('No change: this file was brought by 17 on');
  const { text: told, code } = await bring(`${text}\n`, '--source fleet');
  expect({ code, told }).toEqual({ code: 0, told: 'No change: nothing new; 1 were on record already.\n' });
  expect(await rows()).toBe(before);
});

test('an older report is kept, and replaces no newer one', async () => {
  const { serial } = scene.shipped;
  const before = await rows();
  const text = `serial,version,reportedAt\n${serial},1.4.9,${moment(5)}\n`;
  expect(await bring(text, '--source fleet')).toMatchObject({ code: 0 });
  expect(await rows()).toBe(before + 1);
  expect(await serials('--reported-firmware 1.4.9')).toEqual([]);
  expect(await serials('--reported-firmware 1.6.0')).toEqual([serial]);
  const csv = (await type(`unit list --reported-firmware 1.6.0 --format csv`)).text;
  expect(csv.split('\r\n')[0]).toMatch(/reportedFirmware.*reportedAt/);
  expect(csv).toContain(moment(10));
});

describe('a file is refused whole, with the cell, the value and what is allowed', () => {
  const heading = 'serial,mac,version,sha256,reportedAt';
  const cases: [what: string, row: () => string, told: () => string][] = [
    [
      'an unknown serial',
      () => `NOBODY-1,,1.0,,${moment(1)}`,
      () => '"NOBODY-1" is not allowed; an identifier',
    ],
    [
      'a unit in the house',
      () => `${scene.held.serial},,1.0,,${moment(1)}`,
      () => `a unit that has shipped; ${scene.held.serial} is AwaitingEngineer`,
    ],
    [
      'a time in the future',
      () => `${scene.shipped.serial},,1.0,,${later(5)}`,
      () => 'is not allowed; a time up to now, 20',
    ],
    [
      'a time before its shipping',
      () => `${scene.shipped.serial},,1.0,,2001-01-01`,
      () => `the day on which ${scene.shipped.serial} shipped`,
    ],
    [
      '30 February',
      () => `${scene.shipped.serial},,1.0,,2026-02-30`,
      () => '"2026-02-30" is not allowed; a day',
    ],
    ['no name', () => `,,1.0,,${moment(1)}`, () => 'a serial, a MAC address or a chip UID in each row'],
    [
      'names of two units',
      () => `${scene.shipped.serial},${scene.alsoShipped.macs[0]},1.0,,${moment(1)}`,
      () => `names of one unit in a row, and the others name ${scene.shipped.serial}`,
    ],
    [
      'no version',
      () => `${scene.shipped.serial},,,,${moment(1)}`,
      () => 'C2: (missing) is not allowed; 1 to 64',
    ],
    [
      'half a digest',
      () => `${scene.shipped.serial},,1.0,abc,${moment(1)}`,
      () => 'D2: "abc" is not allowed; a SHA-256 of 64',
    ],
    [
      'another version of the same moment',
      () => `${scene.shipped.serial},,9.9,,${moment(10)}`,
      () => 'one version of a unit at one time from one source, and row 2 of reports-2.csv says 1.6.0',
    ],
  ];
  test.each(cases)('%s', async (_what, row, told) => {
    const before = await rows();
    const good = `${scene.alsoShipped.serial},,3.0,,${moment(30)}`;
    const { code, text, err } = await bring(`${heading}\n${row()}\n${good}\n`, '--source fleet');
    expect({ code, text }).toEqual({ code: 2, text: '' });
    expect(err).toContain(told());
    expect(await rows()).toBe(before);
  });

  test('a column that is missing', async () => {
    const { code, err } = await bring('serial,version\nX,1\n');
    expect(code).toBe(2);
    expect(err).toContain('one with reportedAt, source (or --source NAME for all rows)');
  });
});

test('a dry run says what would come of it', async () => {
  const before = await rows();
  const text = `serial,version,reportedAt\n${scene.alsoShipped.serial},2.0.0,${moment(40)}\n`;
  const answer = await bring(text, '--source fleet --dry-run --json');
  expect(JSON.parse(answer.text)).toMatchObject({
    ...{ added: 1, known: 0, dryRun: true },
    versions: [{ version: '2.0.0', reports: 1, release: false }],
  });
  expect(await rows()).toBe(before);
});

test('an Excel file is read as well, and its cells are named', async () => {
  const sheet = cellsOf([
    ['serial', 'version', 'reportedAt', 'source'],
    [scene.alsoShipped.serial, '0.9', '1999-01-01', 'fleet'],
  ]);
  const file = join(folder, 'reports.xlsx');
  await writeFile(file, zipOf(workbookParts({ sheet })));
  const { code, err } = await type(`import field-firmware ${file} --by 17`);
  expect(code).toBe(2);
  expect(err).toContain('!C2: "1999-01-01');
});

test('100,000 reports come in by one file', async () => {
  const { serial } = scene.shipped;
  const lines = ['serial,version,reportedAt'];
  for (let at = 0; at < 100_000; at++)
    lines.push(`${serial},1.7.${at % 50},${new Date(start - 50_000 + at / 10).toISOString()}`);
  const sources = lines.map((line, at) => (at === 0 ? `${line},source` : `${line},s${at % 10}`));
  const before = await rows();
  const answer = await bring(sources.join('\n'), '--json');
  expect(JSON.parse(answer.text)).toMatchObject({ added: 100_000, known: 0 });
  expect(await rows()).toBe(before + 100_000);
});

test('nobody changes what was reported, and the desk alone may add to it', async () => {
  const logins: TestLogin[] = ['office', 'desk', 'line-1', 'retention', 'auditor'];
  for (const login of logins) {
    for (const [table, column] of [
      ['field_imports', 'source_name'],
      ['field_reports', 'version'],
    ])
      for (const sql of [
        `delete from ${table}`,
        `update ${table} set ${column} = ${column}`,
        `truncate ${table}`,
      ])
        expect([login, sql, await sqlStateOf(scene.floor.as(login).raw(sql))]).toEqual([login, sql, '42501']);
    if (login === 'desk') continue;
    const open = `select open_field_import('a.csv', '${'0'.repeat(64)}', 'all', '17')`;
    expect([login, await sqlStateOf(scene.floor.as(login).raw(open))]).toEqual([login, '42501']);
  }
});

test('the functions refuse by themselves what the command refuses', async () => {
  const desk = scene.floor.as('desk');
  const add = async (unit: string, at: string) => {
    const told = JSON.stringify([{ unit, version: '1', sha256: null, at, source: 'x', row: 2 }]);
    const trx = await desk.transaction();
    try {
      await trx.raw(`select open_field_import('a.csv', ?, 'all', '17')`, ['0'.repeat(64)]);
      const last = `(select max(id) from field_imports)`;
      return await sqlStateOf(trx.raw(`select * from add_field_reports(${last}, 1, ?::jsonb)`, [told]));
    } finally {
      await trx.rollback();
    }
  };
  expect(await add(scene.held.unitId, moment(1))).toBe('UT021');
  expect(await add(scene.shipped.unitId, later(5))).toBe('UT007');
  expect(await add(scene.shipped.unitId, '2001-01-01')).toBe('UT007');
  expect(await add('00000000-0000-4000-8000-000000000000', moment(1))).toBe('UT009');
});

const lies: [what: string, tell: (su: Client) => Promise<unknown>, subject: RegExp][] = [
  [
    'a report that is gone',
    (su) => su.query(`delete from field_reports where import_id = 1 and position = 2`),
    /^field:1$/,
  ],
  [
    'a version that is another one',
    (su) => su.query(`update field_reports set version = '9' where import_id = 1 and position = 1`),
    /^field:1$/,
  ],
  [
    'an event with another count',
    (su) => rewriteHistory(su, 'field:1', withFacts('fieldFirmwareReported', { count: 7 })),
    /^field:1$/,
  ],
  [
    'a report of a unit that is in the house',
    (su) =>
      su.query(`insert into field_reports select 1, 99, (select id from units where state = 'InProgress' limit 1), version, firmware_sha256,
        reported_at, source, source_row from field_reports where import_id = 1 and position = 1`),
    /^(field:1|report 99 of field:1)$/,
  ],
];

// A database is copied while nobody is connected to it.
describe('the auditor', () => {
  beforeAll(() => scene.floor.close());

  test('what nobody touched keeps every promise', async () => {
    expect((await audit(scene.database.urlOf('auditor'))).violations).toEqual([]);
  });

  test.each(lies)('A21 names %s', async (_what, tell, subject) => {
    const copy = await scene.database.clone();
    try {
      await tamper(copy, tell);
      const { violations } = await audit(copy.urlOf('auditor'));
      expect(violations.length).toBeGreaterThan(0);
      for (const one of violations) {
        expect(one.invariant).toBe('A21');
        expect(one.subject).toMatch(subject);
      }
    } finally {
      await copy.drop();
    }
  });
});
