import type { Command } from 'commander';
import { readOperator } from './operator-option';
import type { ServerContext } from './server-context';
import { decide } from './unit-decision';
import { unitGroup } from './unit-group';

interface Options {
  readonly by: string;
  readonly place: string;
  readonly note?: string;
}

export function register(program: Command, context: ServerContext): void {
  unitGroup(program)
    .command('found')
    .description('A missing unit is there again. It is held, to be sent on or to be scrapped.')
    .argument('<serial>')
    .requiredOption('--by <operator>', 'your operator number', readOperator)
    .requiredOption('--place <place>', 'where it is now')
    .option('--note <text>', 'what is known')
    .action((serial: string, options: Options) => decide(context, serial, { action: 'found', ...options }));
}
