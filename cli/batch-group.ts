import type { Command } from 'commander';

/** `unitrail batch …`: each of its sub-commands stands in a file of its own and hangs itself in here. */
export function batchGroup(program: Command): Command {
  const known = program.commands.find((command) => command.name() === 'batch');
  return known ?? program.command('batch').description("a planner's batches, from the order to the shipment");
}
