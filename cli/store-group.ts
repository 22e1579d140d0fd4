import type { Command } from 'commander';

/** `unitrail store …`: where contents are kept. */
export function storeGroup(program: Command): Command {
  const known = program.commands.find((command) => command.name() === 'store');
  return known ?? program.command('store').description('the content store and its second copy');
}
