import type { Command } from 'commander';
import { findShipmentSummary, serialsByCarton } from '../adapters/postgres/shipment-queries';
import { cartonsOf, palletsOf, type CartonRow } from '../adapters/postgres/shipments';
import type { Column } from '../domain/columns';
import { UnitrailError } from '../domain/errors';
import { printJson, printLine, printTable } from './output';
import type { ServerContext } from './server-context';
import { shipmentGroup } from './shipment-group';

export function register(program: Command, context: ServerContext): void {
  shipmentGroup(program)
    .command('show')
    .description('One shipment with its cartons; --json names the units in each.')
    .argument('<shipment>')
    .action((shipment: string) => show(context, shipment));
}

async function show(context: ServerContext, id: string): Promise<void> {
  const db = await context.desk();
  const shipment = await findShipmentSummary(db, id);
  if (!shipment)
    throw new UnitrailError(
      'NOT_FOUND',
      `There is no shipment ${id}. \`unitrail shipment list\` shows those that are.`,
    );
  const cartons = await cartonsOf(db, id);
  if (context.json) {
    const serials = await serialsByCarton(db, id);
    const filled = cartons.map((row) => ({ ...row, serials: serials.get(row.carton) ?? [] }));
    return printJson(context, { ...shipment, cartons: filled, pallets: await palletsOf(db, id) });
  }
  const { buyer, destination, state, carrier, shipOn, batch, units } = shipment;
  await printLine(context, `Shipment ${id} for ${buyer}, ${destination}: ${state}, ${units} units`);
  await printLine(
    context,
    `  ${batch === null ? 'composed by hand' : `of batch ${batch}`}; carrier ${carrier ?? 'not known'}; date ${shipOn ?? 'not known'}`,
  );
  if (cartons.length > 0) await printTable(context, cartons, columns);
}

const columns: readonly Column<CartonRow>[] = [
  { name: 'carton', heading: 'Carton', kind: 'text', value: ({ carton }) => carton },
  { name: 'pallet', heading: 'Pallet', kind: 'text', value: ({ pallet }) => pallet },
  { name: 'units', heading: 'Units', kind: 'number', value: ({ units }) => units },
  { name: 'capacity', heading: 'Takes', kind: 'number', value: ({ capacity }) => capacity },
];
