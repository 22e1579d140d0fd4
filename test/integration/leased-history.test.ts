import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openSite, sharedScheme, siteKeys, typeAt, type TestSite } from '../support/sites';

/** What was made before Unitrail is none of the numbers that another site may give to its units by now. */
let w1: TestSite;
let w2: TestSite;
const keys = siteKeys('W1', 'W2');

beforeAll(async () => {
  const schemes = [sharedScheme('SH')];
  [w1, w2] = await Promise.all([openSite('W1', keys, schemes), openSite('W2', keys, schemes)]);
  for (const [name, lease] of [
    ['SH', 'L-SH'],
    ['main', 'L-MAC'],
  ] as const)
    await w2.accept((await w1.grant({ name, count: 16, lease })).document);
});
afterAll(async () => {
  await w1?.close();
  await w2?.close();
});

async function adopt(rows: readonly string[], more = '--scheme SH') {
  const file = join(w1.folder, 'units.csv');
  await writeFile(file, ['serial,macs', ...rows, ''].join('\n'));
  return typeAt(w1, `import history ${file} --by 17 ${more}`);
}

/** What an import would change. */
async function trace(): Promise<unknown> {
  const { rows } = await w1.desk.raw<{ rows: unknown[] }>(
    `select (select count(*) from adoptions) as adoptions, (select count(*) from identifiers) as identifiers,
       (select count(*) from unit_events) as events, (select sum(next_number) from number_spaces) as numbers`,
  );
  return rows[0];
}

test.each(['--scheme SH', '--issuer unitrail', '--scheme SH --dry-run'])(
  'with %s, serials and addresses of a lease are told with their cells, and nothing is adopted',
  async (more) => {
    const before = await trace();
    const rows = ['SH-000017,', 'SH-000016,', 'OLD-1,70:B3:D5:00:00:17', 'OLD-2,70:B3:D5:00:00:18'];
    const { code, out, err } = await adopt(rows, more);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain(
      'A3: "SH-000016" is not allowed; a number that was not leased away: ' +
        'lease L-SH gave the numbers 1 to 16 of SH to W2, whose units may have it',
    );
    expect(err).toContain(
      'B4: "70:B3:D5:00:00:17" is not allowed; a number that was not leased away: ' +
        'lease L-MAC gave 70:B3:D5:00:00:08 to 70:B3:D5:00:00:17 of main to W2, whose units may have it',
    );
    // What is behind the lease is the pool's own matter.
    expect(err).toContain('B5: "70:B3:D5:00:00:18" is not allowed; an address that pool main never grants');
    expect(err.match(/is not allowed/g)).toHaveLength(3);
    expect(await trace()).toEqual(before);
  },
);

test('a used range that meets a lease is refused with the plant file', async () => {
  const used = [{ from: '70:B3:D5:00:00:10', to: '70:B3:D5:00:00:1F' }];
  const plant = {
    ...w1.plant,
    macPools: w1.plant.macPools.map((pool) => (pool.name === 'main' ? { ...pool, used } : pool)),
  };
  await expect(w1.apply(plant as never)).rejects.toMatchObject({
    code: 'PLANT_INVALID',
    message: expect.stringContaining(
      '70:B3:D5:00:00:08 to 70:B3:D5:00:00:17 were granted to lease L-MAC of W2; declare what was used apart from them',
    ),
  });
  expect(await w1.desk('used_ranges')).toEqual([]);
});

test('what came back of a lease, nobody has: it may be adopted', async () => {
  expect(await w2.make(2)).toEqual(['SH-000001', 'SH-000002']);
  for (const lease of ['L-SH', 'L-MAC']) await w1.takeBack((await w2.giveBack(lease)).document);
  const rows = ['SH-000016,', 'OLD-1,70:B3:D5:00:00:17'];
  expect((await adopt(['SH-000002,', ...rows])).err).toContain('gave the numbers 1 to 2 of SH to W2');
  expect(await adopt(rows)).toMatchObject({ code: 0, out: expect.stringContaining('2 units of unitrail') });
  expect(await w1.violations()).toEqual([]);
  expect(await w2.violations()).toEqual([]);
});
