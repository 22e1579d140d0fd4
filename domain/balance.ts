import type { Column } from './columns';

/** Where a number can be. Every one that was granted is in exactly one of these. */
export const accounts = [
  'reserved',
  'leased',
  'assigned',
  'applied',
  'shipped',
  'scrapped',
  'missing',
  'void',
  'returned',
] as const;
export type Account = (typeof accounts)[number];
export type Counts = Readonly<Record<Account, number>>;

export interface LeasedBlock {
  readonly lease: string;
  /** Who this site is in the lease. */
  readonly side: 'lessor' | 'lessee';
  /** Numbers that the return says came back. */
  readonly unused: number;
}

/** What the ledger and the registry say of one block, each by itself. */
export interface BlockLedger {
  /** Null for what is left of a buyer's list or of a lease from another site: no block of any batch yet. */
  readonly block: string | null;
  readonly kind: string;
  readonly scheme: string;
  readonly scope: string;
  readonly issuer: string;
  readonly batch: string | null;
  /** Of a block that was given to another site, or handed back to it; null of every other. */
  readonly lease: LeasedBlock | null;
  /** Whose numbers they are: the issuer of a buyer's own, else the buyer of the batch. */
  readonly buyer: string | null;
  /** Numbers in the block's range. */
  readonly granted: number;
  /** Numbers that its movements brought into the ledger. */
  readonly entered: number;
  /** What its movements leave in each account. */
  readonly moved: Counts;
  /** Its identifiers by state. What is reserved or returned has no identifier. */
  readonly rows: Counts;
}

/** One account of one block in which the two differ. */
export interface Culprit {
  readonly block: string | null;
  readonly kind: string;
  readonly scheme: string;
  readonly scope: string;
  readonly batch: string | null;
  readonly lease: string | null;
  readonly account: Account | 'granted';
  /** By the block's range and the registry's rows. */
  readonly expected: number;
  /** By the ledger's movements. */
  readonly found: number;
}

/** A line of the balance: a number space and buyer, or one block of it. */
export interface BalanceRow extends Counts {
  readonly kind: string;
  readonly scheme: string;
  readonly scope: string;
  readonly issuer: string;
  readonly buyer: string | null;
  readonly batch: string | null;
  readonly lease: string | null;
  readonly block: string | null;
  readonly granted: number;
  readonly balanced: boolean;
}

export const noCounts: Counts = {
  reserved: 0,
  leased: 0,
  assigned: 0,
  applied: 0,
  shipped: 0,
  scrapped: 0,
  missing: 0,
  void: 0,
  returned: 0,
};

/** granted = reserved + leased + assigned + applied + shipped + scrapped + missing + void + returned; empty where it holds. */
export function culpritsOf(ledger: BlockLedger): Culprit[] {
  const { block, kind, scheme, scope, batch, granted, entered, moved } = ledger;
  const lease = ledger.lease?.lease ?? null;
  const expected = expectedOf(ledger);
  const pairs = [
    { account: 'granted' as const, expected: granted, found: entered },
    ...accounts.map((account) => ({ account, expected: expected[account], found: moved[account] })),
  ];
  // Where both sides overdraw an account, they agree, and are wrong together.
  return pairs
    .filter((pair) => pair.expected !== pair.found || pair.found < 0)
    .map((pair) => (pair.expected === pair.found ? { ...pair, expected: 0 } : pair))
    .map((pair) => ({ block, kind, scheme, scope, batch, lease, ...pair }));
}

function expectedOf({ granted, lease, moved, rows }: BlockLedger): Counts {
  // Of a lease nothing is claimed here: what did not come back is at the other site. What is handed back is all returned.
  if (lease !== null)
    return { ...rows, returned: lease.unused, leased: lease.side === 'lessor' ? granted - lease.unused : 0 };
  const claimed = accounts.reduce((sum, account) => sum + rows[account], 0);
  // A number that nobody claimed is reserved until it is returned: neither has a row to be counted.
  return { ...rows, returned: moved.returned, reserved: granted - claimed - moved.returned };
}

/** One row a number space and buyer, or one a block; in the order in which the blocks come. */
export function balanceRows(ledgers: readonly BlockLedger[], byBlock: boolean): BalanceRow[] {
  const rows = new Map<string, BalanceRow>();
  for (const ledger of ledgers) {
    const row = rowOf(ledger, byBlock);
    const key = JSON.stringify([row.kind, row.scheme, row.scope, row.buyer, row.block]);
    const before = rows.get(key);
    rows.set(key, before ? added(before, row) : row);
  }
  return [...rows.values()];
}

function rowOf(ledger: BlockLedger, byBlock: boolean): BalanceRow {
  const { kind, scheme, scope, issuer, buyer, batch, block, granted, moved } = ledger;
  const lease = ledger.lease?.lease ?? null;
  const place = byBlock ? { batch, lease, block } : { batch: null, lease: null, block: null };
  const balanced = culpritsOf(ledger).length === 0;
  return { kind, scheme, scope, issuer, buyer, ...place, granted, ...moved, balanced };
}

function added(one: BalanceRow, other: BalanceRow): BalanceRow {
  const sums = Object.fromEntries(accounts.map((account) => [account, one[account] + other[account]]));
  const balanced = one.balanced && other.balanced;
  return { ...one, ...(sums as Counts), granted: one.granted + other.granted, balanced };
}

/** `granted 10,000: 9,941 shipped, 37 scrapped, 22 unused` */
export function balanceText(row: BalanceRow): string {
  const parts: [number, string][] = [
    [row.shipped, 'shipped'],
    [row.assigned + row.applied, 'in the house'],
    [row.leased, 'leased out'],
    [row.scrapped, 'scrapped'],
    [row.missing, 'missing'],
    [row.void, 'void'],
    [row.reserved + row.returned, 'unused'],
  ];
  const said = parts.filter(([count]) => count !== 0).map(([count, what]) => `${grouped(count)} ${what}`);
  return `granted ${grouped(row.granted)}: ${said.join(', ')}`;
}

/** `block 3 (serial eudv 2026W47, batch B2647-02): assigned is 1 by the ledger, 2 by range and registry` */
export function culpritText(culprit: Culprit): string {
  const { block, kind, scheme, scope, batch, lease, account, expected, found } = culprit;
  const space = [kind, scheme, scope].filter((part) => part !== '').join(' ');
  const receiver = lease === null ? `batch ${batch}` : `lease ${lease}`;
  return `block ${block} (${space}, ${receiver}): ${account} is ${found} by the ledger, ${expected} by range and registry`;
}

/** The same everywhere: the language of the machine must not change a file that somebody reads back. */
function grouped(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ',');
}

const text = (name: string, heading: string, value: Column<BalanceRow>['value']): Column<BalanceRow> => ({
  name,
  heading,
  kind: 'text',
  value,
});
const count = (name: Account | 'granted'): Column<BalanceRow> => ({
  name,
  heading: `${name[0]!.toUpperCase()}${name.slice(1)}`,
  kind: 'number',
  value: (row) => row[name],
});

const spaceColumns = [
  text('kind', 'Kind', ({ kind }) => kind),
  text('scheme', 'Scheme', ({ scheme }) => scheme),
  text('scope', 'Scope', ({ scope }) => scope || null),
  text('buyer', 'Buyer', ({ buyer }) => buyer),
];
const blockColumns = [
  text('batch', 'Batch', ({ batch }) => batch),
  text('lease', 'Lease', ({ lease }) => lease),
  text('block', 'Block', ({ block }) => block),
];
const verdictColumns: readonly Column<BalanceRow>[] = [
  { name: 'balanced', heading: 'Balanced', kind: 'boolean', value: ({ balanced }) => balanced },
  text('balance', 'Balance', balanceText),
];

/** For programs and spreadsheets: every account. */
export const balanceColumns = (byBlock: boolean): readonly Column<BalanceRow>[] => [
  ...spaceColumns,
  text('issuer', 'Issuer', ({ issuer }) => issuer),
  ...(byBlock ? blockColumns : []),
  ...(['granted', ...accounts] as const).map(count),
  ...verdictColumns,
];

/** For a person: the accounts in words. */
export const balanceTableColumns = (byBlock: boolean): readonly Column<BalanceRow>[] => [
  ...spaceColumns,
  ...(byBlock ? blockColumns : []),
  ...verdictColumns,
];
