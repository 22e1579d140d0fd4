import type { Command } from 'commander';
import { MAX_ADDED } from '../domain/batch-control';
import { changeBatch } from './batch-change';
import { batchGroup } from './batch-group';
import { readOperator } from './operator-option';
import type { ServerContext } from './server-context';
import { wholeNumber } from './whole-number';

interface Options {
  readonly by: string;
  readonly note: string;
  readonly quantity: number;
}

export function register(program: Command, context: ServerContext): void {
  batchGroup(program)
    .command('top-up')
    .description(
      'Further units, for those that were scrapped or are missing; also of a batch that has ended.',
    )
    .argument('<batch>')
    .requiredOption('--by <operator>', 'your operator number', readOperator)
    .requiredOption('--note <text>', 'the reason')
    .requiredOption('--quantity <units>', 'how many more', wholeNumber('--quantity', 1, MAX_ADDED))
    .action((batch: string, options: Options) =>
      changeBatch(context, batch, { action: 'topUp', ...options }),
    );
}
