import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createContentStore } from '../../adapters/store/content-store';
import { createStoreOver } from '../../adapters/store/store-over';
import { createFolderPlace } from '../../adapters/store/folder-place';
import type { PlainStore } from '../../adapters/store/port';
import type { Sha256Hex } from '../../domain/brands';
import { UnitrailError } from '../../domain/errors';
import { searchIn } from '../support/search-contract';
import { allOf } from '../support/store-contract';

/** How the search for bit rot tells a place that is away or full from one content that is bad. */
let home: string;
let copy: PlainStore;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'unitrail-search-'));
  copy = folder('copy');
});
afterEach(() => rm(home, { recursive: true, force: true }));

const folder = (name: string): PlainStore => createContentStore({ folder: join(home, name), cacheBytes: 0 });
const scene = (first: PlainStore) => ({ first, copy, workFolder: join(home, 'work') });

/** So many contents in both places, in order. */
async function filled(contents: number): Promise<Sha256Hex[]> {
  for (let at = 0; at < contents; at += 1) {
    const bytes = randomBytes(20);
    for (const side of [folder('first'), copy]) await side.put(bytes);
  }
  return allOf(copy);
}

const trouble = (detail: Record<string, unknown>) => new UnitrailError('STORE_UNAVAILABLE', 'no', detail);

describe('a place that does not take what is to be mended', () => {
  it('and has no room, or is away, is waited for: nothing is told of one content', async () => {
    const [bad] = (await filled(3)) as [Sha256Hex];
    await folder('first').remove(bad);
    const full = { ...folder('first'), replaceFile: () => Promise.reject(trouble({ isOfAll: true })) };
    await expect(searchIn(scene(full))).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
  });

  it('nor gives anything else, is waited for', async () => {
    const digests = await filled(3);
    const last = digests.at(-1)!;
    await folder('first').remove(last);
    let isAway = false;
    const failing: PlainStore = {
      ...folder('first'),
      replaceFile: async () => {
        isAway = true;
        throw trouble({});
      },
      check: async (sha256) => (isAway ? Promise.reject(trouble({})) : folder('first').check(sha256)),
    };
    await expect(searchIn(scene(failing))).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
  });

  it('but keeps other bytes of it, is told, and all others are mended', async () => {
    const [bad, , other] = (await filled(4)) as [Sha256Hex, Sha256Hex, Sha256Hex];
    for (const one of [bad, other]) await folder('first').remove(one);
    const place = createFolderPlace(join(home, 'first'));
    const lying = createStoreOver(
      {
        ...place,
        writeFile: async (sha256, path) => {
          if (sha256 !== bad) return place.writeFile(sha256, path);
          await chmod(path, 0o600);
          await writeFile(path, 'what the disk made of it');
          return place.writeFile(sha256, path);
        },
      },
      { cacheBytes: 0 },
    );
    const report = await searchIn(scene(lying));
    expect(report).toMatchObject({ checked: 4, mended: 1, unmended: 1, lost: 0 });
    expect(report.findings.map(({ sha256, outcome }) => [sha256, outcome])).toEqual([
      [bad, 'unmended'],
      [other, 'mended'],
    ]);
  });

  it('at the first try only, has it mended by the next', async () => {
    const [bad] = (await filled(3)) as [Sha256Hex];
    await folder('first').remove(bad);
    let tries = 0;
    const stammering: PlainStore = {
      ...folder('first'),
      replaceFile: (path) =>
        (tries += 1) < 3 ? Promise.reject(trouble({ reason: 'EIO' })) : folder('first').replaceFile(path),
    };
    expect(await searchIn(scene(stammering))).toMatchObject({ checked: 3, mended: 1, lost: 0 });
    expect(tries).toBe(3);
  });
});
