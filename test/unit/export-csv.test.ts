import { PassThrough } from 'node:stream';
import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { writeCsv } from '../../adapters/spreadsheet/csv';
import type { Column } from '../../domain/columns';
import type { CsvStyle } from '../../domain/export-settings';

const decoders: Readonly<Record<CsvStyle['encoding'], (bytes: Buffer) => string>> = {
  'utf-8': (bytes) => bytes.toString('utf8'),
  'utf-8-bom': (bytes) => bytes.toString('utf8'),
  'utf-16le': (bytes) => bytes.toString('utf16le'),
  'windows-1252': (bytes) => bytes.toString('latin1'),
};
const encodings = Object.keys(decoders) as CsvStyle['encoding'][];
const separators = [',', ';', '\t'] as const;
const textColumn: Column<string> = { name: 'text', heading: 'Text', kind: 'text', value: (text) => text };

async function csvBytes(texts: readonly string[], style: CsvStyle): Promise<Buffer> {
  const stream = new PassThrough();
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  await writeCsv(texts, [textColumn, textColumn], stream, style);
  return Buffer.concat(chunks);
}

describe('CSV for a buyer', () => {
  it.each([
    ['utf-8', '7465787430'],
    ['utf-8-bom', 'efbbbf7465787430'],
    ['utf-16le', 'fffe74006500780074003000'],
    ['windows-1252', '7465787430'],
  ] as const)('begins in %s with the right mark', async (encoding, begin) => {
    const column = { ...textColumn, name: 'text0' };
    const stream = new PassThrough();
    await writeCsv([], [column], stream, { separator: ',', encoding });
    expect((stream.read() as Buffer).toString('hex')).toBe(
      `${begin}${encoding === 'utf-16le' ? '0d000a00' : '0d0a'}`,
    );
  });

  it('has in windows-1252 what that can hold, and says by number what it can not', async () => {
    const bytes = await csvBytes(['é € ß 🙂 Ł \u0081'], { separator: ';', encoding: 'windows-1252' });
    expect(bytes.toString('latin1').split('\r\n')[1]!.split(';')[0]).toBe(
      'é \x80 ß {U+1F642} {U+0141} \u0081',
    );
  });

  it('reads back in every separator and encoding as it was, but for the apostrophes before formulas', async () => {
    const letters = fc.constantFrom(...'0aé"\';,\t\n =+-@\u001d', '\uff1d', 'x');
    const texts = fc.array(fc.string({ unit: letters, minLength: 1, maxLength: 12 }), {
      minLength: 1,
      maxLength: 8,
    });
    await fc.assert(
      fc.asyncProperty(
        texts,
        fc.constantFrom(...separators),
        fc.constantFrom(...encodings),
        async (list, separator, encoding) => {
          const text = decoders[encoding](await csvBytes(list, { separator, encoding }));
          const read = parse(text, { delimiter: separator, record_delimiter: '\r\n', bom: true });
          const wide = (value: string): string =>
            encoding === 'windows-1252' ? value.replaceAll('\uff1d', '{U+FF1D}') : value;
          expect(read.slice(1).map(([first, second]) => [plain(first!), first === second])).toEqual(
            list.map((value) => [plain(wide(value)), true]),
          );
        },
      ),
    );
  });

  it('has no cell that a spreadsheet calculates, wherever it splits the lines', async () => {
    const letters = fc.constantFrom(
      '=',
      '+',
      '-',
      '@',
      ';',
      ',',
      '\t',
      '\n',
      '\r',
      ' ',
      '"',
      "'",
      'a',
      '\u001d',
    );
    await fc.assert(
      fc.asyncProperty(
        fc.string({ unit: letters }),
        fc.constantFrom(...separators),
        async (text, separator) => {
          const [, ...lines] = (await csvBytes([text], { separator, encoding: 'utf-8' }))
            .toString()
            .split('\r\n');
          // eslint-disable-next-line no-control-regex
          expect(lines.join('\r\n')).not.toMatch(/(^|[;,\t\r\n])["\s\u0000-\u001f]*[=+\-@]/);
        },
      ),
    );
  });
});

/** A text without the apostrophes that were put into it, nor any of its own. */
function plain(text: string): string {
  return text.replaceAll("'", '');
}
