import { canonicalJson } from '../../domain/canonical';
import { AMENDMENT_FORMAT, NUMBER_FORMAT } from '../../domain/export-rows';
import type { Amendment, ReportedNumber, SealedRecord } from '../../domain/export-source';
import { writeChunks } from './write-chunks';

const CHARACTERS_A_CHUNK = 64 * 1024;

/** The sealed bytes of each record on a line of its own: RFC 8785 text has no line ends. */
export function writeRecordLines(
  records: AsyncIterable<SealedRecord>,
  stream: NodeJS.WritableStream,
): Promise<number> {
  return writeLines(records, ({ body }) => body, stream);
}

/** One document in RFC 8785 on each line, the event's own body in it. */
export function writeAmendmentLines(
  amendments: AsyncIterable<Amendment>,
  stream: NodeJS.WritableStream,
): Promise<number> {
  const line = ({ at, body, ...rest }: Amendment): string =>
    canonicalJson({
      ...rest,
      format: AMENDMENT_FORMAT,
      at: at.toISOString(),
      body: JSON.parse(body) as unknown,
    });
  return writeLines(amendments, line, stream);
}

export function writeNumberLines(
  numbers: AsyncIterable<ReportedNumber>,
  stream: NodeJS.WritableStream,
): Promise<number> {
  const line = ({ at, ...rest }: ReportedNumber): string =>
    canonicalJson({ ...rest, format: NUMBER_FORMAT, at: at?.toISOString() ?? null });
  return writeLines(numbers, line, stream);
}

async function writeLines<Row>(
  rows: AsyncIterable<Row>,
  line: (row: Row) => string,
  stream: NodeJS.WritableStream,
): Promise<number> {
  let count = 0;
  const chunks = async function* (): AsyncGenerator<string> {
    let chunk = '';
    for await (const row of rows) {
      count++;
      chunk += `${line(row)}\n`;
      if (chunk.length < CHARACTERS_A_CHUNK) continue;
      yield chunk;
      chunk = '';
    }
    if (chunk !== '') yield chunk;
  };
  await writeChunks(stream, chunks());
  return count;
}
