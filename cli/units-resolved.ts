import type { Command } from 'commander';
import { findResolution, settledUnits } from '../adapters/postgres/resolutions';
import type { Database } from '../adapters/postgres/database';
import type { Column } from '../domain/columns';
import { UnitrailError } from '../domain/errors';
import type { SettledUnit } from '../domain/resolution';
import type { CliContext } from './context';
import { say } from './output';
import { addOutputOptions, readFormat, writeRows, type OutputOptions } from './row-output';
import { unitsGroup } from './units-group';

const PAGE_UNITS = 500;

export function register(program: Command, context: CliContext): void {
  const command = unitsGroup(program)
    .command('resolved')
    .description('What a decision about many units did, unit by unit, and what it could not and why.')
    .argument('<id>', 'as the result of resolveUnits names it');
  addOutputOptions(command).action((id: string, options: OutputOptions) => list(context, id, options));
}

const columns: readonly Column<SettledUnit>[] = [
  { name: 'serial', heading: 'Serial', kind: 'text', value: ({ serial }) => serial },
  { name: 'outcome', heading: 'Outcome', kind: 'text', value: ({ outcome }) => outcome },
  { name: 'why', heading: 'Why', kind: 'text', value: ({ why }) => why },
];

async function list(context: CliContext, id: string, options: OutputOptions): Promise<void> {
  const format = readFormat(context, options);
  const db = await context.desk();
  const known = await findResolution(db, id);
  if (!known) throw new UnitrailError('NOT_FOUND', `There is no decision ${id} about many units.`);
  const none = 'Nothing has come of any of its units yet.';
  await writeRows(context, format, options, {
    name: 'Units',
    rows: pages(db, id),
    columns,
    tableColumns: columns,
    none,
  });
  if (known.settled < known.selected)
    await say(
      context,
      `${known.selected - known.settled} of its ${known.selected} units are still to be told.`,
    );
}

async function* pages(db: Database, id: string): AsyncGenerator<SettledUnit> {
  for (let after: number | undefined; ;) {
    const page = await settledUnits(db, id, { after, limit: PAGE_UNITS });
    yield* page;
    if (page.length < PAGE_UNITS) return;
    after = page.at(-1)!.position;
  }
}
