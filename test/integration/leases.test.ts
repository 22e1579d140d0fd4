import { createPrivateKey, sign } from 'node:crypto';
import { advanceRegistry, readRegistry } from '../../adapters/postgres/registry';
import { createWatermark, readWatermarkFile } from '../../adapters/registry/watermark';
import { signedText, type NumberLease } from '../../domain/number-lease';
import type { Scheme } from '../../domain/plant';
import { laggingSpaces } from '../../domain/watermark';
import { keyTexts } from '../support/hidden-keys';
import { openSite, sharedScheme, siteKeys, type TestSite } from '../support/sites';

/** Two plants with databases of their own share a scheme and a pool: W1 owns the numbers, W2 works on what it leased. */
let w1: TestSite;
let w2: TestSite;
const keys = siteKeys('W1', 'W2', 'W3');

beforeAll(async () => {
  [w1, w2] = await Promise.all([
    openSite('W1', keys, [sharedScheme('SH')]),
    openSite('W2', keys, [sharedScheme('SH')]),
  ]);
});
afterAll(async () => {
  await w1?.close();
  await w2?.close();
});

/** Leases so many numbers of the scheme to W2, and addresses as many as it will ever need. */
async function lease(count: number, name = 'SH'): Promise<NumberLease> {
  const { document } = await w1.grant({ name, count });
  await w2.accept(document);
  return document;
}

test('a batch is refused while this site holds no lease of its scheme', async () => {
  await expect(w2.open(3)).rejects.toMatchObject({
    code: 'SCHEME_EXHAUSTED',
    message:
      'quantity: 3 is not allowed; at most 0 units in a row have numbers in the leases of serial SH, version 1, that this ' +
      'site holds (it holds none). Ask W1 for another, and accept it: `unitrail lease accept FILE --by OPERATOR`.',
  });
  expect(await w2.office('batches')).toEqual([]);
});

test('two sites make units of one scheme, each on its own numbers, and no address is given twice', async () => {
  expect(await w1.make(2)).toEqual(['SH-000001', 'SH-000002']);
  await lease(64, 'main');
  expect(await lease(10)).toMatchObject({ first: 3, last: 12, lessor: 'W1', lessee: 'W2' });
  expect(await w2.make(4)).toEqual(['SH-000003', 'SH-000004', 'SH-000005', 'SH-000006']);
  expect(await w1.make(2)).toEqual(['SH-000013', 'SH-000014']);
  expect(await w1.balance('SH')).toMatchObject({ granted: 14, leased: 10, assigned: 4, culprits: [] });
  expect(await w2.balance('SH')).toMatchObject({ granted: 10, reserved: 6, assigned: 4, culprits: [] });
  const macs = async (site: TestSite) =>
    (
      await site.office.raw(`select int8range(lower(numbers), upper(numbers))::text as numbers from blocks b
         join number_spaces s on s.id = b.space_id where s.kind = 'mac' and batch_id is not null order by b.id`)
    ).rows.map(({ numbers }: { numbers: string }) => numbers);
  expect([await macs(w1), await macs(w2)]).toEqual([['[4,6)', '[72,74)'], ['[8,12)']]);
});

test('an order for more units than a lease has left is refused, and takes no number', async () => {
  const before = await w2.balance('SH');
  await expect(w2.open(7)).rejects.toMatchObject({
    code: 'SCHEME_EXHAUSTED',
    message: expect.stringMatching(
      /at most 6 units in a row .* that this site holds \(W1-W2-[0-9a-f]{8} for 6\)/,
    ),
  });
  expect(await w2.balance('SH')).toEqual(before);
});

test('a number that is void is replaced from another lease, where its own has none left', async () => {
  const skipping = sharedScheme('SK', { skip: ['7'] });
  for (const site of [w1, w2]) await site.use(skipping);
  await lease(8, 'SK');
  const batch = await w2.open(8);
  await expect(w2.claim(batch, 1, 8)).rejects.toMatchObject({
    code: 'SCHEME_EXHAUSTED',
    message: expect.stringContaining(
      'serial SK/1: no lease has 1 numbers in a row left; left are none. Accept another lease',
    ),
  });
  await lease(2, 'SK');
  expect((await w2.claim(batch, 1, 8)).sort().slice(-3)).toEqual(['SK-000006', 'SK-000008', 'SK-000009']);
  expect(await w2.balance('SK')).toMatchObject({ granted: 10, reserved: 1, assigned: 8, culprits: [] });
  for (const site of [w1, w2]) await site.use(sharedScheme('SH'));
});

describe('a lease is refused, and changes nothing,', () => {
  const signed = (told: object, by = keys.W1!) => {
    const text = signedText(told as Record<string, unknown>);
    const signature = sign(null, Buffer.from(text), createPrivateKey(by.secret)).toString('base64');
    return { ...(JSON.parse(text) as object), signature };
  };
  const inNumbers = (one: NumberLease, more: object) => ({ ...one, numbers: { ...one.numbers, ...more } });
  const cases: [what: string, change: (lease: NumberLease) => unknown, message: RegExp][] = [
    [
      'that was changed on its way',
      (one) => ({ ...one, last: one.last + 1 }),
      /signature: "\S+ is not allowed; a signature of this content by the key of W1/,
    ],
    ['by another key', (one) => signed(one, keys.W3), /signature: .* or signed by another key/],
    [
      'of a site that the plant file does not name',
      (one) => signed({ ...one, lessor: 'W9' }),
      /lessor: "W9" is not allowed; another site of the plant file: W1, W3/,
    ],
    [
      'of the site itself',
      (one) => signed({ ...one, lessor: 'W2' }, keys.W2),
      /lessor: "W2" is not allowed; another site/,
    ],
    [
      'of a site that does not own the scheme',
      (one) => signed({ ...one, lessor: 'W3' }, keys.W3),
      /numbers.name: "SH" is not allowed; .* lessor: W3 \(here: W1\)/,
    ],
    [
      'for another site',
      (one) => signed({ ...one, lessee: 'W3' }),
      /lessee: "W3" is not allowed; W2, this site/,
    ],
    [
      'of another issuer',
      (one) => signed({ ...one, issuer: 'others' }),
      /issuer: "others" is not allowed; unitrail/,
    ],
    [
      'of a scheme that is not here',
      (one) => signed(inNumbers(one, { name: 'NEW' })),
      /numbers.name: "NEW" is not allowed; a scheme of the plant in force/,
    ],
    [
      'of another version',
      (one) => signed(inNumbers(one, { version: 2 })),
      /numbers.version: 2 is not allowed; 1, the version of SH that issues here/,
    ],
    [
      'of another pattern',
      (one) => signed(inNumbers(one, { pattern: 'SH-{seq:7}' })),
      /numbers.pattern: "SH-\{seq:7\}" is not allowed; SH-\{seq:6\}/,
    ],
    [
      'of a scheme that differs in what it skips',
      (one) => signed(inNumbers(one, { definitionSha256: '0'.repeat(64) })),
      /numbers.definitionSha256: "0+… is not allowed; .*skip/,
    ],
    [
      'with numbers that are held already',
      (one) => signed({ ...one, lease: 'again', first: 3, last: 3 }),
      /first: 3 is not allowed; numbers that this site does not hold yet, and lease W1-W2-[0-9a-f]{8} has some of 3 to 3/,
    ],
    [
      'beyond the end of the scheme',
      (one) => signed({ ...one, last: 1_000_000 }),
      /last: 1000000 is not allowed; a number up to 999999/,
    ],
    [
      'with a range that ends before it begins',
      (one) => ({ ...one, last: one.first - 1 }),
      /last: \d+ is not allowed; a number from first/,
    ],
    [
      'with a field that nobody knows',
      (one) => ({ ...one, note: 'hello' }),
      /note: "hello" is not allowed; the fields here are format, lease/,
    ],
    ['that is no lease', () => [1, 2], /document: a list of 2 is not allowed; a map/],
  ];

  test.each(cases)('%s', async (_what, change, message) => {
    const { document } = await w1.grant({ name: 'SH', count: 3 });
    const before = await w2.balance('SH');
    await expect(w2.accept(change(document))).rejects.toMatchObject({
      code: 'INPUT_INVALID',
      message: expect.stringMatching(message),
    });
    expect(await w2.balance('SH')).toEqual(before);
    expect(await w2.office('number_leases').where({ id: document.lease })).toEqual([]);
  });

  test('that was accepted before with other content; the same once more is no change', async () => {
    const one = await lease(3);
    expect(await w2.accept(one)).toMatchObject({ isNew: false });
    await expect(w2.accept(signed({ ...one, last: one.last - 1 }))).rejects.toMatchObject({
      code: 'INPUT_INVALID',
      message: expect.stringContaining(
        `lease: ${one.lease} is not allowed; a lease of it with other content is on record`,
      ),
    });
  });

  test('where this site has a counter of its own for the scheme', async () => {
    const own: Scheme = { ...sharedScheme('OWN'), pattern: 'OWN-{seq:6}' };
    await w2.use(unshared(own));
    await w2.make(1);
    await w1.use(own);
    const { document } = await w1.grant({ name: 'OWN', count: 3 });
    await w2.use({ ...own, version: 2 });
    await w1.use({ ...own, version: 2 });
    const { document: next } = await w1.grant({ name: 'OWN', count: 3 });
    await expect(w2.accept(document)).rejects.toMatchObject({ code: 'INPUT_INVALID' });
    await expect(w2.accept(next)).rejects.toMatchObject({
      code: 'INPUT_INVALID',
      message: expect.stringContaining(
        'numbers.name: OWN is not allowed; numbers that this site has no counter of its own for',
      ),
    });
    for (const site of [w1, w2]) await site.use(sharedScheme('SH'));
  });
});

describe('a lease is not granted', () => {
  test.each([
    [
      'by a site that does not own the scheme',
      () => w2.grant({ name: 'SH', count: 1, to: 'W1' }),
      /SH.lessor: "W1" is not allowed; W2, this site/,
    ],
    [
      'of a scheme that is not shared',
      () => w1.grant({ name: 'EUBT', count: 1 }),
      /EUBT.lessor: \(missing\) is not allowed; W1/,
    ],
    [
      'of a scheme that is not there',
      () => w1.grant({ name: 'NONE', count: 1 }),
      /name: "NONE" is not allowed; a scheme or MAC pool/,
    ],
    [
      'to a site that is not there',
      () => w1.grant({ name: 'SH', count: 1, to: 'W9' }),
      /--to: "W9" is not allowed; another site of the plant file: W2, W3/,
    ],
    ['to the site itself', () => w1.grant({ name: 'SH', count: 1, to: 'W1' }), /--to: "W1" is not allowed/],
    [
      'for no number',
      () => w1.grant({ name: 'SH', count: 0 }),
      /--count: 0 is not allowed; a whole number from 1/,
    ],
    [
      'for addresses that runs do not fit into',
      () => w1.grant({ name: 'main', count: 12 }),
      /--count: 12 is not allowed; a multiple of 8/,
    ],
    [
      'for a product where the scheme has one counter',
      () => w1.grant({ name: 'SH', count: 1, product: 'EUDV' }),
      /--product: "EUDV" is not allowed; no product/,
    ],
  ])('%s', async (_what, grant, message) => {
    const before = await w1.balance('SH');
    await expect(grant()).rejects.toMatchObject({
      code: 'INPUT_INVALID',
      message: expect.stringMatching(message),
    });
    expect(await w1.balance('SH')).toEqual(before);
  });

  test('for more numbers than are left', async () => {
    await expect(w1.grant({ name: 'SH', count: 1_000_000 })).rejects.toMatchObject({
      code: 'SCHEME_EXHAUSTED',
      message: expect.stringMatching(/count: 1000000 is not allowed; at most \d+, which SH has left/),
    });
  });

  test('twice under one id: the same request gets the same bytes, and another is refused', async () => {
    const request = { name: 'SH', count: 4, lease: 'LEASE-7' };
    const first = await w1.grant(request);
    const before = await w1.balance('SH');
    expect(await w1.grant(request)).toEqual({ ...first, isNew: false });
    await expect(w1.grant({ ...request, count: 5 })).rejects.toMatchObject({
      code: 'INPUT_INVALID',
      message:
        '--lease: "LEASE-7" is not allowed; another id: this one is on record with 4 numbers of SH for W2',
    });
    expect(await w1.balance('SH')).toEqual(before);
  });
});

test('what no batch was granted goes back through both ledgers, and is never granted again', async () => {
  const scheme = sharedScheme('RT');
  for (const site of [w1, w2]) await site.use(scheme);
  const { lease: id } = await lease(10, 'RT');
  await w2.make(4);
  const file = await w2.giveBack(id);
  expect(file.document).toMatchObject({
    counts: { leased: 10, granted: 4, unused: 6 },
    unused: { first: 5, last: 10 },
  });
  expect(await w2.giveBack(id)).toEqual({ ...file, isNew: false });
  expect(await w2.balance('RT')).toMatchObject({
    granted: 10,
    assigned: 4,
    returned: 6,
    reserved: 0,
    culprits: [],
  });
  await expect(w2.open(1)).rejects.toMatchObject({ code: 'SCHEME_EXHAUSTED' });

  await expect(w1.takeBack({ ...file.document, unused: { first: 4, last: 9 } })).rejects.toMatchObject({
    code: 'INPUT_INVALID',
    message: expect.stringContaining('signature: '),
  });
  await expect(w2.takeBack(file.document)).rejects.toMatchObject({ code: 'INPUT_INVALID' });
  expect(await w1.balance('RT')).toMatchObject({ leased: 10, returned: 0 });
  expect(await w1.takeBack(file.document)).toMatchObject({ isNew: true });
  expect(await w1.takeBack(file.document)).toMatchObject({ isNew: false });
  expect(await w1.balance('RT')).toMatchObject({ granted: 10, leased: 4, returned: 6, culprits: [] });
  expect(await w1.make(1)).toEqual(['RT-000011']);
  expect(await lease(1, 'RT')).toMatchObject({ first: 12, last: 12 });
  for (const site of [w1, w2]) await site.use(sharedScheme('SH'));
});

test('a lease of a weekly counter is for its week, and a batch of another week takes none of it', async () => {
  const scheme = sharedScheme('WK', { pattern: 'WK{yy}{ww}-{seq:4}', scope: 'week' });
  for (const site of [w1, w2]) await site.use(scheme);
  const { document } = await w1.grant({ name: 'WK', count: 5, day: new Date('2027-02-03T12:00:00Z') });
  expect(document.numbers).toMatchObject({ scope: '2027W05' });
  await w2.accept(document);
  const clock = jest.spyOn(Date, 'now');
  try {
    clock.mockReturnValue(Date.parse('2027-01-29T08:00:00Z'));
    await expect(w2.open(1)).rejects.toMatchObject({
      code: 'SCHEME_EXHAUSTED',
      message: expect.stringContaining('serial WK 2027W04'),
    });
    clock.mockReturnValue(Date.parse('2027-02-01T08:00:00Z'));
    expect(await w2.make(2)).toEqual(['WK2705-0001', 'WK2705-0002']);
  } finally {
    clock.mockRestore();
  }
  for (const site of [w1, w2]) await site.use(sharedScheme('SH'));
});

describe('a hidden sequence', () => {
  const scheme = sharedScheme('HD', { pattern: 'HD-{seq:5}{tag:3}', hidden: { key: 'env:HIDDEN_KEY' } });

  test('is shared by one key, and gives no serial twice', async () => {
    for (const site of [w1, w2]) {
      site.env.HIDDEN_KEY = keyTexts.first;
      await site.use(scheme);
    }
    const [own] = [await w1.make(3)];
    await lease(3, 'HD');
    const leased = await w2.make(3);
    expect(new Set([...own!, ...leased]).size).toBe(6);
  });

  test('is refused under another key, at once where the key is at hand and else at the first grant', async () => {
    const other = sharedScheme('HE', { pattern: 'HE-{seq:5}{tag:3}', hidden: { key: 'env:HIDDEN_KEY' } });
    for (const site of [w1, w2]) await site.use(other);
    const { document } = await w1.grant({ name: 'HE', count: 3 });
    w2.env.HIDDEN_KEY = keyTexts.other;
    await expect(w2.accept(document)).rejects.toMatchObject({
      code: 'INPUT_INVALID',
      message: expect.stringMatching(
        /numbers.hiddenBy: "[0-9a-f]{16}" is not allowed; [0-9a-f]{16}, the fingerprint of the key/,
      ),
    });
    delete w2.env.HIDDEN_KEY;
    await w2.accept(document);
    w2.env.HIDDEN_KEY = keyTexts.other;
    await expect(w2.open(1)).rejects.toMatchObject({ code: 'CONFIGURATION_INVALID' });
    w2.env.HIDDEN_KEY = keyTexts.first;
    expect(await w2.make(1)).toHaveLength(1);
    for (const site of [w1, w2]) await site.use(sharedScheme('SH'));
  });
});

test('numbers that are leased have no counter of their own here, whoever asks', async () => {
  const space = {
    kind: 'serial',
    name: 'SH',
    scope: '',
    issuer: 'unitrail',
    first: 1,
    last: 999_999,
    next: 5,
  };
  const call = w2.desk.raw('select advance_registry(?::jsonb, 1, ?, ?)', [
    JSON.stringify([space]),
    '17',
    'x',
  ]);
  await expect(call).rejects.toMatchObject({ code: 'UT007' });
  await expect(
    w2.apply({ ...w2.plant, manufacturer: { ...w2.plant.manufacturer, site: 'W3' } }),
  ).rejects.toMatchObject({
    code: 'PLANT_INVALID',
    message: expect.stringContaining('leases name this site W2; it keeps the name'),
  });
  await expect(w2.use({ ...sharedScheme('SH'), lessor: 'W3' })).rejects.toMatchObject({
    code: 'PLANT_INVALID',
  });
});

test('no serial is in both databases, and the auditor finds every promise kept', async () => {
  const [ones, others] = [await w1.serials(), await w2.serials()];
  expect(others.filter((serial) => !serial.startsWith('OWN') && ones.includes(serial))).toEqual([]);
  expect(others.length).toBeGreaterThan(20);
  expect([await w1.violations(), await w2.violations()]).toEqual([[], []]);
});

test('a lessor whose database was restored grants no lease until its counters are moved, and then none twice', async () => {
  await w1.use(sharedScheme('RS'));
  const before = await w1.grant({ name: 'RS', count: 5 });
  const backup = await w1.backUp();
  const lost = await w1.grant({ name: 'RS', count: 5 });
  await w1.standOn(backup);
  await expect(w1.grant({ name: 'RS', count: 5 })).rejects.toMatchObject({
    code: 'REGISTRY_LAGS',
    message: expect.stringContaining('serial RS goes on at 6, and 10 was issued'),
  });
  await advance(w1);
  const next = await w1.grant({ name: 'RS', count: 5 });
  expect([before, lost, next].map(({ document }) => document.first)).toEqual([1, 6, 11]);
  expect(await w1.violations()).toEqual([]);
});

test('a lessee whose database was restored takes its lease again, and goes on behind what was issued', async () => {
  await w2.use(sharedScheme('RS'));
  const backup = await w2.backUp();
  const document = await lease(5, 'RS');
  expect(await w2.make(2)).toEqual(['RS-000016', 'RS-000017']);
  await w2.standOn(backup);
  await expect(w2.accept(document)).rejects.toMatchObject({
    code: 'REGISTRY_LAGS',
    message: expect.stringContaining(`serial RS lease:${document.lease} goes on at 16, and 17 was issued`),
  });
  await advance(w2);
  await w2.accept(document);
  expect(await w2.make(1)).toEqual(['RS-000018']);
  expect(await w2.violations()).toEqual([]);
});

/** The scheme as the plant file has it without a lessor. */
function unshared(scheme: Scheme): Scheme {
  return JSON.parse(JSON.stringify({ ...scheme, lessor: undefined })) as Scheme;
}

/** As `unitrail registry advance` does it. */
async function advance({ desk, watermarkFile }: TestSite): Promise<void> {
  const [present, kept] = [await readRegistry(desk), (await readWatermarkFile(watermarkFile))!];
  const spaces = laggingSpaces(present, kept).map(({ space }) => space);
  await advanceRegistry(desk, { spaces, epoch: kept.epoch, by: '17', reason: 'a disk failed' });
  await createWatermark({ db: desk, file: watermarkFile }).renew();
}
