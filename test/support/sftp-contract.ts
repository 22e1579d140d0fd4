import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { deliver, type DeliverOptions, type FileToDeliver } from '../../adapters/sftp/deliver';
import { UnitrailError } from '../../domain/errors';
import type { SftpTarget } from '../../domain/export-settings';
import { TcpProxy } from './tcp-proxy';
import { newKey } from '../../tools/inbox/new-key';

export interface ServerUnderTest {
  /** By which the user is let in. */
  readonly target: SftpTarget;
  readonly secrets: Readonly<Record<string, string>>;
  list(): Promise<string[]>;
  read(name: string): Promise<Buffer>;
  /** Somebody else lays a file there. */
  put(name: string, bytes: Uint8Array): Promise<void>;
  close(): Promise<void>;
}

/** Long enough to be resumed: more than what is under way at one time. */
export const LARGE_BYTES = 9 * 2 ** 20;
/** More than what is under way has arrived by then, even where the server loses what it had not yet written. */
const LATE_CUT = LARGE_BYTES - 100_000;
/** A machine that is far too busy is no server that says nothing. */
export const patient = { connectMs: 30_000, answerMs: 20_000, keepaliveMs: 10_000 };
/** Where silence is waited for. */
export const quick = { connectMs: 5_000, answerMs: 1_500, keepaliveMs: 500 };

export type TestFile = FileToDeliver & { readonly bytes: Buffer };

let made = 0;
/** Bytes that repeat nowhere near, and cost nothing to make. */
export function fileOf(name: string, sizeBytes: number): TestFile {
  const bytes = Buffer.alloc(sizeBytes);
  made += 1;
  for (let at = 0; at + 8 <= sizeBytes; at += 8) bytes.writeDoubleLE(at + made / 1_000, at);
  return { ...fileWith(name, bytes), bytes };
}

export function fileWith(name: string, bytes: Buffer): FileToDeliver {
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return { name, sizeBytes: bytes.length, sha256, open: (from = 0) => Readable.from(pieces(bytes, from)) };
}

/** Of a length that no block has. */
function* pieces(bytes: Buffer, from: number): Generator<Buffer> {
  for (let at = from; at < bytes.length; at += 50_000) yield bytes.subarray(at, at + 50_000);
}

export async function failure(work: Promise<unknown>): Promise<UnitrailError> {
  const error = await work.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (error instanceof UnitrailError) return error;
  throw error ?? new Error('it was delivered');
}

/** What every server shows, ours or OpenSSH's. `makeServer` is called once. */
export function describeDelivery(
  itHere: (title: string, body: () => Promise<void>) => void,
  makeServer: () => Promise<ServerUnderTest>,
): void {
  let server: ServerUnderTest | undefined;
  let proxy: TcpProxy;
  let set = 0;

  const it = (title: string, body: (on: ServerUnderTest) => Promise<void>): void =>
    itHere(title, async () => {
      if (!server) {
        server = await makeServer();
        proxy = await TcpProxy.before(server.target.port);
      }
      proxy.cutAfterBytes = proxy.stillAfterBytes = Infinity;
      await body(server);
    });
  afterAll(async () => {
    await proxy?.close();
    await server?.close();
  });

  /** Through the proxy. */
  const to = (on: ServerUnderTest, files: readonly FileToDeliver[], more: Partial<DeliverOptions> = {}) =>
    deliver({ ...on.target, port: proxy.ownPort }, files, { secrets: on.secrets, timing: patient, ...more });
  const newSet = (sizeBytes = LARGE_BYTES): [TestFile, TestFile] => {
    set += 1;
    return [fileOf(`E${set}-units.csv`, sizeBytes), fileOf(`E${set}-manifest.json`, 700)];
  };
  const arrived = async (on: ServerUnderTest, files: readonly TestFile[]) => {
    expect((await on.list()).filter((name) => name.includes(`E${set}-`))).toEqual(
      files.map(({ name }) => name).sort(),
    );
    for (const { name, bytes } of files) expect((await on.read(name)).equals(bytes)).toBe(true);
  };

  it('a set arrives whole, the manifest last, and every byte is read back', async (on) => {
    const files = newSet(100_000);
    const seen: string[] = [];
    const { hostKey, files: told } = await to(on, files, {
      onProgress: ({ file, pass }) => seen.push(`${pass} ${file}`),
    });
    await arrived(on, files);
    expect(on.target.hostKeys).toEqual([hostKey]);
    expect(told.map(({ how, checked, sentBytes }) => [how, checked, sentBytes])).toEqual([
      ['sent', 'digest', 100_000],
      ['sent', 'digest', 700],
    ]);
    const [units, manifest] = files.map(({ name }) => name);
    expect([...new Set(seen)]).toEqual([
      `send ${units}`,
      `check ${units}`,
      `send ${manifest}`,
      `check ${manifest}`,
    ]);
  });

  it('a repeat sends nothing, and completes what is missing', async (on) => {
    const files = newSet(5_000);
    await to(on, files.slice(0, 1));
    const second = await to(on, files);
    expect(second.files.map(({ how }) => how)).toEqual(['already there', 'sent']);
    const third = await to(on, files);
    expect(third.files.map(({ how, sentBytes }) => [how, sentBytes])).toEqual([
      ['already there', 0],
      ['already there', 0],
    ]);
    await arrived(on, files);
  });

  it('an empty file is a file', async (on) => {
    const files = newSet(0);
    await to(on, files);
    await arrived(on, files);
  });

  it('a file of the same name and other content is reported and not touched, and nothing else is begun', async (on) => {
    const files = newSet(5_000);
    const [units, manifest] = files;
    const sameSize = Buffer.alloc(700, 'x');
    await on.put(manifest.name, sameSize);
    const error = await failure(to(on, files));
    expect(error.code).toBe('SFTP_FILE_CONFLICT');
    const theirs = createHash('sha256').update(sameSize).digest('hex');
    expect(error.message).toContain(
      `${manifest.name} (ours: 700 bytes, SHA-256 ${manifest.sha256}; there: 700 bytes, SHA-256 ${theirs})`,
    );
    expect((await on.read(manifest.name)).equals(sameSize)).toBe(true);
    expect(await on.list()).not.toContain(units.name);
  });

  for (const cutAt of [1_000, 300_000, LATE_CUT, LARGE_BYTES + 1_000])
    it(`after a connection that was cut at byte ${cutAt} there is one complete set`, async (on) => {
      const files = newSet();
      proxy.cutAfterBytes = cutAt;
      const error = await failure(to(on, files));
      expect([error.code, error.reaction]).toEqual(['SFTP_UNREACHABLE', 'retry']);
      proxy.cutAfterBytes = Infinity;
      const { files: told } = await to(on, files);
      await arrived(on, files);
      // Early, too little has arrived to build on; late, the file has its name already, or nearly.
      if (cutAt === LATE_CUT) {
        expect(told[0]).toMatchObject({ how: 'resumed', checked: 'digest' });
        expect(told[0]!.sentBytes).toBeLessThan(LARGE_BYTES);
      }
      expect((await to(on, files)).files.every(({ how }) => how === 'already there')).toBe(true);
    });

  it('what is left of other bytes is not built on, however long it is', async (on) => {
    for (const length of [LARGE_BYTES, LARGE_BYTES + 5]) {
      const files = newSet();
      await on.put(`.${files[0].name}.part`, Buffer.alloc(length, 'x'));
      const { files: told } = await to(on, files);
      expect(told[0]).toMatchObject({ how: 'sent', sentBytes: LARGE_BYTES });
      await arrived(on, files);
    }
  });

  it('a part beside a file that is there is removed, and nobody else’s is', async (on) => {
    const files = newSet(5_000);
    await to(on, files);
    await on.put(`.${files[0].name}.part`, Buffer.alloc(10));
    await on.put('.somebody-else.csv.part', Buffer.alloc(10));
    await to(on, files);
    await arrived(on, files);
    expect(await on.list()).toContain('.somebody-else.csv.part');
  });

  it('a server that says nothing any more is given up, and the next delivery completes the set', async (on) => {
    const files = newSet();
    proxy.stillAfterBytes = LARGE_BYTES / 2;
    const error = await failure(to(on, files, { timing: quick }));
    expect(error.code).toBe('SFTP_UNREACHABLE');
    expect(error.message).toMatch(/did not answer within|Keepalive timeout/);
    proxy.stillAfterBytes = Infinity;
    await to(on, files);
    await arrived(on, files);
  });

  it('a delivery that is cancelled ends with the reason of it, and leaves no connection', async (on) => {
    const files = newSet();
    const cancel = new AbortController();
    const reason = new Error('the worker stops');
    const work = to(on, files, { signal: cancel.signal, onProgress: () => cancel.abort(reason) });
    await expect(work).rejects.toBe(reason);
    await to(on, files);
    await arrived(on, files);
  });

  it('another host key than the pinned one is told with both, and the user is not logged in', async (on) => {
    const { fingerprint } = newKey();
    const files = newSet(5_000);
    const { target } = on;
    const error = await failure(
      deliver({ ...target, hostKeys: [fingerprint] }, files, { secrets: on.secrets }),
    );
    expect([error.code, error.reaction]).toEqual(['SFTP_HOST_KEY_MISMATCH', 'quarantine']);
    expect(error.message).toContain(`shows the host key ${target.hostKeys[0]} (ssh-ed25519)`);
    expect(error.message).toContain(fingerprint);
    expect(await on.list()).not.toContain(files[0].name);
    // One of several is enough.
    await deliver({ ...target, hostKeys: [fingerprint, ...target.hostKeys] }, files, { secrets: on.secrets });
    await arrived(on, files);
  });

  for (const [what, login] of Object.entries({
    password: { password: 'env:WRONG_PASSWORD' },
    key: { key: 'env:OTHER_KEY' },
  }))
    it(`a wrong ${what} is told by its reference, and not tried again`, async (on) => {
      const { host, port, user, folder, hostKeys } = on.target;
      const target = { host, port, user, folder, hostKeys, ...login };
      const error = await failure(deliver(target, newSet(10), { secrets: on.secrets }));
      expect([error.code, error.reaction]).toEqual(['SFTP_LOGIN_REFUSED', 'reject']);
      expect(error.detail).toMatchObject({ host: '127.0.0.1', field: `sftp.${what}` });
      expect(error.message).toContain(Object.values(login)[0]);
      const told = JSON.stringify([error.message, error.detail]);
      for (const secret of Object.values(on.secrets)) expect(told).not.toContain(secret);
    });

  it('a folder that is not there is told, and not made', async (on) => {
    const files = newSet(10);
    await on.put('a-file', Buffer.alloc(1));
    const error = await failure(
      deliver({ ...on.target, folder: '/in/a-file' }, files, { secrets: on.secrets }),
    );
    expect([error.code, error.reaction]).toEqual(['SFTP_REFUSED', 'reject']);
    expect(error.message).toMatch(/something else, at \/in\/a-file/);
    const missing = await failure(
      deliver({ ...on.target, folder: '/in/missing' }, files, { secrets: on.secrets }),
    );
    expect(missing.message).toMatch(/has nothing at \/in\/missing\. Check sftp\.folder/);
  });

  it('our own bytes are looked at too: others than the manifest’s do not arrive', async (on) => {
    const [file] = newSet(5_000);
    for (const open of [fileOf('x', 4_999).open, fileOf('x', 5_001).open, fileOf('x', 5_000).open]) {
      const error = await failure(to(on, [{ ...file, open }]));
      expect(error.code).toBe('IMAGE_DIGEST_MISMATCH');
      expect((await on.list()).filter((name) => name.includes(file.name))).toEqual([]);
    }
  });
}
