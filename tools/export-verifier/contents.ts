import { join } from 'node:path';
import { readCanonical } from './canonical';
import { differenceAt, knownColumns, type KnownColumn } from './cells';
import type { ExportSet, NamedFile } from './manifests';
import { readCsvRows } from './read-csv';
import { readLines } from './read-lines';
import type { Problems } from './report';

type Facts = Record<string, unknown>;
/** Called for each sealed record, in its order. */
type OnRecord = (issuer: string, serial: string, record: Facts) => void;

const formats: Readonly<Record<string, string>> = {
  '.records.jsonl': 'unitrail.record/1',
  '.amendments.jsonl': 'unitrail.amendment/1',
  '.numbers.jsonl': 'unitrail.number/1',
};

/** What one file of an export holds: its lines or rows, how many, and in which order. A workbook is judged by its digest. */
export async function checkContent(
  folder: string,
  set: ExportSet,
  file: NamedFile,
  problems: Problems,
  onRecord: OnRecord,
): Promise<void> {
  const ending = file.name.slice(set.base.length);
  const path = join(folder, file.name);
  if (formats[ending] !== undefined) return checkLines(path, ending, set, file, problems, onRecord);
  if (ending === '.csv') return checkUnits(folder, set, file, problems);
  if (ending.endsWith('.csv')) return checkRows(path, set, file, problems);
}

async function checkLines(
  path: string,
  ending: string,
  set: ExportSet,
  { name, rows }: NamedFile,
  problems: Problems,
  onRecord: OnRecord,
): Promise<void> {
  let [line, before] = [0, ''];
  const serials: string[] = [];
  for await (const text of readLines(path)) {
    line += 1;
    const where = `${name}, line ${line}`;
    const facts = factsOf(text, formats[ending]!, where, problems);
    if (facts === null) continue;
    const place = placeOf(facts, ending);
    if (before !== '' && Buffer.compare(Buffer.from(before), Buffer.from(place)) >= 0)
      problems.add(
        where,
        `${told(place)} stands behind ${told(before)}: the order is not that of the export`,
      );
    before = place;
    if (ending !== '.records.jsonl') continue;
    checkBuyer(facts, set, where, problems);
    const serial = String(facts.serial);
    onRecord(String(facts.issuer), serial, facts);
    if (serials.length === 2) serials[1] = serial;
    else serials.push(serial);
  }
  checkCount(name, line, rows, problems);
  if (ending === '.records.jsonl') checkEnds(name, serials, set, problems);
}

function factsOf(text: string, format: string, where: string, problems: Problems): Facts | null {
  const read = readCanonical(text);
  if ('wrong' in read) {
    problems.add(where, read.wrong);
    return null;
  }
  const facts = read.value as Facts | null;
  if (facts?.format === format) return facts;
  problems.add(where, `is of format ${JSON.stringify(facts?.format)}, not ${format}`);
  return null;
}

/** By what the lines are in order; a line feed is in none of it. */
function placeOf(facts: Facts, ending: string): string {
  const seq = String(facts.seq ?? '').padStart(16, '0');
  const parts = {
    '.records.jsonl': [facts.issuer, facts.serial],
    '.amendments.jsonl': [facts.issuer, facts.serial, seq],
    '.numbers.jsonl': [facts.issuer, facts.kind, facts.value],
  }[ending]!;
  return parts.map(String).join('\n');
}

const told = (place: string): string => place.split('\n').slice(0, 3).join(' ');

function checkBuyer(
  { shipment, serial }: Facts,
  { buyer }: ExportSet,
  where: string,
  problems: Problems,
): void {
  const of = (shipment as Facts | null)?.buyer;
  if (of !== buyer)
    problems.add(where, `unit ${String(serial)} was shipped to ${String(of)}, and this is ${buyer}'s`);
}

function checkCount(name: string, found: number, rows: number, problems: Problems): void {
  if (found !== rows) problems.add(name, `has ${found} rows, and the manifest says ${rows}`);
}

function checkEnds(
  name: string,
  serials: readonly string[],
  { firstSerial, lastSerial }: ExportSet,
  problems: Problems,
): void {
  const [first = null] = serials;
  const last = serials.at(-1) ?? null;
  if (first !== firstSerial)
    problems.add(name, `begins with ${String(first)}, and the manifest says ${String(firstSerial)}`);
  if (last !== lastSerial)
    problems.add(name, `ends with ${String(last)}, and the manifest says ${String(lastSerial)}`);
}

async function checkRows(
  path: string,
  { csv }: ExportSet,
  { name, rows }: NamedFile,
  problems: Problems,
): Promise<void> {
  let count = -1;
  for await (const row of readCsvRows(path, csv.separator, csv.encoding)) count += row.length > 0 ? 1 : 0;
  checkCount(name, Math.max(count, 0), rows, problems);
}

/** Each row of the units beside its sealed record, where the set has the records: a cell that was changed is named. */
async function checkUnits(
  folder: string,
  set: ExportSet,
  { name, rows }: NamedFile,
  problems: Problems,
): Promise<void> {
  const records = recordsOf(folder, set);
  let known: KnownColumn[] | null = null;
  let count = 0;
  for await (const row of readCsvRows(join(folder, name), set.csv.separator, set.csv.encoding)) {
    if (known === null) {
      known = knownColumns(row, set.columns);
      continue;
    }
    count += 1;
    const { value: record } = await records.next();
    if (record) compareRow(row, record, known, `${name}, row ${count}`, problems);
  }
  await records.return(undefined);
  checkCount(name, count, rows, problems);
}

function compareRow(
  row: readonly string[],
  record: Facts,
  known: readonly KnownColumn[],
  where: string,
  problems: Problems,
): void {
  for (const column of known) {
    const difference = differenceAt(row[column.at] ?? '', record, column);
    if (difference === null) continue;
    const { found, expected } = difference;
    problems.add(
      where,
      `column ${column.heading} says ${JSON.stringify(found)}, and the sealed record ${JSON.stringify(expected)}`,
    );
    // A row that is missing shifts all that are behind it: its first cell says enough.
    return;
  }
}

async function* recordsOf(folder: string, { files }: ExportSet): AsyncGenerator<Facts | null, undefined> {
  const file = files.find(({ name }) => name.endsWith('.records.jsonl'));
  if (!file) return;
  try {
    for await (const line of readLines(join(folder, file.name))) {
      const read = readCanonical(line);
      yield 'value' in read ? (read.value as Facts) : null;
    }
  } catch {
    // That the file is missing was told already.
  }
}
