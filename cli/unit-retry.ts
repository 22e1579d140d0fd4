import { Option, type Command } from 'commander';
import { decide } from './unit-decision';
import type { ServerContext } from './server-context';
import { unitGroup } from './unit-group';

interface Options {
  readonly by: string;
  readonly note?: string;
  readonly label?: 'none' | 'found';
}

export function register(program: Command, context: ServerContext): void {
  unitGroup(program)
    .command('retry')
    .description('A held unit does its failed step again.')
    .argument('<serial>')
    .requiredOption('--by <operator>', 'your operator number')
    .option('--note <text>', 'what was done about the cause')
    .addOption(
      new Option('--label <answer>', 'where the unit is held over a print: is there such a label?').choices([
        'none',
        'found',
      ]),
    )
    .action((serial: string, options: Options) => decide(context, serial, { action: 'retry', ...options }));
}
