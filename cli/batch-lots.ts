import { randomUUID } from 'node:crypto';
import type { Command } from 'commander';
import { requireBatch } from '../adapters/postgres/batch-ledger';
import { changeLots, lotsOfBatch } from '../adapters/postgres/batch-queries';
import { batchGroup } from './batch-group';
import { readOperator } from './operator-option';
import { printJson, printLine } from './output';
import type { ServerContext } from './server-context';
import { wrongOption } from '../domain/wrong-option';

type Lots = Readonly<Record<string, readonly string[]>>;

interface Options {
  readonly component: Lots;
  readonly by: string;
}

const LOT = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
const MAX_LOTS = 16;

export function register(program: Command, context: ServerContext): void {
  batchGroup(program)
    .command('lots')
    .description(
      'The component lots in force have changed (a reel ran out): boards that enter a slot from now on record these.',
    )
    .argument('<batch>')
    .requiredOption(
      '--component <position=lot,lot>',
      'such as U7=RADIO-LOT-0093; may be given for several positions',
      readComponent,
    )
    .requiredOption('--by <operator>', 'your operator number', readOperator)
    .action((batch: string, options: Options) => change(context, batch, options));
}

async function change(context: ServerContext, batch: string, { component, by }: Options): Promise<void> {
  const db = await context.desk();
  await requireBatch(db, batch);
  const before = await lotsOfBatch(db, batch);
  for (const position of Object.keys(component)) {
    if (!Object.hasOwn(before, position))
      throw wrongOption(
        '--component',
        position,
        `a position of batch ${batch}: ${Object.keys(before).join(', ')}`,
      );
  }
  const lots = Object.fromEntries(
    Object.entries(component).filter(([position, given]) => !isSame(before[position]!, given)),
  );
  await changeLots(db, { id: randomUUID(), batch, by, lots });
  const after: Lots = { ...before, ...lots };
  const changed = Object.keys(lots);
  if (context.json) return printJson(context, { batch, changed, lots: after });
  if (changed.length === 0)
    return printLine(context, `No change: these lots are in force in batch ${batch}.`);
  for (const position of changed)
    await printLine(context, `${position}: ${before[position]!.join(', ')} → ${after[position]!.join(', ')}`);
}

function isSame(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((lot, at) => lot === b[at]);
}

function readComponent(text: string, before: Lots = {}): Lots {
  const [position = '', list = '', ...rest] = text.split('=');
  const lots = list.split(',');
  const good = rest.length === 0 && LOT.test(position) && lots.every((lot) => LOT.test(lot));
  if (!good)
    throw wrongOption(
      '--component',
      text,
      'POSITION=LOT or POSITION=LOT,LOT; names of 1 to 64 of A–Z a–z 0–9 . _ -',
    );
  if (lots.length > MAX_LOTS || new Set(lots).size < lots.length)
    throw wrongOption('--component', text, `at most ${MAX_LOTS} lots, each once`);
  if (Object.hasOwn(before, position))
    throw wrongOption('--component', text, `each position once, and ${position} was given before`);
  return { ...before, [position]: lots };
}
