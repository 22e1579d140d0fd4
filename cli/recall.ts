import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import {
  countRecalled,
  countUnjudged,
  findRecalled,
  holdRecalled,
  isRecallOpen,
  openRecall,
  recordCounts,
  shippedTo,
  type Recall,
} from '../adapters/postgres/recalls';
import type { Database } from '../adapters/postgres/database';
import { writeXlsx } from '../adapters/spreadsheet/xlsx';
import type { Column } from '../domain/columns';
import type { RecallCount, RecallSelector } from '../domain/recall';
import { unitColumns } from '../domain/unit-columns';
import { readInstant } from '../domain/unit-filter';
import { newHoldId, readHoldId, readNote } from './hold-options';
import { readOperator } from './operator-option';
import { requireRoomFor, writeOutFile } from './out-file';
import { printJson, printLine, printTable, say } from './output';
import type { ServerContext } from './server-context';
import { tellUnits } from './tell-units';
import { readSerials } from './units-resolve';
import { wrongOption } from '../domain/wrong-option';

interface Options extends Omit<RecallSelector, 'serials'> {
  readonly serials?: string;
  readonly by: string;
  readonly note: string;
  readonly id?: string;
  readonly dryRun?: boolean;
  readonly out?: string;
  readonly force?: boolean;
}

export function register(program: Command, context: ServerContext): void {
  program
    .command('recall')
    .description(
      'Counts the units that fit every option by state, buyer and country, puts those that have not shipped on quality hold, and writes a workbook for each buyer with the others.',
    )
    .option('--firmware <version>', 'with this release in the flash, or pinned to it')
    .option('--product <code>', 'of this product')
    .option('--board-lot <lot>', 'with a board of this lot, or about to get one')
    .option('--component-lot <lot>', 'with a component of this lot in any position, or about to get one')
    .option('--station <id>', 'with a final test at this station')
    .option('--from <time>', 'with a final test on this day or instant, or later', readTime('--from'))
    .option('--to <time>', 'with a final test before this one', readTime('--to'))
    .option('--serials <file>', 'named in this file, a serial on each line')
    .requiredOption('--by <operator>', 'your operator number', readOperator)
    .requiredOption('--note <text>', 'the reason', readNote)
    .option('--id <id>', 'of the recall, and of its hold; the same again goes on with it', (text) =>
      readHoldId(text, '--id'),
    )
    .option('--dry-run', 'only count')
    .option('--out <folder>', 'where the workbooks go')
    .option('--force', 'replace workbooks that are there')
    .action((options: Options) => recall(context, options));
}

async function recall(context: ServerContext, options: Options): Promise<void> {
  const selector = await selectorOf(options);
  if (!options.dryRun && options.out === undefined)
    throw wrongOption('--out', undefined, 'a folder for the workbooks, or --dry-run');
  const db = await context.desk();
  const found = await findRecalled(db, selector);
  const unjudged = await countUnjudged(db, found);
  if (options.dryRun) {
    const counts = await countRecalled(db, found);
    return report(context, { recall: null, held: 0, files: [], counts, unjudged });
  }
  const order = { id: options.id ?? newHoldId('R'), by: options.by, note: options.note };
  // A workbook that bears the id of a recall on record is that recall's own: the newer one takes its place.
  const force = options.force === true || (await isRecallOpen(db, order.id));
  const place: Place = { out: options.out!, id: order.id, force };
  await prepare(place, buyersIn(await countRecalled(db, found)));
  await openRecall(db, order, found);
  await say(
    context,
    `The recall's id is ${order.id}: the same command with --id ${order.id} goes on with it.`,
  );
  const held = await holdRecalled(db, order, found);
  await tellUnits(context, held);
  const counts = await countRecalled(db, found);
  const files = await writeWorkbooks(db, place, found, buyersIn(counts));
  await recordCounts(db, order.id, counts);
  await report(context, { recall: order.id, held: held.length, files, counts, unjudged });
}

async function selectorOf(options: Options): Promise<RecallSelector> {
  const names = ['firmware', 'product', 'boardLot', 'componentLot', 'station', 'from', 'to'] as const;
  const given = Object.fromEntries(
    names.flatMap((name) => (options[name] === undefined ? [] : [[name, options[name]]])),
  ) as RecallSelector;
  const { from, to } = given;
  if (from !== undefined && to !== undefined && from >= to)
    throw wrongOption('--to', to, `an instant after ${from}`);
  const selector =
    options.serials === undefined ? given : { ...given, serials: await serialsIn(options.serials) };
  if (Object.keys(selector).length > 0) return selector;
  throw wrongOption(
    '--firmware',
    undefined,
    'at least one of --firmware, --product, --board-lot, --component-lot, --station, --from, --to, --serials',
  );
}

async function serialsIn(file: string): Promise<string[]> {
  const serials = await readSerials(file);
  if (serials.length === 0) throw wrongOption('--serials', file, 'a file with a serial on each line');
  return serials;
}

/** Where the workbooks go, and what they may replace. */
interface Place {
  readonly out: string;
  readonly id: string;
  readonly force: boolean;
}

const fileOf = ({ out, id }: Place, buyer: string): string => join(out, `${id}-${buyer}.xlsx`);

/** In the order of the counts, which is that of their ids. */
function buyersIn(counts: readonly RecallCount[]): string[] {
  return [...new Set(counts.flatMap(({ state, buyer }) => (state === 'Shipped' && buyer ? [buyer] : [])))];
}

/** A folder or a name that won't do is refused while nothing is on record yet. */
async function prepare(place: Place, buyers: readonly string[]): Promise<void> {
  try {
    await mkdir(place.out, { recursive: true });
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    throw wrongOption('--out', place.out, `a folder that is there or can be made (${code})`);
  }
  for (const buyer of buyers) await requireRoomFor(fileOf(place, buyer), place.force);
}

/** One for each buyer who has any. */
async function writeWorkbooks(
  db: Database,
  place: Place,
  found: Recall,
  buyers: readonly string[],
): Promise<{ buyer: string; file: string; units: number }[]> {
  const files = [];
  for (const buyer of buyers) {
    const file = fileOf(place, buyer);
    const units = await writeOutFile(file, place.force, (stream) =>
      writeXlsx(shippedTo(db, found, buyer), unitColumns, stream, { name: 'Units' }),
    );
    files.push({ buyer, file, units });
  }
  return files;
}

interface Report {
  readonly recall: string | null;
  readonly held: number;
  readonly files: readonly { buyer: string; file: string; units: number }[];
  readonly counts: readonly RecallCount[];
  /** Shipped, and moved into capsules with their tests: in none of the counts. */
  readonly unjudged: number;
}

async function report(context: ServerContext, told: Report): Promise<void> {
  if (context.json) return printJson(context, told);
  if (told.counts.length === 0) await say(context, 'No unit fits.');
  else await printTable(context, told.counts, columns);
  if (told.unjudged > 0)
    await printLine(
      context,
      `NOT JUDGED: ${told.unjudged} shipped units fit the rest, and their tests have moved into capsules. Whether they fit --station, --from or --to can't be told here: look through the capsules, and recall them with --serials.`,
    );
  if (told.recall === null) return say(context, 'A dry run: nothing was put on hold.');
  for (const { file, units } of told.files) await printLine(context, `${units} units written to ${file}.`);
  await printLine(context, `Recall ${told.recall}: ${told.held} units were put on hold by this run.`);
}

const columns: readonly Column<RecallCount>[] = [
  { name: 'state', heading: 'State', kind: 'text', value: ({ state }) => state },
  { name: 'buyer', heading: 'Buyer', kind: 'text', value: ({ buyer }) => buyer },
  { name: 'country', heading: 'Country', kind: 'text', value: ({ country }) => country },
  { name: 'units', heading: 'Units', kind: 'number', value: ({ units }) => units },
];

function readTime(option: string): (text: string) => string {
  return (text) => {
    const instant = readInstant(text);
    if (instant) return instant.toISOString();
    throw wrongOption(option, text, 'a day YYYY-MM-DD or an instant such as 2026-11-23T08:00:00Z');
  };
}
