/**
 * A real OpenSSH server of a test's own: `internal-sftp` for one user, who is locked into a folder (chroot).
 *
 * A chroot needs root, and a path that is root's all the way, which no temporary folder is. So each server has a mount
 * namespace of its own, where a tmpfs lies on /run: of a size of our choice, and gone with the namespace. The servers
 * live in a process namespace besides, so that killing its first process kills the sessions too. Both end when their
 * standard input does: a test run that is killed leaves nothing.
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmod, chown, mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { freePort } from '../../adapters/stack/free-port';
import type { SftpTarget } from '../../domain/export-settings';
import { isInstalled, itWithTool } from './it-with-tool';
import type { ServerUnderTest } from './sftp-contract';
import { newKey } from '../../tools/inbox/new-key';

const sshd = { program: '/usr/sbin/sshd', probe: ['-V'] };
/** Debian's user without rights and without a password: no password is ever right, and rights to files bind it. */
const USER = 'nobody';
const USER_ID = 65_534;
const ANSWER_WITHIN_MS = 60_000;

export interface SshdOptions {
  /** Of the disk that the folder lies on. */
  readonly sizeMiB?: number;
}

/** Where sshd is missing, or we may not lock a user into a folder, the test says so, and fails with CI=true. */
export function itWithSshd(title: string, body: () => Promise<void>, timeoutMs?: number): void {
  if (!isInstalled(sshd) || mayMount()) return itWithTool(sshd, title, body, timeoutMs);
  it(`WAS NOT CHECKED, because a chroot needs root and the right to mount: ${title}`, () => {
    expect(process.env.CI).not.toBe('true');
  });
}

/** Whether tests of `itWithSshd` run here: what they share need not be made otherwise. */
export function hasSshd(): boolean {
  return isInstalled(sshd) && mayMount();
}

let mounts: boolean | undefined;
function mayMount(): boolean {
  mounts ??=
    spawnSync('unshare', ['--mount', '--pid', '--fork', 'mount', '-t', 'tmpfs', 'x', '/run']).status === 0;
  return mounts;
}

export class Sshd implements ServerUnderTest {
  readonly secrets: Record<'USER_KEY' | 'OTHER_KEY' | 'WRONG_PASSWORD', string>;
  private server: ChildProcess | null = null;
  private key = newKey();
  private readonly userKey = newKey();

  private constructor(
    private readonly house: ChildProcess,
    private readonly port: number,
  ) {
    this.secrets = {
      USER_KEY: this.userKey.private,
      OTHER_KEY: newKey().private,
      WRONG_PASSWORD: 'not the password',
    };
  }

  static async start({ sizeMiB = 64 }: SshdOptions = {}): Promise<Sshd> {
    const furnish = `mount -t tmpfs -o size=${sizeMiB}m,mode=755 unitrail /run && echo ready && exec cat`;
    const house = spawn('unshare', ['--mount', 'sh', '-c', furnish], { stdio: ['pipe', 'pipe', 'inherit'] });
    await once(house.stdout, 'data');
    const own = new Sshd(house, await freePort());
    await own.furnish();
    await own.startServer();
    return own;
  }

  /** The folder as the machine sees it. */
  get folder(): string {
    return this.inside('/run/chroot/in');
  }

  get target(): SftpTarget {
    return {
      ...{ host: '127.0.0.1', port: this.port, user: USER, folder: '/in' },
      hostKeys: [this.key.fingerprint],
      key: 'env:USER_KEY',
    };
  }

  /** As a client's file of known hosts has it. */
  get hostPublicKey(): string {
    return this.key.public;
  }

  /** The server with all its sessions, at once. */
  async kill(): Promise<void> {
    const { server } = this;
    if (!server) return;
    this.server = null;
    server.kill('SIGKILL');
    await once(server, 'close');
  }

  async startServer(): Promise<void> {
    const run = [
      '--pid',
      '--fork',
      '--kill-child',
      'sh',
      '-c',
      `${sshd.program} -D -e -f /run/sshd_config & exec cat`,
    ];
    const said: string[] = [];
    this.server = spawn('nsenter', [`--mount=/proc/${this.house.pid}/ns/mnt`, 'unshare', ...run], {
      stdio: ['pipe', 'ignore', 'pipe'],
    });
    this.server.stderr!.on('data', (text: Buffer) => said.push(text.toString()));
    const deadline = Date.now() + ANSWER_WITHIN_MS;
    while (!(await answers(this.port))) {
      if (Date.now() > deadline) throw new Error(`sshd does not answer: ${said.join('')}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** Another machine in its place. */
  async changeHostKey(): Promise<void> {
    await this.kill();
    this.key = newKey();
    await this.writeHostKey();
    await this.startServer();
  }

  async setWritable(isWritable: boolean): Promise<void> {
    await chmod(this.folder, isWritable ? 0o755 : 0o555);
  }

  async list(): Promise<string[]> {
    return (await readdir(this.folder)).sort();
  }

  read(name: string): Promise<Buffer> {
    return readFile(join(this.folder, name));
  }

  async put(name: string, bytes: Uint8Array): Promise<void> {
    const path = join(this.folder, name);
    await writeFile(path, bytes);
    await chown(path, USER_ID, USER_ID);
  }

  async link(name: string, to: string): Promise<void> {
    await symlink(to, join(this.folder, name));
  }

  async clear(): Promise<void> {
    for (const name of await this.list()) await rm(join(this.folder, name));
  }

  async close(): Promise<void> {
    await this.kill();
    this.house.stdin!.end();
    await once(this.house, 'close');
  }

  private inside(path: string): string {
    return `/proc/${this.house.pid}/root${path}`;
  }

  private async furnish(): Promise<void> {
    await mkdir(this.inside('/run/sshd'));
    await mkdir(this.folder, { recursive: true });
    await chown(this.folder, USER_ID, USER_ID);
    await writeFile(this.inside('/run/authorized_keys'), this.userKey.public);
    await writeFile(this.inside('/run/sshd_config'), configFor(this.port));
    await this.writeHostKey();
  }

  private async writeHostKey(): Promise<void> {
    await writeFile(this.inside('/run/host_key'), this.key.private, { mode: 0o600 });
  }
}

/** Without PAM, which is a machine's own affair. Penalties for wrong logins are of the same sort. */
function configFor(port: number): string {
  return `Port ${port}
ListenAddress 127.0.0.1
HostKey /run/host_key
AuthorizedKeysFile /run/authorized_keys
PidFile none
UsePAM no
StrictModes no
UseDNS no
KbdInteractiveAuthentication no
PasswordAuthentication yes
AllowUsers ${USER}
ChrootDirectory /run/chroot
Subsystem sftp internal-sftp
ForceCommand internal-sftp
LogLevel ERROR
`;
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('data', () => (socket.destroy(), resolve(true)));
    for (const event of ['error', 'close']) socket.once(event, () => resolve(false));
  });
}
