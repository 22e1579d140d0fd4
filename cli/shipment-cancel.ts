import type { Command } from 'commander';
import { readNote } from './hold-options';
import { readOperator } from './operator-option';
import { runPacking } from './packing-run';
import type { ServerContext } from './server-context';
import { shipmentGroup } from './shipment-group';

export function register(program: Command, context: ServerContext): void {
  shipmentGroup(program)
    .command('cancel')
    .description('Gives up a shipment that nothing is in.')
    .argument('<shipment>')
    .requiredOption('--by <operator>', 'your operator number', readOperator)
    .requiredOption('--note <text>', 'the reason', readNote)
    .action((shipment: string, { by, note }: { by: string; note: string }) =>
      runPacking(
        context,
        { action: 'cancel', by, shipment, reason: note },
        () => `Shipment ${shipment} is cancelled.`,
      ),
    );
}
