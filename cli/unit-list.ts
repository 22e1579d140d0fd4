import type { Command } from 'commander';
import { listUnits } from '../adapters/postgres/unit-queries';
import { unitColumns, unitTableColumns } from '../domain/unit-columns';
import { filterOptions, MAX_UNITS, parseUnitFilter } from '../domain/unit-filter';
import type { UnitRow } from '../domain/unit-row';
import type { CliContext } from './context';
import { say } from './output';
import { addOutputOptions, readFormat, writeRows } from './row-output';
import { unitGroup } from './unit-group';

/** A table is read by a person; whoever wants more of it says so. */
const TABLE_UNITS = 1_000;

type Options = Readonly<Record<string, string | true | undefined>> & {
  readonly out?: string;
  readonly format?: string;
  readonly force?: true;
};

export function register(program: Command, context: CliContext): void {
  const command = unitGroup(program)
    .command('list')
    .description('the units that fit every option, by serial')
    .option('--state <state>', 'as it is shown, OnHold included')
    .option('--step <step>', 'the step at which the unit stands')
    .option('--batch <id>', 'units of this batch')
    .option('--order <id>', "the buyer's purchase order")
    .option('--product <code>', 'units of this product')
    .option('--firmware <version>', 'the release that was shipped in it, or to which it is pinned')
    .option('--reported-firmware <version>', 'what the device reported last')
    .option('--running-firmware <version>', 'what it runs: what it reported last, else what was shipped')
    .option('--firmware-differs', 'that report something else than was shipped')
    .option('--board-lot <lot>', 'whose board is of this lot')
    .option('--component-lot <lot>', 'that hold a component of this lot, in any position')
    .option('--buyer <id>', 'shipped to this buyer, or built for it')
    .option('--country <code>', 'where it went or is to go, ISO 3166-1, such as DE')
    .option('--failure <code>', 'held or failed with this code, such as TEST_FAILED')
    .option('--shipped-after <time>', 'from this day or instant on (a day begins at 00:00 UTC)')
    .option('--shipped-before <time>', 'up to this day or instant, which is not included')
    .option('--limit <number>', `at most so many units (a table shows ${TABLE_UNITS} unless you say more)`);
  addOutputOptions(command)
    .addHelpText('after', examples)
    .action((options: Options) => list(context, options));
}

const examples = `
Examples:
  $ unitrail unit list --batch B2647-01 --state AwaitingEngineer
  $ unitrail unit list --component-lot MCU-LOT-7731 --format xlsx --out affected.xlsx
  $ unitrail unit list --firmware 1.4.2 --country DE --shipped-after 2026-11-01 --json`;

async function list(context: CliContext, options: Options): Promise<void> {
  const format = readFormat(context, options);
  const filter = parseUnitFilter(
    Object.fromEntries(filterOptions.map((name) => [name, options[camelCase(name)]])),
  );
  const limit = filter.limit ?? (format === 'table' ? TABLE_UNITS : MAX_UNITS);
  const rows = new Limited(listUnits(await context.desk(), { ...filter, limit: limit + 1 }), limit);
  const { out } = options;
  const count = await writeRows(context, format, options, {
    name: 'Units',
    rows,
    columns: unitColumns,
    tableColumns: unitTableColumns,
    none: 'No unit fits.',
  });
  if (out) await say(context, `${count} ${count === 1 ? 'unit' : 'units'} written to ${out}.`);
  if (rows.more)
    await say(context, `There are more than these ${count} units: narrow the filter, or raise --limit.`);
}

/** The first `limit` units; `more` tells afterwards whether there was another one. */
class Limited implements AsyncIterable<UnitRow> {
  more = false;

  constructor(
    private readonly rows: AsyncIterable<UnitRow>,
    private readonly limit: number,
  ) {}

  async *[Symbol.asyncIterator](): AsyncGenerator<UnitRow> {
    let count = 0;
    for await (const row of this.rows) {
      this.more = ++count > this.limit;
      if (this.more) return;
      yield row;
    }
  }
}

function camelCase(option: string): string {
  return option.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
