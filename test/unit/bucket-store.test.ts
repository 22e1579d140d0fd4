import { createHash, randomBytes } from 'node:crypto';
import { createServer } from 'node:net';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { ListMultipartUploadsCommand } from '@aws-sdk/client-s3';
import { openPlainStore } from '../../adapters/store/open-store';
import { archivePlace, openArchive } from '../../tools/audit/archive-files';
import { s3Refusal } from '../support/http-proxy';
import { itWithS3, S3Server } from '../support/s3-server';
import { searchesForRot } from '../support/search-contract';
import { allOf, firmware, firmwareSha256, flipBit, keepsContents, withFile } from '../support/store-contract';
import { testBucket } from '../support/test-bucket';

/** The promises of a content store, by a real server that speaks S3. */
const bucket = testBucket();
const { open, through, folderOf } = bucket;

describe('a content store in a bucket', () => {
  keepsContents(
    () => ({
      open: (limits) => openPlainStore(bucket.server.placeOf(bucket.name), limits),
      fileOf: (sha256) => bucket.server.fileOf(bucket.name, sha256),
      nameOf: (sha256) => `unitrail/sha256/${sha256.slice(0, 2)}/${sha256} of s3://${bucket.name}/unitrail/`,
      unusable: () => ({ store: open({ bucket: 'no-such-bucket' }), place: 's3://no-such-bucket/unitrail/' }),
    }),
    itWithS3,
  );

  itWithS3('keeps a file of many parts, and leaves none of them behind', async () => {
    const bytes = randomBytes(35 * 1024 * 1024);
    await withFile(bytes, async (path) => {
      const sha256 = await open().putFile(path);
      expect(await open().check(sha256)).toBe('whole');
      await flipBit(bucket.server.fileOf(bucket.name, sha256));
      expect(await open().putFile(path)).toBe(sha256);
      expect(await open().check(sha256)).toBe('whole');
    });
    const uploads = await bucket.server
      .client()
      .send(new ListMultipartUploadsCommand({ Bucket: bucket.name }));
    expect(uploads.Uploads ?? []).toEqual([]);
  });

  itWithS3('lists more than one page of the server has', async () => {
    const digests = Array.from({ length: 1_050 }, (_, at) =>
      createHash('sha256').update(`${at}`).digest('hex'),
    );
    // Not by the store: each is a file of the server's, and a thousand requests take their time.
    for (const sha256 of digests) {
      await mkdir(dirname(bucket.server.fileOf(bucket.name, sha256)), { recursive: true });
      await writeFile(bucket.server.fileOf(bucket.name, sha256), '');
    }
    expect(await allOf(open())).toEqual(digests.sort());
  });
});

describe('the search for bit rot in a bucket', () => {
  searchesForRot(() => {
    const [unreadable, stuck] = [new Set<string>(), new Set<string>()];
    bucket.proxy.answer = ({ method, url }) => {
      const name = new URL(url!, bucket.proxy.endpoint).pathname.slice(-64);
      if (stuck.has(name) && method !== 'HEAD') return s3Refusal(500, 'InternalError');
      if (method === 'PUT') unreadable.delete(name);
      return method === 'GET' && unreadable.has(name) ? s3Refusal(500, 'InternalError') : null;
    };
    return {
      ...{ first: through(), copy: folderOf('copy'), workFolder: join(bucket.home, 'work') },
      makeUnreadable: async (sha256) => void unreadable.add(sha256),
      makeStuck: async (sha256) => void stuck.add(sha256),
    };
  }, itWithS3);
});

describe("the auditor's own reader", () => {
  itWithS3('reads what is there, and says what it can not ask', async () => {
    await open().put(firmware);
    const read = openArchive(archivePlace(bucket.server.textOf(bucket.name))!);
    expect(await text((await read(firmwareSha256))!)).toBe(firmware.toString());
    expect(await read('a'.repeat(64))).toBeNull();
    const away = openArchive(archivePlace('s3://no-such-bucket?endpoint=' + bucket.server.endpoint)!);
    await expect(away(firmwareSha256)).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
      message: expect.stringContaining('(NoSuchBucket)'),
    });
  });
});

describe('a bucket that can not be used says why', () => {
  const told = (text: RegExp) => ({ code: 'STORE_UNAVAILABLE', message: expect.stringMatching(text) });

  itWithS3('nothing answers there', async () => {
    const away = open({ endpoint: 'http://127.0.0.1:1' });
    await expect(away.put(firmware)).rejects.toMatchObject(
      told(
        /^The content store s3:.* at http:\/\/127.0.0.1:1 can't be used: nothing answers there \(ECONNREFUSED\)/,
      ),
    );
  });

  itWithS3('the server breaks the connection', async () => {
    const silent = createServer((socket) => socket.resetAndDestroy());
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const { port } = silent.address() as { port: number };
    const away = open({ endpoint: `http://127.0.0.1:${port}` });
    await expect(away.get(firmwareSha256)).rejects.toMatchObject(
      told(/nothing answers there \(ECONNRESET\)/),
    );
    await new Promise((resolve) => silent.close(resolve));
  });

  itWithS3('there is no such bucket', async () => {
    const away = open({ bucket: 'no-such-bucket' });
    const none = told(/there is no such bucket \(NoSuchBucket\)/);
    await expect(away.has(firmwareSha256)).rejects.toMatchObject(none);
    await expect(away.get(firmwareSha256)).rejects.toMatchObject(none);
    await withFile(firmware, (path) => expect(away.putFile(path)).rejects.toMatchObject(none));
  });

  itWithS3('wrong credentials, and no key in the message', async () => {
    const wrong = { AWS_ACCESS_KEY_ID: 'somebody-else' };
    const message = await refusalWith(wrong);
    expect(message).toMatch(
      /the server does not take the credentials \((InvalidAccessKeyId|XAdminUserNotFound)\)/,
    );
    expect(message).not.toContain('somebody-else');
    const secret = { AWS_SECRET_ACCESS_KEY: 'a wrong secret' };
    expect(await refusalWith(secret)).toMatch(/does not take the credentials \(SignatureDoesNotMatch\)/);
  });

  itWithS3('no credentials at all', async () => {
    const none = { AWS_ACCESS_KEY_ID: '', AWS_SECRET_ACCESS_KEY: '' };
    expect(await refusalWith(none)).toMatch(/no credentials were found/);
  });

  itWithS3('a disk without room, and what was there stays readable', async () => {
    const small = await S3Server.start({ sizeMiB: 8 });
    try {
      await small.makeBucket('small');
      const store = openPlainStore(small.placeOf('small'), { cacheBytes: 0 });
      await store.put(firmware);
      await expect(store.put(randomBytes(12 * 1024 * 1024))).rejects.toMatchObject({
        code: 'STORE_UNAVAILABLE',
      });
      await withFile(randomBytes(40 * 1024 * 1024), (path) =>
        expect(store.putFile(path)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' }),
      );
      expect(Buffer.from(await store.get(firmwareSha256))).toEqual(firmware);
    } finally {
      await small.stop();
    }
  });

  async function refusalWith(env: Record<string, string>): Promise<string> {
    const kept = { ...process.env };
    Object.assign(process.env, env);
    try {
      return await open()
        .put(firmware)
        .then(
          () => 'it was taken',
          (error: Error) => error.message,
        );
    } finally {
      Object.assign(process.env, kept);
    }
  }
});
