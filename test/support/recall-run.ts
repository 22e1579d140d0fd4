/**
 * Recalls that meet shipments while these are packed and closed, each over a session of its own. A seed gives the same
 * units, pauses (as shares of the longest) and transactions; how the sessions meet within them is the server's.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Knex } from 'knex';
import { releaseHolds } from '../../adapters/postgres/holds';
import {
  countRecalled,
  findRecalled,
  holdRecalled,
  openRecall,
  shippedTo,
} from '../../adapters/postgres/recalls';
import { loadRecordFacts } from '../../adapters/postgres/record-facts';
import { canonicalJson } from '../../domain/canonical';
import { sealedText } from '../../domain/record';
import { seeded, type Seeded } from './seeded';
import { openTestBatch, type ShopFloor, type TestBatch } from './shop-floor';
import { sqlStateOf } from './refusals';
import { walkUnit, type WalkedUnit } from './walk-unit';

const SHIPMENTS = 2;
const UNITS = 5;
const DEADLOCK = '40P01';
const [SHORTEST_PACE_MS, LONGEST_PACE_MS] = [6, 500];
const STEPS_OF_PAUSE = 6;

/** How many units of all rounds came to which end. */
export interface Ends {
  shipped: number;
  held: number;
  /** Rounds in which some of the recalled units shipped and some did not. */
  mixed: number;
}

export interface RecallRounds {
  /** @throws Error that names the seed, where a unit is neither or both. */
  run(seed: number): Promise<void>;
  readonly ends: Ends;
}

export async function openRecallRounds(floor: ShopFloor, quantity: number): Promise<RecallRounds> {
  const batch = await openTestBatch(floor, { quantity });
  const ready = new Ready(floor, batch);
  const ends: Ends = { shipped: 0, held: 0, mixed: 0 };
  const pace = { ms: SHORTEST_PACE_MS };
  return {
    ends,
    async run(seed) {
      const round = { floor, batch, random: seeded(seed), seed, units: await ready.take(UNITS), pace };
      try {
        const held = await runRound(round);
        ends.held += held.length;
        ends.shipped += UNITS - held.length;
        if (held.length > 0 && held.length < UNITS) ends.mixed += 1;
        ready.giveBack(held);
      } catch (error) {
        const how = `UNITRAIL_TEST_SEED=${seed} UNITRAIL_RECALLS=1`;
        throw new Error(`Recall ${seed} (${how}): ${(error as Error).message}`, { cause: error });
      }
    },
  };
}

/** Units that are ready to ship. Those that a recall kept back are used again. */
class Ready {
  private readonly units: WalkedUnit[] = [];
  private walked = 0;

  constructor(
    private readonly floor: ShopFloor,
    private readonly batch: TestBatch,
  ) {}

  async take(count: number): Promise<WalkedUnit[]> {
    // One after the other: a walk clears the slots that it finds, also another walk's.
    while (this.units.length < count) {
      const index = (this.walked += 1);
      this.units.push(await walkUnit(this.floor, { upTo: 'qc', batch: this.batch, index }));
    }
    return this.units.splice(0, count);
  }

  giveBack(units: readonly WalkedUnit[]): void {
    this.units.unshift(...units);
  }
}

interface Round {
  readonly floor: ShopFloor;
  readonly batch: TestBatch;
  readonly random: Seeded;
  readonly seed: number;
  readonly units: readonly WalkedUnit[];
  /** The longest pause, by what the recall before took: on a slow machine a shorter one lets every shipment leave first. */
  readonly pace: { ms: number };
}

/** Returns the units that were kept back, released again. */
async function runRound(round: Round): Promise<WalkedUnit[]> {
  const { random, units, seed, floor } = round;
  const shipments = Array.from({ length: SHIPMENTS }, (_, at) => `SH-${round.batch.id}-${seed}-${at}`);
  for (const shipment of shipments) await openShipment(round, shipment);
  // The last unit is packed while the others leave.
  const late = units.at(-1)!;
  for (const unit of units.slice(0, -1)) await pack(round, unit, random.oneOf(shipments));
  const pause = (): (() => Promise<void>) => {
    const ms = (round.pace.ms * random.below(STEPS_OF_PAUSE + 1)) / STEPS_OF_PAUSE;
    return () => sleep(ms).then(() => undefined);
  };
  const closings = shipments.map((shipment) => {
    const pauses = [pause(), pause(), pause()];
    return repeated(() => close(round, shipment, pauses));
  });
  const [shipmentOfLate, beforeLate] = [random.oneOf(shipments), pause()];
  const packing = latePacking(round, late, shipmentOfLate, beforeLate);
  const [atOnce, pauses] = [random.below(2) === 0, [pause(), pause()]];
  const recalled = repeated(() => recall(round, atOnce, pauses));
  await Promise.all([...closings, packing, recalled]);
  // Packed into a shipment that was closed a moment before it, or kept from it: the other one takes it along, or nobody.
  for (const shipment of shipments) await close(round, shipment, []);
  return judge(round, floor);
}

/** A deadlock costs one side its transaction, which is begun again, as Temporal and the command do. */
async function repeated<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const { code, detail } = error as { code?: string; detail?: { sqlState?: unknown } };
    if (code !== DEADLOCK && detail?.sqlState !== DEADLOCK) throw error;
    return repeated(work);
  }
}

async function close(
  { floor }: Round,
  shipment: string,
  pauses: readonly (() => Promise<void>)[],
): Promise<void> {
  await pauses[0]?.();
  await floor.as('office').transaction(async (trx) => {
    const shipped = await trx.raw<{ rows: { unit_id: string }[] }>('select unit_id from ship_units(?)', [
      shipment,
    ]);
    await pauses[1]?.();
    for (const facts of await loadRecordFacts(
      trx,
      shipped.rows.map((row) => row.unit_id),
    ))
      await trx.raw('select seal_record(?, ?, ?)', [facts.unit.unitId, sealedText(facts), Buffer.alloc(32)]);
    await pauses[2]?.();
  });
}

const order = (seed: number) => ({ id: `R-${seed}`, by: '17', note: 'suspect reel' });

async function recall(
  { floor, seed, units, pace }: Round,
  atOnce: boolean,
  [before, after]: readonly (() => Promise<void>)[],
): Promise<void> {
  const desk = floor.as('desk');
  const began = performance.now();
  const found = await findRecalled(desk, { serials: units.map(({ serial }) => serial) });
  pace.ms = paceAfter(performance.now() - began);
  await before?.();
  await openRecall(desk, order(seed), found);
  if (!atOnce) return void (await holdRecalled(desk, order(seed), found));
  await desk.transaction(async (trx) => {
    await holdRecalled(trx as Knex, order(seed), found);
    await after?.();
  });
}

/** By a question that waits for nobody. Until the units are held some more are asked: the longest pause lets them pass by. */
function paceAfter(questionMs: number): number {
  return Math.min(LONGEST_PACE_MS, Math.max(SHORTEST_PACE_MS, 8 * questionMs));
}

/** It gets in, or it is refused: on hold (UT006), or into a shipment that has left (UT002). */
async function latePacking(
  round: Round,
  unit: WalkedUnit,
  shipment: string,
  before: () => Promise<void>,
): Promise<void> {
  await before();
  const sqlState = await sqlStateOf(repeated(() => pack(round, unit, shipment)));
  if (!['allowed', 'UT006', 'UT002'].includes(sqlState)) throw new Error(`packing gave ${sqlState}`);
}

async function openShipment({ floor, batch }: Round, shipment: string): Promise<void> {
  const values = [shipment, batch.id, batch.buyer, batch.destination, `carton of ${shipment}`];
  await floor.as('office').raw('select open_shipment(?, ?, ?, ?, ?)', values);
}

async function pack({ floor }: Round, { unitId }: WalkedUnit, shipment: string): Promise<void> {
  const body = canonicalJson({ carton: `carton of ${shipment}`, shipment });
  const values = [`unit:${unitId}`, 'packed', `${unitId}/packed/${shipment}`, body];
  await floor.as('office').raw('select append_event(?, ?, ?, ?)', values);
}

/** Each unit is on hold in the house, or has shipped and never was on this hold; the recall's counts say the same. */
async function judge({ seed, units, batch }: Round, floor: ShopFloor): Promise<WalkedUnit[]> {
  const desk = floor.as('desk');
  const kept: WalkedUnit[] = [];
  for (const unit of units) {
    const row = await desk('units').where({ id: unit.unitId }).first('state');
    const hold = await desk('holds')
      .where({ unit_id: unit.unitId, hold_id: order(seed).id })
      .first('released_seq');
    if (row.state === 'Shipped' && hold) throw new Error(`${unit.serial} shipped on quality hold`);
    if (row.state === 'Packed') throw new Error(`${unit.serial} is packed, on hold or not`);
    if (row.state !== 'Shipped' && !hold) throw new Error(`${unit.serial} is ${row.state}, and on no hold`);
    if (hold) kept.push(unit);
  }
  const found = await findRecalled(desk, { serials: units.map(({ serial }) => serial) });
  const counts = await countRecalled(desk, found);
  const told = (state: string): number => counts.find((count) => count.state === state)?.units ?? 0;
  if (told('OnHold') !== kept.length || told('Shipped') !== units.length - kept.length)
    throw new Error(`${kept.length} were kept, and the recall counts ${JSON.stringify(counts)}`);
  let listed = 0;
  for await (const row of shippedTo(desk, found, batch.buyer)) if (row.state === 'Shipped') listed += 1;
  if (listed !== units.length - kept.length) throw new Error(`${listed} are listed as shipped`);
  await releaseHolds(
    desk,
    { hold: order(seed).id, by: '17', note: 'measured' },
    kept.map(({ unitId }) => unitId),
  );
  return kept;
}
