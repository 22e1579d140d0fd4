import type { Command } from 'commander';

/** `unitrail registry …`: the registry of numbers as a whole. */
export function registryGroup(program: Command): Command {
  const known = program.commands.find((command) => command.name() === 'registry');
  return (
    known ??
    program.command('registry').description('the registry of numbers: how far it is, after a restore')
  );
}
