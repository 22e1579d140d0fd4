import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nodeCrypto } from '../../adapters/capsule-reader/files';
import { readCapsuleKeys } from '../../adapters/capsule-reader/keys';
import { verifyCapsule } from '../../adapters/capsule-reader/verify-capsule';
import { writeCapsule } from '../../adapters/capsule/write-capsule';
import { writeParquet } from '../../adapters/capsule/write-parquet';
import type { CapsuleReport } from '../../domain/capsule';
import {
  capsuleOf,
  changeFile,
  inOrder,
  signAgain,
  signer,
  signerOf,
  strangersKey,
  type TestUnit,
} from '../support/capsule';
import { sampleRecord } from '../support/export-source';

const units: TestUnit[] = inOrder([
  { serial: 'EUDV2647-000001' },
  { serial: 'EUDV2647-000002', record: { attributes: { note: 'ü "q" \u001d \\ 🙂', empty: '' } } },
  { serial: 'EUDV2647-000003', said: ['recordCorrected', 'unitReturned'] },
  { serial: '000004', issuer: 'acme' },
  { serial: '000004' },
  {
    serial: 'EUDV2647-000005',
    record: {
      buyerPart: null,
      test: {
        ...sampleRecord.test!,
        results: [{ name: 'r', value: 1e-7, unit: 'V', low: null, high: 1e21, verdict: 'PASS' }],
      },
    } as never,
  },
]);

const keys = readCapsuleKeys(signer.publicKey, nodeCrypto);
let folder: string;
const whole = (): string => join(folder, 'whole');

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'unitrail-capsule-'));
  await writeCapsule(await capsuleOf(units), whole(), signer);
});

afterAll(() => rm(folder, { recursive: true, force: true }));

/** What is said of a copy after the change. */
async function after(change: (copy: string) => Promise<void>): Promise<CapsuleReport> {
  const copy = await mkdtemp(join(folder, 'copy-'));
  await cp(whole(), copy, { recursive: true });
  await change(copy);
  return verifyCapsule(copy, { keys });
}

const told = ({ problems }: CapsuleReport): string =>
  problems.map(({ where, what }) => `${where}: ${what}`).join('\n');

describe('a capsule', () => {
  it('is found good by a reader that shares nothing with its writer', async () => {
    const report = await verifyCapsule(whole(), { keys });
    expect(report).toMatchObject({
      ok: true,
      problems: [],
      capsule: 'acme-EUDV-2026-11-1',
      counts: { records: 6, statements: 2, proofs: 8, events: 20 },
    });
  });

  it('is the same bytes when it is made again', async () => {
    const again = join(folder, 'again');
    const made = await writeCapsule(await capsuleOf(units), again, signer);
    expect(made).toHaveLength((await readdir(whole())).length);
    for (const { name } of made)
      expect((await readFile(join(again, name))).equals(await readFile(join(whole(), name)))).toBe(true);
  });

  it("is whole without the manufacturer's own files, and names none of them", async () => {
    const report = await after(async (copy) => {
      await rm(join(copy, 'events.jsonl'));
      await rm(join(copy, 'events.manifest.json'));
    });
    expect(report).toMatchObject({ ok: true, counts: { records: 6, events: 0 } });
    expect(await readFile(join(whole(), 'manifest.json'), 'utf8')).not.toContain('events');
  });

  it('holds units that ended without being shipped, and empty files where there is nothing to tell', async () => {
    const own = join(folder, 'own');
    const ended: TestUnit[] = [
      { serial: 'EUDV2647-000008', record: null, said: ['unitScrapped'] },
      { serial: 'EUDV2647-000009', record: null },
    ];
    await writeCapsule(await capsuleOf(ended, { buyer: null }), own, signer);
    const report = await verifyCapsule(own, { keys });
    expect(told(report)).toBe('');
    expect(report).toMatchObject({
      capsule: 'own-EUDV-2026-11-1',
      counts: { records: 0, statements: 1, proofs: 1, events: 5 },
    });
  });
});

describe('what is changed is told by name', () => {
  const cases: [string, string | RegExp, string, RegExp][] = [
    [
      'records.jsonl',
      '"destination":"DE"',
      '"destination":"FR"',
      /^records\.jsonl: was changed.*\n[^]*row 1: its record/,
    ],
    ['records.parquet', 'PAR1', 'PAR2', /^records\.parquet: was changed/],
    ['statements.jsonl', 'recordCorrected', 'recordConfirmed', /statements\.jsonl, line 1: has no proof/],
    ['proofs.jsonl', /"salt":"./, '"salt":"+', /proofs\.jsonl, line 1: the proof leads to another log/],
    [
      'proofs.jsonl',
      /"salt":"[^"]+/,
      '"salt":"AAAA',
      /proofs\.jsonl, line 1: the proof is damaged: its salt/,
    ],
    ['checkpoint', /\n\d+\n/, '\n9\n', /checkpoint: was changed after the log signed it/],
    ['manifest.json', '"number":1', '"number":2', /manifest\.json: its signature does not hold/],
    ['schema.json', 'unitrail', 'untrails', /schema\.json: was changed/],
    ['index.html', '<html', '<HTML', /index\.html: was changed/],
    ['events.jsonl', 'SH-0007', 'SH-0008', /events\.jsonl, line 3: its hash is not that of its bytes/],
    ['events.manifest.json', '"units":6', '"units":5', /events\.manifest\.json: its signature does not hold/],
  ];
  it.each(cases)('in %s', async (name, from, to, expected) => {
    const report = await after((copy) => changeFile(copy, name, from, to));
    expect(report.ok).toBe(false);
    expect(told(report)).toMatch(expected);
  });

  it('a file that is missing, and one that nobody named', async () => {
    const report = await after(async (copy) => {
      await rm(join(copy, 'proofs.jsonl'));
      await writeFile(join(copy, 'more.jsonl'), '');
    });
    expect(told(report)).toMatch(/proofs\.jsonl: is missing\nmore\.jsonl: no manifest names this file/);
  });

  it('by a manifest that somebody else signed, and by no key at all', async () => {
    const report = await after((copy) => signAgain(copy, signerOf(strangersKey)));
    expect(told(report)).toMatch(/it is signed by key \w{16}, and those given are/);
    const unsure = await verifyCapsule(whole(), { keys: null });
    expect(told(unsure)).toMatch(/and no key was given to compare it with/);
  });

  /** Whoever has the key can sign anything: what is inside tells all the same. */
  const signed: [string, (copy: string) => Promise<void>, RegExp][] = [
    [
      'a record, against its proof',
      (copy) => changeFile(copy, 'records.jsonl', '"destination":"DE"', '"destination":"FR"'),
      /records\.jsonl, line 1: has no proof[^]*row 1: its record|row 1: its record[^]*has no proof/,
    ],
    [
      'two records in another order',
      (copy) =>
        rewriteLines(copy, 'records.jsonl', ([one, two, three, ...rest]) => [
          one!,
          two!,
          ...rest.slice(0, 1),
          three!,
          ...rest.slice(1),
        ]),
      /records\.jsonl, line 4: is of unit EUDV2647-000001|not in order/,
    ],
    [
      'a record that is there twice',
      (copy) => rewriteLines(copy, 'records.jsonl', (lines) => [lines[0]!, ...lines]),
      /is here twice, or not in order/,
    ],
    [
      'a record that was left out',
      (copy) => rewriteLines(copy, 'records.jsonl', (lines) => lines.slice(0, -1)),
      /proofs\.jsonl, line 8: proves nothing|row 6: of EUDV2647-000005 has no line/,
    ],
    [
      'a row of the table',
      async (copy) => {
        const bent = join(copy, 'bent');
        await cp(join(copy, 'records.jsonl'), bent);
        await changeFile(copy, 'bent', '"destination":"DE"', '"destination":"FR"');
        await rm(join(copy, 'records.parquet'));
        await writeParquet(bent, join(copy, 'records.parquet'));
        await rm(bent);
      },
      /^records\.parquet, row 1: its record \(000004\) is not that of records\.jsonl, line 1 \(000004\)$/m,
    ],
    [
      'an event that was left out',
      (copy) => rewriteLines(copy, 'events.jsonl', ([, ...lines]) => lines),
      /events\.jsonl, line 1: is not event 1 of its unit/,
    ],
  ];
  it.each(signed)('also where it is signed again: %s', async (_, change, expected) => {
    const report = await after(async (copy) => {
      await change(copy);
      await signAgain(copy, signer, 'events.manifest.json');
      await signAgain(copy, signer);
    });
    expect(told(report)).toMatch(expected);
  });
});

async function rewriteLines(
  copy: string,
  name: string,
  change: (lines: string[]) => string[],
): Promise<void> {
  const lines = (await readFile(join(copy, name), 'utf8')).split('\n').slice(0, -1);
  await writeFile(
    join(copy, name),
    change(lines)
      .map((line) => `${line}\n`)
      .join(''),
  );
}

describe('no capsule is made of', () => {
  const wrong: [string, TestUnit[], RegExp][] = [
    ['units in another order', [units[3]!, units[2]!], /comes behind .*, and the order is/],
    ['a unit twice', [units[0]!, units[0]!], /each once/],
    [
      "another buyer's unit",
      [{ serial: 'A', record: { shipment: { ...sampleRecord.shipment!, buyer: 'rival' } } }],
      /was shipped to rival/,
    ],
    ['another product', [{ serial: 'A', record: { product: 'OTHER' } }], /is of product OTHER/],
    [
      'another month',
      [{ serial: 'A', record: { shipment: { ...sampleRecord.shipment!, at: '2026-12-01T00:00:00.000Z' } } }],
      /not in 2026-11/,
    ],
  ];
  it.each(wrong)('%s, and nothing is left', async (_, given, expected) => {
    const place = join(await mkdtemp(join(folder, 'wrong-')), 'capsule');
    const writing = writeCapsule(await capsuleOf(given), place, signer);
    await expect(writing).rejects.toMatchObject({
      code: 'INTERNAL',
      message: expect.stringMatching(expected) as string,
    });
    expect(await readdir(place)).toEqual([]);
  });

  it('a unit without its proof, or with a record that its digest does not fit', async () => {
    const source = await capsuleOf(units);
    const bent = (change: (unit: never) => object) => ({
      ...source,
      async *units() {
        for await (const unit of source.units()) yield { ...unit, ...change(unit as never) };
      },
    });
    const writing = (change: (unit: never) => object) =>
      writeCapsule(bent(change), join(folder, 'bent'), signer);
    await expect(writing(() => ({ proofs: [] }))).rejects.toThrow(/has 0 proofs for 1 documents/);
    await expect(writing(() => ({ sha256: 'f'.repeat(64) }))).rejects.toThrow(/not what its digest says/);
    await expect(writing(() => ({ events: [] }))).rejects.toThrow(/comes without its events/);
  });
});
