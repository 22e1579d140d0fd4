import type { Command } from 'commander';
import { changeBatch } from './batch-change';
import { batchGroup } from './batch-group';
import { readOperator } from './operator-option';
import type { ServerContext } from './server-context';

interface Options {
  readonly by: string;
  readonly note?: string;
}

export function register(program: Command, context: ServerContext): void {
  batchGroup(program)
    .command('resume')
    .description('A batch that was paused goes on.')
    .argument('<batch>')
    .requiredOption('--by <operator>', 'your operator number', readOperator)
    .option('--note <text>', 'the reason')
    .action((batch: string, options: Options) =>
      changeBatch(context, batch, { action: 'resume', ...options }),
    );
}
