import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { createContentStore, maxContentBytes } from '../../adapters/store/content-store';
import { parseSha256Hex } from '../../domain/brands';
import { runTogether } from '../support/run-together';
import { searchesForRot } from '../support/search-contract';
import { allOf, firmware, firmwareSha256, keepsContents, withFile } from '../support/store-contract';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'unitrail-store-'));
  await writeFile(join(folder, 'no-folder'), '');
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

const place = (): string => join(folder, 'deep', 'store');
const fileOf = (sha256: string): string => join(place(), 'sha256', sha256.slice(0, 2), sha256);

async function allFiles(): Promise<string[]> {
  const entries = await readdir(place(), { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => entry.name);
}

describe('a content store in a folder', () => {
  keepsContents(
    () => ({
      open: (limits) => createContentStore({ folder: place(), ...limits }),
      fileOf,
      nameOf: fileOf,
      unusable: () => ({
        store: createContentStore({ folder: join(folder, 'no-folder') }),
        place: join(folder, 'no-folder'),
      }),
    }),
    it,
  );

  it('makes one read-only file, in a folder named by the first two digits, and leaves no temporary file', async () => {
    const store = createContentStore({ folder: place() });
    await store.put(firmware);
    await withFile(randomBytes(100), async (path) => void (await store.putFile(path)));
    expect((await stat(fileOf(firmwareSha256))).mode & 0o777).toBe(0o444);
    expect((await allFiles()).sort()).toEqual(await allOf(store));
  });

  it('holds up to 256 MiB each in memory', () => {
    expect(maxContentBytes).toBe(256 * 1024 * 1024);
  });

  it('passes by what is no content', async () => {
    const store = createContentStore({ folder: place() });
    await store.put(firmware);
    await writeFile(`${fileOf(firmwareSha256)}.0011.tmp`, 'half');
    await writeFile(join(place(), 'sha256', 'README'), '');
    await writeFile(join(place(), 'sha256', firmwareSha256.slice(0, 2), 'f'.repeat(64)), 'on another shelf');
    expect(await allOf(store)).toEqual([firmwareSha256]);
  });

  it('can not lock', async () => {
    const store = createContentStore({ folder: place() });
    await store.put(firmware);
    expect(await store.protect(firmwareSha256, new Date('2040-01-01'))).toBe(false);
    expect(await store.lockedUntil(firmwareSha256)).toBeNull();
  });

  it('leaves the memory again when newer content needs the room', async () => {
    const store = createContentStore({ folder: place(), cacheBytes: 100 });
    const [oldest, used, newest] = [randomBytes(40), randomBytes(40), randomBytes(40)];
    const first = await store.put(oldest);
    const second = await store.put(used);
    await store.put(newest);
    await rm(join(place(), 'sha256'), { recursive: true });
    expect(Buffer.from(await store.get(second))).toEqual(used);
    await expect(store.get(first)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('two processes that put the same content at once leave one whole file', async () => {
    const sizeBytes = 4 * 1024 * 1024;
    const digests = await runTogether('put-content.ts', [place(), String(sizeBytes)], 2);
    expect(new Set(digests).size).toBe(1);
    expect(await allFiles()).toEqual([digests[0]]);
    const bytes = await createContentStore({ folder: place() }).get(parseSha256Hex(digests[0] ?? ''));
    expect(bytes).toHaveLength(sizeBytes);
  });
});

describe('the search for bit rot in a folder', () => {
  searchesForRot(
    () => ({
      first: createContentStore({ folder: place(), cacheBytes: 0 }),
      copy: createContentStore({ folder: join(folder, 'copy'), cacheBytes: 0 }),
      workFolder: join(folder, 'work'),
      makeUnreadable: async (sha256) => {
        await rm(fileOf(sha256));
        // A file whose first byte gives EIO, as a bad sector does.
        await symlink('/proc/self/mem', fileOf(sha256));
      },
      makeStuck: async (sha256) => {
        await rm(fileOf(sha256));
        // Nothing can be renamed to it.
        await mkdir(fileOf(sha256));
      },
    }),
    it,
  );
});
