import type { Column } from './columns';
import { offsetsOf } from './mac-address';
import { rangeOfPool, usedOffsets, type Offsets } from './mac-pool';
import type { MacPool } from './plant-document';

/** The IEEE grants a further block once most of the last is in product; it has said 90 %. Procurement takes weeks. */
export const WARN_FROM_PERCENT = 90;
export const RATE_DAYS = 90;
/** What was granted within a few days is a start, not a rate. */
const LEAST_DAYS = 7;
/** Later than this, nobody plans by it. */
const FAR_DAYS = 365 * 50;
const DAY_MS = 86_400_000;

/** One counter, as the registry has it. Numbers are serials' own, or offsets within a block of addresses. */
export interface SpaceStanding {
  readonly kind: 'serial' | 'mac';
  readonly name: string;
  readonly scope: string;
  readonly first: number;
  readonly last: number;
  readonly next: number;
  /** Numbers in blocks, over all time and in the last `RATE_DAYS`. */
  readonly granted: number;
  readonly grantedLately: number;
  readonly firstGrantAt: Date | null;
  /** Numbers by the run length of the blocks that they are in. */
  readonly byRun: Readonly<Record<string, number>>;
}

/** How full a pool of numbers is, and when it runs out. */
export interface NumberOutlook {
  readonly kind: 'serial' | 'mac';
  readonly name: string;
  readonly scope: string;
  /** The IEEE block; null for serials. */
  readonly block: string | null;
  readonly eui: number | null;
  readonly size: number;
  readonly reservedFirst: number;
  readonly reservedLast: number;
  /** Before Unitrail, by the plant file. */
  readonly usedBefore: number;
  readonly granted: number;
  readonly byRun: Readonly<Record<string, number>>;
  /** Left behind for good: gaps before an aligned run or a used range. */
  readonly skipped: number;
  readonly free: number;
  /** Of the numbers between the reserved ends, those that are gone. */
  readonly usedPercent: number;
  /** Null without history. */
  readonly grantedADay: number | null;
  /** `YYYY-MM-DD`; null where it is not in sight or can't be said. */
  readonly runsOutOn: string | null;
  readonly forecast: string;
}

/** A pool of the plant; `space` is null before its first grant. */
export function poolOutlook(pool: MacPool, space: SpaceStanding | null, now: Date): NumberOutlook {
  const range = rangeOfPool(pool);
  const { first, end } = offsetsOf(range);
  const { block } = range;
  const own = space ?? newSpace(pool.name, first, end);
  return {
    ...outlook(own, { first, end }, usedOffsets(pool), now),
    block: block.text,
    eui: block.eui,
    size: block.size,
    reservedFirst: first,
    reservedLast: block.size - end,
  };
}

export function serialOutlook(space: SpaceStanding, now: Date): NumberOutlook {
  return outlook(space, { first: space.first, end: space.last + 1 }, [], now);
}

function newSpace(name: string, first: number, end: number): SpaceStanding {
  const none = { granted: 0, grantedLately: 0, firstGrantAt: null, byRun: {} };
  return { kind: 'mac', name, scope: '', first, last: end - 1, next: first, ...none };
}

function outlook(
  space: SpaceStanding,
  { first, end }: Offsets,
  used: readonly Offsets[],
  now: Date,
): NumberOutlook {
  const { kind, name, scope, granted, byRun } = space;
  const next = Math.min(end, Math.max(first, space.next));
  const free = end - next - countWithin(used, next, end);
  const usedBefore = countWithin(used, first, end);
  const skipped = next - first - granted - countWithin(used, first, next);
  const usedPercent = end <= first ? 100 : Math.floor((1 - free / (end - first)) * 1_000) / 10;
  const ends = { block: null, eui: null, size: end - first, reservedFirst: 0, reservedLast: 0 };
  const told = { kind, name, scope, ...ends, usedBefore, granted, byRun, skipped, free, usedPercent };
  return { ...told, ...forecast(space, free, now) };
}

function countWithin(ranges: readonly Offsets[], from: number, to: number): number {
  return ranges.reduce(
    (sum, { first, end }) => sum + Math.max(0, Math.min(end, to) - Math.max(first, from)),
    0,
  );
}

type Forecast = Pick<NumberOutlook, 'grantedADay' | 'runsOutOn' | 'forecast'>;

function forecast({ firstGrantAt, grantedLately }: SpaceStanding, free: number, now: Date): Forecast {
  if (free === 0) return { grantedADay: null, runsOutOn: null, forecast: 'used up' };
  const days = firstGrantAt === null ? 0 : (now.getTime() - firstGrantAt.getTime()) / DAY_MS;
  if (days < LEAST_DAYS) return { grantedADay: null, runsOutOn: null, forecast: 'not enough history' };
  const grantedADay = grantedLately / Math.min(days, RATE_DAYS);
  const left = free / grantedADay;
  // Without a grant in the last days, `left` has no end either.
  if (left > FAR_DAYS) return { grantedADay, runsOutOn: null, forecast: 'not in sight' };
  const runsOutOn = new Date(now.getTime() + left * DAY_MS).toISOString().slice(0, 10);
  return { grantedADay, runsOutOn, forecast: `${runsOutOn}, at ${rateText(grantedADay)} a day` };
}

function rateText(grantedADay: number): string {
  return grantedADay >= 10 ? String(Math.round(grantedADay)) : grantedADay.toFixed(1);
}

export function needsMore({ usedPercent }: NumberOutlook): boolean {
  return usedPercent >= WARN_FROM_PERCENT;
}

/** `1: 24, 4: 400`: addresses by the length of the runs in which they were granted. */
function runsText(byRun: NumberOutlook['byRun']): string | null {
  const parts = Object.entries(byRun).map(([length, numbers]) => `${length}: ${numbers}`);
  return parts.length === 0 ? null : parts.join(', ');
}

type Cell = Column<NumberOutlook>['value'];
const text = (name: string, heading: string, value: Cell): Column<NumberOutlook> => {
  return { name, heading, kind: 'text', value };
};
const number = (name: string, heading: string, value: Cell): Column<NumberOutlook> => {
  return { name, heading, kind: 'number', value };
};

const columns = {
  kind: text('kind', 'Kind', ({ kind }) => kind),
  name: text('name', 'Name', ({ name }) => name),
  scope: text('scope', 'Scope', ({ scope }) => scope || null),
  block: text('block', 'Block', ({ block }) => block),
  eui: number('eui', 'EUI', ({ eui }) => eui),
  size: number('size', 'Numbers', ({ size }) => size),
  reservedFirst: number('reservedFirst', 'Reserved first', ({ reservedFirst }) => reservedFirst),
  reservedLast: number('reservedLast', 'Reserved last', ({ reservedLast }) => reservedLast),
  usedBefore: number('usedBefore', 'Used before', ({ usedBefore }) => usedBefore),
  granted: number('granted', 'Granted', ({ granted }) => granted),
  byRun: { ...text('byRun', 'By run', ({ byRun }) => runsText(byRun)), structured: ({ byRun }) => byRun },
  skipped: number('skipped', 'Skipped', ({ skipped }) => skipped),
  free: number('free', 'Free', ({ free }) => free),
  usedPercent: number('usedPercent', 'Used %', ({ usedPercent }) => usedPercent),
  grantedADay: number('grantedADay', 'A day', ({ grantedADay }) => grantedADay),
  runsOutOn: text('runsOutOn', 'Runs out on', ({ runsOutOn }) => runsOutOn),
  forecast: text('forecast', 'Runs out', (row) => row.forecast),
  needsMore: { name: 'needsMore', heading: 'Needs more', kind: 'boolean', value: needsMore },
} satisfies Record<string, Column<NumberOutlook>>;

/** For programs and spreadsheets: all of it. */
export const outlookColumns: readonly Column<NumberOutlook>[] = Object.values(columns);

export const outlookTableColumns: readonly Column<NumberOutlook>[] = [
  ...[columns.kind, columns.name, columns.scope, columns.usedPercent, columns.free, columns.forecast],
  ...[columns.granted, columns.byRun, columns.usedBefore, columns.reservedFirst, columns.reservedLast],
  columns.block,
];
