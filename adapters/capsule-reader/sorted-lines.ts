import { textOf, type ByteSource } from './bytes';
import { parsed, type Facts } from './documents';

/** To both sides of where a line is looked for: most records are shorter, and a longer one is read in a second go. */
const WINDOW_BYTES = 4 * 1024;
/** A line that is longer than this is none of a capsule. */
const MOST_LINE_BYTES = 64 * 1024 * 1024;
const LINE_FEED = 10;

export interface FoundLine {
  readonly text: string;
  readonly facts: Facts;
}

interface Line {
  readonly from: number;
  /** Of its line feed, or the end of the file. */
  readonly to: number;
  readonly bytes: Uint8Array;
}

/** That the file can't be searched; what it holds elsewhere may be whole. */
export class UnreadableLine extends Error {}

/**
 * All lines of the serial in a file of JSON objects that is sorted by serial: some twenty small readings for a million
 * lines, and nothing held in memory.
 * @throws UnreadableLine where it meets what is no JSON object with a serial
 */
export async function linesOf(file: ByteSource, serial: string): Promise<FoundLine[]> {
  const found: FoundLine[] = [];
  for (let from = await firstLineFrom(file, serial); from < file.sizeBytes;) {
    const line = await lineAt(file, from);
    const read = readLine(file, line);
    if (read.facts.serial !== serial) break;
    found.push(read);
    from = line.to + 1;
  }
  return found;
}

/** Where the first line begins whose serial is not below it: the end of the file where there is none. */
async function firstLineFrom(file: ByteSource, serial: string): Promise<number> {
  let [from, to] = [0, file.sizeBytes];
  while (from < to) {
    const line = await lineAt(file, Math.floor((from + to) / 2));
    if (String(readLine(file, line).facts.serial) < serial) from = line.to + 1;
    else to = line.from;
  }
  return from;
}

function readLine({ name }: ByteSource, { from, bytes }: Line): FoundLine {
  const text = textOf(bytes);
  const facts = text === null ? null : parsed(text);
  if (text !== null && facts !== null && typeof facts.serial === 'string') return { text, facts };
  throw new UnreadableLine(`${name}: what stands at byte ${from} is no JSON object with a serial`);
}

/** The whole line that the byte is in; its line feed is its own. */
async function lineAt(file: ByteSource, at: number): Promise<Line> {
  for (let window = WINDOW_BYTES; ; window *= 4) {
    const start = Math.max(0, at - window);
    const end = Math.min(file.sizeBytes, at + window);
    const bytes = await file.read(start, end);
    const before = at === 0 ? -1 : bytes.lastIndexOf(LINE_FEED, at - start - 1);
    const after = bytes.indexOf(LINE_FEED, at - start);
    const complete = (before >= 0 || start === 0) && (after >= 0 || end === file.sizeBytes);
    if (complete) {
      const [from, to] = [before + 1, after >= 0 ? after : bytes.length];
      return { from: start + from, to: start + to, bytes: bytes.subarray(from, to) };
    }
    if (window > MOST_LINE_BYTES) throw new UnreadableLine(`${file.name}: there are no lines in it`);
  }
}
