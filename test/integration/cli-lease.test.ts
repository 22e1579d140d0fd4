import { createPublicKey } from 'node:crypto';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CliAnswer } from '../support/cli';
import { openSite, sharedScheme, siteKeys, typeAt as type, type TestSite } from '../support/sites';

/** `unitrail lease …` as two desks type it, and the files that go between them. */
let w1: TestSite;
let w2: TestSite;
const keys = siteKeys('W1', 'W2');

beforeAll(async () => {
  [w1, w2] = (await Promise.all(['W1', 'W2'].map((name) => openSite(name, keys, [sharedScheme('SH')])))) as [
    TestSite,
    TestSite,
  ];
});
afterAll(async () => {
  await w1?.close();
  await w2?.close();
});

const file = (name: string): string => join(w1.folder, name);
const json = <T>({ out }: CliAnswer): T => JSON.parse(out) as T;

test('`lease key` makes a key of mode 0600, prints its public half alone, and replaces none', async () => {
  const { code, out } = await type(w1, `lease key --out ${file('new.key')} --json`);
  expect(code).toBe(0);
  const { publicKey } = JSON.parse(out) as { publicKey: string };
  expect((await stat(file('new.key'))).mode & 0o777).toBe(0o600);
  const secret = await readFile(file('new.key'), 'utf8');
  expect(createPublicKey(secret).export({ format: 'der', type: 'spki' }).toString('base64')).toBe(publicKey);
  expect(out).not.toContain(secret.split('\n')[1]);
  const again = await type(w1, `lease key --out ${file('new.key')}`);
  expect(again).toMatchObject({ code: 2, err: expect.stringContaining('is not replaced') });
  expect(await readFile(file('new.key'), 'utf8')).toBe(secret);
});

test('a lease goes out, is held, is used and comes back, and both sides list it', async () => {
  const granted = await type(
    w1,
    `lease grant SH --to W2 --count 10 --lease L1 --out ${file('l1.json')} --by 17`,
  );
  expect(granted).toMatchObject({
    code: 0,
    out: `Lease L1 gives W2 the numbers 1 to 10 of serial SH. Hand over ${file('l1.json')}.\n`,
  });
  const accepted = await type(w2, `lease accept ${file('l1.json')} --by 17`);
  expect(accepted).toMatchObject({
    code: 0,
    out: 'Lease L1 of W1 is accepted: batches here are granted the numbers 1 to 10 of serial SH.\n',
  });
  const addresses = await w1.grant({ name: 'main', count: 16 });
  await w2.accept(addresses.document);
  await w2.make(3);
  expect(json(await type(w2, 'lease accept --json --by 17 ' + file('l1.json')))).toMatchObject({
    accepted: false,
  });
  const returned = await type(w2, `lease return L1 --out ${file('r1.json')} --by 17`);
  expect(returned.out).toContain('Lease L1 has ended: 3 of its numbers stay here, 7 go back to W1.');
  const taken = await type(w1, `lease take-back ${file('r1.json')} --by 17`);
  expect(taken).toMatchObject({
    code: 0,
    out: 'Lease L1 has ended: W2 granted 3 of its numbers, 7 came back.\n',
  });
  const lines = async (site: TestSite) =>
    (await type(site, 'lease list --json')).out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  expect((await lines(w1))[0]).toMatchObject({
    lease: 'L1',
    state: 'taken back',
    numbers: 'serial SH',
    left: null,
    unused: 7,
  });
  expect(await lines(w2)).toMatchObject([
    { lease: 'L1', state: 'returned', count: 10, left: 0, unused: 7 },
    { state: 'held', numbers: 'mac main', count: 16, left: 13, unused: null },
  ]);
  const balance = json<Record<string, unknown>>(await type(w1, 'balance --scheme SH --json'));
  expect(balance).toMatchObject({
    granted: 10,
    leased: 3,
    returned: 7,
    balanced: true,
    balance: 'granted 10: 3 leased out, 7 unused',
  });
});

test('a file that is there is not replaced, and nothing is leased then', async () => {
  const before = await w1.balance('SH');
  const answer = await type(w1, `lease grant SH --to W2 --count 10 --out ${file('l1.json')} --by 17`);
  expect(answer).toMatchObject({ code: 2, err: expect.stringContaining('a file that does not exist yet') });
  const nowhere = await type(w1, `lease grant SH --to W2 --count 10 --out ${file('none/l1.json')} --by 17`);
  expect(nowhere).toMatchObject({ code: 2, err: expect.stringContaining('a file in a folder that exists') });
  expect(await w1.balance('SH')).toEqual(before);
});

test.each([
  ['a file that is no JSON', 'lease accept {bad} --by 17', /is not JSON in UTF-8/],
  [
    'a day that is none',
    'lease grant SH --to W2 --count 1 --day 2026-02-30 --out x --by 17',
    /--day: "2026-02-30" is not allowed/,
  ],
  [
    'a lease that is not held',
    'lease return L9 --out x --by 17',
    /lease: "L9" is not allowed; a lease that this site holds/,
  ],
])('%s is refused with exit code 2', async (_what, line, message) => {
  await writeFile(file('bad.json'), 'lease: L1');
  const answer = await type(w1, line.replace('{bad}', file('bad.json')));
  expect(answer).toMatchObject({ code: 2, err: expect.stringMatching(message) });
});

test('without its key, or under another than the sites know, a site signs nothing', async () => {
  const before = await w1.balance('SH');
  const place = join(w1.folder, 'site.key');
  const kept = await readFile(place, 'utf8');
  for (const [text, message] of [
    [
      siteKeys('X').X!.secret,
      /publicKey: \(hidden\) is not allowed; MCowBQYDK2VwAyEA\S+ the public half of the key/,
    ],
    ['no key at all', /\(hidden\) is not allowed; a private key of Ed25519/],
  ] as const) {
    await writeFile(place, text);
    const answer = await type(w1, `lease grant SH --to W2 --count 1 --out ${file('l2.json')} --by 17`);
    expect(answer).toMatchObject({ code: 2, err: expect.stringMatching(message) });
    expect(answer.err).not.toContain(text);
  }
  await writeFile(place, kept);
  expect(await w1.balance('SH')).toEqual(before);
});
