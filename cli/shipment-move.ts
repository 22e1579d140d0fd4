import type { Command } from 'commander';
import { readNote } from './hold-options';
import { readOperator } from './operator-option';
import { countText, runPacking } from './packing-run';
import type { ServerContext } from './server-context';
import { shipmentGroup } from './shipment-group';
import { wholeNumber } from './whole-number';

interface Options {
  readonly by: string;
  readonly note: string;
  readonly carton: string;
  readonly cartonSize?: number;
}

export function register(program: Command, context: ServerContext): void {
  shipmentGroup(program)
    .command('move')
    .description(
      'Moves packed units into another carton, also of another shipment; with `--carton new` it splits one.',
    )
    .argument('<shipment>', 'that they move to')
    .argument('<code...>', 'what the scanner reads from the labels, or serials')
    .requiredOption('--by <operator>', 'your operator number', readOperator)
    .requiredOption('--note <text>', 'the reason', readNote)
    .requiredOption('--carton <sscc>', 'a carton of the shipment, or `new`')
    .option('--carton-size <units>', 'how many a new carton takes', wholeNumber('--carton-size', 1, 10_000))
    .action((shipment: string, codes: string[], { by, note, carton, cartonSize }: Options) =>
      runPacking(
        context,
        { action: 'move', by, shipment, carton, cartonSize, codes, reason: note },
        countText,
      ),
    );
}
