import { byRun, PLANT, type RetentionEvents, type ToldOfRun } from './retention-events';
import type { Snapshot } from './snapshot';
import { numberFact, textFact, type Facts } from './stored-event';
import type { Whole, WrongOfCapsule } from './whole-capsule';

const DAY_MS = 86_400_000;
/** For so long, terms of the plant file that were replaced still count. */
const OLD_TERMS_COUNT_DAYS = 30;
/** So many persons agree, and a version's terms count at once. */
const PERSONS = 2;
/** What is applied or approved in a transaction that is under way may count for who erases meanwhile, or not yet. */
const UNDER_WAY_MS = 20 * 60_000;
/** Where the policy says nothing. */
const ARCHIVE_YEARS = 10;

export interface Version {
  readonly id: number;
  readonly appliedAt: string;
  readonly policies: readonly Facts[];
  readonly products: readonly Facts[];
  readonly buyers: readonly Facts[];
  /** When two persons had agreed to it, by the events: a row of an approval alone is nobody's. In milliseconds. */
  readonly agreedAt: number;
}

type VersionRow = Omit<Version, 'agreedAt'>;

/** What the plant's files said of archives, and when each product went to market. */
export interface ArchiveTerms {
  readonly versions: readonly Version[];
  /** The closings of the shipments with units of a product, in milliseconds. */
  readonly closings: ReadonlyMap<string, readonly number[]>;
}

/** Of the products of which something was erased. */
export async function loadClosings(
  snapshot: Snapshot,
  products: readonly string[],
): Promise<ArchiveTerms['closings']> {
  const closings = new Map<string, number[]>();
  if (products.length === 0) return closings;
  const rows = await snapshot.rows<{ product: string; at: string }>(
    `select distinct u.product, s.closed_at as at from units u join shipments s on s.id = u.shipment_id
     where u.state = 'Shipped' and s.closed_at is not null and u.product = any ($1)`,
    [products],
  );
  for (const { product, at } of rows)
    closings.set(product, [...(closings.get(product) ?? []), Date.parse(at)]);
  return closings;
}

const ERASING = ['capsuleErased', 'namesErased'];

/** Where nothing was erased, none is read. */
export async function loadVersions(snapshot: Snapshot, events: RetentionEvents): Promise<Version[]> {
  if (!events.some(({ type }) => ERASING.includes(type))) return [];
  const list = (name: string): string => `coalesce(d -> '${name}', '[]') as ${name}`;
  const rows = await snapshot.rows<VersionRow>(
    `select id, applied_at as "appliedAt", coalesce(d -> 'retentionPolicies', '[]') as policies, ${list('products')}, ${list('buyers')}
     from (select id, applied_at, document::jsonb as d from plant_versions) v order by id`,
  );
  const approvals = byRun(events.filter(({ type }) => type === 'retentionApproved'));
  return rows.map((row) => ({ ...row, agreedAt: agreedAt(approvals.get(`${PLANT}-${row.id}`) ?? []) }));
}

/** Never: infinitely late. */
function agreedAt(approvals: readonly ToldOfRun[]): number {
  const byPerson = new Map<string, number>();
  for (const { at, facts } of approvals) {
    const by = textFact(facts, 'by') ?? '';
    byPerson.set(by, Math.min(byPerson.get(by) ?? Infinity, Date.parse(at)));
  }
  return [...byPerson.values()].sort((one, other) => one - other)[PERSONS - 1] ?? Infinity;
}

/**
 * A19. Nothing is erased before its archive is over: by the time that the event names, and by what is on record of the plant's
 * terms, of who had approved them by then, and of the last shipment.
 */
export function checkErasure({ row, told }: Whole, terms: ArchiveTerms, wrong: WrongOfCapsule): void {
  const event = told.find(({ type }) => type === 'capsuleErased');
  if (event === undefined) return;
  const until = textFact(event.facts, 'keptUntil');
  const [kept, at] = [Date.parse(until ?? ''), Date.parse(event.at)];
  if (!(kept <= at)) wrong(`erased at ${event.at}`, `kept until ${until}`);
  const earliest = earliestEnd(row, at, terms);
  if (earliest === null) wrong(`erased at ${event.at}`, 'kept for ever, as no terms in force name an end');
  else if (!(kept >= earliest))
    wrong(`kept until ${until}`, `not before ${new Date(earliest).toISOString()}, by its terms`);
}

/** Null where a version that counted says not how long. */
function earliestEnd(
  { buyer, product }: Pick<Whole['row'], 'buyer' | 'product'>,
  at: number,
  { versions, closings }: ArchiveTerms,
): number | null {
  // The day before is left out: a closing that was under way was not seen. (A product that never shipped counts from now.)
  const before = at - DAY_MS;
  const placed = Math.max(...(closings.get(product) ?? []).filter((time) => time <= before));
  return longestOf(versions, at, (version) => {
    const policies = policiesOf(version, product, buyer);
    if (policies.length === 0) return null;
    const years = Math.max(...policies.map((policy) => numberFact(policy, 'archiveYears') ?? ARCHIVE_YEARS));
    return Math.max(addYears(Number.isFinite(placed) ? placed : before, years), supportEnd(version, product));
  });
}

/** The longest of the terms that counted then; null where one of these versions names none, and all is kept. */
function longestOf(
  versions: readonly Version[],
  at: number,
  termOf: (version: Version) => number | null,
): number | null {
  const longest = [at, at - UNDER_WAY_MS].flatMap((time) => {
    const terms = versionsInForce(versions, time).map(termOf);
    const known = terms.filter((term) => term !== null);
    return terms.length === 0 || known.length < terms.length ? [] : [Math.max(...known)];
  });
  return longest.length === 0 ? null : Math.min(...longest);
}

/** The one in force then and those of the thirty days before, but for what two persons had replaced by then. */
function versionsInForce(versions: readonly Version[], at: number): Version[] {
  const known = versions.filter(({ appliedAt }) => Date.parse(appliedAt) <= at);
  const old = known.filter(({ appliedAt }) => Date.parse(appliedAt) <= at - OLD_TERMS_COUNT_DAYS * DAY_MS);
  const agreed = known.filter((version) => version.agreedAt <= at);
  const first = Math.max(old.at(-1)?.id ?? 0, agreed.at(-1)?.id ?? 0);
  return known.filter(({ id }) => id >= first);
}

function policiesOf({ policies, products, buyers }: Version, product: string, buyer: string | null): Facts[] {
  const named = [
    ...products.filter(({ code }) => code === product),
    ...buyers.filter(({ id }) => buyer !== null && id === buyer),
  ].map(({ retentionPolicy }) => retentionPolicy);
  return policies.filter(({ name }) => named.includes(name));
}

/** When the name of a person who left then may go, as a lower bound; null where a version that counted names no end. */
export function earliestErasure(left: number, at: number, versions: readonly Version[]): number | null {
  const months = longestOf(versions, at, ({ policies }) => {
    const named = policies.flatMap((policy) => numberFact(policy, 'operatorNamesMonths') ?? []);
    return named.length === 0 ? null : Math.max(...named);
  });
  if (months === null) return null;
  const date = new Date(left);
  date.setUTCMonth(date.getUTCMonth() + months);
  // A month of 31 days and a time zone: they are reckoned otherwise by the database.
  return date.getTime() - 4 * DAY_MS;
}

/** The day after, as support goes on to its end. */
function supportEnd({ products }: Version, product: string): number {
  const days = products
    .filter(({ code }) => code === product)
    .map(({ supportEnds }) =>
      typeof supportEnds === 'string' ? Date.parse(supportEnds) + DAY_MS : -Infinity,
    );
  return Math.max(-Infinity, ...days);
}

/** Less a day: leap days and time zones are reckoned otherwise by the database. */
function addYears(time: number, years: number): number {
  const date = new Date(time);
  date.setUTCFullYear(date.getUTCFullYear() + years);
  return date.getTime() - DAY_MS;
}
