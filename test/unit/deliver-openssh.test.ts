import { access } from 'node:fs/promises';
import { deliver } from '../../adapters/sftp/deliver';
import { describeDelivery, failure, fileOf, patient, type TestFile } from '../support/sftp-contract';
import { itWithSshd, Sshd } from '../support/sshd';

const MIB = 2 ** 20;

describe('a delivery to OpenSSH', () => {
  describeDelivery(itWithSshd, () => Sshd.start({ sizeMiB: 400 }));
});

/** Each breaks the server in its own way, mends it, and finds one complete set. */
describe('a delivery to an OpenSSH server in trouble', () => {
  let server: Sshd | undefined;
  let set = 0;
  afterAll(() => server?.close());

  const it = (title: string, body: (on: Sshd, files: [TestFile, TestFile]) => Promise<void>): void =>
    itWithSshd(title, async () => {
      server ??= await Sshd.start({ sizeMiB: 40 });
      set += 1;
      await body(server, [fileOf(`F${set}-units.xlsx`, 9 * MIB), fileOf(`F${set}-manifest.json`, 700)]);
      await server.clear();
    });
  const to = (on: Sshd, files: readonly TestFile[], onProgress = (): void => {}) =>
    deliver(on.target, files, { secrets: on.secrets, timing: patient, onProgress });
  const arrived = async (on: Sshd, files: readonly TestFile[]) => {
    expect(await on.list()).toEqual(files.map(({ name }) => name).sort());
    for (const { name, bytes } of files) expect((await on.read(name)).equals(bytes)).toBe(true);
  };

  it('the server is killed in the middle, and comes back', async (on, files) => {
    let killed: Promise<void> | undefined;
    const [units, manifest] = files;
    // The source waits until the server is gone: otherwise all of it may be there before.
    const slow = {
      ...units,
      open: (from?: number) => units.open(from).map(async (piece: Buffer) => (await killed, piece)),
    };
    const error = await failure(to(on, [slow, manifest], () => void (killed ??= on.kill())));
    expect(error.code).toBe('SFTP_UNREACHABLE');
    await killed;
    expect(await on.list()).toEqual([`.${files[0].name}.part`]);
    const away = await failure(to(on, files));
    expect(away.message).toContain("can't be reached (ECONNREFUSED)");
    await on.startServer();
    await to(on, files);
    await arrived(on, files);
  });

  it('the disk is full before: nothing is begun, and both figures are told', async (on, files) => {
    await on.put('filler', Buffer.alloc(36 * MIB));
    const error = await failure(to(on, files));
    expect([error.code, error.reaction]).toEqual(['SFTP_FULL', 'retry']);
    expect(error.message).toMatch(new RegExp(`has \\d+ bytes free, and the files need ${9 * MIB + 700}`));
    expect(await on.list()).toEqual(['filler']);
    await on.clear();
    await to(on, files);
    await arrived(on, files);
  });

  it('the disk fills up meanwhile: what was written is taken away again', async (on, files) => {
    let filling: Promise<void> | undefined;
    const [units, manifest] = files;
    // The source waits until somebody else has taken the room.
    const slow = {
      ...units,
      open: (from?: number) => units.open(from).map(async (piece: Buffer) => (await filling, piece)),
    };
    const error = await failure(
      deliver(on.target, [slow, manifest], {
        ...{ secrets: on.secrets, timing: patient },
        onProgress: () => void (filling ??= on.put('filler', Buffer.alloc(100 * MIB)).catch(() => {})),
      }),
    );
    expect([error.code, error.reaction]).toEqual(['SFTP_FULL', 'retry']);
    expect(error.message).toMatch(/could not write all of .*: the disk is full, or a quota is used up/);
    expect(await on.list()).toEqual(['filler']);
    await on.clear();
    await to(on, files);
    await arrived(on, files);
  });

  it('another host key: nothing is sent until it is pinned', async (on, files) => {
    const before = on.target;
    await on.changeHostKey();
    const error = await failure(deliver(before, files, { secrets: on.secrets, timing: patient }));
    expect(error.code).toBe('SFTP_HOST_KEY_MISMATCH');
    expect(error.detail).toMatchObject({ shown: on.target.hostKeys[0], pinned: before.hostKeys });
    expect(await on.list()).toEqual([]);
    await to(on, files);
    await arrived(on, files);
  });

  it('a folder that may only be read: the right that is missing is named', async (on, files) => {
    await on.setWritable(false);
    const error = await failure(to(on, files));
    expect([error.code, error.reaction]).toEqual(['SFTP_REFUSED', 'reject']);
    expect(error.message).toContain(`does not let the user nobody make /in/.${files[0].name}.part`);
    await on.setWritable(true);
    await to(on, files);
    await arrived(on, files);
  });

  itWithSshd('a link under the name of a part is not written through', async () => {
    server ??= await Sshd.start({ sizeMiB: 40 });
    const file = fileOf('linked.csv', 10);
    await server.link(`.${file.name}.part`, 'elsewhere');
    const error = await failure(to(server, [file]));
    expect(error.code).toBe('SFTP_FILE_CONFLICT');
    await expect(access(`${server.folder}/elsewhere`)).rejects.toMatchObject({ code: 'ENOENT' });
    await server.clear();
  });
});
