import type { Command } from 'commander';
import { MAX_PRIORITY } from '../domain/batch-control';
import { changeBatch } from './batch-change';
import { batchGroup } from './batch-group';
import { readOperator } from './operator-option';
import type { ServerContext } from './server-context';
import { wholeNumber } from './whole-number';

export function register(program: Command, context: ServerContext): void {
  batchGroup(program)
    .command('priority')
    .description('Whose units get a slot first: each step is worth ten minutes of waiting.')
    .argument('<batch>')
    .argument(
      '<priority>',
      '-9 to 9; 0 where nothing was said. Write -- before a negative one',
      wholeNumber('priority', -MAX_PRIORITY, MAX_PRIORITY),
    )
    .requiredOption('--by <operator>', 'your operator number', readOperator)
    .action((batch: string, priority: number, { by }: { by: string }) =>
      changeBatch(context, batch, { action: 'setPriority', by, priority }),
    );
}
