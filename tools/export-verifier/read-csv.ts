import { createReadStream } from 'node:fs';

/** The rows of a csv file as RFC 4180 has them, one after the other; the first one is the header. */
export async function* readCsvRows(
  path: string,
  separator: string,
  encoding: string,
): AsyncGenerator<string[]> {
  const rows = new RowReader(separator);
  for await (const text of decoded(path, encoding)) yield* rows.feed(text);
  yield* rows.end();
}

export async function* decoded(path: string, encoding: string): AsyncGenerator<string> {
  const decoder = new TextDecoder(encoding === 'utf-8-bom' ? 'utf-8' : encoding);
  for await (const chunk of createReadStream(path, { highWaterMark: 256 * 1024 }))
    yield decoder.decode(chunk as Buffer, { stream: true });
  yield decoder.decode();
}

/** Where a quoted cell ends is known only by the character behind it, which may be in the next chunk. */
class RowReader {
  private row: string[] = [];
  private cell = '';
  private state: 'cell' | 'quoted' | 'quote' = 'cell';
  private begun = false;

  constructor(private readonly separator: string) {}

  *feed(text: string): Generator<string[]> {
    for (const character of text) {
      if (this.state === 'quoted') {
        if (character === '"') this.state = 'quote';
        else this.cell += character;
      } else if (character === '"') {
        if (this.state === 'quote') this.cell += '"';
        this.state = 'quoted';
        this.begun = true;
      } else if (character === this.separator) {
        this.endCell();
        this.begun = true;
      } else if (character === '\n') {
        yield this.endRow();
      } else if (character !== '\r') {
        this.cell += character;
        this.state = 'cell';
        this.begun = true;
      }
    }
  }

  *end(): Generator<string[]> {
    if (this.begun) yield this.endRow();
  }

  private endCell(): void {
    this.row.push(this.cell);
    this.cell = '';
    this.state = 'cell';
  }

  private endRow(): string[] {
    this.endCell();
    const row = this.row;
    this.row = [];
    this.begun = false;
    return row;
  }
}
