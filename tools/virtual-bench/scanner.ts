import { readFileSync } from 'node:fs';
import { rasteriseLabel } from './label-raster';

/**
 * Reads the DataMatrix on a label from its pixels alone. Plain text mode is what a scanner transmits: GS (0x1D)
 * where the symbol has FNC1 as separator, nothing for the leading FNC1, no symbology identifier. (The
 * library's default, HRI, would put brackets around the application identifiers.)
 */
export async function scanLabel(png: Uint8Array): Promise<string | null> {
  const { readBarcodes } = await reader();
  const image = { ...rasteriseLabel(png), colorSpace: 'srgb' };
  const found = await readBarcodes(image, {
    formats: ['DataMatrix'],
    textMode: 'Plain',
    maxNumberOfSymbols: 1,
  });
  return found[0]?.isValid ? found[0].text : null;
}

/** Loaded at the first scan. The WASM comes from the package: left alone, the library would download it. */
async function reader() {
  const zxing = await import('zxing-wasm/reader');
  loaded ??= zxing.prepareZXingModule({ overrides: { wasmBinary: readWasm() }, fireImmediately: true });
  await loaded;
  return zxing;
}

let loaded: Promise<unknown> | undefined;

function readWasm(): ArrayBuffer {
  return new Uint8Array(readFileSync(require.resolve('zxing-wasm/reader/zxing_reader.wasm'))).buffer;
}
