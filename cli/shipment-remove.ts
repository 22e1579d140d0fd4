import type { Command } from 'commander';
import { readNote } from './hold-options';
import { readOperator } from './operator-option';
import { countText, runPacking } from './packing-run';
import type { ServerContext } from './server-context';
import { shipmentGroup } from './shipment-group';

interface Options {
  readonly by: string;
  readonly note: string;
}

export function register(program: Command, context: ServerContext): void {
  shipmentGroup(program)
    .command('remove')
    .description('Takes units out of an open shipment: they are ready to ship again.')
    .argument('<shipment>')
    .argument('<code...>', 'what the scanner reads from the labels, or serials')
    .requiredOption('--by <operator>', 'your operator number', readOperator)
    .requiredOption('--note <text>', 'the reason', readNote)
    .action((shipment: string, codes: string[], { by, note }: Options) =>
      runPacking(context, { action: 'remove', by, shipment, codes, reason: note }, countText),
    );
}
