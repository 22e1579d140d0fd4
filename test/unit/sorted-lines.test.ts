import fc from 'fast-check';
import { bytesOf, type ByteSource } from '../../adapters/capsule-reader/bytes';
import { linesOf, UnreadableLine } from '../../adapters/capsule-reader/sorted-lines';

/** A file in memory, and how much was read of it. */
function fileOf(text: string): ByteSource & { readonly read: ByteSource['read']; bytesRead: number } {
  const bytes = bytesOf(text);
  return {
    name: 'records.jsonl',
    sizeBytes: bytes.length,
    bytesRead: 0,
    read(from, to) {
      if (from < 0 || to > bytes.length || from > to) throw new Error(`read from ${from} to ${to}`);
      this.bytesRead += to - from;
      return Promise.resolve(bytes.slice(from, to) as Uint8Array<ArrayBuffer>);
    },
  };
}

const line = (serial: string, note = ''): string => JSON.stringify({ note, serial });
const lineFeeds = (lines: readonly string[]): string => lines.map((text) => `${text}\n`).join('');

it('finds all lines of each serial, and none of another, whatever their lengths', async () => {
  const serials = fc.array(fc.stringMatching(/^[A-Z0-9.-]{1,6}$/), { maxLength: 12 });
  const lengths = fc.array(fc.constantFrom(0, 1, 100, 4_095, 4_096, 9_000, 70_000), {
    minLength: 12,
    maxLength: 12,
  });
  await fc.assert(
    fc.asyncProperty(serials, lengths, fc.boolean(), async (unsorted, sizes, isCut) => {
      const sorted = [...unsorted].sort();
      const lines = sorted.map((serial, at) => line(serial, 'ü'.repeat(sizes[at]!)));
      const text = lineFeeds(lines);
      // The last line feed may be lost: the line is whole all the same.
      const file = fileOf(isCut ? text.slice(0, -1) : text);
      for (const serial of new Set([...sorted, 'A', 'ZZZZZZZ', '', '0'])) {
        const expected = lines.filter((_, at) => sorted[at] === serial);
        expect((await linesOf(file, serial)).map((found) => found.text)).toEqual(expected);
      }
    }),
    { numRuns: 30 },
  );
});

it('reads some twenty small parts of a large file', async () => {
  const serials = Array.from({ length: 50_000 }, (_, at) => `S${String(at).padStart(6, '0')}`);
  const file = fileOf(lineFeeds(serials.map((serial) => line(serial, 'x'.repeat(100)))));
  expect(await linesOf(file, 'S031415')).toHaveLength(1);
  expect(file.bytesRead).toBeLessThan(25 * 8_192);
  expect(file.sizeBytes).toBeGreaterThan(6_000_000);
});

it('says where it met what is no line of a capsule', async () => {
  const lines = Array.from({ length: 9 }, (_, at) => line(`S${at}`));
  const file = fileOf(lineFeeds([...lines.slice(0, 4), 'no JSON', ...lines.slice(5)]));
  const reading = linesOf(file, 'S7');
  await expect(reading).rejects.toThrow(UnreadableLine);
  await expect(reading).rejects.toThrow(
    /^records\.jsonl: what stands at byte 104 is no JSON object with a serial$/,
  );
});
