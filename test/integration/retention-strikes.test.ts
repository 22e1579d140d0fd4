import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { handOutExport } from '../../activities/hand-out-export';
import { makeExport } from '../../activities/make-export';
import { removeErased } from '../../activities/remove-erased';
import { capsuleFiles, findCapsule } from '../../adapters/postgres/capsules';
import { listDeliveries } from '../../adapters/postgres/deliveries';
import { exportFiles, findExport, openExport } from '../../adapters/postgres/exports';
import {
  approveRetention,
  erasableCapsules,
  eraseCapsule,
  eraseNames,
  retentionInForce,
} from '../../adapters/postgres/retention';
import { audit } from '../../tools/audit/audit';
import { endEmpty, moveRun, planRun, storePath } from '../support/capsule-run';
import type { Interference } from '../support/database-proxy';
import { asOf, shipBatch, testLook } from '../support/exports';
import { applyPolicy } from '../support/retention';
import { applySmallPlant } from '../support/shop-floor';
import { openStruckRetention, tried, type StruckRetention } from '../support/struck-retention';

/** Each statement that exports (step 1) and erases (step 6) in a run of retention loses its connection once. */
const struck = [
  ...['open_export', 'export_made', 'begin_delivery', 'end_delivery'],
  ...['erase_capsule', 'erase_contents', 'contents_to_remove', 'contents_removed', 'erase_names'],
];

let scene: StruckRetention;
let { database, proxy, floor, office, retention, home, deps } = {} as StruckRetention;
const leaving = ['31', '41', '43'];
let uneventful: Round;

beforeAll(async () => {
  scene = await openStruckRetention();
  ({ database, proxy, floor, office, retention, home, deps } = scene);
  const operators = ['17', '23', ...leaving].map((number) => [number, `Person ${number}`]);
  await applySmallPlant(floor, { operators: Object.fromEntries(operators) as Record<string, string> });
  await applyPolicy(floor, { archiveYears: -1, operatorNamesMonths: 0 });
  const { version } = await retentionInForce(floor.as('desk'));
  for (const by of ['17', '23']) await approveRetention(floor.as('desk'), version, by);
  uneventful = await round();
});
afterAll(() => scene?.close());

/**
 * `before`: nothing is done. `after`: all is done, in a transaction its end as well, and nobody hears of it. What is in one
 * transaction with another one is struck with it.
 */
function strikeEachOnce(when: Interference['when']): Set<string> {
  const done = new Set<string>();
  const inTransactions = new Map<number, string[]>();
  proxy.interfere = ({ sql, connection }) => {
    const calls = struck.filter((name) => sql.includes(`${name}(`) && !done.has(name));
    const inside = inTransactions.get(connection);
    if (/^begin/i.test(sql)) inTransactions.set(connection, []);
    if (/^(commit|rollback)/i.test(sql)) inTransactions.delete(connection);
    if (/^commit/i.test(sql)) calls.push(...(inside ?? []));
    else if (when === 'after' && inside) inside.push(...calls.splice(0));
    for (const name of calls) done.add(name);
    return calls.length > 0 ? { when, then: 'cut' } : null;
  };
  return done;
}

/** What is left of a round, by names that every round has. */
interface Round {
  readonly export: object;
  readonly capsule: object;
  readonly events: Readonly<Record<string, readonly string[]>>;
  readonly contents: { readonly decided: number; readonly removed: number };
  readonly names: object;
}

/** Units ship, are exported, move, and are at the end of their archive; a person has left. */
async function round(): Promise<Round> {
  const { units } = await shipBatch(floor, 2);
  const ids = units.map(({ unitId }) => unitId);
  const sealed = await floor.as('desk')('records').whereIn('unit_id', ids).pluck<string[]>('body');
  const leaver = leaving.shift()!;
  await floor.as('desk').raw('select note_operators(?)', [['17', '23', ...leaving]]);
  const exported = await exportAll();
  const { run, capsules } = await planRun(office);
  const capsule = capsules[0]!;
  await moveRun(deps, retention, { run, capsules });
  expect((await linesOf(capsule)).sort()).toEqual(sealed.sort());
  const erased = await eraseAll(run);
  await endEmpty(office, run);
  const contents = await office('erased_contents').where({ run_id: run.id }).select('removed_at as at');
  const streams = { exported: `export:${exported}`, run: `retention:${run.id}` };
  const told = Object.entries(streams).map(async ([what, of]) => [what, await typesOf(of)] as const);
  return {
    export: { ...(await ofExport(exported)), files: await keptOf(await exportFiles(office, exported)) },
    capsule: { ...(await ofCapsule(capsule)), files: await keptOf(await capsuleFiles(office, capsule)) },
    events: Object.fromEntries(await Promise.all(told)),
    contents: { decided: contents.length, removed: contents.filter(({ at }) => at !== null).length },
    names: { erased, isGone: await hasNoName(leaver) },
  };
}

/** As the activities of an export do it; its id. */
async function exportAll(): Promise<string> {
  const request = { request: `before-${leaving.length}`, asOf, look: testLook() };
  const id = (await tried(() => openExport(office, 'acme', request)))!;
  await tried(() => makeExport(deps, id));
  await tried(() => handOutExport(deps, id, join(home, 'out', id)));
  return id;
}

/** How many names went. */
async function eraseAll(run: { id: string; asOf: Date }): Promise<number> {
  const { capsules } = await erasableCapsules(office, new Date(), 10);
  for (const { capsule } of capsules) await tried(() => eraseCapsule(retention, capsule, run.id));
  await tried(() => removeErased({ retentionDb: retention, store: deps.store }, run.id));
  return tried(() => eraseNames(retention, run.id));
}

async function linesOf(capsule: string): Promise<string[]> {
  const { sha256 } = (await capsuleFiles(office, capsule)).find(({ role }) => role === 'records')!;
  return (await readFile(storePath(home, sha256), 'utf8')).trimEnd().split('\n');
}

const typesOf = (stream: string): Promise<string[]> =>
  office('unit_events').where({ stream }).orderBy('seq').pluck<string[]>('type');

async function ofExport(id: string): Promise<object> {
  const { state, counts } = await findExport(office, id);
  return { state, counts, at: (await readdir(join(home, 'out', id))).map(nameless).sort() };
}

async function ofCapsule(id: string): Promise<object> {
  const { state, units } = (await findCapsule(office, id))!;
  return { state, units };
}

const nameless = (name: string): string => name.replace(/\d{6}/, 'N');

/** Whether the store has them still. */
async function keptOf(files: readonly { name: string; sha256: string }[]): Promise<Record<string, boolean>> {
  return Object.fromEntries(
    files.map(({ name, sha256 }) => [nameless(name), existsSync(storePath(home, sha256))]),
  );
}

async function hasNoName(number: string): Promise<boolean> {
  const person = await office('operators').where({ number }).first('name', 'erased_at as at');
  return person.name === null && person.at !== null;
}

test('a round of exporting and erasing has something to do at each statement', () => {
  expect(uneventful).toMatchObject({
    export: { state: 'delivered', counts: { units: 2 } },
    capsule: { state: 'erased', units: 2, files: { 'records.jsonl': false, 'index.html': true } },
    names: { erased: 1, isGone: true },
  });
  expect(uneventful.contents.removed).toBe(uneventful.contents.decided);
  expect(uneventful.contents.removed).toBeGreaterThan(5);
});

/** Tries of a delivery stay on record, as `export list` shows them. */
const tries = {
  before: ['failed', 'delivered'],
  after: [null, 'delivered', 'delivered'],
};

test.each(['before', 'after'] as const)(
  'where each statement that exports or erases loses its connection right %s it was done, the next try goes on, and all is as if nothing had been',
  async (when) => {
    const done = strikeEachOnce(when);
    const left = await round();
    proxy.interfere = () => null;
    expect([...done].sort()).toEqual([...struck].sort());
    expect(left).toEqual(uneventful);
    const [newest] = await office('exports').orderBy('number', 'desc').limit(1).pluck<string[]>('id');
    const outcomes = (await listDeliveries(office, [newest!])).map(({ outcome }) => outcome);
    expect(outcomes).toEqual(tries[when]);
    const report = await audit(database.urlOf('auditor'), { store: join(home, 'store') });
    expect(report.violations).toEqual([]);
    expect(await readdir(join(home, 'work'))).toEqual([]);
  },
);
