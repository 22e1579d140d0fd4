import type { Command } from 'commander';

/** `unitrail order …`: each of its sub-commands stands in a file of its own and hangs itself in here. */
export function orderGroup(program: Command): Command {
  const known = program.commands.find((command) => command.name() === 'order');
  return known ?? program.command('order').description("a buyer's orders, over all their batches");
}
