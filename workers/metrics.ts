import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import { heldAges, type MetricRows } from '../adapters/postgres/metric-queries';
import { reactions, reactionTo } from '../domain/errors';
import type { Logger } from './log';
import type { ActivityCall, ActivityMeter } from './measure-activities';

const pageCodes = Object.keys(reactions).filter((code) => reactionTo(code) === 'page');

/** From a database call to the slowest flash. */
const secondsBuckets = [0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 60, 120, 300];
const attemptBuckets = [1, 2, 3, 5, 10, 30];
/** However often a monitor asks, the database is asked once in this time. */
const READ_EVERY_MS = 15_000;

export interface Metrics {
  /** In Prometheus's text format, with figures that are at most 15 s old. */
  text(): Promise<string>;
  readonly contentType: string;
  readonly meter: ActivityMeter;
  /** Contents that the search for bit rot has mended. */
  readonly mended: (contents: number) => void;
  /** Contents that were erased, brought back, and removed again by it. */
  readonly removed: (contents: number) => void;
  /** Only the office has what these come from. */
  readFrom(read: () => Promise<MetricRows>, log: Logger): void;
}

/** One registry a process. Labels are of closed lists, stations and error codes: never a serial, batch or buyer. */
export function createMetrics(): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  let refresh = async (): Promise<void> => {};
  return {
    text: async () => {
      await refresh();
      return registry.metrics();
    },
    contentType: registry.contentType,
    meter: createMeter(registry),
    mended: countContents(
      registry,
      'unitrail_store_mended_total',
      'Contents that were damaged or missing in one place and were mended from the other. A disk or a server rots.',
    ),
    removed: countContents(
      registry,
      'unitrail_store_removed_total',
      'Contents that were erased, that somebody had brought back, and that the search for bit rot has removed again.',
    ),
    readFrom: (read, log) => void (refresh = addDatabaseGauges(registry, read, log)),
  };
}

function countContents(registry: Registry, name: string, help: string): (contents: number) => void {
  const counter = new Counter({ name, help, registers: [registry] });
  return (contents) => counter.inc(contents);
}

function createMeter(registry: Registry): ActivityMeter {
  const registers = [registry];
  const duration = new Histogram({
    name: 'unitrail_activity_duration_seconds',
    help: 'One call of an activity, from its start to its end. A step of a unit is one to three activities.',
    labelNames: ['activity', 'step', 'outcome'],
    buckets: secondsBuckets,
    registers,
  });
  const attempts = new Histogram({
    name: 'unitrail_activity_attempts',
    help: 'How many tries it took until an activity was done.',
    labelNames: ['activity', 'step'],
    buckets: attemptBuckets,
    registers,
  });
  const failures = new Counter({
    name: 'unitrail_activity_failures_total',
    help: 'Calls of activities that failed, by error code and by what it leads to (reaction). "wait" is no fault.',
    labelNames: ['activity', 'step', 'code', 'reaction'],
    registers,
  });
  const broken = new Counter({
    name: 'unitrail_promises_broken_total',
    help: 'Failures that say that a promise of the system is broken. Somebody has to look at once.',
    labelNames: ['code'],
    registers,
  });
  // There from the start: a rule sees a counter that rises, and not one that is born with its first failure.
  for (const code of pageCodes) broken.inc({ code }, 0);
  return {
    ended({ activity, seconds, attempt, failure }: ActivityCall) {
      const labels = { activity, step: stepOf[activity] ?? 'none' };
      const outcome = failure === null ? 'done' : failure.reaction === 'wait' ? 'wait' : 'failed';
      duration.observe({ ...labels, outcome }, seconds);
      if (failure === null) attempts.observe(labels, attempt);
      else failures.inc({ ...labels, ...failure });
      if (failure?.reaction === 'page') broken.inc({ code: failure.code });
    },
  };
}

/** What an activity is done for. Those that are of no step are of all. */
const stepOf: Readonly<Record<string, string>> = {
  assign: 'assign',
  flash: 'flash',
  test: 'test',
  readCsr: 'provision',
  issueCertificate: 'provision',
  installCertificate: 'provision',
  printLabel: 'label',
  verifyLabel: 'label',
  checkQuality: 'qc',
  pack: 'ship',
  closeShipment: 'ship',
};

function addDatabaseGauges(
  registry: Registry,
  read: () => Promise<MetricRows>,
  log: Logger,
): () => Promise<void> {
  const gauge = <Label extends string>(name: string, help: string, labelNames: Label[] = []) =>
    new Gauge({ name, help, labelNames, registers: [registry] });
  const units = gauge('unitrail_units', 'Units that have not ended, by state and step.', ['state', 'step']);
  const held = gauge('unitrail_held_units', 'Units that wait for a person, by failure code and age.', [
    'code',
    'age',
  ]);
  const oldest = gauge('unitrail_held_oldest_seconds', 'How long the unit that is held longest has waited.');
  const slots = gauge('unitrail_station_slots', 'Slots of stations: free, leased or uncleared.', [
    'station',
    'state',
  ]);
  const notices = gauge('unitrail_notices_undelivered', 'Notices that the webhook has not taken yet.');
  const exports = gauge('unitrail_exports_undelivered', 'Exports that their buyers have not got yet.');
  const oldestExport = gauge(
    'unitrail_export_oldest_undelivered_seconds',
    'How long the oldest of them has been due.',
  );
  const waiting = gauge('unitrail_log_waiting', 'What has no place in the transparency log yet.');
  const refused = gauge(
    'unitrail_log_refused',
    'What gets no place in the log, because it is not what was queued for it.',
  );
  const checkpoint = gauge(
    'unitrail_log_checkpoint_age_seconds',
    'How old the newest checkpoint of the log is.',
  );
  const blocked = gauge(
    'unitrail_retention_blocked_buyers',
    'Buyers of whom the newest retention run moved nothing, because they have not got all of it.',
  );
  const clockDoubted = gauge(
    'unitrail_retention_clock_doubted',
    '1 where the newest retention run moved and erased nothing, because its clock is not trusted.',
  );
  const unmoved = gauge(
    'unitrail_retention_unmoved_capsules',
    'Capsules that are planned or made, and not moved.',
  );
  const oldestUnmoved = gauge(
    'unitrail_retention_oldest_unmoved_seconds',
    'How long ago the oldest of them was planned.',
  );
  const givenUp = gauge(
    'unitrail_retention_given_up_capsules',
    'Capsules that were given up in the last seven days.',
  );
  const readAt = gauge('unitrail_database_read_timestamp_seconds', 'When these figures were read last.');
  const isUp = gauge('unitrail_database_up', '1 where the last reading of these figures succeeded.');
  const write = (rows: MetricRows): void => {
    for (const one of [units, held, slots]) one.reset();
    for (const { count, ...labels } of rows.units) units.set(labels, count);
    for (const { count, ...labels } of rows.held) held.set(labels, count);
    if (rows.held.length === 0) heldAges.forEach((age) => held.set({ code: 'none', age }, 0));
    for (const { count, ...labels } of rows.slots) slots.set(labels, count);
    oldest.set(rows.oldestHeldSeconds);
    notices.set(rows.undeliveredNotices);
    exports.set(rows.exports.undelivered);
    oldestExport.set(rows.exports.oldestSeconds);
    waiting.set(rows.log.waiting);
    refused.set(rows.log.refused);
    checkpoint.set(rows.log.checkpointSeconds);
    blocked.set(rows.retention.blockedBuyers);
    clockDoubted.set(rows.retention.clockDoubted);
    unmoved.set(rows.retention.unmovedCapsules);
    oldestUnmoved.set(rows.retention.oldestSeconds);
    givenUp.set(rows.retention.givenUpCapsules);
    readAt.setToCurrentTime();
  };
  return reading(async () => {
    try {
      write(await read());
      isUp.set(1);
    } catch (error) {
      isUp.set(0);
      log.warn(
        { error: error instanceof Error ? error.message : String(error) },
        'The figures for the monitor could not be read.',
      );
    }
  });
}

/** Two monitors that ask at once share one reading. */
function reading(read: () => Promise<void>): () => Promise<void> {
  let [last, startedAt] = [Promise.resolve(), -Infinity];
  return () => {
    if (performance.now() - startedAt < READ_EVERY_MS) return last;
    startedAt = performance.now();
    return (last = read());
  };
}
