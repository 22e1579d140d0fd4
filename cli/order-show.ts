import type { Command } from 'commander';
import {
  batchesOfOrder,
  findOrder,
  type BatchSummary,
  type OrderStanding,
} from '../adapters/postgres/batch-queries';
import { jsonRow, type Column } from '../domain/columns';
import { UnitrailError } from '../domain/errors';
import { orderGroup } from './order-group';
import { printJson, printLine, printTable } from './output';
import type { ServerContext } from './server-context';

export function register(program: Command, context: ServerContext): void {
  orderGroup(program)
    .command('show')
    .description('What became of an order: ordered, building, in stock, shipped, outstanding.')
    .argument('<purchase order>')
    .action((order: string) => show(context, order));
}

async function show(context: ServerContext, id: string): Promise<void> {
  const db = await context.desk();
  const order = await findOrder(db, id);
  if (!order)
    throw new UnitrailError(
      'NOT_FOUND',
      `There is no order ${id}: its first batch opens it. \`unitrail batch list\` shows the orders that are.`,
    );
  const batches = await batchesOfOrder(db, id);
  const outstanding = order.ordered - order.shipped;
  if (context.json) {
    return printJson(context, {
      ...order,
      outstanding,
      batches: batches.map((batch) => jsonRow(columns, batch)),
    });
  }
  await printLine(context, `Order ${id}`);
  for (const [label, units] of lines(order, outstanding))
    await printLine(context, `  ${label.padEnd(12)} ${String(units).padStart(7)}`);
  if (batches.length > 0) await printTable(context, batches, columns);
}

/** What is zero and rare is left out. */
function lines(order: OrderStanding, outstanding: number): [label: string, units: number][] {
  const { ordered, building, inStock, shipped } = order;
  const tooMany = building + inStock + shipped + order.trial - ordered;
  const rare = Object.entries({
    ...{ missing: order.missing, lost: order.lost, trial: order.trial },
    'too many': tooMany,
  }).filter(([, units]) => units > 0);
  return [
    ['ordered', ordered],
    ['building', building],
    ['in stock', inStock],
    ['shipped', shipped],
    ['outstanding', outstanding],
    ...rare,
  ];
}

const columns: readonly Column<BatchSummary>[] = [
  { name: 'batch', heading: 'Batch', kind: 'text', value: ({ batch }) => batch },
  { name: 'product', heading: 'Product', kind: 'text', value: ({ product }) => product },
  { name: 'quantity', heading: 'Units', kind: 'number', value: ({ quantity }) => quantity },
  {
    name: 'building',
    heading: 'Building',
    kind: 'number',
    value: ({ inProgress, held }) => inProgress + held,
  },
  { name: 'inStock', heading: 'In stock', kind: 'number', value: ({ ready }) => ready },
  { name: 'shipped', heading: 'Shipped', kind: 'number', value: ({ shipped }) => shipped },
  { name: 'shipment', heading: 'Shipment', kind: 'text', value: ({ shipment }) => shipment },
  { name: 'shippedAt', heading: 'Shipped (UTC)', kind: 'date', value: ({ shippedAt }) => shippedAt },
];
