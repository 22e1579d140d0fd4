import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeCapsule } from '../../adapters/capsule/write-capsule';
import { capsuleOf, changeFile, signer, signerOf, strangersKey, type TestUnit } from '../support/capsule';
import { bareEnvironment, runCli, type CliAnswer } from '../support/cli';
import { goldenFolder } from '../support/golden';

const golden = join(goldenFolder, 'capsule-1');
const keys = join(goldenFolder, 'keys.txt');
const serial = 'EUDV2647-000003';
let folder: string;

beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), 'unitrail-query-'))));
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Neither server nor configuration: a folder that is nobody's, and nothing in the environment. */
const type = (...args: string[]): Promise<CliAnswer> => runCli(['capsule', ...args], bareEnvironment, folder);

async function changed(name: string, from: string, to: string): Promise<string> {
  const copy = await mkdtemp(join(folder, 'copy-'));
  await cp(golden, copy, { recursive: true });
  await changeFile(copy, name, from, to);
  return copy;
}

test('one serial is answered from the files alone, with what can be believed of it', async () => {
  const { code, out } = await type('query', golden, '--serial', serial.toLowerCase(), '--key', keys);
  expect(code).toBe(0);
  for (const line of [
    /^EUDV2647-000003 \(unitrail\), from records\.jsonl in acme-EUDV-2026-11-1$/m,
    /lots U7: +RADIO-LOT-0092, RADIO-LOT-0093$/m,
    /vcc_3v3: +3\.291 V \(3\.2 to 3\.4\): PASS$/m,
    /later: unitReturned: 2026-11-25T08:05:00\.125Z/,
    /^ {2}proof: +holds: leaf \d+ of 32 in the log$/m,
    /manifest: +signed by key 324be2dea8bc4446, which is one of those given$/m,
  ])
    expect(out).toMatch(line);
});

test('what a terminal would obey in foreign files is shown, not sent', async () => {
  const copy = await changed('records.jsonl', 'RADIO-LOT-0092', '\\u001b[2J\\u009bLOT');
  const { out } = await type('query', copy, '--serial', '000004', '--key', keys);
  expect(out).toMatch(/lots U7: +\u241b\[2J\ufffdLOT, /);
  // eslint-disable-next-line no-control-regex -- the very characters
  expect(out).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
});

test('a program gets the documents as they are, from a file of the capsule and by any identifier', async () => {
  const file = join(golden, 'records.parquet');
  const { code, out } = await type('query', file, '--mac', '70-b3-d5-00-01-08', '--json');
  const { format, units } = JSON.parse(out) as { format: string; units: { unit: object; seal: object }[] };
  expect({ code, format, count: units.length }).toEqual({
    code: 0,
    format: 'unitrail.capsule-answer/1',
    count: 1,
  });
  expect(units[0]).toMatchObject({
    unit: { serial, record: { facts: { serial }, proof: { verdict: 'holds' } } },
    seal: { manifest: { verdict: 'ownKey' }, log: { verdict: 'good', named: true } },
  });
});

test('a table alone answers under whatever name it has, and says what it can’t tell', async () => {
  const lone = join(folder, 'from-a-stick.parquet');
  await cp(join(golden, 'records.parquet'), lone);
  const { code, out } = await type('query', lone, '--serial', serial);
  expect(code).toBe(0);
  expect(out).toMatch(/from records\.parquet in [^]*proof: +can't be told: proofs\.jsonl is not here/);
});

test('of serials that differ in their case alone the one that was typed is meant; capitals, where nobody has that', async () => {
  const capsule = async (name: string, ...units: TestUnit[]): Promise<string> => {
    const path = join(folder, name);
    await writeCapsule(await capsuleOf(units), path, signer);
    return path;
  };
  const [capitals, typed] = [
    { serial: 'AC-00042', issuer: 'acme' },
    { serial: 'aC-00042', issuer: 'acme' },
  ];
  const great = await capsule('great', capitals);
  const both = await capsule('both', capitals, typed);
  const found = async (files: readonly string[], wanted: string): Promise<string[]> => {
    const { out } = await type('query', ...files, '--serial', wanted, '--json');
    const { units } = JSON.parse(out) as { units: { unit: { serial: string } }[] };
    return units.map(({ unit }) => unit.serial);
  };
  expect(await found([great, both], 'aC-00042')).toEqual(['aC-00042']);
  expect(await found([both], ' AC-00042 ')).toEqual(['AC-00042']);
  expect(await found([great, both], 'ac-00042')).toEqual(['AC-00042', 'AC-00042']);
  expect(await type('query', great, '--serial', 'aC-00043')).toMatchObject({
    code: 2,
    err: expect.stringMatching(/No unit of serial aC-00043 or serial AC-00043 is in/) as string,
  });
});

test.each([
  ['a serial that is nowhere', ['query', golden, '--serial', 'X'], 2, /No unit of serial X is in/],
  ['no serial at all', ['query', golden], 2, /--serial: .*is not allowed; a serial; or --mac/],
  ['a folder without a capsule', ['query', '.', '--serial', 'X'], 2, /a capsule: with a records\.jsonl/],
  ['a file that is not there', ['query', 'nothing', '--serial', 'X'], 2, /file: .*ENOENT/],
  [
    'a file without keys',
    ['verify', golden, '--key', join(golden, 'schema.json')],
    2,
    /--key: .*public keys/,
  ],
  [
    'a key that is none of a log',
    ['verify', golden, '--key', keys, '--log-key', 'junk'],
    2,
    /--log-key: \(hidden\) is not allowed; a public key of a log/,
  ],
  ['no key to verify by', ['verify', golden], 1, /no key was given to compare it with/],
])('%s is told', async (_, args, expected, message) => {
  const { code, out, err } = await type(...args);
  expect({ code, told: out + err }).toEqual({
    code: expected,
    told: expect.stringMatching(message) as string,
  });
});

test('what was changed, or signed by another, ends with 1', async () => {
  const record = await changed(
    'records.jsonl',
    `"${serial}","shipment":{"at":"2026-11-23`,
    `"${serial}","shipment":{"at":"2026-11-24`,
  );
  const bent = await type('query', record, '--serial', serial, '--key', keys);
  expect(bent).toMatchObject({
    code: 1,
    out: expect.stringMatching(/^ {2}proof: +DOES NOT HOLD: /m) as string,
  });
  const stranger = join(folder, 'stranger.txt');
  await writeFile(stranger, signerOf(strangersKey).publicKey);
  const unknown = await type('query', golden, '--serial', serial, '--key', stranger);
  expect(unknown).toMatchObject({
    code: 1,
    out: expect.stringMatching(/manifest: +WRONG: it is signed by key/) as string,
  });
  expect(unknown.out).toContain(signer.keyId);
});

test('all of a capsule is verified, and what is wrong is told by name', async () => {
  const good = await type('verify', golden, '--key', keys);
  expect(good).toMatchObject({
    code: 0,
    out: expect.stringMatching(/6 records, 2 statements, 8 proofs, 20 events[^]*Verified/) as string,
  });
  const bent = await type(
    'verify',
    await changed('proofs.jsonl', '"index":3', '"index":2'),
    '--key',
    keys,
    '--json',
  );
  const report = JSON.parse(bent.out) as { ok: boolean; problems: { where: string }[] };
  expect({ code: bent.code, ok: report.ok }).toEqual({ code: 1, ok: false });
  expect(report.problems.map(({ where }) => where)).toEqual(['proofs.jsonl', 'proofs.jsonl, line 1']);
});
