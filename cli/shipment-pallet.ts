import type { Command } from 'commander';
import { readOperator } from './operator-option';
import { runPacking } from './packing-run';
import type { ServerContext } from './server-context';
import { shipmentGroup } from './shipment-group';
import { wholeNumber } from './whole-number';

interface Options {
  readonly by: string;
  readonly pallet: string;
  readonly palletSize?: number;
}

export function register(program: Command, context: ServerContext): void {
  shipmentGroup(program)
    .command('pallet')
    .description('Puts cartons of an open shipment on a pallet, or takes them off with `--pallet none`.')
    .argument('<shipment>')
    .argument('<carton...>', 'SSCCs of the shipment')
    .requiredOption('--by <operator>', 'your operator number', readOperator)
    .requiredOption('--pallet <sscc>', 'a pallet of the shipment, `new` or `none`')
    .option('--pallet-size <cartons>', 'how many a new pallet takes', wholeNumber('--pallet-size', 1, 1_000))
    .action((shipment: string, cartons: string[], { by, pallet, palletSize }: Options) =>
      runPacking(context, { action: 'pallet', by, shipment, pallet, palletSize, cartons }, (result) => {
        const where = result.pallet === 'none' ? 'on no pallet' : `on pallet ${result.pallet}`;
        return `${cartons.length} ${cartons.length === 1 ? 'carton is' : 'cartons are'} ${where} of shipment ${shipment}.`;
      }),
    );
}
