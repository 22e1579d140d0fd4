import { randomBytes } from 'node:crypto';
import { renameSync } from 'node:fs';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { askingBucket } from '../../adapters/store/bucket-trouble';
import { checkStore } from '../../adapters/store/check-store';
import { createContentStore } from '../../adapters/store/content-store';
import { createFolderPlace } from '../../adapters/store/folder-place';
import type { PlainStore } from '../../adapters/store/port';
import { createStoreOver } from '../../adapters/store/store-over';
import { isOfWholePlace, reportingTrouble } from '../../adapters/store/trouble';
import type { Sha256Hex } from '../../domain/brands';
import { UnitrailError } from '../../domain/errors';
import type { StoreCheckPart } from '../../domain/store-check';
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

/** One that can't read these. */
const unable = (
  side: PlainStore,
  bad: readonly string[],
  error = trouble({ reason: 'EIO' }),
): PlainStore => ({
  ...side,
  check: (sha256) => (bad.includes(sha256) ? Promise.reject(error) : side.check(sha256)),
});

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

  /** One that gives what it has, and takes nothing. */
  const taking = (name: string, error: UnitrailError): PlainStore => ({
    ...folder(name),
    replaceFile: () => Promise.reject(error),
  });

  it('and has nothing that it could give, is waited for', async () => {
    await filled(1);
    const [only] = (await allOf(copy)) as [Sha256Hex];
    await folder('first').remove(only);
    const empty = taking('first', trouble({ reason: 'InternalError' }));
    await expect(searchIn(scene(empty))).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
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
      replaceFile: (path, sha256) =>
        (tries += 1) < 3
          ? Promise.reject(trouble({ reason: 'EIO' }))
          : folder('first').replaceFile(path, sha256),
    };
    expect(await searchIn(scene(stammering))).toMatchObject({ checked: 3, mended: 1, lost: 0 });
    expect(tries).toBe(3);
  });
});

describe('a file that changes on its way from one place to the other', () => {
  it('is written nowhere: the disk of the work folder is to be looked at', async () => {
    const [bad] = (await filled(3)) as [Sha256Hex];
    await folder('first').remove(bad);
    const kept = await allOf(folder('first'));
    const first: PlainStore = {
      ...folder('first'),
      replaceFile: async (path, sha256) => {
        await writeFile(path, 'what the disk made of it');
        return folder('first').replaceFile(path, sha256);
      },
    };
    await expect(searchIn(scene(first))).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
      message: expect.stringContaining(`changed before it was kept`),
    });
    expect(await allOf(folder('first'))).toEqual(kept);
  });
});

describe('a content that can not be read', () => {
  it.each([20, 30])(
    'is its own trouble where the first %i of forty can not be read either',
    async (contents) => {
      const digests = await filled(40);
      const bad = digests.slice(0, contents);
      expect(await searchIn(scene(unable(folder('first'), bad)))).toMatchObject({
        ...{ checked: 40, mended: contents, lost: 0 },
        findings: bad.map((sha256) => ({ sha256, first: 'unreadable', outcome: 'mended' })),
      });
    },
  );

  it('is told of no content where the server is away, though others are given', async () => {
    const [bad] = (await filled(5)) as [Sha256Hex];
    const away = unable(folder('first'), [bad], trouble({ reason: 'ECONNREFUSED', isOfAll: true }));
    await expect(searchIn(scene(away))).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
  });

  it('of a place where no other can be read is the place', async () => {
    const digests = await filled(40);
    await expect(searchIn(scene(unable(folder('first'), digests)))).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
    });
  });
});

describe('a place that goes away in the middle of a search by its schedule', () => {
  it.each(['first', 'copy'])('is not filled, and nothing is told as lost: %s', async (side) => {
    const digests = await filled(8);
    const unmounted = (part: StoreCheckPart): boolean => {
      if (part.report.checked === 2) renameSync(join(home, side), join(home, 'elsewhere'));
      return false;
    };
    const deps = {
      ...scene(folder('first')),
      wanted: async function* (after: Sha256Hex | null) {
        for (const sha256 of digests) if (after === null || sha256 > after) yield sha256;
      },
      isErased: async () => false,
    };
    await expect(
      checkStore(deps, undefined, { refusesEmpty: true, isEnough: unmounted, pausesMs: [1] }),
    ).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
      message: expect.stringContaining(join(home, side)),
    });
    expect(await allOf(folder(side))).toEqual([]);
  });
});

describe('what a place says', () => {
  const answered = (name: string, httpStatusCode: number) =>
    Object.assign(new Error('no'), { name, $metadata: { httpStatusCode } });
  const ofSystem = (code: string) => Object.assign(new Error('no'), { code });
  const byBucket = (error: Error) => () => askingBucket('s3://b/', () => Promise.reject(error));
  const byFolder = (error: Error) => () => reportingTrouble('The store', '/srv', () => Promise.reject(error));

  it.each([
    ['ECONNREFUSED', byBucket(ofSystem('ECONNREFUSED')), true],
    ['ECONNRESET', byBucket(ofSystem('ECONNRESET')), false],
    ['NoSuchBucket', byBucket(answered('NoSuchBucket', 404)), true],
    ['QuotaExceeded', byBucket(answered('QuotaExceeded', 403)), true],
    ['EntityTooLarge', byBucket(answered('EntityTooLarge', 400)), false],
    ['AccessDenied', byBucket(answered('AccessDenied', 403)), false],
    ['SlowDown', byBucket(answered('SlowDown', 503)), true],
    ['InternalError', byBucket(answered('InternalError', 500)), false],
    ['ENOSPC', byFolder(ofSystem('ENOSPC')), true],
    ['ESTALE', byFolder(ofSystem('ESTALE')), true],
    ['EIO', byFolder(ofSystem('EIO')), false],
    ['EACCES', byFolder(ofSystem('EACCES')), false],
  ])('%s', async (_reason, said, isOfAll) => {
    const error: unknown = await said().catch((failure: unknown) => failure);
    expect(error).toMatchObject({ code: 'STORE_UNAVAILABLE' });
    expect(isOfWholePlace(error)).toBe(isOfAll);
  });
});
