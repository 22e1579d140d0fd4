/** Runs schedules of claims against a database, and judges what came of each. */
import { claimBatchUnits } from '../../activities/claim-units';
import { blockLedgers } from '../../adapters/postgres/balance-queries';
import type { ClaimedUnit } from '../../adapters/postgres/batch-ledger';
import { openDatabase, type Database } from '../../adapters/postgres/database';
import { mapped } from '../../adapters/postgres/errors';
import { canonicalJson } from '../../domain/canonical';
import { culpritsOf, culpritText } from '../../domain/balance';
import { UnitrailError } from '../../domain/errors';
import {
  CLIENTS,
  openPlanned,
  scheduleOf,
  type PlannedBatch,
  type Program,
  type Schedule,
} from './claim-schedules';
import type { TestDatabase } from './database';
import { openFaultyClient, type FaultyClient } from './faulty-client';

export interface Crowd {
  /** @throws Error that names the seed, where a promise was broken. */
  run(seed: number): Promise<void>;
  close(): Promise<void>;
}

/** Units by batch and index, as any client was ever told. */
type Told = Map<string, Set<string>>;

const MOST_REPEATS = 100;
/** The file beside the database is another test's subject. */
const watermark = { check: async () => {}, keep: async () => {}, renew: async () => {} };

export async function openCrowd(database: TestDatabase): Promise<Crowd> {
  const options = { applicationName: 'test-schedules', maxConnections: 4 };
  const [superuser, calm] = [
    openDatabase(database.superuserUrl, options),
    openDatabase(database.urlOf('office'), options),
  ];
  const clients = await Promise.all(
    Array.from({ length: CLIENTS }, (_, at) => openFaultyClient(database, superuser, `client-${at}`)),
  );
  return {
    async run(seed) {
      const schedule = scheduleOf(seed);
      try {
        await runSchedule(schedule, clients, calm);
      } catch (error) {
        throw new Error(
          `Schedule ${seed} (UNITRAIL_TEST_SEED=${seed} UNITRAIL_SCHEDULES=1): ${(error as Error).message}`,
          { cause: error },
        );
      }
    },
    async close() {
      await Promise.all(clients.map((client) => client.close()));
      await Promise.all([superuser.destroy(), calm.destroy()]);
    },
  };
}

async function runSchedule(
  schedule: Schedule,
  clients: readonly FaultyClient[],
  calm: Database,
): Promise<void> {
  const told: Told = new Map();
  const ended = await Promise.allSettled(
    schedule.programs.map((program, at) => runProgram(program, clients[at]!, `${schedule.seed}-${at}`, told)),
  );
  const failure = ended.find(({ status }) => status === 'rejected') as PromiseRejectedResult | undefined;
  if (failure) throw failure.reason;
  for (const batch of schedule.batches) await claimRest(calm, batch, told);
  checkTold(told, schedule);
  await checkBalance(calm, schedule.batches);
}

async function runProgram(
  { batch, acts }: Program,
  client: FaultyClient,
  name: string,
  told: Told,
): Promise<void> {
  for (const [at, act] of acts.entries()) {
    client.failAt(act.failAt);
    if (at === 0) await untilAnswered(() => openPlanned(client.db, batch));
    await untilAnswered(async () => {
      if (act.does === 'claim') return note(told, batch, await claimed(client.db, batch, act));
      return decide(client.db, batch, { ...act, key: `decision/${name}-${at}` });
    });
  }
  client.failAt(null);
}

function claimed(db: Database, batch: PlannedBatch, range: { from: number; to: number }) {
  return claimBatchUnits({ db, watermark }, batch.id, range);
}

/** As Temporal does: whatever may go better the next time is asked again. */
async function untilAnswered(ask: () => Promise<void>): Promise<void> {
  for (let repeat = 1; ; repeat += 1) {
    try {
      return await ask();
    } catch (error) {
      const mayPass = error instanceof UnitrailError && error.reaction === 'retry';
      if (!mayPass || repeat === MOST_REPEATS) throw error;
    }
  }
}

/** What the unit's state or the order's quantity does not allow is refused: also an answer. */
const refusals: readonly unknown[] = ['UT001', 'UT008'];

async function decide(
  db: Database,
  batch: PlannedBatch,
  { index, type, key }: { index: number; type: string; key: string },
): Promise<void> {
  const unit = await mapped(db('units').where({ batch_id: batch.id, batch_index: index }).first('id'));
  if (!unit) return;
  const body = canonicalJson({ by: '17', reason: 'by schedule' });
  try {
    await mapped(db.raw('select append_event(?, ?, ?, ?)', [`unit:${unit.id}`, type, key, body]));
  } catch (error) {
    if (!(error instanceof UnitrailError) || !refusals.includes(error.detail.sqlState)) throw error;
  }
}

function note(told: Told, batch: PlannedBatch, units: readonly ClaimedUnit[]): void {
  for (const { index, serial } of units) {
    const key = `${batch.id}/${index}`;
    told.set(key, (told.get(key) ?? new Set()).add(serial));
  }
}

/** Nobody fails any more: each batch gets what it was opened for. */
async function claimRest(calm: Database, batch: PlannedBatch, told: Told): Promise<void> {
  await openPlanned(calm, batch);
  note(told, batch, await claimed(calm, batch, { from: 1, to: batch.quantity }));
}

/** One serial for each unit, whoever asked and how often; one unit for each serial. */
function checkTold(told: Told, { batches }: Schedule): void {
  const units = batches.reduce((sum, { quantity }) => sum + quantity, 0);
  const serials = [...told.values()].flatMap((answers) => [...answers]);
  if (told.size !== units) throw new Error(`${told.size} of ${units} units were claimed`);
  if (serials.length !== units) throw new Error(`${units} units were told ${serials.join(', ')}`);
  if (new Set(serials).size !== units) throw new Error(`two units have one of ${serials.join(', ')}`);
}

async function checkBalance(db: Database, batches: readonly PlannedBatch[]): Promise<void> {
  for (const { id } of batches) {
    const culprits = (await blockLedgers(db, { batch: id })).flatMap(culpritsOf);
    if (culprits.length > 0) throw new Error(culprits.map(culpritText).join('; '));
  }
}
