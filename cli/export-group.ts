import type { Command } from 'commander';

/** `unitrail export …`: what buyers get of what was shipped to them. */
export function exportGroup(program: Command): Command {
  const known = program.commands.find((command) => command.name() === 'export');
  return known ?? program.command('export').description('what buyers get of what was shipped to them');
}
