import type { Command } from 'commander';

/** `unitrail legal-hold …`: what may be neither moved nor erased. */
export function legalHoldGroup(program: Command): Command {
  const known = program.commands.find((command) => command.name() === 'legal-hold');
  return known ?? program.command('legal-hold').description('what may be neither moved nor erased');
}
