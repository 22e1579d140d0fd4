import { deliver } from '../../adapters/sftp/deliver';
import { probe } from '../../adapters/sftp/probe';
import { resumeFrom } from '../../domain/delivery';
import { describeDelivery, failure, fileOf, patient, quick, type TestFile } from '../support/sftp-contract';
import { SftpServer } from '../../tools/inbox/plain-server';
import { newKey } from '../../tools/inbox/new-key';

describe('a delivery to a server without extensions', () => {
  describeDelivery(it, () => SftpServer.start());
});

describe('a delivery to a server with a fault', () => {
  let server: SftpServer;
  beforeAll(async () => {
    server = await SftpServer.start();
  });
  afterEach(() => server.mend());
  afterAll(() => server.close());

  let set = 0;
  const newSet = (sizeBytes = 200_000): [TestFile, TestFile] => {
    set += 1;
    return [fileOf(`G${set}-units.csv`, sizeBytes), fileOf(`G${set}-manifest.json`, 700)];
  };
  const to = (files: readonly TestFile[], changes: object = {}) =>
    deliver({ ...server.target, ...changes }, files, { secrets: server.secrets, timing: patient });
  const lies = async () => (await server.list()).filter((name) => name.includes(`G${set}-`));
  const arrived = async (files: readonly TestFile[]) => {
    expect(await lies()).toEqual(files.map(({ name }) => name).sort());
    for (const { name, bytes } of files) expect((await server.read(name)).equals(bytes)).toBe(true);
  };

  it('one connection is enough, and where it is taken the delivery is tried again', async () => {
    const files = newSet();
    server.faults.connections = 0;
    expect((await failure(to(files))).code).toBe('SFTP_UNREACHABLE');
    server.faults.connections = 1;
    await to(files);
    await arrived(files);
  });

  it('a server that can’t rename is told, and keeps no part', async () => {
    const files = newSet();
    server.faults.canRename = false;
    const error = await failure(to(files));
    expect([error.code, error.reaction]).toEqual(['SFTP_REFUSED', 'reject']);
    expect(error.message).toContain(`can't rename /in/.${files[0].name}.part`);
    expect(await lies()).toEqual([]);
  });

  it('a quota is told as one, and what does not fit is taken away again', async () => {
    const files = newSet();
    server.faults.quotaBytes = 1_000_000;
    await server.put('other', Buffer.alloc(900_000));
    const error = await failure(to(files));
    expect([error.code, error.reaction]).toEqual(['SFTP_FULL', 'retry']);
    expect(error.message).toContain('it says "Quota exceeded", status 4');
    expect(await lies()).toEqual([]);
    server.mend();
    await to(files);
    await arrived(files);
  });

  it('a server that lets nobody read is checked by size, and nothing is built on what can’t be read', async () => {
    const files = newSet(9 * 2 ** 20);
    server.faults.canRead = false;
    await server.put(`.${files[0].name}.part`, files[0].bytes.subarray(0, 8 * 2 ** 20));
    const { files: told } = await to(files);
    expect(told.map(({ how, checked }) => [how, checked])).toEqual([
      ['sent', 'size'],
      ['sent', 'size'],
    ]);
    await arrived(files);
  });

  it('a server that changes what it is sent is found out, and the file gets no name', async () => {
    const files = newSet();
    server.faults.change = (bytes) => Buffer.alloc(bytes.length, 'x');
    const error = await failure(to(files));
    expect(error.code).toBe('SFTP_REFUSED');
    expect(error.message).toContain('keeps other bytes');
    expect(await lies()).toEqual([]);
  });

  it('a slow server that answers at all is waited for, longer than one answer may take', async () => {
    const files = newSet(1_600_000);
    server.faults.delayMs = 50;
    await deliver(server.target, files, { secrets: server.secrets, timing: quick, readBackBytes: 0 });
    await arrived(files);
  });

  it('a password may be asked for by a prompt', async () => {
    const files = newSet(10);
    server.faults.login = 'keyboard-interactive';
    await to(files);
    await arrived(files);
    expect((await failure(to(files, { password: 'env:WRONG_PASSWORD' }))).code).toBe('SFTP_LOGIN_REFUSED');
  });

  it.each([
    ['no pinned key', { hostKeys: [] }, 'sftp.hostKeys: (none)'],
    ['an old fingerprint', { hostKeys: ['MD5:aa:bb'] }, 'sftp.hostKeys: "MD5:aa:bb"'],
    ['key and password', { key: 'env:OTHER_KEY' }, 'sftp: (both)'],
    ['neither', { password: undefined }, 'sftp: (neither)'],
    ['no secret there', { password: 'env:MISSING' }, 'sftp.password: env:MISSING (missing)'],
    ['no key there', { password: undefined, key: 'env:PASSWORD' }, 'sftp.key: what lies at env:PASSWORD'],
  ])('%s is refused before anybody is talked to', async (_what, changes, message) => {
    const logins = server.logins;
    const error = await failure(to(newSet(10), { ...changes, port: server.target.port }));
    expect(error.code).toBe('CONFIGURATION_INVALID');
    expect(error.message).toContain(message);
    expect(error.message).not.toContain(server.secrets.PASSWORD);
    expect(server.logins).toBe(logins);
  });

  it.each(['../x', 'a/b', '.hidden', 'a\\b', 'a\nb', '', 'x'.repeat(201)])(
    'a file named %j is refused',
    async (name) => {
      const error = await failure(to([{ ...fileOf('x', 1), name }]));
      expect([error.code, error.detail.field]).toEqual(['INPUT_INVALID', 'files[0].name']);
    },
  );

  it('the same name twice is refused, capitals aside', async () => {
    expect((await failure(to([fileOf('A.csv', 1), fileOf('a.csv', 1)]))).code).toBe('INPUT_INVALID');
  });

  describe('probed', () => {
    it('it tells its keys before one is pinned, and the user is not logged in', async () => {
      const logins = server.logins;
      const found = await probe(
        { ...server.target, hostKeys: [] },
        { secrets: server.secrets, timing: patient },
      );
      expect(found.hostKeys).toEqual([
        { type: 'ssh-ed25519', fingerprint: server.target.hostKeys[0], isPinned: false },
      ]);
      expect([found.login, found.folder]).toEqual(['not tried', 'not tried']);
      expect(server.logins).toBe(logins);
    });

    it('with a pinned key login and folder are tried, and nothing is changed', async () => {
      const before = await server.list();
      const options = { secrets: server.secrets, timing: patient };
      const { target } = server;
      expect(await probe(target, options)).toMatchObject({
        ...{ login: 'works', folder: 'is there', freeBytes: null, problem: null },
        hostKeys: [{ isPinned: true }],
      });
      const login = await probe({ ...target, password: 'env:WRONG_PASSWORD' }, options);
      expect([login.login, login.problem?.code]).toEqual(['fails', 'SFTP_LOGIN_REFUSED']);
      const folder = await probe({ ...target, folder: '/in/missing' }, options);
      expect([folder.login, folder.folder, folder.problem?.code]).toEqual(['works', 'fails', 'SFTP_REFUSED']);
      const key = await probe({ ...target, hostKeys: [newKey().fingerprint] }, options);
      expect(key.problem?.code).toBe('SFTP_HOST_KEY_MISMATCH');
      await server.put('.unitrail-probe.part', Buffer.alloc(0));
      expect(await probe(target, { ...options, tryWriting: true })).toMatchObject({ folder: 'takes files' });
      expect(await server.list()).toEqual(before);
    });
  });
});

test.each([
  [0, 0],
  [50, 0],
  [100, 0],
  [150, 50],
  [900, 800],
  [1_000, 900],
  [1_001, 0],
])('an upload of 1,000 bytes of which %i lie there goes on at %i', (partBytes, from) => {
  expect(resumeFrom(partBytes, 1_000, 100)).toBe(from);
});
