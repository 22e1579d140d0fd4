import type { FaultEntry } from '../../domain/bench-protocol';
import type { Order } from '../../domain/order-document';
import { unitWorkflowId } from '../../domain/workflow-ids';
import { desk } from '../support/in-browser';
import { newOrder, type TestLine } from '../support/line';
import { isHeld, until, type TestUnit } from '../support/line-units';
import { linkOf, printedLinks, type PrintedLink } from '../support/printed-links';

const failsTest = { do: 'measure', fault: 'outOfLimits', name: 'vcc_3v3', index: 1 } as const;
/** More often than a step is repeated. */
const refuses = (action: FaultEntry['do'], index: number): FaultEntry => ({
  do: action,
  fault: 'refuse',
  index,
  times: 3,
});

const orders: Order[] = [];
const faults: FaultEntry[] = [];

function plan(...planned: FaultEntry[]): Order {
  const order = newOrder({ quantity: Math.max(...planned.map(({ index }) => index!)) });
  orders.push(order);
  faults.push(...planned.map((fault) => ({ ...fault, batch: order.batch })));
  return order;
}

/** Its first retry fails as well. */
const retried = plan({ ...failsTest, times: 2 });
const reworked = plan(failsTest);
const scrapped = plan(failsTest);
/** Each stays held somewhere else. */
plan(
  refuses('writeImage', 1),
  refuses('createRequest', 2),
  { do: 'print', fault: 'printerForgets', printed: false, index: 3 },
  { do: 'print', fault: 'printLost', index: 4 },
);
const heldUnits = 7;

const inBrowser = desk(async (line) => {
  await line.faults(...faults);
  for (const order of orders) await line.startBatch(order);
});

const idOf = ({ serial }: TestUnit): string => unitWorkflowId(serial);

/** Where a held unit stands, once all that this file holds are held. */
async function allHeld(line: TestLine): Promise<TestUnit[]> {
  for (const { batch, quantity } of orders)
    await line.waitFor(batch, (units) => units.length === quantity && units.every(isHeld));
  return line.units();
}

describe('the links that `unitrail links` prints', () => {
  /** What each of them promises to show, said of the units' rows. */
  const promises: Record<string, (unit: TestUnit, name: string) => boolean> = {
    Units: (_, name) => name !== 'on hold',
    'Held, by batch (newest)': ({ batch }, name) => batch === name,
    'Held, by step': ({ step }, name) => step === name,
    'Held, by cause': ({ failureCode }, name) => failureCode === name,
    'Held, by station': ({ step }, name) =>
      (['flash', 'test', 'provision'].includes(step) ? 'line-1' : 'label-1') === name,
  };

  inBrowser('show the held units that they name, and no other', async ({ line, ui }) => {
    const units = await allHeld(line);
    expect(units).toHaveLength(heldUnits);
    const links = (await printedLinks(line)).filter(({ topic }) => promises[topic]);
    const expectedOf = ({ topic, name }: PrintedLink): string[] =>
      units
        .filter((unit) => promises[topic]!(unit, name))
        .map(idOf)
        .sort();
    for (const topic of Object.keys(promises)) {
      const ofTopic = links.filter((one) => one.topic === topic);
      // The server is asked by each of them, the browser opens one that shows something.
      for (const one of ofTopic) {
        const ids = await foundOnce(line, one.url, expectedOf(one));
        expect({ ...one, found: ids }).toEqual({ ...one, found: expectedOf(one) });
      }
      const opened = ofTopic.find((one) => expectedOf(one).length > 0)!;
      const listed = await ui.listedOnce(opened.url, expectedOf(opened));
      expect({ ...opened, listed }).toEqual({ ...opened, listed: expectedOf(opened) });
      await ui.screenshot(`list-${topic.replace(/\W+/g, '-').toLowerCase()}`);
    }
  });
});

/** The list comes a little later than the row: asked again until it is so, or for long enough. */
async function foundOnce(line: TestLine, url: string, expected: readonly string[]): Promise<string[]> {
  let ids: string[] = [];
  await until(async () => (ids = await found(line, url)).join() === expected.join());
  return ids;
}

/** What the server answers to the query of a link. */
async function found(line: TestLine, url: string): Promise<string[]> {
  const ids: string[] = [];
  const query = new URL(url).searchParams.get('query')!;
  for await (const { workflowId } of line.client.workflow.list({ query })) ids.push(workflowId);
  return ids.sort();
}

describe('an engineer at the page of a held unit', () => {
  /** What a tired engineer has to find there without looking elsewhere. */
  const tells = (unit: TestUnit, attempt: number): Record<string, RegExp> => ({
    'which unit': new RegExp(unit.serial),
    'that it waits': /AwaitingEngineer/,
    'the steps that are done': /assign\b[^]*flash\b/,
    'the step that failed': /at step\s+test\b/,
    'the cause': /TEST_FAILED[^]*missed a limit: vcc_3v3 = 3\.9 \(3\.2 to 3\.4 V\)/,
    'the last output of the tool': /last lines of the tool’s output:[^]*vcc_3v3/,
    'how often it was tried': new RegExp(`attempt ${attempt}\\b`),
    'what to do': /Send an Update[^]*retryStep[^]*rework[^]*scrap/,
  });

  /** What failed before stands on the page while the next attempt runs. */
  const parked = (attempt: number): RegExp =>
    new RegExp(`AwaitingEngineer\\s+at step\\s+test[^]{0,20}attempt ${attempt}\\b`);

  function expectToTell(details: string, facts: Record<string, RegExp>): void {
    const missing = Object.keys(facts).filter((fact) => !facts[fact]!.test(details));
    expect({ missing, details }).toEqual({ missing: [], details });
  }

  inBrowser(
    'finds it by its link, retries it with an empty box, and sees what came of it',
    async ({ line, ui }) => {
      const unit = await line.held(retried.batch);
      const id = idOf(unit);
      await ui.listedOnce(await linkOf(line, 'Held, by batch (newest)', retried.batch), [id]);
      await ui.follow(id);
      expectToTell(await ui.detailsOnce(parked(1)), tells(unit, 1));
      await ui.screenshot('details-held');

      await ui.send('retryStep');
      expectToTell(await ui.detailsOnce(parked(2)), tells(unit, 2));

      await ui.send('retryStep', {
        ...(await ui.offeredJson('retryStep')),
        by: '17',
        note: 'replaced the supply',
      });
      await ui.showsStatus('Completed');
      expect(await ui.detailsOnce(/Shipped/)).toMatch(
        /assign\b[^]*flash\b[^]*test\b[^]*provision\b[^]*label\b[^]*qc\b/,
      );
      await ui.screenshot('details-shipped');
      expect(await line.facts(unit, 'retried')).toMatchObject([
        { by: 'unidentified', attempt: 1 },
        { by: '17', note: 'replaced the supply', attempt: 2 },
      ]);
    },
  );

  inBrowser('sends it back by the JSON that its details offer', async ({ line, ui }) => {
    const unit = await line.held(reworked.batch);
    await ui.openRun(idOf(unit));
    await ui.detailsOnce(/Send an Update/);
    const offered = await ui.offeredJson('rework');
    await ui.send('rework', { ...offered, by: '17', reason: 'replaced the regulator', step: 'flash' });
    await ui.showsStatus('Completed');
    expect(await line.facts(unit, 'reworked')).toMatchObject([
      { by: '17', reason: 'replaced the regulator', step: 'flash' },
    ]);
    expect(await line.facts(unit, 'flashed')).toHaveLength(2);
    expect(await line.unit(unit.serial)).toMatchObject({ state: 'Shipped' });
  });

  inBrowser(
    'is refused a scrap without a name, with what is missing, and scraps it by the offered JSON',
    async ({ line, ui }) => {
      const unit = await line.held(scrapped.batch);
      await ui.openRun(idOf(unit));
      await ui.detailsOnce(/Send an Update/);
      const offered = await ui.offeredJson('scrap');
      expect(await ui.sendInVain('scrap')).toBe('scrap needs {"by": operator number, "reason": text}');
      expect(await line.unit(unit.serial)).toEqual(unit);

      await ui.send('scrap', { ...offered, by: '17', reason: 'burnt' });
      await ui.showsStatus('Completed');
      expect(await ui.detailsOnce(/Scrapped/)).not.toMatch(/Send an Update/);
      expect(await line.facts(unit, 'scrapped')).toMatchObject([{ by: '17', reason: 'burnt' }]);
    },
  );
});

inBrowser('the auditor finds every promise kept', ({ line }) => line.audit());
