import type { Command } from 'commander';
import type { ServerContext } from './server-context';
import { decide } from './unit-decision';
import { unitGroup } from './unit-group';

interface Options {
  readonly by: string;
  readonly note: string;
}

export function register(program: Command, context: ServerContext): void {
  unitGroup(program)
    .command('scrap')
    .description('The unit is retired for ever, and its serial with it.')
    .argument('<serial>')
    .requiredOption('--by <operator>', 'your operator number')
    .requiredOption('--note <text>', 'the reason')
    .action((serial: string, { by, note }: Options) =>
      decide(context, serial, { action: 'scrap', by, reason: note }),
    );
}
