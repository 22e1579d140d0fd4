import type { Command } from 'commander';

/** `unitrail import …`: each of its sub-commands stands in a file of its own and hangs itself in here. */
export function importGroup(program: Command): Command {
  const known = program.commands.find((command) => command.name() === 'import');
  return (
    known ??
    program
      .command('import')
      .description(
        'what others hand over: numbers in lists, units that were made before Unitrail, reports of devices',
      )
  );
}
