import type { Command } from 'commander';
import { releaseLegalHold } from '../adapters/postgres/legal-holds';
import type { CliContext } from './context';
import { readReason } from './hold-options';
import { legalHoldGroup } from './legal-hold-group';
import { readOperator } from './operator-option';
import { printJson, printLine } from './output';

interface Options {
  readonly reason: string;
  readonly by: string;
}

export function register(program: Command, context: CliContext): void {
  legalHoldGroup(program)
    .command('release')
    .description('Ends a legal hold: the next retention run does what is due. It stays on record.')
    .argument('<hold>')
    .requiredOption('--reason <text>', 'why', (text) => readReason('--reason', text))
    .requiredOption('--by <operator>', 'your operator number', readOperator)
    .action((id: string, options: Options) => release(context, id, options));
}

async function release(context: CliContext, id: string, { reason, by }: Options): Promise<void> {
  const released = await releaseLegalHold(await context.desk(), { id, reason, by });
  if (context.json) return printJson(context, { hold: id, released });
  await printLine(
    context,
    released ? `Legal hold ${id} is released.` : `Legal hold ${id} was released before: nothing has changed.`,
  );
}
