import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import exceljs from 'exceljs';
import type { Client } from 'pg';
import { register } from '../../cli/balance';
import { streamOf, tellTruth } from '../support/audit-lies';
import type { TestDatabase } from '../support/database';
import { openShopFloor } from '../support/shop-floor';
import { tamper } from '../support/tamper';
import { typeCommand, type TypedAnswer } from '../support/type-command';
import { claimForBuyer } from '../support/unit-scene';

/** A batch that shipped, one with units wherever a unit can be, and a trial. */
const { story, base, onACopy } = tellTruth();

const type = (line: string, database: TestDatabase = base()): Promise<TypedAnswer> =>
  typeCommand(database, [register], line);

const jsonLines = (text: string): Record<string, unknown>[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

describe('unitrail balance', () => {
  it('accounts for every number of every scheme and buyer, in words', async () => {
    const { code, text, err } = await type('balance');
    expect([code, err]).toEqual([0, '']);
    const lines = text
      .trimEnd()
      .split('\n')
      .map((line) => line.replace(/ +/g, ' '));
    expect(lines).toEqual([
      'Kind Scheme Scope Buyer Balanced Balance',
      'serial eudv 2026W47 acme yes granted 12: 2 shipped, 6 in the house, 1 scrapped, 1 missing, 1 void, 1 unused',
      'serial eudv-trial - acme yes granted 1: 1 in the house',
      'mac main - acme yes granted 26: 4 shipped, 12 in the house, 2 scrapped, 2 missing, 6 unused',
    ]);
  });

  it('shows each account of each block to programs', async () => {
    const { text } = await type('balance --batch B2647-02 --scheme eudv --blocks --json');
    expect(jsonLines(text)).toEqual([
      {
        ...{ kind: 'serial', scheme: 'eudv', scope: '2026W47', issuer: 'unitrail', buyer: 'acme' },
        ...{ batch: 'B2647-02', lease: null, block: '3', granted: 10, reserved: 1, leased: 0 },
        ...{ assigned: 1, applied: 5, shipped: 0 },
        ...{ scrapped: 1, missing: 1, void: 1, returned: 0, balanced: true },
        balance: 'granted 10: 6 in the house, 1 scrapped, 1 missing, 1 void, 1 unused',
      },
    ]);
  });

  it('counts a buyer its own numbers, and those that were granted to its batches', async () => {
    await onACopy(async (copy) => {
      const floor = openShopFloor(copy);
      await claimForBuyer(floor, '00001');
      await floor.close();
      const rows = jsonLines((await type('balance --buyer acme --json', copy)).text);
      expect(rows.map(({ scheme, issuer, buyer, granted }) => [scheme, issuer, buyer, granted])).toEqual([
        ['acme-00001', 'acme', 'acme', 1],
        ['eudv', 'unitrail', 'acme', 12],
        ['eudv-trial', 'unitrail', 'acme', 1],
        ['main', 'ieee', 'acme', 26],
      ]);
      expect((await type('balance --buyer borealis', copy)).err).toBe('No numbers were granted that fit.\n');
    });
  });

  it('exports the same rows as a spreadsheet, names as text and counts as numbers', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'unitrail-balance-'));
    const file = join(folder, 'balance.xlsx');
    expect((await type(`balance --blocks --format xlsx --out ${file}`)).err).toBe(
      `6 rows written to ${file}.\n`,
    );
    const workbook = new exceljs.Workbook();
    await workbook.xlsx.load((await readFile(file)) as never);
    const sheet = workbook.getWorksheet('Balance')!;
    expect((sheet.getRow(2).values as unknown[]).slice(1, 10)).toEqual([
      ...['serial', 'eudv', '2026W47', 'acme', 'unitrail', 'B2647-01', undefined, '1', 2],
    ]);
    await rm(folder, { recursive: true });
  });
});

interface Lie {
  readonly what: string;
  readonly tell: (superuser: Client) => Promise<unknown>;
  readonly told: () => string[];
}

const lies: readonly Lie[] = [
  {
    what: 'a movement that is gone',
    tell: (su) =>
      su.query('delete from movements where stream = $1 and seq = 1', [streamOf(story().claimed)]),
    told: () => {
      const place = 'block 3 (serial eudv 2026W47, batch B2647-02)';
      const unit = `first at unit ${story().claimed.serial} (${story().claimed.serial})`;
      return [
        `${place}: reserved is 2 by the ledger, 1 by range and registry; ${unit}`,
        `${place}: assigned is 0 by the ledger, 1 by range and registry; ${unit}`,
      ];
    },
  },
  {
    what: 'a MAC address that is shipped before its unit',
    tell: (su) =>
      su.query(`update identifiers set state = 'shipped' where value = $1`, [story().ready.macs[1]]),
    told: () => {
      const place = 'block 4 (mac main, batch B2647-02)';
      const unit = `first at unit ${story().ready.serial} (${story().ready.macs[0]})`;
      return [
        `${place}: applied is 10 by the ledger, 9 by range and registry; ${unit}`,
        `${place}: shipped is 0 by the ledger, 1 by range and registry; ${unit}`,
      ];
    },
  },
  {
    what: 'a serial that vanished from the registry',
    tell: (su) => su.query('delete from identifiers where value = $1', [story().flashed.serial]),
    told: () => {
      const place = 'block 3 (serial eudv 2026W47, batch B2647-02)';
      const unit = `first at unit ${story().flashed.serial} (no identifier of it is left)`;
      return [
        `${place}: reserved is 1 by the ledger, 2 by range and registry; ${unit}`,
        `${place}: applied is 5 by the ledger, 4 by range and registry; ${unit}`,
      ];
    },
  },
  {
    what: 'a block that was made larger',
    tell: (su) => su.query(`update blocks set numbers = int8range(1, 4) where id = 1`),
    told: () => {
      const place = 'block 1 (serial eudv 2026W47, batch B2647-01)';
      return [
        `${place}: granted is 2 by the ledger, 3 by range and registry; every unit agrees`,
        `${place}: reserved is 0 by the ledger, 1 by range and registry; every unit agrees`,
      ];
    },
  },
];

describe('a balance that does not hold', () => {
  test.each(lies)('names $what: block, account, both sides, and the first unit', async ({ tell, told }) => {
    await onACopy(async (copy) => {
      await tamper(copy, async (superuser) => {
        await superuser.query('alter table blocks drop constraint blocks_no_overlap');
        await tell(superuser);
      });
      const { code, err } = await type('balance', copy);
      expect([code, err]).toEqual([
        1,
        ['unitrail: The balance does not hold. `unitrail audit` says more.', ...told(), '']
          .join('\n  ')
          .trimEnd() + '\n',
      ]);
    });
  });

  it('is told to programs with its culprits', async () => {
    await onACopy(async (copy) => {
      await tamper(copy, lies[0]!.tell);
      const { code, text, err } = await type('balance --json', copy);
      expect(code).toBe(1);
      expect(jsonLines(text).map(({ scheme, balanced }) => [scheme, balanced])).toContainEqual([
        'eudv',
        false,
      ]);
      const { error } = JSON.parse(err) as { error: { code: string; detail: { culprits: unknown[] } } };
      expect(error.code).toBe('LEDGER_UNBALANCED');
      expect(error.detail.culprits).toContainEqual(
        expect.objectContaining({
          ...{ block: '3', account: 'assigned', expected: 1, found: 0 },
          ...{ unit: story().claimed.serial, identifier: story().claimed.serial },
        }),
      );
    });
  });
});
