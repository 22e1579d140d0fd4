import { randomInt } from 'node:crypto';
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fixedLogins } from '../../adapters/postgres/logins';
import { openDatabase } from '../../adapters/postgres/database';
import { joinStack } from '../../adapters/stack/stack';
import { audit } from '../../tools/audit/audit';
import type { Report } from '../../tools/export-verifier/report';
import { DemoRun, processesOf } from '../support/demo-run';

const quantity = 24;
const seed = Number(process.env.UNITRAIL_TEST_SEED ?? randomInt(1_000_000));
/** Somewhere in the middle: between the first unit that is ready and the last third. */
const moment = { ready: 1 + (seed % 12), laterMs: seed % 400 };

let folder: string;
let home: string;
let runs: DemoRun[];

beforeAll(async () => {
  process.stderr.write(`seed ${seed}: kill -9 at ${moment.ready} ready units and ${moment.laterMs} ms\n`);
  folder = await realpath(await mkdtemp(join(tmpdir(), 'unitrail-kill-')));
  home = join(folder, 'home');
  runs = [];
});

afterAll(async () => {
  for (const run of runs) await run.stop();
  await rm(folder, { recursive: true, force: true });
});

function demo(...args: string[]): DemoRun {
  const run = DemoRun.start(home, ...args);
  runs.push(run);
  return run;
}

interface Told {
  readonly batch: string;
  readonly units: readonly { readonly serial: string; readonly state: string }[];
  readonly export: { readonly report: Report } | null;
}

const toldBy = (run: DemoRun): Told => JSON.parse(run.out) as Told;

test('kill -9 of the whole demo in the middle of its batch leaves no process behind that works on', async () => {
  const run = demo('--quantity', String(quantity));
  await run.untilReady(moment.ready);
  await sleep(moment.laterMs);
  await run.killAll();
  expect(run.ready).toBeLessThan(quantity);
  expect(await processesOf(home)).toEqual([]);
});

test('the next start goes on with the batch; Ctrl-C in its middle ends it in order, with 130 and no process left', async () => {
  const run = demo();
  await run.untilReady(Math.max(moment.ready + 2, 14));
  run.interrupt();
  expect(await run.ended()).toBe(130);
  expect(run.err).toContain('Batch DEMO-001 goes on where it stopped');
  expect(await processesOf(home)).toEqual([]);
});

test('the start after that ends the batch: every unit ships once', async () => {
  const run = demo('--bench-speed', 'fast');
  expect(await run.ended()).toBe(0);
  const { batch, units } = toldBy(run);
  expect(batch).toBe('DEMO-001');
  expect(units.map(({ state }) => state)).toEqual(Array(quantity).fill('Shipped'));
  expect(await processesOf(home)).toEqual([]);
});

test('one more start is a new batch with new serials', async () => {
  const run = demo('--quantity', '2', '--bench-speed', 'fast');
  expect(await run.ended()).toBe(0);
  const { batch, units } = toldBy(run);
  expect(batch).toBe('DEMO-002');
  expect(units.map(({ state }) => state)).toEqual(['Shipped', 'Shipped']);
  // Those of both batches lie in the buyer's folder, and verify together.
  const { ok, sets } = toldBy(run).export!.report;
  expect(ok).toBe(true);
  expect(sets.map((set) => [set.export, set.units])).toEqual([
    ['acme-000001', quantity],
    ['acme-000002', 2],
  ]);
  const before = toldBy(runs.at(-2)!).units.map(({ serial }) => serial);
  expect(before.filter((serial) => units.some((unit) => unit.serial === serial))).toEqual([]);
});

test('no serial was used twice, each unit has one certificate and one label on record, and the audit verifies', async () => {
  const stack = await joinStack({ home, say: () => {} });
  try {
    const url = await stack.loginUrl(fixedLogins.auditor.name);
    const db = openDatabase(url, { applicationName: 'test-kill', maxConnections: 1 });
    const serials = await db('identifiers').where({ kind: 'serial' }).pluck<string[]>('value');
    const issued = await db('unit_events').where({ type: 'certificateIssued' }).pluck<string[]>('stream');
    const shipped = await db('unit_events').where({ type: 'shipped' }).pluck<string[]>('stream');
    await db.destroy();
    for (const once of [serials, issued, shipped]) {
      expect(once).toHaveLength(quantity + 2);
      expect(new Set(once).size).toBe(quantity + 2);
    }
    expect((await audit(url)).violations).toEqual([]);
  } finally {
    await stack.leave();
  }
});
