import type { Command } from 'commander';
import { listShipments, type ShipmentSummary } from '../adapters/postgres/shipment-queries';
import { writeChunks } from '../adapters/spreadsheet/write-chunks';
import { jsonRow, type Column } from '../domain/columns';
import { printTable, say } from './output';
import type { ServerContext } from './server-context';
import { shipmentGroup } from './shipment-group';

const MAX_SHIPMENTS = 10_000;
const TABLE_SHIPMENTS = 100;

interface Options {
  readonly open?: boolean;
  readonly buyer?: string;
}

export function register(program: Command, context: ServerContext): void {
  shipmentGroup(program)
    .command('list')
    .description('All shipments, the newest first.')
    .option('--open', 'only those that have not left')
    .option('--buyer <id>', "only this buyer's")
    .action((options: Options) => list(context, options));
}

async function list(context: ServerContext, { open = false, buyer }: Options): Promise<void> {
  const limit = context.json ? MAX_SHIPMENTS : TABLE_SHIPMENTS;
  const filter = { openOnly: open, buyer: buyer ?? null, limit: limit + 1 };
  const shipments = await listShipments(await context.desk(), filter);
  const shown = shipments.slice(0, limit);
  if (context.json)
    await writeChunks(
      context.out,
      shown.map((shipment) => `${JSON.stringify(jsonRow(columns, shipment))}\n`),
    );
  else if (shown.length > 0) await printTable(context, shown, columns);
  else await say(context, 'There is no such shipment.');
  if (shipments.length > limit)
    await say(
      context,
      `There are older ones than these ${limit}${context.json ? '' : '; --json lists more'}.`,
    );
}

const columns: readonly Column<ShipmentSummary>[] = [
  { name: 'shipment', heading: 'Shipment', kind: 'text', value: ({ shipment }) => shipment },
  { name: 'state', heading: 'State', kind: 'text', value: ({ state }) => state },
  { name: 'buyer', heading: 'Buyer', kind: 'text', value: ({ buyer }) => buyer },
  { name: 'destination', heading: 'To', kind: 'text', value: ({ destination }) => destination },
  { name: 'units', heading: 'Units', kind: 'number', value: ({ units }) => units },
  { name: 'cartons', heading: 'Cartons', kind: 'number', value: ({ cartons }) => cartons },
  { name: 'pallets', heading: 'Pallets', kind: 'number', value: ({ pallets }) => pallets },
  { name: 'shipOn', heading: 'Date', kind: 'text', value: ({ shipOn }) => shipOn },
  { name: 'carrier', heading: 'Carrier', kind: 'text', value: ({ carrier }) => carrier },
  { name: 'batch', heading: 'Batch', kind: 'text', value: ({ batch }) => batch },
  { name: 'openedAt', heading: 'Opened (UTC)', kind: 'date', value: ({ openedAt }) => openedAt },
  { name: 'closedAt', heading: 'Closed (UTC)', kind: 'date', value: ({ closedAt }) => closedAt },
];
