import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer, text } from 'node:stream/consumers';

import { checkStore, type CheckStoreDeps } from '../../adapters/store/check-store';
import { createContentStore } from '../../adapters/store/content-store';
import { createMirroredStore } from '../../adapters/store/mirrored-store';
import { openSides, openStore } from '../../adapters/store/open-store';
import type { ContentStore, PlainStore } from '../../adapters/store/port';
import { untilAborted } from '../../adapters/store/until-aborted';
import { parseSha256Hex, type Sha256Hex } from '../../domain/brands';
import { UnitrailError } from '../../domain/errors';
import { allOf, firmware, firmwareSha256, flipBit, withFile } from '../support/store-contract';

let home: string;
let store: ContentStore;

const folderOf = (side: 'first' | 'copy'): string => join(home, side);
const setting = () =>
  ({
    first: { kind: 'folder', folder: folderOf('first') },
    copy: { kind: 'folder', folder: folderOf('copy') },
  }) as const;
const plain = (side: 'first' | 'copy'): PlainStore =>
  createContentStore({ folder: folderOf(side), cacheBytes: 0 });
const fileOf = (side: 'first' | 'copy', sha256: string): string =>
  join(folderOf(side), 'sha256', sha256.slice(0, 2), sha256);
const fresh = (): ContentStore => openStore(setting(), { cacheBytes: 0 });

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'unitrail-mirror-'));
  store = fresh();
});
afterEach(() => rm(home, { recursive: true, force: true }));

const states = async (sha256: Sha256Hex) => [
  await plain('first').check(sha256),
  await plain('copy').check(sha256),
];
const away = (): PlainStore => createContentStore({ folder: join(home, 'away', 'file') });

describe('a store with a second copy', () => {
  it('keeps each content in both places, and removes it from both', async () => {
    await store.put(firmware);
    const large = await withSource(randomBytes(3_000_000));
    expect(await states(firmwareSha256)).toEqual(['whole', 'whole']);
    expect(await states(large)).toEqual(['whole', 'whole']);
    await store.remove(firmwareSha256);
    expect(await states(firmwareSha256)).toEqual(['missing', 'missing']);
    expect(await store.has(firmwareSha256)).toBe(false);
  });

  it('gives a removal up while either place hangs, and begins nothing more', async () => {
    await store.put(firmware);
    const hangs = () => new Promise<never>(() => {});
    const first: PlainStore = {
      ...plain('first'),
      remove: () => untilAborted(AbortSignal.timeout(50), plain('first'), hangs),
    };
    const copy: PlainStore = { ...plain('copy'), lockedUntil: hangs };
    for (const sides of [
      [first, plain('copy')],
      [plain('first'), copy],
    ] as const)
      await expect(
        createMirroredStore(...sides).remove(firmwareSha256, AbortSignal.timeout(50)),
      ).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    expect(await states(firmwareSha256)).toEqual(['whole', 'whole']);
  });

  it.each([
    ['damaged', () => flipBit(fileOf('first', firmwareSha256))],
    ['missing', () => rm(fileOf('first', firmwareSha256))],
  ])('reads from the copy what is %s in the first, and mends the first', async (_what, harm) => {
    await store.put(firmware);
    await harm();
    expect(Buffer.from(await fresh().get(firmwareSha256))).toEqual(firmware);
    expect(await states(firmwareSha256)).toEqual(['whole', 'whole']);
  });

  it('says what is wrong with the first where neither has it', async () => {
    await store.put(firmware);
    await flipBit(fileOf('first', firmwareSha256));
    await flipBit(fileOf('copy', firmwareSha256));
    await expect(fresh().get(firmwareSha256)).rejects.toMatchObject({
      code: 'IMAGE_DIGEST_MISMATCH',
      message: expect.stringContaining(fileOf('first', firmwareSha256)),
    });
  });

  it('keeps nothing where one place can not take it: what counts as kept is there twice', async () => {
    await writeFile(join(home, 'away'), '');
    const halves = [createMirroredStore(away(), plain('copy')), createMirroredStore(plain('first'), away())];
    for (const half of halves)
      await expect(half.put(firmware)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
  });

  it('reads on while the first does not answer', async () => {
    await store.put(firmware);
    await writeFile(join(home, 'away'), '');
    const half = createMirroredStore(away(), plain('copy'));
    expect(Buffer.from(await half.get(firmwareSha256))).toEqual(firmware);
    expect(await text(half.open(firmwareSha256, 4))).toBe(firmware.toString().slice(4));
    expect(await text(half.open(firmwareSha256, 4, 9))).toBe('image');
    expect(await half.has(firmwareSha256)).toBe(true);
  });

  it.each([
    ['missing', () => rm(fileOf('first', firmwareSha256))],
    ['damaged', () => flipBit(fileOf('first', firmwareSha256))],
  ])(
    'says not that there is none of what is %s in the first, while the copy does not answer',
    async (_what, harm) => {
      await store.put(firmware);
      await harm();
      await writeFile(join(home, 'away'), '');
      const half = createMirroredStore(plain('first'), away());
      await expect(half.get(firmwareSha256)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    },
  );

  it('says not that there is none, to whoever reads a part or only asks, while the copy does not answer', async () => {
    await writeFile(join(home, 'away'), '');
    const half = createMirroredStore(plain('first'), away());
    await expect(text(half.open(firmwareSha256))).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    await expect(half.has(firmwareSha256)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
  });

  it('goes on with the copy where the first breaks off in the middle', async () => {
    const bytes = randomBytes(3_000_000);
    const sha256 = await withSource(bytes);
    const breaking: PlainStore = {
      ...plain('first'),
      open: (id, from) => breakingAfter(plain('first'), id, from, 1_500_000),
    };
    const found = await buffer(createMirroredStore(breaking, plain('copy')).open(sha256));
    expect(found.equals(bytes)).toBe(true);
  });

  it('does not bring back what is removed while it is mended', async () => {
    await store.put(firmware);
    await rm(fileOf('first', firmwareSha256));
    const mending: PlainStore = {
      ...plain('first'),
      put: async (bytes) => {
        // The other one is through with its removal before our bytes arrive.
        await fresh().remove(firmwareSha256);
        return plain('first').put(bytes);
      },
    };
    await createMirroredStore(mending, plain('copy')).get(firmwareSha256);
    expect(await states(firmwareSha256)).toEqual(['missing', 'missing']);
  });

  it('makes whole, of any size, what one place has as a whole', async () => {
    const sha256 = await withSource(randomBytes(2_000_000));
    const work = join(home, 'work');
    expect(await store.makeWhole(sha256, work)).toBe(true);
    for (const side of ['first', 'copy'] as const) {
      await flipBit(fileOf(side, sha256));
      expect(await store.makeWhole(sha256, work)).toBe(true);
      expect(await states(sha256)).toEqual(['whole', 'whole']);
    }
    expect(await readdir(work)).toEqual([]);
    for (const side of ['first', 'copy'] as const) await flipBit(fileOf(side, sha256));
    expect(await store.makeWhole(sha256, work)).toBe(false);
    expect(await plain('first').makeWhole(sha256, work)).toBe(false);
  });

  it('removes nothing where the copy is locked', async () => {
    await store.put(firmware);
    const until = new Date('2040-01-01T00:00:00Z');
    const half = createMirroredStore(plain('first'), { ...plain('copy'), lockedUntil: async () => until });
    await expect(half.remove(firmwareSha256)).rejects.toMatchObject({
      code: 'NOT_ALLOWED',
      message: expect.stringContaining('2040-01-01T00:00:00.000Z'),
    });
    expect(await states(firmwareSha256)).toEqual(['whole', 'whole']);
    expect(await half.lockedUntil(firmwareSha256)).toEqual(until);
  });
});

describe('the search for bit rot', () => {
  const wanting = (...digests: Sha256Hex[]): CheckStoreDeps => ({
    ...openSides(setting(), { cacheBytes: 0 }),
    workFolder: join(home, 'work'),
    wanted: async function* (after) {
      for (const sha256 of [...digests].sort()) if (after === null || sha256 > after) yield sha256;
    },
    isErased: async () => false,
  });

  it('mends each place from the other, and names what is whole in none', async () => {
    const [lostInCopy, rottenInCopy, lostInFirst, rottenInFirst, rotten, wellKept] = await Promise.all(
      Array.from({ length: 6 }, () => store.put(randomBytes(50))),
    );
    const large = await withSource(randomBytes(2_000_000));
    await rm(fileOf('copy', lostInCopy!));
    await flipBit(fileOf('copy', rottenInCopy!));
    await rm(fileOf('first', lostInFirst!));
    await flipBit(fileOf('first', rottenInFirst!));
    await flipBit(fileOf('first', rotten!));
    await flipBit(fileOf('copy', rotten!));
    await flipBit(fileOf('first', large));
    const gone = parseSha256Hex(createHash('sha256').update('gone').digest('hex'));
    const { report, after } = await checkStore(wanting(gone, wellKept!));
    expect(after).toBeNull();
    expect(report).toMatchObject({ checked: 8, mended: 5, lost: 2 });
    const found = Object.fromEntries(
      report.findings.map(({ sha256, first, copy, outcome }) => [sha256, [first, copy, outcome]]),
    );
    expect(found).toEqual({
      [lostInCopy!]: ['whole', 'missing', 'mended'],
      [rottenInCopy!]: ['whole', 'damaged', 'mended'],
      [lostInFirst!]: ['missing', 'whole', 'mended'],
      [rottenInFirst!]: ['damaged', 'whole', 'mended'],
      [rotten!]: ['damaged', 'damaged', 'lost'],
      [large]: ['damaged', 'whole', 'mended'],
      [gone]: ['missing', 'missing', 'lost'],
    });
    for (const sha256 of await allOf(plain('first')))
      expect(await states(sha256)).toEqual(sha256 === rotten ? ['damaged', 'damaged'] : ['whole', 'whole']);
    expect((await checkStore(wanting(wellKept!))).report).toMatchObject({ mended: 0, lost: 1 });
  });

  it('goes in steps, each from where the one before ended', async () => {
    for (let at = 0; at < 10; at += 1) await plain('first').put(randomBytes(20));
    const isEnough = ({ report }: { report: { checked: number } }): boolean => report.checked % 4 === 0;
    const first = await checkStore(wanting(), undefined, { isEnough });
    expect(first).toMatchObject({
      report: { checked: 4, mended: 4 },
      after: (await allOf(plain('first')))[3],
    });
    const second = await checkStore(wanting(), first, { isEnough });
    const third = await checkStore(wanting(), second, { isEnough });
    expect(third).toMatchObject({ report: { checked: 10, mended: 10, lost: 0 }, after: null });
    expect(await allOf(plain('copy'))).toEqual(await allOf(plain('first')));
  });

  it.each(['first', 'copy'] as const)(
    'by its schedule fills no %s place that is empty: it may be a share that is not mounted',
    async (side) => {
      const sha256 = await store.put(firmware);
      await rm(folderOf(side), { recursive: true });
      const scheduled = { refusesEmpty: true };
      await expect(checkStore(wanting(sha256), undefined, scheduled)).rejects.toMatchObject({
        code: 'STORE_UNAVAILABLE',
        message: expect.stringContaining(folderOf(side)),
      });
      expect(await allOf(plain(side))).toEqual([]);
      // By hand, it does.
      expect((await checkStore(wanting(sha256))).report).toMatchObject({ mended: 1, lost: 0 });
      expect((await checkStore(wanting(sha256), undefined, scheduled)).report).toMatchObject({ mended: 0 });
    },
  );

  it('by its schedule has nothing against empty places where the database asks for nothing', async () => {
    expect((await checkStore(wanting(), undefined, { refusesEmpty: true })).report).toMatchObject({
      checked: 0,
    });
  });

  /** A first place that can't read the content so many times. */
  const stammering = (sha256: Sha256Hex, times: number) => {
    const reads = { failed: 0 };
    const first: PlainStore = {
      ...plain('first'),
      check: async (asked) => {
        if (asked !== sha256 || reads.failed === times) return plain('first').check(asked);
        reads.failed += 1;
        throw new UnitrailError('STORE_UNAVAILABLE', 'EIO');
      },
    };
    return { reads, first };
  };

  it.each([
    [2, { mended: 0 }],
    [3, { mended: 1 }],
  ])('a content that can not be read %i times is judged by the third try: %p', async (times, expected) => {
    const sha256 = await store.put(firmware);
    await store.put(randomBytes(20));
    const { reads, first } = stammering(sha256, times);
    const { report } = await checkStore({ ...wanting(), first }, undefined, { pausesMs: [1, 1] });
    expect(report).toMatchObject({ checked: 2, lost: 0, ...expected });
    expect(reads.failed).toBe(times);
  });

  it('without a second copy says what is damaged, and leaves it as it is', async () => {
    await plain('first').put(firmware);
    await flipBit(fileOf('first', firmwareSha256));
    const before = await readFile(fileOf('first', firmwareSha256));
    const { report } = await checkStore({ ...wanting(), copy: null });
    expect(report).toEqual({
      ...{ checked: 1, mended: 0, lost: 1, removed: 0, locked: 0 },
      findings: [{ sha256: firmwareSha256, first: 'damaged', copy: null, outcome: 'lost' }],
    });
    expect(await readFile(fileOf('first', firmwareSha256))).toEqual(before);
  });
});

async function withSource(bytes: Uint8Array): Promise<Sha256Hex> {
  let sha256: Sha256Hex | undefined;
  await withFile(bytes, async (path) => void (sha256 = await store.putFile(path)));
  return sha256!;
}

/** A share that goes away after so many bytes. */
function breakingAfter(from: PlainStore, sha256: Sha256Hex, start: number | undefined, bytes: number) {
  const source = from.open(sha256, start);
  let given = 0;
  return source.map((piece: Buffer) => {
    if ((given += piece.length) > bytes) throw new UnitrailError('STORE_UNAVAILABLE', 'the share went away');
    return piece;
  });
}
