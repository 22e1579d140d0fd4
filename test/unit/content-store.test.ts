import { createHash, randomBytes } from 'node:crypto';
import { chmod, mkdtemp, readdir, readFile, rm, stat, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

import { createContentStore, maxContentBytes } from '../../adapters/store/content-store';
import { parseSha256Hex, type Sha256Hex } from '../../domain/brands';
import { runTogether } from '../support/run-together';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'unitrail-store-'));
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

const firmware = Buffer.from('the image of a firmware release');
const firmwareSha256 = parseSha256Hex(createHash('sha256').update(firmware).digest('hex'));

function fileOf(sha256: string): string {
  return join(folder, 'sha256', sha256.slice(0, 2), sha256);
}

async function allFiles(): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => entry.name);
}

async function flipBit(sha256: string): Promise<void> {
  const bytes = await readFile(fileOf(sha256));
  bytes[3] = (bytes[3] ?? 0) ^ 0x10;
  await chmod(fileOf(sha256), 0o644);
  await writeFile(fileOf(sha256), bytes);
}

describe('a content store in a folder', () => {
  it('gives back the bytes that were put, under their SHA-256', async () => {
    const store = createContentStore({ folder });
    const sha256 = await store.put(firmware);
    expect(sha256).toBe(firmwareSha256);
    expect(Buffer.from(await store.get(sha256))).toEqual(firmware);
  });

  it('keeps them for a store that is opened later', async () => {
    await createContentStore({ folder }).put(firmware);
    expect(Buffer.from(await createContentStore({ folder }).get(firmwareSha256))).toEqual(firmware);
  });

  it('keeps empty content too', async () => {
    const store = createContentStore({ folder });
    expect(await store.get(await store.put(new Uint8Array()))).toHaveLength(0);
  });

  it('makes one read-only file, in a folder named by the first two digits, and leaves no temporary file', async () => {
    await createContentStore({ folder: join(folder, 'deep', 'store') }).put(firmware);
    const kept = join(folder, 'deep', 'store', 'sha256', firmwareSha256.slice(0, 2), firmwareSha256);
    expect((await stat(kept)).mode & 0o777).toBe(0o444);
    expect(await allFiles()).toEqual([firmwareSha256]);
  });

  it('knows what it has', async () => {
    const store = createContentStore({ folder });
    expect(await store.has(firmwareSha256)).toBe(false);
    await store.put(firmware);
    expect(await store.has(firmwareSha256)).toBe(true);
  });

  it('does not write again what is there already', async () => {
    const store = createContentStore({ folder });
    await store.put(firmware);
    const before = await stat(fileOf(firmwareSha256));
    await store.put(firmware);
    await createContentStore({ folder }).put(firmware);
    expect((await stat(fileOf(firmwareSha256))).ino).toBe(before.ino);
  });

  it('says NOT_FOUND for content that was never put', async () => {
    const store = createContentStore({ folder });
    await expect(store.get(firmwareSha256)).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: expect.stringContaining(firmwareSha256),
    });
  });

  it('refuses what is no digest, so that no other file can be reached', async () => {
    const store = createContentStore({ folder });
    for (const text of ['../../etc/passwd', firmwareSha256.toUpperCase(), '', `${firmwareSha256}\n`]) {
      await expect(store.get(text as Sha256Hex)).rejects.toMatchObject({ code: 'INPUT_INVALID' });
      await expect(store.has(text as Sha256Hex)).rejects.toMatchObject({ code: 'INPUT_INVALID' });
    }
  });
});

describe('a damaged file', () => {
  it('is never handed out: one flipped bit is a mismatch that names the file', async () => {
    await createContentStore({ folder }).put(firmware);
    await flipBit(firmwareSha256);
    await expect(createContentStore({ folder }).get(firmwareSha256)).rejects.toMatchObject({
      code: 'IMAGE_DIGEST_MISMATCH',
      message: expect.stringContaining(fileOf(firmwareSha256)),
    });
  });

  it('is replaced when the same content is put again', async () => {
    const store = createContentStore({ folder });
    await store.put(firmware);
    await flipBit(firmwareSha256);
    await store.put(firmware);
    expect(await readFile(fileOf(firmwareSha256))).toEqual(firmware);
    expect(Buffer.from(await createContentStore({ folder }).get(firmwareSha256))).toEqual(firmware);
  });
});

describe('content that was checked once', () => {
  it('is read from the folder once', async () => {
    await createContentStore({ folder }).put(firmware);
    const store = createContentStore({ folder });
    await store.get(firmwareSha256);
    await unlink(fileOf(firmwareSha256));
    expect(Buffer.from(await store.get(firmwareSha256))).toEqual(firmware);
  });

  it('is not changed for others by a caller that writes into its array', async () => {
    const mine = Buffer.from(firmware);
    const store = createContentStore({ folder });
    await store.put(mine);
    mine.fill(0);
    (await store.get(firmwareSha256)).fill(0);
    expect(Buffer.from(await store.get(firmwareSha256))).toEqual(firmware);
  });

  it('leaves the memory again when newer content needs the room', async () => {
    const store = createContentStore({ folder, cacheBytes: 100 });
    const [oldest, used, newest] = [randomBytes(40), randomBytes(40), randomBytes(40)];
    const first = await store.put(oldest);
    const second = await store.put(used);
    await store.put(newest);
    await rm(join(folder, 'sha256'), { recursive: true });
    expect(Buffer.from(await store.get(second))).toEqual(used);
    await expect(store.get(first)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});

describe('limits and trouble', () => {
  it('holds up to 256 MiB each and refuses more, with the size and the limit', async () => {
    expect(maxContentBytes).toBe(256 * 1024 * 1024);
    const store = createContentStore({ folder, maxContentBytes: 10 });
    await store.put(new Uint8Array(10));
    await expect(store.put(new Uint8Array(11))).rejects.toMatchObject({
      code: 'INPUT_INVALID',
      message: expect.stringMatching(/11 bytes.*10 bytes/),
    });
    expect(await allFiles()).toHaveLength(1);
  });

  it('does not read a file that is larger than the limit', async () => {
    await createContentStore({ folder }).put(firmware);
    const store = createContentStore({ folder, maxContentBytes: 10 });
    await expect(store.get(firmwareSha256)).rejects.toMatchObject({ code: 'INPUT_INVALID' });
  });

  it('says STORE_UNAVAILABLE where the folder can not be used', async () => {
    const notAFolder = join(folder, 'file');
    await writeFile(notAFolder, '');
    const store = createContentStore({ folder: notAFolder });
    const unavailable = { code: 'STORE_UNAVAILABLE', message: expect.stringContaining(notAFolder) };
    await expect(store.put(firmware)).rejects.toMatchObject(unavailable);
    await expect(store.get(firmwareSha256)).rejects.toMatchObject(unavailable);
    await expect(store.has(firmwareSha256)).rejects.toMatchObject(unavailable);
  });
});

describe('several writers', () => {
  it('two processes that put the same content at once leave one whole file', async () => {
    const sizeBytes = 4 * 1024 * 1024;
    const digests = await runTogether('put-content.ts', [folder, String(sizeBytes)], 2);
    expect(new Set(digests).size).toBe(1);
    expect(await allFiles()).toEqual([digests[0]]);
    const bytes = await createContentStore({ folder }).get(parseSha256Hex(digests[0] ?? ''));
    expect(bytes).toHaveLength(sizeBytes);
  });

  it('twenty callers in one process get the same digest', async () => {
    const store = createContentStore({ folder });
    const bytes = randomBytes(100_000);
    const digests = await Promise.all(Array.from({ length: 20 }, () => store.put(bytes)));
    expect(new Set(digests).size).toBe(1);
    expect(await allFiles()).toHaveLength(1);
  });
});

describe('a file of any size', () => {
  const limits = { maxContentBytes: 8 };
  const path = (): string => join(folder, 'source');

  it('is kept under its SHA-256, also above what is held in memory, and read from any place on', async () => {
    await writeFile(path(), firmware);
    const store = createContentStore({ folder, ...limits });
    expect(await store.putFile(path())).toBe(firmwareSha256);
    expect(await text(store.open(firmwareSha256))).toBe(firmware.toString());
    expect(await text(store.open(firmwareSha256, 4))).toBe(firmware.toString().slice(4));
    expect(await readFile(path())).toEqual(firmware);
    expect((await stat(fileOf(firmwareSha256))).mode & 0o777).toBe(0o444);
    expect(await allFiles()).toEqual(expect.arrayContaining(['source', firmwareSha256]));
    expect(await allFiles()).toHaveLength(2);
  });

  it('is not written again by a repeat, and mends a damaged copy', async () => {
    await writeFile(path(), firmware);
    const store = createContentStore({ folder, ...limits });
    await store.putFile(path());
    const { mtimeMs, ino } = await stat(fileOf(firmwareSha256));
    await store.putFile(path());
    expect(await stat(fileOf(firmwareSha256))).toMatchObject({ mtimeMs, ino });
    await flipBit(firmwareSha256);
    await store.putFile(path());
    expect(await readFile(fileOf(firmwareSha256))).toEqual(firmware);
  });

  it('that is not there is an error of the stream', async () => {
    const store = createContentStore({ folder });
    await expect(text(store.open(firmwareSha256))).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});
