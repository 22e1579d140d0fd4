import { createHash, randomBytes } from 'node:crypto';
import { chmod, mkdtemp, readFile, rm, stat, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { PlainStore } from '../../adapters/store/port';
import type { StoreLimits } from '../../adapters/store/store-over';
import { parseSha256Hex, type Sha256Hex } from '../../domain/brands';

/** A place for contents as a test has it, with the file that the kind of place makes of one content. */
export interface StoreScene {
  /** Each time another store over the same place. */
  open(limits?: StoreLimits): PlainStore;
  fileOf(sha256: string): string;
  /** As a message names it. */
  nameOf(sha256: string): string;
  /** Of which nothing can be used; messages name it. */
  unusable(): { readonly store: PlainStore; readonly place: string };
}

export const firmware = Buffer.from('the image of a firmware release');
export const firmwareSha256 = parseSha256Hex(createHash('sha256').update(firmware).digest('hex'));

export async function flipBit(path: string): Promise<void> {
  const bytes = await readFile(path);
  bytes[3] = (bytes[3] ?? 0) ^ 0x10;
  await chmod(path, 0o644);
  await writeFile(path, bytes);
}

type It = (title: string, body: () => Promise<void>) => void;

/** What every content store promises, whatever the place. `scene` is one that nothing is in yet. */
export function keepsContents(scene: () => StoreScene, it: It): void {
  const open = (limits?: StoreLimits): PlainStore => scene().open(limits);
  const fresh = { cacheBytes: 0 };

  it('gives back the bytes that were put, under their SHA-256, also to a store that is opened later', async () => {
    const store = open();
    expect(await store.put(firmware)).toBe(firmwareSha256);
    expect(Buffer.from(await store.get(firmwareSha256))).toEqual(firmware);
    expect(Buffer.from(await open().get(firmwareSha256))).toEqual(firmware);
  });

  it('keeps empty content too', async () => {
    const sha256 = await open().put(new Uint8Array());
    expect(await open().get(sha256)).toHaveLength(0);
    expect(await open().check(sha256)).toBe('whole');
    expect(await text(open().open(sha256))).toBe('');
  });

  it('knows what it has, and does not write again what is there', async () => {
    const store = open();
    expect(await store.has(firmwareSha256)).toBe(false);
    await store.put(firmware);
    expect(await store.has(firmwareSha256)).toBe(true);
    const { mtimeMs, ino } = await stat(scene().fileOf(firmwareSha256));
    await store.put(firmware);
    await open().put(firmware);
    expect(await stat(scene().fileOf(firmwareSha256))).toMatchObject({ mtimeMs, ino });
  });

  it('says NOT_FOUND for content that was never put', async () => {
    const unknown = { code: 'NOT_FOUND', message: expect.stringContaining(firmwareSha256) };
    await expect(open().get(firmwareSha256)).rejects.toMatchObject(unknown);
    await expect(text(open().open(firmwareSha256))).rejects.toMatchObject(unknown);
    expect(await open().check(firmwareSha256)).toBe('missing');
  });

  it('refuses what is no digest, so that nothing else can be reached', async () => {
    for (const name of ['../../etc/passwd', firmwareSha256.toUpperCase(), '', `${firmwareSha256}\n`]) {
      const refused = { code: 'INPUT_INVALID' };
      await expect(open().get(name as Sha256Hex)).rejects.toMatchObject(refused);
      await expect(open().has(name as Sha256Hex)).rejects.toMatchObject(refused);
      await expect(open().check(name as Sha256Hex)).rejects.toMatchObject(refused);
      await expect(open().remove(name as Sha256Hex)).rejects.toMatchObject(refused);
    }
  });

  it('never hands out damaged content: one flipped bit is a mismatch that names it', async () => {
    await open().put(firmware);
    await flipBit(scene().fileOf(firmwareSha256));
    await expect(open().get(firmwareSha256)).rejects.toMatchObject({
      code: 'IMAGE_DIGEST_MISMATCH',
      message: expect.stringContaining(scene().nameOf(firmwareSha256)),
    });
    expect(await open().check(firmwareSha256)).toBe('damaged');
  });

  it('replaces damaged content when the same is put again', async () => {
    const store = open();
    await store.put(firmware);
    await flipBit(scene().fileOf(firmwareSha256));
    await store.put(firmware);
    expect(Buffer.from(await open(fresh).get(firmwareSha256))).toEqual(firmware);
  });

  it('reads once what was checked once', async () => {
    await open().put(firmware);
    const store = open();
    await store.get(firmwareSha256);
    await unlink(scene().fileOf(firmwareSha256));
    expect(Buffer.from(await store.get(firmwareSha256))).toEqual(firmware);
  });

  it('is not changed for others by a caller that writes into its array', async () => {
    const mine = Buffer.from(firmware);
    const store = open();
    await store.put(mine);
    mine.fill(0);
    (await store.get(firmwareSha256)).fill(0);
    expect(Buffer.from(await store.get(firmwareSha256))).toEqual(firmware);
    expect(Buffer.from(await open(fresh).get(firmwareSha256))).toEqual(firmware);
  });

  it('refuses to hold more than the limit in memory, with the size and the limit', async () => {
    const store = open({ maxContentBytes: 10 });
    await store.put(new Uint8Array(10));
    const refused = { code: 'INPUT_INVALID', message: expect.stringMatching(/11 bytes.*10 bytes/) };
    await expect(store.put(new Uint8Array(11))).rejects.toMatchObject(refused);
    await open().put(firmware);
    await expect(store.get(firmwareSha256)).rejects.toMatchObject({ code: 'INPUT_INVALID' });
  });

  it('says STORE_UNAVAILABLE, and of which place, where it can not be used', async () => {
    const { store, place } = scene().unusable();
    const unavailable = { code: 'STORE_UNAVAILABLE', message: expect.stringContaining(place) };
    await expect(store.put(firmware)).rejects.toMatchObject(unavailable);
    await expect(store.get(firmwareSha256)).rejects.toMatchObject(unavailable);
    await expect(store.has(firmwareSha256)).rejects.toMatchObject(unavailable);
    await expect(store.check(firmwareSha256)).rejects.toMatchObject(unavailable);
    await expect(text(store.open(firmwareSha256))).rejects.toMatchObject(unavailable);
    await expect(allOf(store)).rejects.toMatchObject(unavailable);
  });

  it('gives twenty callers at once the same digest, and keeps the content once', async () => {
    const bytes = randomBytes(100_000);
    const store = open();
    const digests = await Promise.all(Array.from({ length: 20 }, () => store.put(bytes)));
    expect(new Set(digests).size).toBe(1);
    expect(await allOf(store)).toEqual([digests[0]]);
  });

  it('keeps a file of any size, also above what is held in memory, and reads it from any place on', async () => {
    await withFile(firmware, async (path) => {
      const store = open({ maxContentBytes: 8 });
      expect(await store.putFile(path)).toBe(firmwareSha256);
      expect(await text(store.open(firmwareSha256))).toBe(firmware.toString());
      expect(await text(store.open(firmwareSha256, 4))).toBe(firmware.toString().slice(4));
      expect(await text(store.open(firmwareSha256, 4, 9))).toBe('image');
      expect(await text(store.open(firmwareSha256, 0, 3))).toBe('the');
      expect(await text(store.open(firmwareSha256, 24, 1_000))).toBe('release');
      expect(await text(store.open(firmwareSha256, 1_000, 1_001))).toBe('');
      expect(await text(store.open(firmwareSha256, firmware.length))).toBe('');
      expect(await readFile(path)).toEqual(firmware);
    });
  });

  it('does not write a file again that is there, and mends a damaged copy by it', async () => {
    await withFile(firmware, async (path) => {
      const store = open({ maxContentBytes: 8 });
      await store.putFile(path);
      const { mtimeMs, ino } = await stat(scene().fileOf(firmwareSha256));
      await store.putFile(path);
      expect(await stat(scene().fileOf(firmwareSha256))).toMatchObject({ mtimeMs, ino });
      await flipBit(scene().fileOf(firmwareSha256));
      await store.putFile(path);
      expect(await store.check(firmwareSha256)).toBe('whole');
    });
  });

  it('removes for good, and once more without a word', async () => {
    const store = open();
    await store.put(firmware);
    await store.remove(firmwareSha256);
    await store.remove(firmwareSha256);
    expect(await store.has(firmwareSha256)).toBe(false);
    await expect(store.get(firmwareSha256)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(stat(scene().fileOf(firmwareSha256))).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('removes nothing by a signal that says no more, and all by one that does not', async () => {
    const store = open();
    await store.put(firmware);
    const tooLate = store.remove(firmwareSha256, AbortSignal.abort());
    await expect(tooLate).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    expect(await open().check(firmwareSha256)).toBe('whole');
    await store.remove(firmwareSha256, AbortSignal.timeout(60_000));
    expect(await open().has(firmwareSha256)).toBe(false);
  });

  it('lists all of it in order, and what comes after one of them', async () => {
    const store = open();
    expect(await allOf(store)).toEqual([]);
    const digests: Sha256Hex[] = [];
    for (let at = 0; at < 20; at += 1) digests.push(await store.put(randomBytes(8)));
    digests.sort();
    expect(await allOf(store)).toEqual(digests);
    expect(await allOf(store, digests[7])).toEqual(digests.slice(8));
    expect(await allOf(store, digests[19])).toEqual([]);
  });
}

export async function allOf(store: PlainStore, after: Sha256Hex | null = null): Promise<Sha256Hex[]> {
  const found: Sha256Hex[] = [];
  for await (const sha256 of store.list(after)) found.push(sha256);
  return found;
}

export async function withFile(bytes: Uint8Array, work: (path: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'unitrail-source-'));
  try {
    await writeFile(join(folder, 'source'), bytes);
    await work(join(folder, 'source'));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
