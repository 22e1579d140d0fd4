import { readFileSync } from 'node:fs';
import { prepareZXingModule, readBarcodes, type ReadResult } from 'zxing-wasm/reader';
import fc from 'fast-check';

import { renderLabel, type LabelRequest } from '../../adapters/labels/render-label';
import { checkDigit } from '../../domain/gs1';
import { parseLabelContent } from '../../domain/label-content';

const housing = { symbology: 'gs1datamatrix', sizeMm: { width: 40, height: 15 } } as const;
const board = { symbology: 'gs1datamatrix', sizeMm: { width: 20, height: 8 } } as const;
const request: LabelRequest = {
  template: housing,
  gtin: '09506000134352',
  serial: 'EUDV2647-000001',
  print: 1,
};
const dotsPerMillimetre = 300 / 25.4;

beforeAll(async () => {
  // From the package's own file: left alone, the library would fetch it from the network.
  const wasmBinary = new Uint8Array(readFileSync(require.resolve('zxing-wasm/reader/zxing_reader.wasm')))
    .buffer;
  await prepareZXingModule({ overrides: { wasmBinary }, fireImmediately: true });
});

async function scan(png: Uint8Array): Promise<ReadResult[]> {
  return readBarcodes(png, { formats: ['DataMatrix'], textMode: 'Plain', tryHarder: true });
}

function sizeOf(png: Uint8Array): { width: number; height: number } {
  const view = new DataView(png.buffer, png.byteOffset);
  return { width: view.getUint32(16), height: view.getUint32(20) };
}

const anyLabel = fc.record({
  gtin: fc.stringMatching(/^[0-9]{13}$/).map((body) => `${body}${checkDigit(body)}`),
  serial: fc.stringMatching(/^[A-Z0-9.-]{1,20}$/),
  print: fc.integer({ min: 1, max: 9999 }),
});

describe('a rendered label', () => {
  it('is read back as a GS1 symbol with the content that was announced', async () => {
    const label = await renderLabel(request);
    const [read, ...others] = await scan(label.png);
    expect(others).toEqual([]);
    expect(read).toMatchObject({ isValid: true, contentType: 'GS1', symbologyIdentifier: ']d2' });
    expect(read!.text).toBe('010950600013435221EUDV2647-000001\x1d911');
    expect(label).toMatchObject({ content: read!.text, symbology: 'gs1datamatrix' });
  });

  it('is read back exactly for 200 random payloads, on housings and on small boards', async () => {
    for (const [at, wanted] of fc.sample(anyLabel, { numRuns: 200, seed: 20_260_101 }).entries()) {
      const { png, content } = await renderLabel({ template: at % 2 ? housing : board, ...wanted });
      const [read] = await scan(png);
      expect(read?.text).toBe(content);
      expect(parseLabelContent(read?.text ?? '')).toEqual(wanted);
    }
  });

  it('has the same bytes for the same input, and others for another print number', async () => {
    const [first, again, next] = await Promise.all([
      renderLabel(request),
      renderLabel({ ...request }),
      renderLabel({ ...request, print: 2 }),
    ]);
    expect(Buffer.from(again.png).equals(first.png)).toBe(true);
    expect(Buffer.from(next.png).equals(first.png)).toBe(false);
  });

  it.each([
    { width: 100, height: 50 },
    { width: 40, height: 15 },
    { width: 30, height: 12 },
    { width: 20, height: 8 },
    { width: 8, height: 8 },
  ])('is not larger than its template ($width x $height mm), and still read', async (sizeMm) => {
    const { png, content } = await renderLabel({ ...request, template: { ...housing, sizeMm } });
    expect(sizeOf(png).width).toBeLessThanOrEqual(sizeMm.width * dotsPerMillimetre);
    expect(sizeOf(png).height).toBeLessThanOrEqual(sizeMm.height * dotsPerMillimetre);
    expect((await scan(png))[0]?.text).toBe(content);
  });

  it('has text beside the symbol where there is room, and the symbol alone where there is none', async () => {
    const wide = sizeOf((await renderLabel(request)).png);
    const small = { ...housing, sizeMm: { width: 12, height: 12 } };
    const alone = sizeOf((await renderLabel({ ...request, template: small })).png);
    expect(wide.width).toBeGreaterThan(2 * wide.height);
    expect(alone.width).toBe(alone.height);
  });

  it.each([
    [{ serial: 'A(21)B' }, 'SERIAL_MALFORMED', /serial/],
    [{ gtin: '09506000134353' }, 'INPUT_INVALID', /gtin/],
    [{ print: 0 }, 'INPUT_INVALID', /print/],
    [{ template: { ...housing, sizeMm: { width: 5, height: 5 } } }, 'INPUT_INVALID', /sizeMm.*5 x 5 mm/],
  ])('is refused for %j', async (wrong, code, message) => {
    await expect(renderLabel({ ...request, ...wrong })).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
    });
  });
});
