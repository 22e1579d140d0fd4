import type { Command } from 'commander';

/** `unitrail log …`: the transparency log of sealed records. */
export function logGroup(program: Command): Command {
  const known = program.commands.find((command) => command.name() === 'log');
  return (
    known ?? program.command('log').description('the transparency log: what nobody can change unnoticed')
  );
}
