import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { prepareZXingModule, readBarcodes } from 'zxing-wasm/reader';
import { logFolderIn } from '../../adapters/log/log-folder';
import { sequenceLog } from '../../adapters/log/sequence-log';
import { register as importReports } from '../../cli/import-field-firmware';
import { register as takeBack } from '../../cli/unit-return';
import { register as show } from '../../cli/unit-show';
import { makeDeps } from '../support/exports';
import { itWithTool } from '../support/it-with-tool';
import { tamper } from '../support/tamper';
import { typeCommand, type Register, type TypedAnswer } from '../support/type-command';
import { openUnitScene, type UnitScene } from '../support/unit-scene';

/** The dossier of one unit, as a reader of PDF files sees it. */
let scene: UnitScene;
let folder: string;

beforeAll(async () => {
  scene = await openUnitScene();
  folder = await mkdtemp(join(tmpdir(), 'unitrail-dossier-'));
  const file = join(folder, 'reports.csv');
  const { serial } = scene.shipped;
  await writeFile(file, `serial,version,reportedAt\n${serial},1.5.0,${new Date().toISOString()}\n`);
  expect(await type(`import field-firmware ${file} --by 17 --source fleet`)).toMatchObject({ code: 0 });
  const words = `unit return ${serial} --rma RMA-7 --condition Gehäuse-Ω-gerissen --note fell --by 17`;
  expect(await type(words)).toMatchObject({ code: 0 });
});
afterAll(async () => {
  await scene?.close();
  if (folder) await rm(folder, { recursive: true, force: true });
});

const type = (line: string): Promise<TypedAnswer> => {
  const config = () => ({ log: logFolderIn(join(folder, 'store')) });
  const withLog: Register = (program, context) => show(program, { ...(context as object), config } as never);
  return typeCommand(scene.database, [importReports, withLog, takeBack] as Register[], line);
};

async function dossier(id: string, name: string): Promise<string> {
  const file = join(folder, name);
  expect(await type(`unit show ${id} --pdf ${file}`)).toMatchObject({ code: 0, text: '' });
  return file;
}

const poppler = (program: string) => ({ program, probe: ['-v'] });

itWithTool(
  poppler('pdftotext'),
  'a reader of PDF finds all of it in the text, on numbered pages',
  async () => {
    const file = await dossier(scene.shipped.serial, 'shipped.pdf');
    const { stdout } = spawnSync('pdftotext', ['-layout', file, '-'], { encoding: 'utf8' });
    const text = stdout.replace(/\s+/g, ' ');
    const { record } = JSON.parse((await type(`unit show ${scene.shipped.serial} --json`)).text) as {
      record: { history: { events: number; head: string } };
    };
    const sealed = await scene.floor
      .as('desk')('records')
      .where({ unit_id: scene.shipped.unitId })
      .first<{ sha256: string }>('sha256');
    for (const words of [
      ...[scene.shipped.serial, ...scene.shipped.macs, scene.shipped.chipUid],
      ...[scene.shipped.certificateSha256, sealed.sha256, record.history.head],
      ...['Read from: database', 'Buyer acme', 'Country DE', 'MCU-LOT', '24 months, until'],
      ...[
        'Reported 1.5.0',
        'the device reports something else',
        'vcc_3v3',
        'Verified by scan',
        'Final QC passed',
      ],
      ...['Came back under RMA RMA-7, Gehäuse-Ω-gerissen', 'Serial EUDV', 'Page 1 of'],
    ])
      expect(text).toContain(words);
    const pages = stdout.split('\f').filter((page) => page.trim() !== '');
    expect(pages.length).toBeGreaterThan(1);
    for (const [at, page] of pages.entries()) {
      expect(page).toContain(`Page ${at + 1} of ${pages.length}`);
      expect(page.trimStart()).toMatch(new RegExp(`^Unit ${scene.shipped.serial}`));
    }
    const events = [...stdout.matchAll(/^ *(\d+) +20\d\d-\d\d-\d\dT/gm)].map(([, seq]) => Number(seq));
    // The return came after the sealing.
    expect(events).toEqual(Array.from({ length: record.history.events + 1 }, (_, at) => at + 1));
  },
);

async function textOf(id: string, name: string): Promise<string> {
  const { stdout } = spawnSync('pdftotext', ['-layout', await dossier(id, name), '-'], { encoding: 'utf8' });
  return stdout.replace(/\s+/g, ' ');
}

itWithTool(
  poppler('pdftotext'),
  'it says of a unit in the database that its record waits for the log, that the log holds it, and that it does not',
  async () => {
    const { shipped, held } = scene;
    expect(await textOf(shipped.serial, 'waiting.pdf')).toContain('Log waits for the next checkpoint');
    const office = scene.floor.as('office');
    const { log } = await makeDeps(office, folder);
    await sequenceLog({ db: office, ...log });
    expect(await textOf(shipped.serial, 'proven.pdf')).toMatch(
      / Proof holds: leaf \d+ of \d+ in the log unitrail\.log\/unitrail/,
    );
    expect(await textOf(held.serial, 'unproven.pdf')).not.toMatch(/ (Proof|Log) /);
    await tamper(scene.database, (su) =>
      su.query(`update records set body = replace(body, '"PASS"', '"FAIL"'),
        sha256 = encode(sha256(convert_to(replace(body, '"PASS"', '"FAIL"'), 'UTF8')), 'hex')`),
    );
    expect(await textOf(shipped.serial, 'changed.pdf')).toContain(
      'Proof DOES NOT HOLD: The unitrail.record/1',
    );
    await tamper(scene.database, (su) =>
      su.query(`update records set body = replace(body, '"FAIL"', '"PASS"'),
        sha256 = encode(sha256(convert_to(replace(body, '"FAIL"', '"PASS"'), 'UTF8')), 'hex')`),
    );
  },
);

itWithTool(poppler('pdftoppm'), 'the label can be scanned from the page', async () => {
  const file = await dossier(scene.shipped.serial, 'scanned.pdf');
  spawnSync('pdftoppm', ['-r', '200', '-png', file, join(folder, 'page')]);
  const wasmBinary = new Uint8Array(readFileSync(require.resolve('zxing-wasm/reader/zxing_reader.wasm')))
    .buffer;
  await prepareZXingModule({ overrides: { wasmBinary }, fireImmediately: true });
  const pages = (await readdir(folder)).filter((name) => name.startsWith('page') && name.endsWith('.png'));
  const texts: string[] = [];
  for (const name of pages) {
    const bytes = new Uint8Array(await readFile(join(folder, name)));
    const read = await readBarcodes(bytes, { formats: ['DataMatrix'], textMode: 'Plain', tryHarder: true });
    texts.push(...read.map(({ text }) => text));
  }
  const { record } = JSON.parse((await type(`unit show ${scene.shipped.serial} --json`)).text) as {
    record: { labels: { content: string }[] };
  };
  expect(texts).toEqual([record.labels[0]!.content]);
});

test('a unit in the house has a dossier too, which says that nothing is sealed', async () => {
  const file = await dossier(scene.held.serial, 'held.pdf');
  expect((await readFile(file)).subarray(0, 5).toString()).toBe('%PDF-');
});

test('a file that is there stays, unless it may be replaced', async () => {
  const file = await dossier(scene.held.serial, 'twice.pdf');
  const before = await readFile(file);
  const { code, err } = await type(`unit show ${scene.shipped.serial} --pdf ${file}`);
  expect(code).toBe(2);
  expect(err).toContain('--pdf: ');
  expect((await readFile(file)).equals(before)).toBe(true);
  expect(await type(`unit show ${scene.shipped.serial} --pdf ${file} --force`)).toMatchObject({ code: 0 });
  expect((await readFile(file)).equals(before)).toBe(false);
  const nowhere = join(folder, 'none', 'a.pdf');
  expect((await type(`unit show ${scene.shipped.serial} --pdf ${nowhere}`)).code).toBe(2);
  expect(existsSync(nowhere)).toBe(false);
});
