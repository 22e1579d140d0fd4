import type { Command } from 'commander';

/** `unitrail scheme …`: each of its sub-commands stands in a file of its own and hangs itself in here. */
export function schemeGroup(program: Command): Command {
  const known = program.commands.find((command) => command.name() === 'scheme');
  return known ?? program.command('scheme').description('how serials are made, and what comes of a scheme');
}
