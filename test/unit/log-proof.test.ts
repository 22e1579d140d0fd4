import { hasher, isEd25519Signed, sha256 } from '../../adapters/log/hashing';
import { checkpointText, entryOf, parseCheckpoint, rootOfProof } from '../../domain/log-proof';
import {
  consistencyPath,
  inclusionPath,
  isConsistent,
  isSameHash,
  rootFromInclusion,
  rootHash,
  type Hash,
  type SubtreeHash,
} from '../../domain/merkle';
import {
  excessOf,
  formatNote,
  noteKey,
  noteKeyText,
  parseNote,
  parseNoteKey,
  signatureBy,
  verifyNote,
} from '../../domain/signed-note';

import { goesOn } from '../../tools/export-verifier/merkle';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** The eight entries and the roots that implementations of RFC 6962 test by (certificate-transparency, transparency-dev/merkle). */
const ENTRIES = [
  ...['', '00', '10', '2021', '3031', '40414243', '5051525354555657'],
  '606162636465666768696a6b6c6d6e6f',
].map((text) => Buffer.from(text, 'hex'));
const ROOTS = [
  'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
];

/** By the definition, from the leaves alone: it shares no line with what is tested. */
function treeOf(entries: readonly Uint8Array[]): Hash {
  if (entries.length === 0) return sha256(new Uint8Array());
  if (entries.length === 1) return sha256(Buffer.concat([Buffer.of(0), entries[0]!]));
  let split = 1;
  while (split * 2 < entries.length) split *= 2;
  return sha256(Buffer.concat([Buffer.of(1), treeOf(entries.slice(0, split)), treeOf(entries.slice(split))]));
}

function subtreesOf(entries: readonly Uint8Array[]): SubtreeHash {
  return (level, index) => {
    const [from, to] = [index * 2 ** level, (index + 1) * 2 ** level];
    if (to > entries.length) throw new Error(`asked for leaves ${from} to ${to} of ${entries.length}`);
    return Promise.resolve(treeOf(entries.slice(from, to)));
  };
}

describe('the Merkle tree', () => {
  it.each(ROOTS.map((root, size) => [size, root]))(
    'of %i leaves has the root of the vectors of RFC 6962',
    async (size, root) => {
      const entries = ENTRIES.slice(0, size as number);
      expect(hex(await rootHash(hasher, subtreesOf(entries), entries.length))).toBe(root);
    },
  );

  it('proves the vectors of certificate-transparency by the same paths', async () => {
    const path = await inclusionPath(hasher, subtreesOf(ENTRIES), 5, 8);
    expect(path.map(hex)).toEqual([
      'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b',
      'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0',
      'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
    ]);
    const between = await consistencyPath(hasher, subtreesOf(ENTRIES), 6, 8);
    expect(between.map(hex)).toEqual([
      '0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a',
      'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0',
      'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
    ]);
  });

  const many = Array.from({ length: 21 }, (_, at) => Buffer.from(`leaf ${at}`));

  it('proves each leaf of each size, and no other leaf, place or size', async () => {
    for (let size = 1; size <= many.length; size++) {
      const entries = many.slice(0, size);
      const root = treeOf(entries);
      for (let index = 0; index < size; index++) {
        const path = await inclusionPath(hasher, subtreesOf(entries), index, size);
        const leaf = hasher.leaf(entries[index]!);
        expect(rootFromInclusion(hasher, leaf, index, size, path)).toEqual(root);
        const wrong = [
          rootFromInclusion(hasher, hasher.leaf(Buffer.from('another')), index, size, path),
          rootFromInclusion(hasher, leaf, index, size, [...path, root]),
          rootFromInclusion(hasher, leaf, size, size, path),
          ...(path.length > 0 ? [rootFromInclusion(hasher, leaf, index, size, path.slice(1))] : []),
          ...(size > 1 ? [rootFromInclusion(hasher, leaf, (index + 1) % size, size, path)] : []),
        ];
        for (const other of wrong) expect(other !== null && isSameHash(other, root)).toBe(false);
      }
    }
  });

  it('proves that each size is the beginning of each larger one, and that another tree is not', async () => {
    const fork = [...many.slice(0, 3), Buffer.from('rewritten'), ...many.slice(4)];
    for (let older = 0; older <= many.length; older++)
      for (let newer = older; newer <= many.length; newer++) {
        const path = await consistencyPath(hasher, subtreesOf(many.slice(0, newer)), older, newer);
        const now = { size: newer, root: treeOf(many.slice(0, newer)) };
        const old = { size: older, root: treeOf(many.slice(0, older)) };
        expect(isConsistent(hasher, old, now, path)).toBe(true);
        expect(isConsistent(hasher, old, now, [...path, now.root])).toBe(false);
        if (older < 4) continue;
        expect(isConsistent(hasher, { ...old, root: treeOf(fork.slice(0, older)) }, now, path)).toBe(false);
        expect(isConsistent(hasher, old, { ...now, root: treeOf(fork.slice(0, newer)) }, path)).toBe(false);
      }
  });
});

describe('a signed note', () => {
  // The example of golang.org/x/mod/sumdb/note.
  const KEY = 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW';
  const TEXT =
    "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
  const NOTE = `${TEXT}\n\u2014 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n`;

  it('of the Go library verifies by its key, and by none else', () => {
    const key = parseNoteKey(KEY, sha256)!;
    const note = parseNote(NOTE)!;
    expect(note.text).toBe(TEXT);
    expect(verifyNote(note, key, isEd25519Signed)).toBe('good');
    expect(verifyNote({ ...note, text: `${TEXT}more\n` }, key, isEd25519Signed)).toBe('bad');
    const other = noteKey('PeterNeumann', Buffer.alloc(32, 7), sha256);
    expect(verifyNote(note, other, isEd25519Signed)).toBe('missing');
  });

  it('has the signature of a key that holds, whatever else stands under its name', () => {
    const key = parseNoteKey(KEY, sha256)!;
    const [good] = parseNote(NOTE)!.signatures;
    const junk = { ...good!, signature: Uint8Array.from(good!.signature, (byte) => byte ^ 1) };
    const note = { text: TEXT, signatures: [junk, good!] };
    expect(verifyNote(note, key, isEd25519Signed)).toBe('bad');
    expect(signatureBy(note, key, isEd25519Signed)).toBe(good!.signature);
    expect(signatureBy({ ...note, signatures: [junk] }, key, isEd25519Signed)).toBeNull();
  });

  it('has so many lines of signatures, of so many characters', () => {
    const line = NOTE.slice(NOTE.lastIndexOf('\u2014'));
    expect(excessOf(NOTE + line.repeat(63))).toBeNull();
    expect(excessOf(NOTE + line.repeat(64))).toBe('65 lines of signatures');
    expect(excessOf(`${NOTE}${'x'.repeat(1_000)}\n`)).toBeNull();
    expect(excessOf(`${NOTE}${'x'.repeat(1_001)}\n`)).toBe('a line of 1001 characters');
  });

  it('is written byte for byte as the Go library writes it', () => {
    const key = parseNoteKey(KEY, sha256)!;
    expect(noteKeyText(key)).toBe(KEY);
    expect(formatNote(TEXT, key, parseNote(NOTE)!.signatures[0]!.signature)).toBe(NOTE);
  });

  it.each([
    ['a text without a signature', TEXT],
    ['no line feed at its end', NOTE.slice(0, -1)],
    ['a control character', NOTE.replace('think', 'think\t')],
    ['base64 that is none', NOTE.replace('x08g', 'x08*')],
    ['another line behind it', `${NOTE}more\n`],
  ])('with %s is refused', (_, text) => {
    expect(parseNote(text)).toBeNull();
  });

  it.each([KEY.replace('c74f20a3', 'c74f20a4'), KEY.replace('Neumann', ' Neumann'), KEY.slice(0, -4)])(
    'knows no key %s',
    (text) => {
      expect(parseNoteKey(text, sha256)).toBeNull();
    },
  );
});

describe('a checkpoint', () => {
  const note = (text: string): string => `${text}\n\u2014 log/house AAAAAAAA\n`;
  const root = treeOf(ENTRIES);

  it('says origin, size and root', () => {
    const text = checkpointText('log/house', { size: 8, root });
    expect(text).toBe('log/house\n8\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=\n');
    expect(parseCheckpoint(note(text))).toMatchObject({ origin: 'log/house', size: 8, note: note(text) });
  });

  it.each(['log/house\n08\nAAAA\n', 'log/house\n8\nAAAA\n', '\n8\nXcna\n', 'log/house\n8\n'])(
    'is not %j',
    (text) => {
      expect(parseCheckpoint(note(text))).toBeNull();
    },
  );

  it('holds what a proof leads to: from salt and document to the root', async () => {
    const salt = Buffer.alloc(32, 3);
    const entries = [...ENTRIES, entryOf(sha256, salt, '{"serial":"A"}')];
    const path = await inclusionPath(hasher, subtreesOf(entries), 8, 9);
    const proof = { index: 8, path: path.map((hash) => Buffer.from(hash).toString('base64')) };
    expect(rootOfProof(hasher, entryOf(sha256, salt, '{"serial":"A"}'), proof, 9)).toEqual(
      new Uint8Array(treeOf(entries)),
    );
    const other = rootOfProof(hasher, entryOf(sha256, salt, '{"serial":"B"}'), proof, 9);
    expect(other).not.toEqual(new Uint8Array(treeOf(entries)));
  });
});

test('what goes on from nothing goes on from the root of nothing', () => {
  const newer = { size: 8, root: Buffer.alloc(32, 1) };
  const from = (root: Uint8Array): boolean[] => [
    isConsistent(hasher, { size: 0, root }, newer, []),
    goesOn({ size: 0, root: Buffer.from(root) }, newer, []),
  ];
  expect(from(sha256(new Uint8Array()))).toEqual([true, true]);
  expect(from(Buffer.alloc(32, 2))).toEqual([false, false]);
});
