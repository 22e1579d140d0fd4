import type { Command } from 'commander';
import { changeBatch } from './batch-change';
import { batchGroup } from './batch-group';
import { readOperator } from './operator-option';
import type { ServerContext } from './server-context';

export function register(program: Command, context: ServerContext): void {
  batchGroup(program)
    .command('window')
    .description('How many units are under way at once; from now on.')
    .argument('<batch>')
    .argument('<units>', '1 to 1000', Number)
    .requiredOption('--by <operator>', 'your operator number', readOperator)
    .action((batch: string, units: number, { by }: { by: string }) =>
      changeBatch(context, batch, { action: 'setWindow', by, window: units }),
    );
}
