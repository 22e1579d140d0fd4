import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSchemeKeys } from '../../adapters/keys/scheme-keys';
import { fingerprintOf, readKey } from '../../domain/scheme-key';
import { keyTexts } from '../support/hidden-keys';

describe('the text of a key', () => {
  it.each([32, 33, 34, 64, 256])('of %d bytes is read as hex and both kinds of base64', (size) => {
    const bytes = randomBytes(size);
    const urlForm = bytes.toString('base64url');
    for (const text of [
      bytes.toString('hex'),
      bytes.toString('hex').toUpperCase(),
      bytes.toString('base64'),
      urlForm,
    ])
      expect(Buffer.from(readKey(`${text}\n`)!)).toEqual(bytes);
  });

  it.each([
    ['nothing', ''],
    ['31 bytes of hex', '00'.repeat(31)],
    ['31 bytes of base64', Buffer.alloc(31).toString('base64')],
    ['257 bytes', '00'.repeat(257)],
    ['a megabyte', 'A'.repeat(2 ** 20)],
    ['a word', 'correct horse battery staple, correct horse battery staple'],
    ['base64 that was cut', 'A'.repeat(45)],
  ])('is not %s', (_what, text) => {
    expect(readKey(text)).toBeNull();
  });
});

describe('a key', () => {
  let folder: string;
  beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), 'unitrail-keys-'))));
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const fingerprint = async (reference: string, env: Record<string, string> = {}) => {
    const hash = await createSchemeKeys(env).find(reference);
    return hash && fingerprintOf(hash);
  };

  it('is the same from the environment and from a file, and another key is another', async () => {
    const file = join(folder, 'key');
    await writeFile(file, `${keyTexts.first}\n`, { mode: 0o600 });
    const first = await fingerprint('env:A_KEY', { A_KEY: keyTexts.first });
    expect(first).toMatch(/^[0-9a-f]{16}$/);
    expect(await fingerprint(`file:${file}`)).toBe(first);
    expect(await fingerprint('env:A_KEY', { A_KEY: keyTexts.other })).not.toBe(first);
  });

  it('is null where nothing lies', async () => {
    expect(await fingerprint('env:A_KEY')).toBeNull();
    expect(await fingerprint(`file:${folder}/none`)).toBeNull();
  });

  it('is refused without being shown where it is none', async () => {
    const [secret, file] = ['almost-a-key', join(folder, 'short')];
    await writeFile(file, secret);
    for (const reference of ['env:A_KEY', `file:${file}`, `file:${folder}`, 'file:/dev/zero']) {
      const attempt = fingerprint(reference, { A_KEY: secret });
      await expect(attempt).rejects.toMatchObject({
        code: 'CONFIGURATION_INVALID',
        message: expect.stringContaining(`${reference}: `),
      });
      await expect(attempt).rejects.toMatchObject({ message: expect.not.stringContaining(secret) });
    }
  });
});
