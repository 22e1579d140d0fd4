import { WorkflowUpdateFailedError } from '@temporalio/client';
import { DatabaseProxy, type Interference } from '../support/database-proxy';
import { durableStatement, statementsOfBatch, statementsOfUnit } from '../support/durable-statements';
import { newOrder, startTestLine, type TestLine } from '../support/line';
import { isHeld, isOver, until } from '../support/line-units';

let proxy: DatabaseProxy;
let line: TestLine;

beforeAll(async () => {
  proxy = await DatabaseProxy.before(process.env.UNITRAIL_TEST_OWNER_URL!);
  line = await startTestLine({ through: (url) => proxy.urlFor(url) });
});

afterAll(async () => {
  await line?.stop();
  await proxy?.close();
});

/** Each unit that comes along loses its worker at another commit, once; the office dies at each of its own, once. */
function killEachOnce(when: Interference['when']): {
  readonly ofUnits: Set<string>;
  readonly ofOffice: Set<string>;
} {
  const struck = { ofUnits: new Set<string>(), ofOffice: new Set<string>() };
  const order = new Map<string, number>();
  proxy.interfere = (statement) => {
    const durable = durableStatement(statement);
    if (!durable) return null;
    const { unitId, what } = durable;
    if (unitId !== null && !order.has(unitId)) order.set(unitId, order.size);
    const strikes = unitId === null || statementsOfUnit[order.get(unitId)!] === what;
    const before = unitId === null ? struck.ofOffice : struck.ofUnits;
    if (!strikes || before.has(what)) return null;
    before.add(what);
    return { when, then: 'cut' };
  };
  return struck;
}

test.each([
  ['right after a commit, whose answer it never sees,', 'after'],
  ['right before a commit, when the act is done,', 'before'],
] as const)(
  'a worker that dies %s leaves the unit so that the next one ends it, nothing twice',
  async (_where, when) => {
    const struck = killEachOnce(when);
    const { batch } = await line.startBatch({ quantity: statementsOfUnit.length });
    const units = await line.shipped(batch);
    expect([...struck.ofUnits].sort()).toEqual([...statementsOfUnit].sort());
    expect([...struck.ofOffice]).toEqual(expect.arrayContaining([...statementsOfBatch]));
    expect(units.map(({ state }) => state)).toEqual(statementsOfUnit.map(() => 'Shipped'));
    for (const unit of units) {
      expect(await line.facts(unit, 'certificateIssued')).toHaveLength(1);
      expect(await line.labels(unit)).toEqual([`${unit.serial}/${unit.labelPrint}`]);
    }
    const all = await line.units();
    expect(new Set(all.map(({ serial }) => serial)).size).toBe(all.length);
    expect(await line.certificates()).toHaveLength(all.length);
    await line.audit();
  },
);

test('an engineer whose word comes while the answer to the hold is lost is heard all the same', async () => {
  const order = newOrder({ quantity: 1 });
  await line.faults({ do: 'measure', fault: 'outOfLimits', batch: order.batch });
  let cuts = 0;
  proxy.interfere = (statement) => {
    if (durableStatement(statement)?.what !== 'held' || (cuts += 1) > 1) return null;
    return { when: 'after', then: 'cut' };
  };
  await line.startBatch(order);
  const held = await line.held(order.batch);
  expect(await line.send(held, 'retryStep', { by: '17' })).toMatchObject({ state: 'InProgress', attempt: 2 });
  const [unit] = await line.shipped(order.batch);
  expect(cuts).toBe(1);
  expect((await line.events(unit!)).filter(({ type }) => type === 'held')).toHaveLength(1);
  await line.audit();
});

test('a bench that is killed in the middle of a batch and comes back costs tries, and nothing else', async () => {
  proxy.interfere = () => null;
  const { batch } = await line.startBatch({ quantity: 8 });
  await line.waitFor(batch, (units) => units.some(({ step }) => step === 'provision'));
  await line.bench.kill('SIGKILL');
  await line.bench.restart();
  expect(await until(() => sentOn(batch))).toBe(true);
  const units = await line.units(batch);
  expect(units.map(({ state }) => state)).toEqual(Array(8).fill('Shipped'));
  for (const unit of units) expect(await line.labels(unit)).toEqual([`${unit.serial}/${unit.labelPrint}`]);
  await line.audit();
});

/** True once all have ended. A bench that is away for longer than a step is repeated leaves its units to an engineer, who sends them on. */
async function sentOn(batch: string): Promise<boolean> {
  const units = await line.units(batch);
  for (const unit of units.filter(isHeld))
    await line.send(unit, 'retryStep', { by: '17' }).catch(onlyRefused);
  return units.length > 0 && units.every(isOver);
}

/** Its station took it up in the same moment. */
function onlyRefused(error: unknown): void {
  if (!(error instanceof WorkflowUpdateFailedError)) throw error;
}
