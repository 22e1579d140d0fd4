import type { Command } from 'commander';

/** `unitrail unit …`: each of its sub-commands stands in a file of its own and hangs itself in here. */
export function unitGroup(program: Command): Command {
  const known = program.commands.find((command) => command.name() === 'unit');
  return known ?? program.command('unit').description('one unit, or the units that fit');
}
