import { createHash } from 'node:crypto';
import { cp, mkdir, mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readOrderFile } from '../../adapters/plant/order-file';
import { readPlantFile } from '../../adapters/plant/plant-file';
import { UnitrailError, type ErrorCode } from '../../domain/errors';

const sampleFolder = join(__dirname, '../../sample');
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'unitrail-plant-file-'));
  await cp(sampleFolder, join(folder, 'sample'), { recursive: true });
});

afterAll(() => rm(folder, { recursive: true }));

describe('the sample', () => {
  it('has an order of 24 units for the test buyer', async () => {
    const order = await readOrderFile(join(sampleFolder, 'order.yaml'));
    expect(order).toMatchObject({
      product: 'EUDV',
      quantity: 24,
      buyer: 'acme',
      firmware: '1.4.2',
      trial: false,
    });
  });

  it('has a plant whose images and SBOMs are what it declares', async () => {
    const { document, files } = await readPlantFile(join(sampleFolder, 'plant.yaml'));
    expect(files.map((file) => sha256(file.bytes))).toEqual(files.map((file) => file.sha256));
    const image = await readFile(join(sampleFolder, 'firmware/eudv-1.4.2.bin'));
    const release = document.firmwareReleases.find((one) => one.version === '1.4.2');
    expect(release?.image).toEqual({ sha256: sha256(image), sizeBytes: image.length });
    expect(JSON.stringify(document)).not.toContain('firmware/');
  });

  it('has an SBOM for each image, which names its digest and those of the sources beside it', async () => {
    const { document, files } = await readPlantFile(join(sampleFolder, 'plant.yaml'));
    for (const { image, sbom } of document.firmwareReleases) {
      const bytes = files.find((file) => file.sha256 === sbom.sha256)?.bytes;
      const bill = JSON.parse(Buffer.from(bytes ?? []).toString('utf8')) as Bill;
      expect([bill.bomFormat, bill.specVersion]).toEqual(['CycloneDX', '1.6']);
      expect(bill.metadata.component.hashes[0]?.content).toBe(image.sha256);
      for (const { name, hashes } of bill.components) {
        const source = await readFile(join(sampleFolder, 'firmware', name));
        expect([name, hashes[0]?.content]).toEqual([name, sha256(source)]);
      }
    }
  });

  it('has an order that goes with its plant', async () => {
    const order = await readOrderFile(join(sampleFolder, 'order.yaml'));
    const { document } = await readPlantFile(join(sampleFolder, 'plant.yaml'));
    const product = document.products.find((one) => one.code === order.product);
    expect(Object.keys(order.components)).toEqual(product?.criticalComponents);
    expect(document.buyers.find((one) => one.id === order.buyer)?.test).toBe(true);
    expect(document.firmwareReleases).toContainEqual(
      expect.objectContaining({ product: order.product, version: order.firmware }),
    );
  });
});

describe('an order file', () => {
  const good =
    'batch: B1\norder: PO-1\nproduct: EUDV\nquantity: 24\nfirmware: 1.4.2\nboardBatch: PB\nboardLot: L\ncomponents: { U1: [A] }\n';

  it('may be JSON as well', async () => {
    const order = await readOrderFile(await write('order.json', JSON.stringify(asJson())));
    expect(order).toMatchObject({ batch: 'B1', quantity: 24 });
  });

  it.each<[string, string, string]>([
    ['a field twice', `${good}batch: B2\n`, 'is not good YAML at line 9: Map keys must be unique.'],
    ['a bracket left open', 'batch: [B1\norder: x\n', 'is not good YAML at line 2: '],
    [
      'a second document',
      `${good}---\n${good}`,
      'is not good YAML at line 9: a second document begins; only one is allowed.',
    ],
    ['a tag', 'batch: !!binary aGVsbG8=\n', 'is not good YAML at line 1: Unresolved tag'],
    ['an alias', 'batch: &a B1\norder: *a\n', 'uses an alias (*name); write the value out.'],
    [
      'lists in lists without end',
      '['.repeat(20_000),
      'is not good YAML at line 1: it is nested too deeply.',
    ],
    ['nothing', '', 'is empty.'],
    ['a comment only', '# batch: B1\n', 'is empty.'],
  ])('with %s is refused in one sentence', async (_name, text, problem) => {
    const path = await write('order.yaml', text);
    const message = await refusalOf('ORDER_INVALID', readOrderFile(path));
    expect(message).toContain(`The order can't be read: ${JSON.stringify(path)} ${problem}`);
    expect(message).not.toContain('\n');
  });

  it('is refused where it is no file of a size to be read', async () => {
    const large = await write('large.yaml', 'x');
    await truncate(large, 256 * 1024 + 1);
    const latin = await write('latin.yaml', Buffer.from('batch: B\xfc\n', 'latin1'));
    const cases: [string, string][] = [
      [join(folder, 'nowhere.yaml'), 'does not exist.'],
      [folder, 'is a folder; give the file in it.'],
      ['/dev/null', 'is no regular file.'],
      [large, 'has 262145 bytes; at most 262144 are allowed.'],
      [latin, 'is not text in UTF-8.'],
    ];
    for (const [path, problem] of cases) {
      expect(await refusalOf('ORDER_INVALID', readOrderFile(path))).toBe(
        `The order can't be read: ${JSON.stringify(path)} ${problem}`,
      );
    }
  });

  it('is refused with the line of each wrong field, and with its value as it was written', async () => {
    const text = good
      .replace('24', '10000000')
      .replace('[A]', '[0012]')
      .replace('1.4.2', '1.10')
      .replace('batch: B1\n', '');
    const message = await refusalOf(
      'ORDER_INVALID',
      readOrderFile(await write('order.yaml', `${text}colour: red\n`)),
    );
    expect(message.split('\n')).toEqual([
      'The order is not valid:',
      expect.stringMatching(/^ {2}batch: \(missing\) is not allowed; .* \(line 1\)$/),
      '  quantity: 10000000 is not allowed; a whole number from 1 to 1000000 (line 3)',
      expect.stringMatching(/^ {2}firmware: 1\.10 is not allowed; put it in quotes, .* \(line 4\)$/),
      expect.stringMatching(
        /^ {2}components\.U1\[0\]: 0012 is not allowed; put it in quotes, .* \(line 7\)$/,
      ),
      expect.stringMatching(/^ {2}colour: "red" is not allowed; the fields here are .* \(line 8\)$/),
    ]);
  });

  function asJson(): Record<string, unknown> {
    return {
      batch: 'B1',
      order: 'PO-1',
      product: 'EUDV',
      quantity: 24,
      firmware: '1.4.2',
      boardBatch: 'PB',
      boardLot: 'L',
      components: { U1: ['A'] },
    };
  }
});

describe('a plant file', () => {
  it('is refused where a file in it is missing, a folder, or has another digest, all in one message', async () => {
    const path = await changedSample((text) =>
      text
        .replace('firmware/eudv-1.4.1.bin', 'firmware/lost.bin')
        .replace('firmware/eudv-1.4.1.cdx.json', 'firmware')
        .replace('firmware/eudv-1.4.2.bin', 'firmware/eubt-1.0.0.bin'),
    );
    const lines = (await refusalOf('PLANT_INVALID', readPlantFile(path))).split('\n');
    expect(lines).toHaveLength(4);
    expect(lines[1]).toMatch(
      /^ {2}firmwareReleases\[0\]\.image\.file: "firmware\/lost\.bin" is not allowed; a readable file, but the file does not exist \(line \d+\)$/,
    );
    expect(lines[2]).toMatch(
      /^ {2}firmwareReleases\[0\]\.sbom\.file: "firmware" is not allowed; a readable file, but the file is a folder/,
    );
    expect(lines[3]).toMatch(
      /^ {2}firmwareReleases\[1\]\.image\.sha256: "[0-9a-f]+…? is not allowed; the SHA-256 of firmware\/eubt-1\.0\.0\.bin, which is [0-9a-f]{64} \(line \d+\)$/,
    );
  });

  it('is refused where an image is larger than a device could hold', async () => {
    const path = await changedSample((text) => text.replace('firmware/eudv-1.4.1.bin', 'firmware/huge.bin'));
    await write('sample/firmware/huge.bin', '');
    await truncate(join(folder, 'sample/firmware/huge.bin'), 32 * 1024 * 1024 + 1);
    expect(await refusalOf('PLANT_INVALID', readPlantFile(path))).toContain(
      'a readable file, but the file has 33554433 bytes; at most 33554432 are allowed',
    );
  });

  it('is refused with the line of what contradicts the rest', async () => {
    const path = await changedSample((text) => text.replace('pool: main', 'pool: other'));
    expect(await refusalOf('PLANT_INVALID', readPlantFile(path))).toMatch(
      /products\[0\]\.macs\.pool: "other" is not allowed; one of main \(line \d+\)$/,
    );
  });

  it('hands each content over once, however often it is named', async () => {
    const path = await changedSample((text) =>
      text
        .replaceAll('eubt-1.0.0.cdx.json', 'eudv-1.4.1.cdx.json')
        .replace(
          /(file: firmware\/eudv-1\.4\.1\.cdx\.json\s+sha256: )([0-9a-f]{64})([\s\S]*file: firmware\/eudv-1\.4\.1\.cdx\.json\s+sha256: )[0-9a-f]{64}/,
          '$1$2$3$2',
        ),
    );
    const { document, files } = await readPlantFile(path);
    expect(document.firmwareReleases[2]?.sbom).toEqual(document.firmwareReleases[0]?.sbom);
    expect(files).toHaveLength(5);
  });

  async function changedSample(change: (text: string) => string): Promise<string> {
    return write('sample/changed.yaml', change(await readFile(join(sampleFolder, 'plant.yaml'), 'utf8')));
  }
});

interface Bill {
  bomFormat: string;
  specVersion: string;
  metadata: { component: { hashes: { content: string }[] } };
  components: { name: string; hashes: { content: string }[] }[];
}

async function write(name: string, content: string | Uint8Array): Promise<string> {
  const path = join(folder, name);
  await mkdir(join(path, '..'), { recursive: true });
  await writeFile(path, content);
  return path;
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

async function refusalOf(code: ErrorCode, reading: Promise<unknown>): Promise<string> {
  const error: unknown = await reading.then(
    () => new Error('it was taken'),
    (reason: unknown) => reason,
  );
  if (error instanceof UnitrailError && error.code === code) return error.message;
  throw error;
}
