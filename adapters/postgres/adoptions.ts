import type { AdoptedNumbers } from '../../domain/adopted-numbers';
import type { AdoptedPools, Undeclared } from '../../domain/adopted-pools';
import type { AdoptedChunk, IdentifierKind } from '../../domain/adopted-rows';
import type { AdoptedState, AdoptedUnit } from '../../domain/adopted-unit';
import { canonicalJson } from '../../domain/canonical';
import { notLeased, type LeasedAway, type LeasedNumbersAway } from '../../domain/leased-away';
import type { ProblemList } from '../../domain/number-list';
import type { CellPlace } from '../../domain/table-source';
import type { Database } from './database';
import { importInOne } from './import-transaction';
import { leasesAway } from './number-leases';

/** What is said of an adoption, and kept with it. */
export interface AdoptionHead {
  readonly issuer: string;
  /** Whose serials they are; null where they are of no scheme of ours. */
  readonly scheme: string | null;
  readonly source: string;
  readonly sha256: string;
  /** Which part of the file was read. */
  readonly part: string;
  readonly by: string;
}

export interface UnitsToAdopt {
  readonly chunks: AsyncIterable<AdoptedChunk>;
  readonly place: (row: number, column: number) => CellPlace;
  readonly problems: ProblemList;
  readonly numbers: AdoptedNumbers;
  readonly pools: AdoptedPools;
  /** Asked while no lease can be granted: what the file may not hold of numbers that other sites have. */
  readonly away: (leases: readonly LeasedAway[]) => LeasedNumbersAway;
  /** Called when every row is in the database; throws where anything was wrong. */
  readonly judge: () => Promise<void>;
}

/** An identifier that somebody has already: kept as it was told, and issued to nobody. */
export interface Dispute {
  readonly at: string;
  readonly kind: IdentifierKind;
  readonly value: string;
  readonly serial: string;
  /** Who has it, in words. */
  readonly with: string;
}

export interface PassedNumbers {
  readonly space: string;
  readonly from: number;
  readonly to: number;
}

export interface Adopted {
  readonly count: number;
  readonly states: Readonly<Record<AdoptedState, number>>;
  readonly macs: number;
  /** Rows whose serial somebody has already. */
  readonly disputedUnits: number;
  readonly disputes: readonly Dispute[];
  readonly disputesTotal: number;
  readonly passed: readonly PassedNumbers[];
}

export type AdoptionOutcome =
  | ({ readonly outcome: 'adopted' | 'tried' } & Adopted)
  | { readonly outcome: 'known'; readonly count: number; readonly by: string; readonly at: Date };

/** So many are shown; the rest is counted. */
const MAX_SHOWN_DISPUTES = 100;
const NUMBERS_A_QUESTION = 10_000;
/**
 * Adopts the units in one transaction. A try (`dryRun`) does the same and takes it back. A repeat of the same part of the
 * same file reads nothing and says who adopted it.
 */
export async function adoptUnits(
  db: Database,
  head: AdoptionHead,
  units: UnitsToAdopt,
  dryRun: boolean,
): Promise<AdoptionOutcome> {
  return importInOne(
    db,
    (trx) => adopt(trx, head, units, dryRun),
    ({ outcome }) => outcome === 'adopted',
  );
}

async function adopt(
  trx: Database,
  head: AdoptionHead,
  units: UnitsToAdopt,
  dryRun: boolean,
): Promise<AdoptionOutcome> {
  const adoption = await openAdoption(trx, head);
  if (adoption === null) return knownAdoption(trx, head);
  const away = units.away(await leasesAway(trx));
  const told = await addChunks(trx, adoption, units, away);
  await judgePools(trx, units, away, told.macColumn);
  await units.judge();
  const passed = await closeAdoption(trx, adoption, head, units.numbers);
  return { outcome: dryRun ? 'tried' : 'adopted', ...told.sums, passed };
}

async function openAdoption(trx: Database, head: AdoptionHead): Promise<string | null> {
  const { issuer, scheme, source, sha256, part, by } = head;
  const { rows } = await trx.raw<{ rows: { adoption: string | null }[] }>(
    'select open_adoption(?, ?, ?, ?, ?, ?) as adoption',
    [issuer, scheme, source, sha256, part, by] as string[],
  );
  return rows[0]!.adoption;
}

async function knownAdoption(
  trx: Database,
  { issuer, sha256, part }: AdoptionHead,
): Promise<AdoptionOutcome> {
  const row = await trx('adoptions as a')
    .where({ issuer, source_sha256: sha256, source_part: part })
    .first(
      'imported_by as by',
      'imported_at as at',
      trx.raw('(select count(*) from adopted_units u where u.adoption_id = a.id)'),
    );
  return { outcome: 'known', count: Number(row.count), by: row.by, at: row.at };
}

class Sums {
  count = 0;
  macs = 0;
  disputedUnits = 0;
  disputesTotal = 0;
  readonly states: Record<AdoptedState, number> = { shipped: 0, used: 0, void: 0 };
  readonly disputes: Dispute[] = [];

  addUnit({ state, macs }: AdoptedUnit): void {
    this.count += 1;
    this.states[state] += 1;
    this.macs += macs.length;
  }

  addDispute(dispute: Dispute): void {
    this.disputesTotal += 1;
    if (dispute.kind === 'serial') this.disputedUnits += 1;
    if (this.disputes.length < MAX_SHOWN_DISPUTES) this.disputes.push(dispute);
  }
}

async function addChunks(trx: Database, adoption: string, units: UnitsToAdopt, away: LeasedNumbersAway) {
  const sums = new Sums();
  let macColumn = 0;
  for await (const chunk of units.chunks) {
    macColumn = chunk.columns.mac;
    for (const taken of await addChunk(trx, adoption, sums.count + 1, chunk.units))
      sums.addDispute(disputeOf(taken, chunk, units.place));
    for (const unit of chunk.units) {
      sums.addUnit(unit);
      units.numbers.take(unit.serial);
      judgeSerial(unit, chunk.columns.serial, units, away);
      for (const mac of unit.macs) units.pools.take(mac, unit.row);
    }
  }
  return { sums, macColumn };
}

/** A unit of another site may have the serial by now, and this registry would never hear of it. */
function judgeSerial(
  { serial, row }: AdoptedUnit,
  column: number,
  { problems, place }: UnitsToAdopt,
  away: LeasedNumbersAway,
): void {
  const lease = away.ofSerial(serial);
  if (lease) problems.add({ ...place(row, column), value: serial, allowed: notLeased(lease) });
}

interface Taken {
  /** In the chunk, from 1. */
  readonly place: number;
  readonly kind: IdentifierKind;
  readonly value: string;
  readonly taken_by: 'import' | 'adopted' | 'unit' | 'void';
  readonly taken_unit: string | null;
  readonly taken_row: string | null;
  readonly taken_source: string | null;
}

async function addChunk(
  trx: Database,
  adoption: string,
  first: number,
  units: readonly AdoptedUnit[],
): Promise<readonly Taken[]> {
  const { rows } = await trx.raw<{ rows: Taken[] }>(
    `select place, kind, value, taken_by, taken_unit, taken_row, taken_source from add_adopted_units(?, ?, ?)`,
    [adoption, first, units.map((unit) => canonicalJson(unit))],
  );
  return rows;
}

function disputeOf(taken: Taken, { units, columns }: AdoptedChunk, place: UnitsToAdopt['place']): Dispute {
  const { row, serial } = units[taken.place - 1]!;
  const column = columns[taken.kind];
  const at = (there: number): string => String(place(there, column).path[0]);
  const owners: Record<Taken['taken_by'], string> = {
    import: at(Number(taken.taken_row)),
    adopted: `row ${taken.taken_row} of ${taken.taken_source}, adopted before`,
    unit: `unit ${taken.taken_unit}, built here`,
    void: 'a void number of a batch',
  };
  return { at: at(row), kind: taken.kind, value: taken.value, serial, with: owners[taken.taken_by] };
}

/** An address that a batch may still get would stop it at its first step; one that was leased away may be another unit's. */
async function judgePools(
  trx: Database,
  units: UnitsToAdopt,
  away: LeasedNumbersAway,
  column: number,
): Promise<void> {
  for (const undeclared of units.pools.undeclared()) {
    for (let from = 0; from < undeclared.numbers.length; from += NUMBERS_A_QUESTION)
      await judgePool(trx, units, undeclared, { away, from, column });
  }
}

async function judgePool(
  trx: Database,
  { pools, problems, place }: UnitsToAdopt,
  { pool, numbers, rows }: Undeclared,
  { away, from, column }: { away: LeasedNumbersAway; from: number; column: number },
): Promise<void> {
  const asked = numbers.slice(from, from + NUMBERS_A_QUESTION);
  const { rows: answers } = await trx.raw<{ rows: { number: string; batch: string | null }[] }>(
    'select number, batch from grantable_addresses(?, ?)',
    [pool, asked],
  );
  const batchOf = new Map(answers.map(({ number, batch }) => [Number(number), batch]));
  for (const [at, number] of asked.entries()) {
    const allowed = addressAllowed(pools, pool, number, { batch: batchOf.get(number), away });
    if (allowed === null) continue;
    problems.add({ ...place(rows[from + at]!, column), value: pools.addressAt(pool, number), allowed });
  }
}

/** What is allowed instead of the address; null where it may be adopted. */
function addressAllowed(
  pools: AdoptedPools,
  pool: string,
  number: number,
  { batch, away }: { batch: string | null | undefined; away: LeasedNumbersAway },
): string | null {
  const lease = away.ofAddress(pool, number);
  if (lease) {
    const [first, last] = [lease.first, lease.end - 1].map((offset) => pools.addressAt(pool, offset));
    return notLeased(lease, `${first} to ${last} of ${pool}`);
  }
  if (batch === undefined) return null;
  return batch === null
    ? `an address that pool ${pool} never grants: declare it in the plant file (macPools[].used), and apply that first`
    : `an address that no batch was granted, and ${batch} was`;
}

async function closeAdoption(
  trx: Database,
  adoption: string,
  { scheme }: AdoptionHead,
  numbers: AdoptedNumbers,
): Promise<PassedNumbers[]> {
  const spaces = scheme === null ? [] : numbers.spaces();
  const { rows } = await trx.raw<{ rows: { passed: PassedNumbers[] }[] }>(
    'select close_adoption(?, ?::jsonb) as passed',
    [adoption, JSON.stringify(spaces)],
  );
  return rows[0]!.passed;
}
