import type { Command } from 'commander';

/** `unitrail units …`: each of its sub-commands stands in a file of its own and hangs itself in here. */
export function unitsGroup(program: Command): Command {
  const known = program.commands.find((command) => command.name() === 'units');
  return known ?? program.command('units').description('one decision about many units');
}
