import type { Command } from 'commander';

/** `unitrail lease …`: numbers that several sites share. */
export function leaseGroup(program: Command): Command {
  const known = program.commands.find((command) => command.name() === 'lease');
  return known ?? program.command('lease').description('numbers that several sites share, by signed files');
}
