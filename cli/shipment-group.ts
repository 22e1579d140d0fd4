import type { Command } from 'commander';

/** `unitrail shipment …`: each of its sub-commands stands in a file of its own and hangs itself in here. */
export function shipmentGroup(program: Command): Command {
  const known = program.commands.find((command) => command.name() === 'shipment');
  return (
    known ?? program.command('shipment').description('what leaves together: cartons, pallets, shipments')
  );
}
