import { AdoptedNumbers } from '../../domain/adopted-numbers';
import { AdoptedPools } from '../../domain/adopted-pools';
import { oldSerialProblem, readAdoptedState, readMacs, readOldChipUid } from '../../domain/adopted-unit';
import { parseMac } from '../../domain/mac-address';
import type { MacPool, Scheme } from '../../domain/plant-document';

/** Units that were made before Unitrail: what a file may say of them, and what that means for counters and pools. */
const inWeek47 = Date.UTC(2026, 10, 18);

function spacesOf(schemes: Partial<Scheme>[], serials: readonly string[], now = inWeek47) {
  const all = schemes.map((one, at) => ({ name: 'S', version: at + 1, kind: 'serial', ...one }) as Scheme);
  const numbers = new AdoptedNumbers(all, 'unitrail', now);
  serials.forEach((serial) => numbers.take(serial));
  return {
    spaces: numbers.spaces().map(({ scope, last, next }) => [scope, next, last]),
    foreign: numbers.foreign,
  };
}

test('the counter of the present scope and of later ones goes on behind the highest number; of one that is over nothing is granted', () => {
  const serials = ['EUDV2646-000900', 'EUDV2647-000007', 'EUDV2647-000003', 'EUDV2701-000002', 'OLD-1'];
  expect(spacesOf([{ pattern: 'EUDV{yy}{ww}-{seq:6}' }], serials)).toEqual({
    spaces: [
      ['2026W47', 8, 999_999],
      ['2027W01', 3, 999_999],
    ],
    foreign: ['OLD-1'],
  });
});

test('a counter for ever, one a year and one a product each have their own highest number', () => {
  expect(spacesOf([{ pattern: 'EUBT-{seq:8}' }], ['EUBT-00000012', 'EUBT-00000011']).spaces).toEqual([
    ['', 13, 99_999_999],
  ]);
  const yearly: Partial<Scheme> = { pattern: 'A{yy}{ww}-{seq:4}', scope: 'year' };
  expect(spacesOf([yearly], ['A2601-0009', 'A2552-0100']).spaces).toEqual([['2026', 10, 9_999]]);
  const products: Partial<Scheme> = { pattern: '{product}-{seq:3}', scope: 'product' };
  expect(spacesOf([products], ['EUDV-005', 'EUBT-002']).spaces).toEqual([
    ['EUDV/', 6, 999],
    ['EUBT/', 3, 999],
  ]);
});

test('a serial of an older version moves the counter that all versions share', () => {
  const versions = [{ pattern: 'A-{seq:4}' }, { pattern: 'A-{seq:6}' }];
  expect(spacesOf(versions, ['A-0050', 'A-000020']).spaces).toEqual([['', 51, 999_999]]);
});

test('a serial with a wrong check character is foreign', () => {
  const serials = ['A-0001X', 'A-00019'];
  expect(spacesOf([{ pattern: 'A-{seq:4}{check:luhn}' }], serials).foreign).toEqual(['A-0001X', 'A-00019']);
});

test('an address that a pool may grant is undeclared; used ones, reserved ends and those of nobody are not', () => {
  const pool: MacPool = {
    ...{ name: 'main', block: '70:B3:D5:00:00:00/36', reserveFirst: 4, reserveLast: 4 },
    used: [{ from: parseMac('70:B3:D5:00:00:10'), to: parseMac('70:B3:D5:00:00:1F') }],
  };
  const pools = new AdoptedPools([pool]);
  const macs = [
    '70:B3:D5:00:00:03',
    '70:B3:D5:00:00:04',
    '70:B3:D5:00:00:1F',
    '70:B3:D5:00:00:20',
    '00:11:22:33:44:55',
  ];
  [...macs, '70:B3:D5:00:0F:FC'].forEach((mac, at) => pools.take(parseMac(mac), at));
  expect(pools.undeclared()).toEqual([{ pool: 'main', numbers: [4, 0x20], rows: [1, 3] }]);
  expect(pools.addressAt('main', 0x20)).toBe('70:B3:D5:00:00:20');
});

test('what stands in a cell is read as people write it, or refused', () => {
  expect(['', ' Shipped ', 'USED', 'void', 'sold'].map(readAdoptedState)).toEqual([
    ...['shipped', 'shipped', 'used', 'void'],
    null,
  ]);
  expect(readMacs('70b3d5000004, 70-B3-D5-00-00-05\n70:B3:D5:00:00:06;')).toEqual([
    ...['70:B3:D5:00:00:04', '70:B3:D5:00:00:05', '70:B3:D5:00:00:06'],
  ]);
  expect(readMacs('70b3d5')).toEqual({ allowed: expect.stringContaining('70b3d5 is none') });
  expect(['0a:0b', 'CHIP 7', 'a|b', ' x'].map(readOldChipUid)).toEqual(['0A0B', 'CHIP 7', null, null]);
  const bad = ['', 'a|b', 'Ä1', ' 1', '1 ', '1E5', 'x'.repeat(65)];
  expect(bad.filter((serial) => oldSerialProblem(serial) === null)).toEqual([]);
  expect(['SN 1#2', 'x'.repeat(64), '0012'].map(oldSerialProblem)).toEqual([null, null, null]);
});
