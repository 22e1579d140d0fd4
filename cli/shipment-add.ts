import type { Command } from 'commander';
import { readOperator } from './operator-option';
import { countText, runPacking } from './packing-run';
import type { ServerContext } from './server-context';
import { shipmentGroup } from './shipment-group';
import { wholeNumber } from './whole-number';

interface Options {
  readonly by: string;
  readonly carton: string;
  readonly cartonSize?: number;
  readonly pallet?: string;
  readonly palletSize?: number;
}

export function register(program: Command, context: ServerContext): void {
  shipmentGroup(program)
    .command('add')
    .description('Packs units into a carton of an open shipment, by scan or by serial.')
    .argument('<shipment>')
    .argument('<code...>', 'what the scanner reads from the labels, or serials')
    .requiredOption('--by <operator>', 'your operator number', readOperator)
    .requiredOption('--carton <sscc>', 'a carton of the shipment, or `new`')
    .option('--carton-size <units>', 'how many a new carton takes', wholeNumber('--carton-size', 1, 10_000))
    .option('--pallet <sscc>', 'what a new carton stands on: a pallet of the shipment, or `new`')
    .option('--pallet-size <cartons>', 'how many a new pallet takes', wholeNumber('--pallet-size', 1, 1_000))
    .action((shipment: string, codes: string[], options: Options) => {
      const { by, carton, cartonSize, pallet, palletSize } = options;
      const asked = { action: 'add', by, shipment, carton, cartonSize, pallet, palletSize, codes } as const;
      return runPacking(context, asked, countText);
    });
}
