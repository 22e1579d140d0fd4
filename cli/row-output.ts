import { Option, type Command } from 'commander';
import { writeCsv } from '../adapters/spreadsheet/csv';
import { writeChunks } from '../adapters/spreadsheet/write-chunks';
import { writeXlsx } from '../adapters/spreadsheet/xlsx';
import { jsonRow, type Column } from '../domain/columns';
import { refusal } from '../domain/refusal';
import type { CliContext } from './context';
import { writeOutFile } from './out-file';
import { say, tableText } from './output';

const formats = ['table', 'json', 'csv', 'xlsx'] as const;
export type Format = (typeof formats)[number];

export interface OutputOptions {
  readonly format?: string | undefined;
  readonly out?: string | undefined;
  readonly force?: boolean | undefined;
}

/** What a command lists, whatever it is written as. */
export interface Listing<Row> {
  /** The name of a spreadsheet's sheet. */
  readonly name: string;
  readonly rows: AsyncIterable<Row> | Iterable<Row>;
  /** For programs and spreadsheets. */
  readonly columns: readonly Column<Row>[];
  /** For a person: fewer, as a terminal is narrow. */
  readonly tableColumns: readonly Column<Row>[];
  /** What a table says where there is no row. */
  readonly none: string;
}

/** `--format`, `--out` and `--force`, as every list takes them. */
export function addOutputOptions(command: Command): Command {
  return command
    .addOption(new Option('--format <format>', `one of ${formats.join(', ')}`))
    .option('--out <file>', 'write to this file')
    .option('--force', 'replace the file if it exists');
}

/** @throws UnitrailError INPUT_INVALID for options that do not fit each other. */
export function readFormat(context: CliContext, options: OutputOptions): Format {
  const typed = options.format ?? (context.json ? 'json' : 'table');
  const format = formats.find((one) => one === typed.toLowerCase());
  if (!format) throw wrong('--format', typed, `one of ${formats.join(', ')}`);
  if (context.json && format !== 'json') throw wrong('--format', typed, 'json, because --json was given');
  if (format === 'xlsx' && options.out === undefined && context.isTty) {
    throw wrong('--out', undefined, 'a file name: a spreadsheet is not for the terminal');
  }
  if (options.force && options.out === undefined)
    throw wrong('--force', undefined, '--force only with --out FILE');
  return format;
}

/** Writes to the file, all or nothing, or to standard output. Returns the number of rows. */
export async function writeRows<Row>(
  context: CliContext,
  format: Format,
  { out, force }: OutputOptions,
  listing: Listing<Row>,
): Promise<number> {
  if (out === undefined) return writers[format](context, listing, context.out);
  // A file is no terminal, whoever writes it.
  const toFile = { ...context, isTty: false };
  return writeOutFile(out, force === true, (stream) => writers[format](toFile, listing, stream));
}

type Writer = <Row>(
  context: CliContext,
  listing: Listing<Row>,
  stream: NodeJS.WritableStream,
) => Promise<number>;

const writers: Readonly<Record<Format, Writer>> = {
  table: writeTable,
  json: async (_context, listing, stream) => {
    let count = 0;
    await writeChunks(
      stream,
      jsonLines(listing, () => count++),
    );
    return count;
  },
  csv: (_context, { rows, columns }, stream) => writeCsv(rows, columns, stream),
  xlsx: (_context, { rows, columns, name }, stream) => writeXlsx(rows, columns, stream, { name }),
};

async function writeTable<Row>(
  context: CliContext,
  { rows, tableColumns, none }: Listing<Row>,
  stream: NodeJS.WritableStream,
): Promise<number> {
  const shown: Row[] = [];
  for await (const row of rows) shown.push(row);
  if (shown.length === 0) await say(context, none);
  else await writeChunks(stream, [`${tableText(context, shown, tableColumns)}\n`]);
  return shown.length;
}

async function* jsonLines<Row>({ rows, columns }: Listing<Row>, counted: () => void): AsyncGenerator<string> {
  for await (const row of rows) {
    counted();
    yield `${JSON.stringify(jsonRow(columns, row))}\n`;
  }
}

function wrong(option: string, value: unknown, allowed: string) {
  return refusal('INPUT_INVALID', 'The command', [{ path: [option], value, allowed }]);
}
