import { pipeline, Readable } from 'node:stream';
import { CsvError, parse, type Parser } from 'csv-parse';
import { columnLetters, type TableItem, type TableSource } from '../../domain/table-source';
import { MAX_SHEET_ROWS } from './sheet-cells';
import type { FailRead } from './fail-read';

export const separators = [',', ';', '\t'] as const;
export type Separator = (typeof separators)[number];

/** Far longer than any row of numbers; a quote that is never closed ends here, and not at the end of the memory. */
const MAX_ROW_CHARACTERS = 64 * 1024;
const ROWS_A_PIECE = 1_000;

interface CsvRecord {
  readonly record: string[];
  /** The line on which the record ends. */
  readonly info: { readonly lines: number };
}

/**
 * A text of separated values by RFC 4180, in UTF-8 with or without a mark before it. Every value is text. Where no
 * separator is given, it is the one that the first line has most of.
 */
export function csvTable(
  open: () => AsyncIterable<Buffer>,
  separator: Separator | undefined,
  fail: FailRead,
): TableSource {
  return {
    pieces: () => readPieces(open, separator, fail),
    place: (row, column) => ({ path: [`${columnLetters(column)}${row}`] }),
  };
}

async function* readPieces(
  open: () => AsyncIterable<Buffer>,
  given: Separator | undefined,
  fail: FailRead,
): AsyncGenerator<TableItem[]> {
  const texts = decode(open(), fail);
  const start = await firstLine(texts);
  const parser = parserFor(given ?? detectSeparator(start, fail));
  // What the one fails with, the other throws.
  pipeline(Readable.from(again(start, texts)), parser, () => {});
  try {
    yield* inPieces(parser, fail);
  } catch (error) {
    if (error instanceof CsvError) throw fail(`is no good CSV: ${error.message}`, error);
    throw error;
  } finally {
    parser.destroy();
  }
}

function parserFor(delimiter: string): Parser {
  return parse({
    delimiter,
    // Found out from the first line alone, a mixed file would leave a carriage return in its values.
    record_delimiter: ['\r\n', '\n', '\r'],
    max_record_size: MAX_ROW_CHARACTERS,
    relax_column_count: true,
    info: true,
  });
}

async function* inPieces(parser: Parser, fail: FailRead): AsyncGenerator<TableItem[]> {
  let piece: TableItem[] = [];
  let row = 0;
  for await (const { record, info } of parser as AsyncIterable<CsvRecord>) {
    if (++row > MAX_SHEET_ROWS) throw fail(`has more than ${MAX_SHEET_ROWS} rows`);
    piece.push({ kind: 'row', row: info.lines, cells: record });
    if (piece.length < ROWS_A_PIECE) continue;
    yield piece;
    piece = [];
  }
  yield piece;
}

async function* decode(chunks: AsyncIterable<Buffer>, fail: FailRead): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  const decoded = (chunk?: Buffer): string => {
    try {
      return decoder.decode(chunk, { stream: chunk !== undefined });
    } catch (cause) {
      throw fail('is not text in UTF-8; save it as "CSV UTF-8"', cause);
    }
  };
  for await (const chunk of chunks) yield decoded(chunk);
  yield decoded();
}

/** All that has to be read to have the first line. */
async function firstLine(texts: AsyncGenerator<string>): Promise<string> {
  let start = '';
  while (!/[\r\n]/.test(start) && start.length <= MAX_ROW_CHARACTERS) {
    const { value, done } = await texts.next();
    if (done) break;
    start += value;
  }
  return start;
}

async function* again(start: string, rest: AsyncGenerator<string>): AsyncGenerator<string> {
  yield start;
  yield* rest;
}

function detectSeparator(start: string, fail: FailRead): Separator {
  const line = /^[^\r\n]*/.exec(start)?.[0] ?? '';
  const unquoted = line.replace(/"[^"]*"/g, '');
  const counts = separators.map((separator) => unquoted.split(separator).length - 1);
  const most = Math.max(...counts);
  const winners = separators.filter((_, at) => counts[at] === most);
  if (most > 0 && winners.length > 1)
    throw fail(`has several possible separators in its first line; give one with --separator`);
  return winners[0] ?? ',';
}
