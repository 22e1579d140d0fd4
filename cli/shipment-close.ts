import type { Command } from 'commander';
import type { PackingResult } from '../domain/packing-desk';
import { readOperator } from './operator-option';
import { runPacking } from './packing-run';
import type { ServerContext } from './server-context';
import { shipmentGroup } from './shipment-group';

export function register(program: Command, context: ServerContext): void {
  shipmentGroup(program)
    .command('close')
    .description(
      'Ships what is packed and seals its records, for ever. What may not leave is taken out first.',
    )
    .argument('<shipment>')
    .requiredOption('--by <operator>', 'your operator number', readOperator)
    .action((shipment: string, { by }: { by: string }) =>
      runPacking(context, { action: 'close', by, shipment }, closingText),
    );
}

function closingText({ shipment, closed, shipped, takenOut, takenOutCount }: PackingResult): string {
  const more = takenOutCount - takenOut.length;
  return [
    ...takenOut.map(({ serial, reason }) => `${serial} was taken out: ${reason}`),
    ...(more > 0 ? [`and ${more} more`] : []),
    closed
      ? `Shipment ${shipment} is closed: ${shipped} ${shipped === 1 ? 'unit has' : 'units have'} left, records sealed.`
      : `Nothing is left in shipment ${shipment}: it stays open.`,
  ].join('\n');
}
