import fc from 'fast-check';
import {
  accounts,
  balanceRows,
  balanceText,
  culpritsOf,
  culpritText,
  noCounts,
  type BlockLedger,
  type Counts,
} from '../../domain/balance';

const states = accounts.filter((account) => !['reserved', 'leased', 'returned'].includes(account));

/** A block of which ledger and registry tell the same. */
function ledger(moved: Partial<Counts>, more: Partial<BlockLedger> = {}): BlockLedger {
  const all = { ...noCounts, ...moved };
  const granted = accounts.reduce((sum, account) => sum + all[account], 0);
  return {
    ...{ block: '3', kind: 'serial', scheme: 'EUDV', scope: '2026W47', issuer: 'unitrail' },
    ...{ batch: 'B2647-01', lease: null, buyer: 'acme', granted, entered: granted, moved: all },
    rows: { ...all, reserved: 0, returned: 0 },
    ...more,
  };
}

const counts = fc.record(
  Object.fromEntries(
    accounts.map((account) => [account, fc.nat(account === 'leased' ? 0 : 1_000_000)]),
  ) as Record<keyof Counts, fc.Arbitrary<number>>,
);

describe('the balance of a block', () => {
  it('holds wherever its numbers are, as long as each is in one account', () => {
    fc.assert(
      fc.property(counts, (moved) => {
        const one = ledger(moved);
        expect(culpritsOf(one)).toEqual([]);
        const [row] = balanceRows([one], false);
        expect(accounts.reduce((sum, account) => sum + row![account], 0)).toBe(row!.granted);
      }),
    );
  });

  it('names the account from which a number is missing, and that in which there is one too many', () => {
    fc.assert(
      fc.property(counts, fc.constantFrom(...states), fc.constantFrom(...states), (moved, from, to) => {
        const one = ledger({ ...moved, [from]: moved[from] + 1 });
        const wrong = { ...one, moved: { ...one.moved, [from]: one.moved[from] - 1 } };
        const other = { ...wrong, moved: { ...wrong.moved, [to]: wrong.moved[to] + 1 } };
        const named = culpritsOf(other).map(({ account, expected, found }) => [account, found - expected]);
        const expected = [
          [from, -1],
          [to, 1],
        ];
        expect(named).toEqual(from === to ? [] : expected.sort(byAccount));
      }),
    );
  });

  it('is broken where a number was claimed and the ledger still has it in reserve', () => {
    const one = ledger({ reserved: 9, assigned: 1 });
    const [reserved, assigned] = culpritsOf({ ...one, moved: { ...noCounts, reserved: 10 } });
    expect(reserved).toMatchObject({ account: 'reserved', expected: 9, found: 10 });
    expect(culpritText(assigned!)).toBe(
      'block 3 (serial EUDV 2026W47, batch B2647-01): assigned is 0 by the ledger, 1 by range and registry',
    );
  });

  it('is broken where fewer numbers entered the ledger than the block has', () => {
    const one = ledger({ reserved: 10 });
    expect(culpritsOf({ ...one, entered: 9, moved: { ...noCounts, reserved: 9 } })).toMatchObject([
      { account: 'granted', expected: 10, found: 9 },
      { account: 'reserved', expected: 10, found: 9 },
    ]);
  });

  it('is broken where more were claimed than the block has, although both sides say so', () => {
    const one = ledger({ assigned: 11 }, { granted: 10, entered: 10 });
    const overdrawn = { ...one, moved: { ...one.moved, reserved: -1 } };
    expect(culpritsOf(overdrawn)).toMatchObject([{ account: 'reserved', expected: 0, found: -1 }]);
  });

  const out = { lease: 'W1-W2-1', side: 'lessor', unused: 4 } as const;
  const granted = { granted: 10, entered: 10, batch: null };

  it('holds for a lease whose end came back, and the rest is at the other site', () => {
    const one = ledger({ leased: 6, returned: 4 }, { ...granted, lease: out });
    expect(culpritsOf(one)).toEqual([]);
    expect(balanceText(balanceRows([one], false)[0]!)).toBe('granted 10: 6 leased out, 4 unused');
    const back = ledger({ returned: 10 }, { ...granted, lease: { ...out, side: 'lessee', unused: 10 } });
    expect(culpritsOf(back)).toEqual([]);
  });

  it('is broken where another number came back than the ledger has', () => {
    const one = ledger({ leased: 7, returned: 3 }, { ...granted, lease: out });
    expect(culpritsOf(one).map(culpritText)).toEqual([
      'block 3 (serial EUDV 2026W47, lease W1-W2-1): leased is 7 by the ledger, 6 by range and registry',
      'block 3 (serial EUDV 2026W47, lease W1-W2-1): returned is 3 by the ledger, 4 by range and registry',
    ]);
  });
});

describe('a list of balances', () => {
  const blocks = [
    ledger({ shipped: 9_941, scrapped: 30 }),
    ledger({ scrapped: 7, reserved: 20, returned: 2 }, { block: '4', batch: 'B2647-02' }),
    ledger({ applied: 2, assigned: 1, missing: 1, void: 1 }, { block: '5', buyer: null }),
  ];

  it('sums the blocks of a number space for each buyer, and tells it in words', () => {
    const rows = balanceRows(blocks, false);
    expect(rows.map(({ buyer, block }) => [buyer, block])).toEqual([
      ['acme', null],
      [null, null],
    ]);
    expect(rows.map(balanceText)).toEqual([
      'granted 10,000: 9,941 shipped, 37 scrapped, 22 unused',
      'granted 5: 3 in the house, 1 missing, 1 void',
    ]);
  });

  it('has a row for each block where that is asked for', () => {
    expect(balanceRows(blocks, true).map(({ block, granted }) => [block, granted])).toEqual([
      ['3', 9_971],
      ['4', 29],
      ['5', 5],
    ]);
  });

  it('calls a number space unbalanced where one of its blocks is', () => {
    const [row] = balanceRows([blocks[0]!, { ...blocks[1]!, entered: 0 }], false);
    expect(row).toMatchObject({ buyer: 'acme', balanced: false });
  });
});

function byAccount([a]: unknown[], [b]: unknown[]): number {
  return accounts.indexOf(a as keyof Counts) - accounts.indexOf(b as keyof Counts);
}
