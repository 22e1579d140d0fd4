import { batchWorkflowId } from '../../domain/workflow-ids';
import { desk } from '../support/in-browser';
import { newOrder } from '../support/line';
import { isHeld } from '../support/line-units';
import { linkOf } from '../support/printed-links';

/** All of them on one fixture that is bad until it is replaced. They come to it while the planner is at the form. */
const forty = newOrder({ quantity: 40 });

const inBrowser = desk(async (line) => {
  const { batch } = forty;
  await line.faults({ do: 'measure', fault: 'outOfLimits', name: 'vcc_3v3', batch, times: 1_000 });
  await line.startBatch(forty);
});

describe('a planner at the Start Workflow form', () => {
  const order = newOrder({ quantity: 2 });

  inBrowser(
    'starts a batch by the printed link, and reads how far it is and how it ended',
    async ({ line, ui }) => {
      const form = await linkOf(line, 'Start', 'a batch by form');
      await ui.startByForm(form, { id: batchWorkflowId(order.batch), json: order });
      await ui.showsStatus('Completed');
      expect(await ui.detailsOnce(/Ended/)).toMatch(new RegExp(`Batch ${order.batch}[^]*2 of 2 ready`));
      await ui.screenshot('details-batch');
      const units = await line.shipped(order.batch);
      expect(units.map(({ state }) => state)).toEqual(['Shipped', 'Shipped']);
    },
  );

  inBrowser('reads which field of a wrong order is not allowed, and what would be', async ({ line, ui }) => {
    const wrong = newOrder({ destination: 'Germany' });
    const form = await linkOf(line, 'Start', 'a batch by form');
    await ui.startByForm(form, { id: batchWorkflowId(wrong.batch), json: wrong });
    await ui.showsStatus('Failed');
    const result = await ui.resultShown();
    await ui.screenshot('wrong-order');
    // As the box sets out text: as JSON, in lines.
    expect(result.replaceAll('\\"', '"')).toContain(
      'destination: "Germany" is not allowed; a country by ISO 3166-1 alpha-2, such as DE',
    );
    // Its quotation marks become those of print.
    await ui.detailsOnce(/The batch was not opened[^]*destination: .Germany. is not allowed; a country/);
    expect(await line.units(wrong.batch)).toEqual([]);
  });
});

describe('an engineer with forty units on one bad fixture', () => {
  const decision = { action: 'retry', by: '17', note: 'replaced the fixture', batch: forty.batch };

  inBrowser('sends all of them on by one form, and reads what came of it', async ({ line, ui }) => {
    const held = await line.waitFor(forty.batch, (units) => units.length === 40 && units.every(isHeld));
    await line.faults();
    const form = await linkOf(line, 'Start', 'units resolved by form');
    await ui.startByForm(form, { id: 'resolve-fixture', json: decision });
    await ui.showsStatus('Completed');
    const details = await ui.detailsOnce(/40 done, 0 refused, 0 not reached/);
    await ui.screenshot('details-resolved');
    expect(held.filter(({ serial }) => !details.includes(serial))).toEqual([]);
  });

  inBrowser('reads what a form without a selection lacks', async ({ line, ui }) => {
    const form = await linkOf(line, 'Start', 'units resolved by form');
    await ui.startByForm(form, { id: 'resolve-everything', json: { action: 'retry', by: '17' } });
    await ui.showsStatus('Failed');
    expect(await ui.resultShown()).toContain('nothing is done to every unit');
  });

  inBrowser('has shipped all of them, each with the decision on record', async ({ line }) => {
    for (const unit of await line.shipped(forty.batch)) {
      expect(unit.state).toBe('Shipped');
      expect(await line.facts(unit, 'retried')).toMatchObject([{ by: '17', note: 'replaced the fixture' }]);
    }
  });
});

inBrowser('the auditor finds every promise kept', ({ line }) => line.audit());
