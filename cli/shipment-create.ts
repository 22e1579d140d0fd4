import type { Command } from 'commander';
import { readOperator } from './operator-option';
import { runPacking, type AskedPacking } from './packing-run';
import type { ServerContext } from './server-context';
import { shipmentGroup } from './shipment-group';

interface Options {
  readonly by: string;
  readonly buyer: string;
  readonly destination: string;
  readonly id?: string;
  readonly carrier?: string;
  readonly date?: string;
}

export function register(program: Command, context: ServerContext): void {
  shipmentGroup(program)
    .command('create')
    .description('Opens a shipment for one buyer, which units of several batches may leave in.')
    .requiredOption('--by <operator>', 'your operator number', readOperator)
    .requiredOption('--buyer <id>', 'who gets it')
    .requiredOption('--destination <country>', 'by ISO 3166-1, such as DE')
    .option('--id <id>', 'its name; made up unless given')
    .option('--carrier <reference>', "the carrier's number for it")
    .option('--date <day>', 'when it leaves, YYYY-MM-DD')
    .action((options: Options) => {
      const { by, buyer, destination, id, carrier, date } = options;
      const asked: AskedPacking = {
        action: 'create',
        by,
        shipment: id,
        buyer,
        destination,
        carrier,
        shipOn: date,
      };
      return runPacking(context, asked, ({ shipment }) =>
        [
          `Shipment ${shipment} is open for ${buyer}, ${destination}.`,
          `\`unitrail shipment add ${shipment} --carton new --by ${by} CODE…\` packs units.`,
        ].join('\n'),
      );
    });
}
