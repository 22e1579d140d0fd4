import { randomUUID } from 'node:crypto';
import type { Command } from 'commander';
import { findOrder } from '../adapters/postgres/batch-queries';
import { setOrderQuantity } from '../adapters/postgres/order-refusals';
import type { CliContext } from './context';
import { readNote } from './hold-options';
import { readOperator } from './operator-option';
import { orderGroup } from './order-group';
import { printJson, printLine, say } from './output';
import { wholeNumber } from './whole-number';

const MAX_ORDER_QUANTITY = 10_000_000;

interface Options {
  readonly by: string;
  readonly note: string;
  readonly quantity: number;
}

export function register(program: Command, context: CliContext): void {
  orderGroup(program)
    .command('set')
    .description(
      'The buyer wants more, or fewer: the ceiling over all batches of the order, never below what has shipped.',
    )
    .argument('<purchase order>')
    .requiredOption('--quantity <units>', 'how many in all', wholeNumber('--quantity', 1, MAX_ORDER_QUANTITY))
    .requiredOption('--note <text>', 'the reason', readNote)
    .requiredOption('--by <operator>', 'your operator number', readOperator)
    .action((order: string, options: Options) => set(context, order, options));
}

async function set(context: CliContext, order: string, { quantity, note, by }: Options): Promise<void> {
  const db = await context.desk();
  const changed = await setOrderQuantity(db, { order, quantity, by, reason: note, id: randomUUID() });
  const { building, inStock, shipped, trial } = (await findOrder(db, order))!;
  const tooMany = Math.max(0, building + inStock + shipped + trial - quantity);
  if (context.json) return printJson(context, { order, quantity, changed, tooMany });
  await printLine(context, `Order ${order} is for ${quantity} units${changed ? '' : ', as before'}.`);
  if (tooMany > 0)
    await say(
      context,
      `${tooMany} units are too many: none of them is claimed, labelled or shipped beyond the order. Scrap them, or cancel what a batch has not begun.`,
    );
}
