import { batchWorkflowId } from '../../domain/workflow-ids';
import { desk } from '../support/in-browser';
import { newOrder } from '../support/line';
import { linkOf } from '../support/printed-links';

const inBrowser = desk(async () => {});

describe('a planner at the Start Workflow form', () => {
  const order = newOrder({ quantity: 2 });

  inBrowser(
    'starts a batch by the printed link, and reads how far it is and how it ended',
    async ({ line, ui }) => {
      const form = await linkOf(line, 'Start', 'a batch by form');
      await ui.startByForm(form, { id: batchWorkflowId(order.batch), json: order });
      await ui.showsStatus('Completed');
      expect(await ui.detailsOnce(/Ended/)).toMatch(new RegExp(`Batch ${order.batch}[^]*2 ReadyToShip`));
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
    expect(await line.units(wrong.batch)).toEqual([]);
  });
});

inBrowser('the auditor finds every promise kept', ({ line }) => line.audit());
