import { basename } from 'node:path';
import type { Command } from 'commander';
import { listNumbers, type ListHead, type ListOutcome } from '../adapters/postgres/number-lists';
import { requirePlant } from '../adapters/postgres/plant-store';
import type { Separator } from '../adapters/spreadsheet/read-csv';
import { openTableFile, type TableFile } from '../adapters/spreadsheet/table-file';
import { UnitrailError } from '../domain/errors';
import { ProblemList, readNumbers } from '../domain/number-list';
import { plainText } from '../domain/plain-text';
import type { Buyer } from '../domain/plant';
import { readMask } from '../domain/serial-mask';
import { importGroup } from './import-group';
import { readOperator } from './operator-option';
import { printJson, printLine } from './output';
import type { ServerContext } from './server-context';
import { wrongOption } from '../domain/wrong-option';

interface Options {
  readonly issuer: string;
  readonly list: string;
  readonly by: string;
  readonly sheet?: string;
  readonly column?: string;
  readonly separator?: Separator;
  readonly dryRun?: boolean;
}

const LIST = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
const MAX_TOLD_BUYERS = 20;
const separatorNames: Readonly<Record<string, Separator>> = { ',': ',', ';': ';', tab: '\t' };

export function register(program: Command, context: ServerContext): void {
  importGroup(program)
    .command('serials')
    .description(
      "Lists a buyer's own numbers, from a column `serial` or from ranges in `from` and `to`: all of them or, with every reason, none.",
    )
    .argument('<file>', 'a .csv or .xlsx file with headings in its first row')
    .requiredOption('--issuer <buyer>', 'whose numbers they are')
    .requiredOption('--list <name>', 'what the list is called from now on', readList)
    .requiredOption('--by <operator>', 'your operator number', readOperator)
    .option('--sheet <name>', 'the sheet, where there are several')
    .option('--column <heading>', 'the column of the numbers, where its heading is not `serial`')
    .option('--separator <character>', 'between the columns of a .csv file: "," ";" or tab', readSeparator)
    .option('--dry-run', 'check everything and change nothing')
    .action((file: string, options: Options) => importSerials(context, file, options));
}

async function importSerials(context: ServerContext, file: string, options: Options): Promise<void> {
  const table = await openTableFile(file, options);
  try {
    const db = await context.desk();
    const buyer = findBuyer((await requirePlant(db)).buyers, options.issuer);
    const head = await headOf(file, table, buyer, options);
    const outcome = await listNumbers(db, head, numbersOf(table, head, options), options.dryRun ?? false);
    await report(context, head, outcome);
  } finally {
    await table.close();
  }
}

function findBuyer(buyers: readonly Buyer[], id: string): Buyer {
  const buyer = buyers.find((one) => one.id === id);
  if (buyer) return buyer;
  const known = buyers.slice(0, MAX_TOLD_BUYERS).map((one) => one.id);
  throw wrongOption('--issuer', id, `a buyer of the plant in force: ${known.join(', ') || 'it has none'}`);
}

async function headOf(file: string, table: TableFile, buyer: Buyer, options: Options): Promise<ListHead> {
  const { sheet, column, separator } = options;
  const given = Object.entries({ sheet, column, separator }).filter(([, value]) => value !== undefined);
  return {
    issuer: buyer.id,
    list: options.list,
    pattern: buyer.serialPattern ?? null,
    source: word(basename(file)),
    sha256: await table.sha256(),
    part: word(given.map(([name, value]) => `${name} ${value}`).join(', ') || 'all'),
    by: options.by,
  };
}

/** What stands in an event has no control characters, and no bar. */
function word(text: string): string {
  return plainText(text, 200).replaceAll('|', '\u00a6');
}

function numbersOf(table: TableFile, { pattern, sha256 }: ListHead, { column }: Options) {
  const problems = new ProblemList();
  const mask = pattern === null ? null : readMask(pattern);
  return {
    chunks: readNumbers(table, { mask, column }, problems),
    place: table.place,
    problems,
    judge: async () => {
      problems.refuse('The list, of which nothing was imported,');
      if ((await table.sha256()) !== sha256)
        throw new UnitrailError(
          'INPUT_INVALID',
          'The file was changed while it was read. Nothing was imported.',
        );
    },
  };
}

async function report(context: ServerContext, head: ListHead, outcome: ListOutcome): Promise<void> {
  const { outcome: what, ...numbers } = outcome;
  const { issuer, list, source, sha256, pattern } = head;
  if (context.json) {
    const told = { imported: what === 'listed', dryRun: what === 'tried', issuer, list, ...numbers };
    return printJson(context, { ...told, pattern, source, sha256 });
  }
  const { count, first, last } = numbers;
  const range = `${count} numbers of ${issuer}, ${first} to ${last}`;
  if (what === 'known') return printLine(context, `No change: list ${list} has this file: ${range}.`);
  if (what === 'tried')
    return printLine(context, `Dry run: list ${list} would have ${range}; nothing was changed.`);
  await printLine(context, `List ${list} has ${range}.`);
}

function readList(text: string): string {
  if (LIST.test(text)) return text;
  throw wrongOption('--list', text, '1 to 64 of A–Z a–z 0–9 . _ -, the first a letter or digit');
}

function readSeparator(text: string): Separator {
  const found = Object.hasOwn(separatorNames, text) ? separatorNames[text] : undefined;
  if (found) return found;
  throw wrongOption('--separator', text, `one of ${Object.keys(separatorNames).join(' ')}`);
}
