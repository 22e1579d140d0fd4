import { createHmac } from 'node:crypto';
import { LeasedNumbersAway, type LeasedAway } from '../../domain/leased-away';
import type { Scheme } from '../../domain/plant-document';
import { fingerprintOf } from '../../domain/scheme-key';
import { parsePattern, serialText } from '../../domain/serial-scheme';

const scheme = (name: string, version: number, pattern: string, more: Partial<Scheme> = {}): Scheme => ({
  ...{ name, version, kind: 'serial', pattern, trial: false, lessor: 'W1', ...more },
});
const lease = (more: Partial<LeasedAway>): LeasedAway => ({
  ...{ lease: 'L1', lessee: 'W2', kind: 'serial', name: 'SH', scope: '', version: 1 },
  ...{ first: 10, end: 20, hiddenBy: null, ...more },
});

const plain = scheme('SH', 1, 'SH-{seq:6}');
const weekly = scheme('WK', 1, 'WK{yy}{ww}-{seq:4}');
const schemes = [plain, scheme('SH', 2, 'SI-{seq:6}'), weekly];
const leases = [lease({}), lease({ lease: 'L2', name: 'WK', scope: '2026W48', first: 1, end: 5 })];
const away = new LeasedNumbersAway(leases, schemes, new Map());

test.each([
  ['SH-000009', undefined],
  ['SH-000010', 'L1'],
  ['SH-000019', 'L1'],
  ['SH-000020', undefined],
  ['SI-000010', undefined],
  ['WK2648-0004', 'L2'],
  ['WK2647-0004', undefined],
  ['WK2648-0005', undefined],
  ['other', undefined],
])('%s is of lease %s', (serial, expected) => {
  expect(away.ofSerial(serial)?.lease).toBe(expected);
});

test('an address is of the lease of its own pool', () => {
  const pools = new LeasedNumbersAway(
    [lease({ kind: 'mac', name: 'main', first: 8, end: 16 })],
    [],
    new Map(),
  );
  expect([7, 8, 15, 16].map((offset) => pools.ofAddress('main', offset)?.lease)).toEqual([
    undefined,
    'L1',
    'L1',
    undefined,
  ]);
  expect(pools.ofAddress('other', 8)).toBeUndefined();
});

describe('of a hidden sequence', () => {
  const hash = (message: string) => createHmac('sha256', 'a key').update(message).digest();
  const hidden = scheme('HI', 1, 'HI-{seq:6}', { hidden: { key: 'env:KEY' } });
  const ofKey = (key: typeof hash | null) =>
    new LeasedNumbersAway(
      [lease({ name: 'HI', hiddenBy: fingerprintOf(hash) })],
      [hidden],
      new Map([['env:KEY', key]]),
    );
  const facts = { year: 2026, isoYear: 2026, isoWeek: 48, hidden: { key: 'env:KEY', space: 'HI' } };
  const serial = (number: number) => serialText(parsePattern(hidden.pattern), facts, number, hash);

  test('it is the number of the counter that counts', () => {
    const found = [9, 10, 19, 20].map((number) => ofKey(hash).ofSerial(serial(number))?.lease);
    expect(found).toEqual([undefined, 'L1', 'L1', undefined]);
  });

  test('nobody guesses without its key, or by another one', () => {
    const missing = expect.objectContaining({ code: 'CONFIGURATION_INVALID' });
    const other = (message: string) => createHmac('sha256', 'another').update(message).digest();
    for (const key of [null, other]) expect(() => ofKey(key).ofSerial(serial(9))).toThrow(missing);
  });
});
