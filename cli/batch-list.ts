import type { Command } from 'commander';
import { listBatches, type BatchSummary } from '../adapters/postgres/batch-queries';
import { writeChunks } from '../adapters/spreadsheet/write-chunks';
import { jsonRow, type Column } from '../domain/columns';
import { batchGroup } from './batch-group';
import { printTable, say } from './output';
import type { ServerContext } from './server-context';

const MAX_BATCHES = 10_000;
const TABLE_BATCHES = 100;

export function register(program: Command, context: ServerContext): void {
  batchGroup(program)
    .command('list')
    .description('All batches, the newest first.')
    .action(() => list(context));
}

async function list(context: ServerContext): Promise<void> {
  const limit = context.json ? MAX_BATCHES : TABLE_BATCHES;
  const batches = await listBatches(await context.desk(), limit + 1);
  const shown = batches.slice(0, limit);
  if (context.json)
    await writeChunks(
      context.out,
      shown.map((batch) => `${JSON.stringify(jsonRow(columns, batch))}\n`),
    );
  else if (shown.length > 0) await printTable(context, shown, columns);
  else
    await say(context, 'There is no batch yet. `unitrail batch template PRODUCT` gives an order to fill in.');
  if (batches.length > limit)
    await say(
      context,
      `There are older ones than these ${limit}${context.json ? '' : '; --json lists more'}.`,
    );
}

const columns: readonly Column<BatchSummary>[] = [
  { name: 'batch', heading: 'Batch', kind: 'text', value: ({ batch }) => batch },
  { name: 'order', heading: 'Order', kind: 'text', value: ({ order }) => order },
  { name: 'product', heading: 'Product', kind: 'text', value: ({ product }) => product },
  { name: 'firmware', heading: 'Firmware', kind: 'text', value: ({ firmware }) => firmware },
  { name: 'quantity', heading: 'Units', kind: 'number', value: ({ quantity }) => quantity },
  { name: 'inProgress', heading: 'In progress', kind: 'number', value: ({ inProgress }) => inProgress },
  { name: 'held', heading: 'Held', kind: 'number', value: ({ held }) => held },
  { name: 'ready', heading: 'Ready', kind: 'number', value: ({ ready }) => ready },
  { name: 'shipped', heading: 'Shipped', kind: 'number', value: ({ shipped }) => shipped },
  { name: 'trial', heading: 'Trial', kind: 'boolean', value: ({ trial }) => trial },
  { name: 'openedAt', heading: 'Opened (UTC)', kind: 'date', value: ({ openedAt }) => openedAt },
  { name: 'completedAt', heading: 'Ended (UTC)', kind: 'date', value: ({ completedAt }) => completedAt },
];
