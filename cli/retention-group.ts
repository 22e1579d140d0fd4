import type { Command } from 'commander';

/** `unitrail retention …`: what moves into the archive, and what is erased. */
export function retentionGroup(program: Command): Command {
  const known = program.commands.find((command) => command.name() === 'retention');
  return known ?? program.command('retention').description('what moves into the archive, and what is erased');
}
