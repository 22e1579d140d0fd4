import { randomBytes } from 'node:crypto';
import { checkStore, type CheckStoreDeps } from '../../adapters/store/check-store';
import type { PlainStore } from '../../adapters/store/port';
import type { Sha256Hex } from '../../domain/brands';
import type { StoreCheckPart } from '../../domain/store-check';
import { allOf } from './store-contract';

/** Two places as the search for bit rot sees them, with nothing in either yet. */
export interface SearchScene {
  readonly first: PlainStore;
  readonly copy: PlainStore;
  readonly workFolder: string;
  /** From now on the first has it and can't read it; it can be written anew. */
  makeUnreadable(sha256: string): Promise<void>;
  /** From now on the first neither gives it nor takes it. */
  makeStuck(sha256: string): Promise<void>;
}

export interface Answers {
  readonly wanted?: readonly string[];
  readonly erased?: readonly string[];
}

/** The search, with a database that answers so. */
export async function searchIn(
  { first, copy, workFolder }: Pick<CheckStoreDeps, 'first' | 'copy' | 'workFolder'>,
  { wanted = [], erased = [] }: Answers = {},
): Promise<StoreCheckPart['report']> {
  const deps: CheckStoreDeps = {
    ...{ first, copy, workFolder },
    wanted: async function* (after) {
      for (const sha256 of [...wanted].sort())
        if (after === null || sha256 > after) yield sha256 as Sha256Hex;
    },
    isErased: async (sha256) => erased.includes(sha256),
  };
  return (await checkStore(deps, undefined, { pausesMs: [1, 1] })).report;
}

type It = (title: string, body: () => Promise<void>) => void;

/** What the search does in whatever kind of place. */
export function searchesForRot(open: () => SearchScene | Promise<SearchScene>, it: It): void {
  async function filled(contents: number): Promise<SearchScene & { readonly digests: Sha256Hex[] }> {
    const scene = await open();
    const digests: Sha256Hex[] = [];
    for (let at = 0; at < contents; at += 1) {
      const bytes = randomBytes(40);
      digests.push(await scene.first.put(bytes));
      await scene.copy.put(bytes);
    }
    return { ...scene, digests: digests.sort() };
  }

  it('removes what was erased and was brought back, from both places, and says so', async () => {
    const scene = await filled(3);
    const [inBoth, inCopy, kept] = scene.digests as [Sha256Hex, Sha256Hex, Sha256Hex];
    await scene.first.remove(inCopy);
    const removed = { outcome: 'removed' };
    expect(await searchIn(scene, { erased: [inBoth, inCopy] })).toEqual({
      ...{ checked: 3, mended: 0, lost: 0, removed: 2, locked: 0 },
      findings: [
        { sha256: inBoth, first: 'whole', copy: 'whole', ...removed },
        { sha256: inCopy, first: 'missing', copy: 'whole', ...removed },
      ],
    });
    expect(await allOf(scene.first)).toEqual([kept]);
    expect(await allOf(scene.copy)).toEqual([kept]);
  });

  it('never removes what the database asks for, and mends it as ever', async () => {
    const scene = await filled(2);
    const [sha256] = scene.digests as [Sha256Hex];
    await scene.first.remove(sha256);
    const report = await searchIn(scene, { wanted: [sha256], erased: [sha256] });
    expect(report).toMatchObject({ checked: 2, mended: 1, removed: 0 });
    expect(await allOf(scene.first)).toEqual(scene.digests);
  });

  it('takes what can not be read, where others can, for damaged: named, mended, and it goes on', async () => {
    const scene = await filled(3);
    const [, bad] = scene.digests as [Sha256Hex, Sha256Hex];
    await scene.makeUnreadable(bad);
    await expect(scene.first.check(bad)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    expect(await searchIn(scene)).toMatchObject({
      ...{ checked: 3, mended: 1, lost: 0 },
      findings: [{ sha256: bad, first: 'unreadable', copy: 'whole', outcome: 'mended' }],
    });
    expect(await scene.first.check(bad)).toBe('whole');
    expect(await searchIn(scene)).toMatchObject({ checked: 3, mended: 0, lost: 0 });
  });

  it('names what its place neither gives nor takes, and mends all others', async () => {
    const scene = await filled(4);
    const [bad, , other] = scene.digests as [Sha256Hex, Sha256Hex, Sha256Hex];
    await scene.makeStuck(bad);
    await scene.first.remove(other);
    expect(await searchIn(scene)).toEqual({
      ...{ checked: 4, mended: 1, lost: 0, removed: 0, locked: 0, unmended: 1 },
      findings: [
        {
          ...{ sha256: bad, first: expect.stringMatching(/^(unreadable|missing)$/), copy: 'whole' },
          ...{ outcome: 'unmended', why: expect.stringContaining(scene.first.place) },
        },
        { sha256: other, first: 'missing', copy: 'whole', outcome: 'mended' },
      ],
    });
    expect(await scene.first.check(other)).toBe('whole');
    expect(await scene.copy.check(bad)).toBe('whole');
  });

  it('tells as unreadable, and not as lost, what can not be read, and no other place has', async () => {
    const scene = await filled(3);
    const [, bad] = scene.digests as [Sha256Hex, Sha256Hex];
    await scene.makeUnreadable(bad);
    expect(await searchIn({ ...scene, copy: null })).toMatchObject({
      ...{ checked: 3, lost: 0, unreadable: 1 },
      findings: [{ sha256: bad, first: 'unreadable', copy: null, outcome: 'unreadable' }],
    });
    await scene.copy.remove(bad);
    expect(await searchIn(scene, { wanted: [bad] })).toMatchObject({
      ...{ checked: 3, lost: 0, unreadable: 1 },
      findings: [{ sha256: bad, first: 'unreadable', copy: 'missing', outcome: 'unreadable' }],
    });
  });

  it('tells nothing as lost where nothing at all can be read: it is the place', async () => {
    const scene = await filled(3);
    for (const sha256 of scene.digests) await scene.makeUnreadable(sha256);
    for (const copy of [null, scene.copy])
      await expect(searchIn({ ...scene, copy })).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
  });
}
