import type { Command } from 'commander';
import { readOperator } from './operator-option';
import { runPacking } from './packing-run';
import type { ServerContext } from './server-context';
import { shipmentGroup } from './shipment-group';

interface Options {
  readonly by: string;
  readonly carrier?: string;
  readonly date?: string;
}

export function register(program: Command, context: ServerContext): void {
  shipmentGroup(program)
    .command('set')
    .description("The carrier's reference or the day, of a shipment that is open.")
    .argument('<shipment>')
    .requiredOption('--by <operator>', 'your operator number', readOperator)
    .option('--carrier <reference>', "the carrier's number for it")
    .option('--date <day>', 'when it leaves, YYYY-MM-DD')
    .action((shipment: string, { by, carrier, date }: Options) =>
      runPacking(
        context,
        { action: 'set', by, shipment, carrier, shipOn: date },
        () => `Shipment ${shipment} is changed.`,
      ),
    );
}
