import { truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectVersionsCommand,
  PutObjectLegalHoldCommand,
} from '@aws-sdk/client-s3';
import type { PlainStore } from '../../adapters/store/port';
import type { Sha256Hex } from '../../domain/brands';
import { s3Refusal } from '../support/http-proxy';
import { hasS3, itWithS3 } from '../support/s3-server';
import { searchIn } from '../support/search-contract';
import { allOf, firmware, firmwareSha256 } from '../support/store-contract';
import { testBucket } from '../support/test-bucket';
import { until } from '../support/line-units';

/** What a bucket lets go and what it holds, by a real server that speaks S3. */
const bucket = testBucket();
const { open, through, folderOf } = bucket;

describe('a removal that the server refuses', () => {
  itWithS3('is not tried without end: what holds it stays, and the next run comes by', async () => {
    await open().put(firmware);
    bucket.proxy.answer = ({ method }) => (method === 'DELETE' ? s3Refusal(403, 'AccessDenied') : null);
    await expect(through().remove(firmwareSha256)).rejects.toMatchObject({
      code: 'NOT_ALLOWED',
      message: expect.stringMatching(/is held in s3:.*refuses to remove it \(AccessDenied, 403\)/),
    });
    expect(await open().check(firmwareSha256)).toBe('whole');
  });

  itWithS3(
    'is another matter where it does not take the credentials: those are mended, and it is tried again',
    async () => {
      await open().put(firmware);
      bucket.proxy.answer = ({ method }) =>
        method === 'DELETE' ? s3Refusal(403, 'SignatureDoesNotMatch') : null;
      await expect(through().remove(firmwareSha256)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    },
  );
});

describe('a removal that takes too long', () => {
  /** The server answers none of these until the test says so. */
  function hangingOn(method: string): { asked: string[]; go: () => void } {
    const asked: string[] = [];
    let go = (): void => {};
    const until = new Promise<void>((resolve) => (go = resolve));
    bucket.proxy.answer = async (request) => {
      asked.push(`${request.method} ${request.url}`);
      if (request.method === method) await until;
      return null;
    };
    return { asked, go: () => go() };
  }
  const tooSlow = {
    code: 'STORE_UNAVAILABLE',
    message: expect.stringMatching(
      /^The content store s3:.* did not answer in the time that there was/,
    ) as string,
  };
  const removals = (asked: readonly string[]) => asked.filter((request) => request.startsWith('DELETE'));

  itWithS3('is given up when the signal says so, and no other request is sent', async () => {
    await open().put(firmware);
    const { asked, go } = hangingOn('DELETE');
    const away = new AbortController();
    const removed = through().remove(firmwareSha256, away.signal);
    expect(await until(async () => removals(asked).length > 0)).toBe(true);
    away.abort();
    await expect(removed).rejects.toMatchObject(tooSlow);
    expect(removals(asked)).toHaveLength(1);
    expect(await open().check(firmwareSha256)).toBe('whole');
    go();
  });

  itWithS3('removes nothing where its server was still telling of versions and locks', async () => {
    await open().put(firmware);
    const { asked, go } = hangingOn('GET');
    const away = new AbortController();
    const removed = through().remove(firmwareSha256, away.signal);
    expect(await until(async () => asked.length > 0)).toBe(true);
    away.abort();
    await expect(removed).rejects.toMatchObject(tooSlow);
    go();
    // The last question before it would remove; and a few more, behind which a removal would have come.
    expect(await until(async () => asked.some((request) => request.includes('object-lock')))).toBe(true);
    for (let more = 0; more < 20; more += 1) await through().has(firmwareSha256);
    expect(removals(asked)).toEqual([]);
    expect(await open().check(firmwareSha256)).toBe('whole');
  });
});

describe('what is said of the whole bucket', () => {
  itWithS3('is no refusal of one object: it is tried again', async () => {
    await open().put(firmware);
    for (const [status, code, told] of [
      [400, 'InvalidRequest', /InvalidRequest/],
      [405, 'MethodNotAllowed', /MethodNotAllowed/],
      [403, 'AccountProblem', /its account, or all of it, is closed \(AccountProblem\)/],
      [403, 'AllAccessDisabled', /is closed \(AllAccessDisabled\)/],
    ] as const) {
      bucket.proxy.answer = ({ method }) => (method === 'DELETE' ? s3Refusal(status, code) : null);
      await expect(through().remove(firmwareSha256)).rejects.toMatchObject({
        code: 'STORE_UNAVAILABLE',
        message: expect.stringMatching(told),
      });
    }
  });
});

describe('a bucket with object lock', () => {
  const [soon, later] = [new Date('2040-01-01T00:00:00Z'), new Date('2045-01-01T00:00:00Z')];

  beforeEach(async () => {
    if (!hasS3()) return;
    await bucket.makeLocking();
  });

  itWithS3('locks a content until then, and only ever for longer', async () => {
    const store = open();
    await store.put(firmware);
    expect(await store.lockedUntil(firmwareSha256)).toBeNull();
    expect(await store.protect(firmwareSha256, later)).toBe(true);
    expect(await store.protect(firmwareSha256, soon)).toBe(true);
    expect(await store.lockedUntil(firmwareSha256)).toEqual(later);
  });

  itWithS3('refuses to remove it before, and says until when', async () => {
    const store = open();
    await store.put(firmware);
    await store.protect(firmwareSha256, soon);
    await expect(store.remove(firmwareSha256)).rejects.toMatchObject({
      code: 'NOT_ALLOWED',
      message: expect.stringContaining('2040-01-01T00:00:00.000Z'),
    });
    expect(Buffer.from(await open().get(firmwareSha256))).toEqual(firmware);
  });

  itWithS3('is held by the server, also against another program with the same credentials', async () => {
    const store = open({ lock: 'compliance' });
    await store.put(firmware);
    await store.protect(firmwareSha256, soon);
    const key = `unitrail/sha256/${firmwareSha256.slice(0, 2)}/${firmwareSha256}`;
    const { Versions } = await bucket.server
      .client()
      .send(new ListObjectVersionsCommand({ Bucket: bucket.name }));
    const version = Versions!.find(({ Key }) => Key === key)!.VersionId;
    const remove = new DeleteObjectCommand({
      Bucket: bucket.name,
      Key: key,
      VersionId: version,
      BypassGovernanceRetention: true,
    });
    await expect(bucket.server.client().send(remove)).rejects.toMatchObject({ name: 'AccessDenied' });
    expect(Buffer.from(await open().get(firmwareSha256))).toEqual(firmware);
  });

  itWithS3('removes every version of what is not locked: none can be read any more', async () => {
    const store = open();
    await store.put(firmware);
    await writeFile(bucket.server.fileOf(bucket.name, firmwareSha256), 'damaged');
    await store.put(firmware);
    const versions = async () =>
      (await bucket.server.client().send(new ListObjectVersionsCommand({ Bucket: bucket.name }))).Versions ??
      [];
    const found = await versions();
    expect(found.length).toBeGreaterThanOrEqual(2);
    await store.remove(firmwareSha256);
    expect(await versions()).toEqual([]);
    for (const { Key, VersionId } of found)
      await expect(
        bucket.server.client().send(new GetObjectCommand({ Bucket: bucket.name, Key, VersionId })),
      ).rejects.toThrow();
  });

  itWithS3('can protect again what was mended: its new version is another one', async () => {
    const store = open();
    await store.put(firmware);
    await store.protect(firmwareSha256, soon);
    await truncate(bucket.server.fileOf(bucket.name, firmwareSha256), 3);
    expect(await store.check(firmwareSha256)).toBe('damaged');
    await open({}).put(firmware);
    expect(await store.check(firmwareSha256)).toBe('whole');
    await store.protect(firmwareSha256, later);
    expect(await store.lockedUntil(firmwareSha256)).toEqual(later);
  });

  /** One version that is locked, and a newer one that is not. */
  async function putTwice(store: PlainStore): Promise<void> {
    await store.put(firmware);
    await store.protect(firmwareSha256, soon);
    await truncate(bucket.server.fileOf(bucket.name, firmwareSha256), 3);
    await open().put(firmware);
  }

  itWithS3('looks at every version that would have to go, and removes none while one is locked', async () => {
    const store = open();
    await putTwice(store);
    const { Versions = [] } = await bucket.server
      .client()
      .send(new ListObjectVersionsCommand({ Bucket: bucket.name }));
    expect(Versions.length).toBeGreaterThanOrEqual(2);
    expect(await store.lockedUntil(firmwareSha256)).toEqual(soon);
    await expect(store.remove(firmwareSha256)).rejects.toMatchObject({
      code: 'NOT_ALLOWED',
      message: expect.stringContaining('2040-01-01T00:00:00.000Z'),
    });
    const after = await bucket.server.client().send(new ListObjectVersionsCommand({ Bucket: bucket.name }));
    expect(after.Versions).toHaveLength(Versions.length);
    expect(await store.check(firmwareSha256)).toBe('whole');
  });

  itWithS3('knows a lock that was set after it was looked for, by the refusal of the server', async () => {
    await open().put(firmware);
    let isSet = false;
    bucket.proxy.answer = async ({ method }) => {
      if (method !== 'DELETE' || isSet) return null;
      isSet = true;
      await open().protect(firmwareSha256, soon);
      return null;
    };
    await expect(through().remove(firmwareSha256)).rejects.toMatchObject({
      code: 'NOT_ALLOWED',
      message: expect.stringContaining('2040-01-01T00:00:00.000Z'),
    });
    expect(await open().check(firmwareSha256)).toBe('whole');
  });

  itWithS3('says of an invalid request to remove that the object is held, as MinIO does', async () => {
    await open().put(firmware);
    bucket.proxy.answer = ({ method }) => (method === 'DELETE' ? s3Refusal(400, 'InvalidRequest') : null);
    await expect(through().remove(firmwareSha256)).rejects.toMatchObject({ code: 'NOT_ALLOWED' });
    bucket.proxy.answer = ({ method }) => (method === 'DELETE' ? s3Refusal(405, 'MethodNotAllowed') : null);
    await expect(through().remove(firmwareSha256)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
  });

  itWithS3('does not take a lock that is refused for one that it can not have', async () => {
    await open().put(firmware);
    const none = 'a'.repeat(64) as Sha256Hex;
    for (const [status, code] of [
      [400, 'InvalidRequest'],
      [405, 'MethodNotAllowed'],
    ] as const) {
      bucket.proxy.answer = ({ method, url }) =>
        method === 'PUT' && url!.includes('retention') ? s3Refusal(status, code) : null;
      await expect(through().protect(firmwareSha256, soon)).rejects.toMatchObject({
        code: 'STORE_UNAVAILABLE',
      });
      expect(await open().lockedUntil(firmwareSha256)).toBeNull();
    }
    expect(await through().protect(none, soon)).toBe(false);
    bucket.proxy.answer = () => null;
    expect(await through().protect(none, soon)).toBe(false);
  });

  itWithS3('is held by a legal hold of the server, of which no date is known', async () => {
    await open().put(firmware);
    const key = `unitrail/sha256/${firmwareSha256.slice(0, 2)}/${firmwareSha256}`;
    const hold = { Bucket: bucket.name, Key: key, LegalHold: { Status: 'ON' } } as const;
    await bucket.server.client().send(new PutObjectLegalHoldCommand(hold));
    await expect(open().remove(firmwareSha256)).rejects.toMatchObject({
      code: 'NOT_ALLOWED',
      message: expect.stringContaining('legal hold'),
    });
    expect(await open().check(firmwareSha256)).toBe('whole');
  });

  itWithS3(
    'keeps back nothing else of what was erased and brought back: the search says until when',
    async () => {
      const other = Buffer.from('another one');
      const sides = { first: folderOf('first'), copy: open(), workFolder: join(bucket.home, 'work') };
      for (const side of [sides.first, sides.copy]) for (const one of [firmware, other]) await side.put(one);
      await open().protect(firmwareSha256, soon);
      const erased = await allOf(sides.first);
      const report = await searchIn(sides, { erased });
      expect(report).toMatchObject({ checked: 2, removed: 1, locked: 1, lost: 0 });
      expect(report.findings).toContainEqual({
        ...{ sha256: firmwareSha256, first: 'whole', copy: 'whole', outcome: 'locked' },
        why: expect.stringContaining('2040-01-01T00:00:00.000Z'),
      });
      expect(await allOf(sides.copy)).toEqual([firmwareSha256]);
    },
  );
});
