/**
 * The sequencer of the transparency log: leaves a second from documents that wait to a checkpoint outside the database, and the proofs
 * of all of them behind it.
 *
 *   npm run bench:log -- [--leaves 100000]
 *
 * Three times as many records wait, one after the other: the first, another behind them, and one of which each hundredth was changed.
 */
import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { readLogKey, type LogKey } from '../adapters/keys/log-key';
import { leafProofs } from '../adapters/log/leaf-proofs';
import { openLogFolder, type LogFolder } from '../adapters/log/log-folder';
import { sequenceLog } from '../adapters/log/sequence-log';
import type { Database } from '../adapters/postgres/database';
import type { Checkpoint } from '../domain/log-proof';
import { Interrupted, Interruption } from '../cli/interruption';
import { atSite, type Site } from './registry/site';
import { machineText } from './support/machine';
import { wholeNumber } from './support/options';
import { runBench, say, tell } from './support/printing';
import { processorTimes, usedBetween, type ProcessorTimes } from './support/processor-time';
import { table, type Cell } from './support/table';

const MAX_LEAVES = 10_000_000;
/** About what a sealed record has. */
const RECORD_BYTES = 2_000;
const CHANGED = 100;
const rounds = ['first', 'behind it', 'each 100th changed'] as const;

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { leaves: { type: 'string', default: '100000' } } });
  const leaves = wholeNumber('leaves', values.leaves, MAX_LEAVES);
  const interruption = new Interruption();
  const signal = interruption.takeOver(() => say('The server is being stopped'));
  const home = await mkdtemp(join(tmpdir(), 'unitrail-log-'));
  try {
    await atSite({ say, signal }, (site) => measureAll(site, leaves, home));
  } catch (error) {
    if (!(signal.reason instanceof Interrupted)) throw error;
    process.exitCode = signal.reason.exitCode;
  } finally {
    interruption.close();
    await rm(home, { recursive: true, force: true });
  }
}

async function measureAll(site: Site, leaves: number, home: string): Promise<void> {
  tell(
    `Machine   ${machineText()}\nSettings  Postgres ${site.postgresVersion} of its own, its defaults, and the log's folder on the same disk; records of ${RECORD_BYTES} bytes`,
  );
  const folder = openLogFolder(join(home, 'log'));
  const key = await keyIn(home);
  const rows: Cell[][] = [];
  for (const round of rounds) {
    await fill(site.superuser, leaves, round === 'each 100th changed' ? CHANGED : null);
    let checkpoint!: Checkpoint;
    rows.push(
      await timed(round, leaves, async () => {
        checkpoint = await sequenceLog({ db: site.office, folder, key });
      }),
    );
    if (round === 'first')
      rows.push(await timed('proofs', leaves, () => proveAll(site.office, folder, checkpoint)));
  }
  tell(table(['', 'leaves', 'seconds', 'leaves/s', 'processor s', 'of these Postgres'], rows));
}

async function keyIn(home: string): Promise<LogKey> {
  const { privateKey } = generateKeyPairSync('ed25519');
  const env = { BENCH_KEY: privateKey.export({ format: 'pem', type: 'pkcs8' }) as string };
  const manufacturer = {
    issuer: 'bench',
    name: 'Bench',
    companyPrefix: '061414112',
    logKey: 'env:BENCH_KEY',
  };
  return readLogKey({ env, manufacturer, home });
}

/** Records that wait for the log; triggers are off, for they were sealed by nobody. */
async function fill(superuser: Database, leaves: number, changedEach: number | null): Promise<void> {
  say(`${leaves} records wait`);
  await superuser.transaction(async (trx) => {
    await trx.raw('set local session_replication_role = replica');
    await trx.raw(
      `with sealed as (
         select gen_random_uuid() as unit_id, n, format('{"n":%s,"text":"%s"}', n, repeat(md5(n::text), ?)) as body from generate_series(1, ?) as n),
       kept as (
         insert into records (unit_id, serial, format, body, sha256)
         select unit_id, 'S' || unit_id, 'unitrail.record/1', body, encode(sha256(convert_to(body, 'UTF8')), 'hex') from sealed),
       queued as (
         insert into log_queue (format, stream, seq, sha256, salt)
         select 'unitrail.record/1', 'unit:' || unit_id, 20, encode(sha256(convert_to(case when n % ? = 0 then 'another' else body end, 'UTF8')), 'hex'), new_salt()
         from sealed returning id)
       insert into log_pending select id from queued`,
      [Math.floor(RECORD_BYTES / 32), leaves, changedEach ?? leaves + 1],
    );
  });
  await superuser.raw('analyze records, log_queue, log_pending');
}

/** In the order of their ids, which is none of the tree's. */
async function proveAll(db: Database, folder: LogFolder, checkpoint: Checkpoint): Promise<void> {
  const { rows } = await db.raw<{ rows: { unitId: string; serial: string }[] }>(
    'select unit_id as "unitId", serial from records order by unit_id',
  );
  let proven = 0;
  for await (const proof of leafProofs({ db, folder }, checkpoint, rows))
    proven += proof.path.length > 0 ? 1 : 0;
  if (proven !== rows.length) throw new Error(`${proven} of ${rows.length} records were proven`);
}

async function timed(name: string, leaves: number, work: () => Promise<void>): Promise<Cell[]> {
  const times = (): Promise<ProcessorTimes> => processorTimes('own', { postgres: 'unitrail-registry-' });
  const [before, start] = [await times(), performance.now()];
  await work();
  const seconds = (performance.now() - start) / 1_000;
  const used = usedBetween(before, await times());
  const [own, postgres] = [used.own! / 1_000, used.postgres! / 1_000];
  return [
    name,
    leaves,
    seconds.toFixed(1),
    (leaves / seconds).toFixed(0),
    (own + postgres).toFixed(1),
    postgres.toFixed(1),
  ];
}

runBench(main, 'bench/log');
