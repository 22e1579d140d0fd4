import type { Command } from 'commander';
import type { Database } from '../adapters/postgres/database';
import { blockLedgers, firstDisagreement, type BalanceFilter } from '../adapters/postgres/balance-queries';
import {
  balanceColumns,
  balanceRows,
  balanceTableColumns,
  culpritsOf,
  culpritText,
  type BlockLedger,
  type Culprit,
} from '../domain/balance';
import { UnitrailError } from '../domain/errors';
import type { CliContext } from './context';
import { say } from './output';
import { addOutputOptions, readFormat, writeRows, type OutputOptions } from './row-output';

/** Whoever has more blocks to mend mends these first. */
const MAX_BLOCKS_TOLD = 20;

interface Options extends BalanceFilter, OutputOptions {
  readonly blocks?: boolean;
}

export function register(program: Command, context: CliContext): void {
  const command = program
    .command('balance')
    .description(
      'What became of the numbers that were granted, and the proof: ledger and registry agree. Exit 1 where they do not.',
    )
    .option('--scheme <name>', 'numbers of this serial scheme or MAC pool')
    .option('--buyer <id>', "numbers of this buyer's batches, and its own numbers")
    .option('--batch <id>', 'numbers that were granted to this batch')
    .option('--blocks', 'a line for each block instead of each number space and buyer');
  addOutputOptions(command)
    .addHelpText('after', examples)
    .action((options: Options) => balance(context, options));
}

const examples = `
Examples:
  $ unitrail balance
  $ unitrail balance --buyer acme --format xlsx --out acme.xlsx
  $ unitrail balance --batch B2647-01 --blocks --json`;

async function balance(context: CliContext, options: Options): Promise<void> {
  const format = readFormat(context, options);
  const { scheme, buyer, batch, blocks = false, out } = options;
  const db = await context.desk();
  const ledgers = await blockLedgers(db, {
    ...(scheme !== undefined && { scheme }),
    ...(buyer !== undefined && { buyer }),
    ...(batch !== undefined && { batch }),
  });
  const count = await writeRows(context, format, options, {
    name: 'Balance',
    rows: balanceRows(ledgers, blocks),
    columns: balanceColumns(blocks),
    tableColumns: balanceTableColumns(blocks),
    none: 'No numbers were granted that fit.',
  });
  if (out !== undefined) await say(context, `${count} ${count === 1 ? 'row' : 'rows'} written to ${out}.`);
  await refuseUnbalanced(db, ledgers);
}

/** @throws UnitrailError LEDGER_UNBALANCED with block, account, both sides, and the first unit that disagrees. */
async function refuseUnbalanced(db: Database, ledgers: readonly BlockLedger[]): Promise<void> {
  const wrong = ledgers.map(culpritsOf).filter((culprits) => culprits.length > 0);
  if (wrong.length === 0) return;
  const told: ToldCulprit[] = [];
  for (const culprits of wrong.slice(0, MAX_BLOCKS_TOLD)) told.push(...(await withUnit(db, culprits)));
  const lines = told.map(toldText);
  if (wrong.length > MAX_BLOCKS_TOLD) lines.push(`and ${wrong.length - MAX_BLOCKS_TOLD} more blocks`);
  throw new UnitrailError(
    'LEDGER_UNBALANCED',
    ['The balance does not hold. `unitrail audit` says more.', ...lines].join('\n  '),
    { culprits: told },
  );
}

interface ToldCulprit extends Culprit {
  readonly unit: string | null;
  readonly identifier: string | null;
}

async function withUnit(db: Database, culprits: readonly Culprit[]): Promise<ToldCulprit[]> {
  const first = await firstDisagreement(db, culprits[0]!.block ?? '0');
  const unit = first && (first.serial ?? first.unitId);
  return culprits.map((culprit) => ({ ...culprit, unit, identifier: first?.identifier ?? null }));
}

function toldText(culprit: ToldCulprit): string {
  const { unit, identifier } = culprit;
  if (unit === null) return `${culpritText(culprit)}; every unit agrees`;
  return `${culpritText(culprit)}; first at unit ${unit} (${identifier ?? 'no identifier of it is left'})`;
}
