import { SaxesParser } from 'saxes';
import type { FailRead } from './fail-read';

export interface XmlHandler {
  /** Names are without their prefix. */
  open(name: string, attributes: Readonly<Record<string, string>>): void;
  text?(text: string): void;
  close?(name: string): void;
}

const MAX_DEPTH = 64;
/** A cell has at most 32,767 characters; a parser keeps what is not ended yet, a text or a tag, however long it gets. */
const MAX_OPEN_CHARACTERS = 1024 * 1024;

/** XML in pieces, without a document type (and so without entities of its own), and nothing in it without bounds. */
export class XmlReader {
  private readonly parser = new SaxesParser<{ xmlns: false; position: false }>({
    xmlns: false,
    position: false,
  });
  private readonly decoder = new TextDecoder('utf-8', { fatal: true });
  private depth = 0;
  private openCharacters = 0;

  constructor(
    handler: XmlHandler,
    private readonly fail: FailRead,
  ) {
    const { parser } = this;
    parser.on('doctype', () => {
      throw fail('has a document type in its XML');
    });
    parser.on('opentag', ({ name, attributes }) => {
      this.ended();
      if (++this.depth > MAX_DEPTH) throw fail(`nests its XML deeper than ${MAX_DEPTH}`);
      handler.open(localName(name), attributes);
    });
    parser.on('closetag', ({ name }) => {
      this.ended();
      this.depth--;
      handler.close?.(localName(name));
    });
    for (const event of ['text', 'cdata'] as const)
      parser.on(event, (text) => {
        this.ended();
        handler.text?.(text);
      });
  }

  write(chunk: Buffer): void {
    this.tell(() => this.decoder.decode(chunk, { stream: true }));
  }

  end(): void {
    this.tell(() => this.decoder.decode());
    this.guard(() => this.parser.close());
  }

  private tell(decode: () => string): void {
    this.guard(() => {
      const text = decode();
      this.openCharacters += text.length;
      this.parser.write(text);
      if (this.openCharacters > MAX_OPEN_CHARACTERS)
        throw this.fail(`holds a text or a tag of more than ${MAX_OPEN_CHARACTERS} characters`);
    });
  }

  private ended(): void {
    this.openCharacters = 0;
  }

  private guard(work: () => void): void {
    try {
      work();
    } catch (cause) {
      throw (cause as Error).name === 'UnitrailError'
        ? cause
        : this.fail('holds XML that is not well formed', cause);
    }
  }
}

/** Reads a small part to its end. */
export async function readXml(
  chunks: AsyncIterable<Buffer>,
  handler: XmlHandler,
  fail: FailRead,
): Promise<void> {
  const reader = new XmlReader(handler, fail);
  for await (const chunk of chunks) reader.write(chunk);
  reader.end();
}

function localName(name: string): string {
  return name.slice(name.indexOf(':') + 1);
}
