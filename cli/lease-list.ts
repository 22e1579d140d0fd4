import type { Command } from 'commander';
import { listLeases, type LeaseRow } from '../adapters/postgres/number-leases';
import type { Column } from '../domain/columns';
import { numbersText } from '../domain/number-lease';
import type { CliContext } from './context';
import { leaseGroup } from './lease-group';
import { say } from './output';
import { addOutputOptions, readFormat, writeRows, type OutputOptions } from './row-output';

export function register(program: Command, context: CliContext): void {
  const command = leaseGroup(program)
    .command('list')
    .description(
      'All leases that this site granted or holds, with their state and how many numbers are left.',
    );
  addOutputOptions(command).action((options: OutputOptions) => list(context, options));
}

async function list(context: CliContext, options: OutputOptions): Promise<void> {
  const format = readFormat(context, options);
  const rows = await listLeases(await context.desk());
  const count = await writeRows(context, format, options, {
    ...{ name: 'Leases', rows, columns, tableColumns },
    none: 'This site granted no lease and holds none.',
  });
  if (options.out !== undefined)
    await say(context, `${count} ${count === 1 ? 'lease' : 'leases'} written to ${options.out}.`);
}

/** `out` and `taken back` at the lessor, `held` and `returned` at the lessee. */
function stateOf({ side, returned }: LeaseRow): string {
  if (side === 'lessor') return returned === null ? 'out' : 'taken back';
  return returned === null ? 'held' : 'returned';
}

type Cell = Column<LeaseRow>['value'];
const text = (name: string, heading: string, value: Cell): Column<LeaseRow> => {
  return { name, heading, kind: 'text', value };
};
const number = (name: string, heading: string, value: Cell): Column<LeaseRow> => {
  return { name, heading, kind: 'number', value };
};

const cells = {
  lease: text('lease', 'Lease', ({ lease }) => lease),
  state: text('state', 'State', stateOf),
  lessor: text('lessor', 'From', ({ lessor }) => lessor),
  lessee: text('lessee', 'To', ({ lessee }) => lessee),
  numbers: text('numbers', 'Numbers', numbersText),
  version: number('version', 'Version', ({ version }) => version),
  first: number('first', 'First', ({ first }) => first),
  last: number('last', 'Last', ({ last }) => last),
  count: number('count', 'Count', ({ first, last }) => last - first + 1),
  left: number('left', 'Left', ({ left }) => left),
  unused: number('unused', 'Handed back', ({ unused }) => unused),
  since: text('since', 'Since', ({ at }) => at.toISOString()),
};
const columns: readonly Column<LeaseRow>[] = Object.values(cells);
const tableColumns = [
  ...[cells.lease, cells.state, cells.lessor, cells.lessee, cells.numbers, cells.first, cells.last],
  ...[cells.left, cells.unused],
];
