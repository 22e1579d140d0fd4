import type { Command } from 'commander';
import { MAX_WINDOW } from '../domain/batch-control';
import { changeBatch } from './batch-change';
import { batchGroup } from './batch-group';
import { readOperator } from './operator-option';
import type { ServerContext } from './server-context';
import { wholeNumber } from './whole-number';

export function register(program: Command, context: ServerContext): void {
  batchGroup(program)
    .command('window')
    .description('How many units are under way at once; from now on.')
    .argument('<batch>')
    .argument('<units>', `1 to ${MAX_WINDOW}`, wholeNumber('units', 1, MAX_WINDOW))
    .requiredOption('--by <operator>', 'your operator number', readOperator)
    .action((batch: string, units: number, { by }: { by: string }) =>
      changeBatch(context, batch, { action: 'setWindow', by, window: units }),
    );
}
