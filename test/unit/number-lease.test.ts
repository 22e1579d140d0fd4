import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readLeaseFile } from '../../adapters/keys/lease-file';
import { isSignedBy, newSiteKey, readSiteKey } from '../../adapters/keys/site-keys';
import { PUBLIC_KEY, signedText } from '../../domain/number-lease';
import { parseLease, parseLeaseReturn } from '../../domain/number-lease-schema';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'unitrail-lease-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const numbers = {
  ...{ kind: 'serial', name: 'SH', version: 1, pattern: 'SH-{seq:6}', scope: '', hiddenBy: null },
  definitionSha256: '0'.repeat(64),
};
const signature = `${'A'.repeat(86)}==`;
const ends = { lease: 'L1', lessor: 'W1', lessee: 'W2', signature };
const at = '2026-11-26T15:40:00.000Z';
const lease = {
  ...{ ...ends, format: 'unitrail.lease/1', issuer: 'unitrail', numbers },
  ...{ first: 1, last: 10, grantedAt: at },
};
const returned = {
  ...{ ...ends, format: 'unitrail.lease-return/1', leaseSha256: '0'.repeat(64), returnedAt: at },
  ...{ counts: { leased: 10, granted: 4, unused: 6 }, unused: { first: 5, last: 10 } },
};

describe('the file of a lease', () => {
  test('is read as it was written', async () => {
    const place = join(folder, 'good.json');
    await writeFile(place, JSON.stringify(lease));
    expect(parseLease(await readLeaseFile(place))).toEqual(lease);
    expect(parseLeaseReturn(returned)).toEqual(returned);
  });

  test.each([
    ['is no JSON', 'lease: L1', /is not JSON in UTF-8/],
    ['is no text', Buffer.from([0xff, 0xfe]), /is not JSON in UTF-8/],
    ['is empty', '', /is empty/],
    ['is too large', ' '.repeat(70_000), /has 70000 bytes; at most 65536 are allowed/],
  ])('is refused where it %s', async (_what, content, message) => {
    const place = join(folder, 'bad.json');
    await writeFile(place, content);
    await expect(readLeaseFile(place)).rejects.toMatchObject({
      code: 'INPUT_INVALID',
      message: expect.stringMatching(message),
    });
  });

  test('is refused where there is none, and where it is a folder', async () => {
    await expect(readLeaseFile(join(folder, 'none'))).rejects.toThrow(/does not exist/);
    await expect(readLeaseFile(folder)).rejects.toThrow(/is a folder/);
  });

  test.each([
    [
      'another format',
      { format: 'unitrail.lease/2' },
      /format: "unitrail.lease\/2" is not allowed; one of unitrail.lease\/1/,
    ],
    ['a site with a bar', { lessee: 'W|2' }, /lessee: "W\|2" is not allowed; a site's name/],
    ['a number as text', { first: '1' }, /first: "1" is not allowed; a whole number from 0/],
    ['a range that ends before it begins', { last: 0 }, /last: 0 is not allowed; a number from first, 1, on/],
    ['more than a billion numbers', { last: 1_000_000_001 }, /at most 1000000000 in all/],
    ['no signature', { signature: undefined }, /signature: \(missing\) is not allowed; an Ed25519 signature/],
  ])('is refused with %s', (_what, change, message) => {
    expect(() => parseLease(JSON.parse(JSON.stringify({ ...lease, ...change })))).toThrow(message);
  });

  test.each([
    [
      'counts that are not those of the range',
      { counts: { leased: 10, granted: 5, unused: 5 } },
      /counts.unused: 5 is not allowed; 6/,
    ],
    [
      'counts that do not add up',
      { counts: { leased: 11, granted: 4, unused: 6 } },
      /counts.leased: 11 is not allowed; granted and unused together/,
    ],
    ['unused numbers without a range', { unused: null }, /counts.unused: 6 is not allowed; 0/],
  ])('that comes back is refused with %s', (_what, change, message) => {
    expect(() => parseLeaseReturn({ ...returned, ...change })).toThrow(message);
  });
});

describe("a site's key", () => {
  const { secret, publicKey } = newSiteKey();
  const inOneLine = secret.replace(/-----[A-Z ]+-----/g, '').replace(/\s/g, '');

  test.each([
    ['a PEM file', secret],
    ['base64 in a variable', inOneLine],
  ])('signs as %s, and its public half alone finds it good', async (_what, text) => {
    const key = await readSiteKey({ SITE: text }, 'env:SITE');
    expect(key.publicKey).toBe(publicKey);
    expect(publicKey).toMatch(PUBLIC_KEY);
    const made = key.sign(signedText(lease));
    expect(isSignedBy(publicKey, signedText({ ...lease, signature: made }), made)).toBe(true);
    expect(isSignedBy(publicKey, signedText({ ...lease, last: 11 }), made)).toBe(false);
    expect(isSignedBy(newSiteKey().publicKey, signedText(lease), made)).toBe(false);
  });

  test.each([
    ['missing', undefined, /env:SITE: \(missing\) is not allowed; a private key of Ed25519/],
    ['something else', 'c0ffee00'.repeat(8), /env:SITE: \(hidden\) is not allowed/],
  ])('that is %s is refused, and not shown', async (_what, text, message) => {
    const attempt = readSiteKey({ SITE: text }, 'env:SITE');
    await expect(attempt).rejects.toMatchObject({
      code: 'CONFIGURATION_INVALID',
      message: expect.stringMatching(message),
    });
    await expect(attempt).rejects.not.toThrow(/c0ffee/);
  });
});
