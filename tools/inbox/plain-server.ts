/**
 * A server of our own, on a folder: for what OpenSSH can't be made to show, and where there is no OpenSSH. It speaks
 * version 3 and no extension: what most servers other than OpenSSH have in common.
 */
import { constants } from 'node:fs';
import {
  lstat,
  mkdtemp,
  open,
  readdir,
  readFile,
  rename,
  rm,
  unlink,
  writeFile,
  type FileHandle,
} from 'node:fs/promises';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server as TcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Server, utils, type AuthContext, type Connection, type SFTPWrapper } from 'ssh2';
import type { SftpTarget } from '../../domain/export-settings';
import { newKey, type SshKey } from './new-key';

const { STATUS_CODE, OPEN_MODE } = utils.sftp;

export interface Faults {
  /** One more is turned away. */
  connections: number;
  canRename: boolean;
  canRead: boolean;
  /** Of all files together. */
  quotaBytes: number;
  /** Before each answer. */
  delayMs: number;
  /** How the password may be told: many servers ask for it by a prompt only. */
  login: 'password' | 'keyboard-interactive';
  /** What is written is kept otherwise: a server that "converts" files. */
  change: (bytes: Buffer) => Buffer;
}

const noFaults: Faults = {
  connections: Infinity,
  canRename: true,
  canRead: true,
  quotaBytes: Infinity,
  delayMs: 0,
  login: 'password',
  change: (bytes) => bytes,
};

/** Where it serves, and who it is; a new folder and a new key unless given. */
export interface PlainServerOptions {
  readonly folder?: string;
  readonly hostKey?: SshKey;
  readonly password?: string;
}

const PASSWORD = 'pass wörd';

export class SftpServer {
  readonly faults: Faults = { ...noFaults };
  logins = 0;
  private readonly open = new Set<Connection>();

  private constructor(
    readonly folder: string,
    private readonly server: TcpServer,
    private readonly fingerprint: string,
    private readonly password: string,
    private readonly isOwnFolder: boolean,
  ) {}

  /** By which the user is let in, and others that don't. */
  get secrets(): Readonly<Record<'PASSWORD' | 'WRONG_PASSWORD' | 'OTHER_KEY', string>> {
    return { PASSWORD: this.password, WRONG_PASSWORD: 'not the password', OTHER_KEY: newKey().private };
  }

  static async start(options: PlainServerOptions = {}): Promise<SftpServer> {
    const { hostKey: key = newKey(), password = PASSWORD } = options;
    const ssh = new Server({ hostKeys: [key.private] });
    // The library's own would wait 40 ms with each small answer.
    const server = createServer({ noDelay: true }, (socket) => ssh.injectSocket(socket));
    const folder = options.folder ?? (await mkdtemp(join(tmpdir(), 'unitrail-sftp-server-')));
    const own = new SftpServer(folder, server, key.fingerprint, password, options.folder === undefined);
    ssh.on('connection', (connection) => own.take(connection));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return own;
  }

  get target(): SftpTarget {
    const { port } = this.server.address() as AddressInfo;
    return {
      ...{ host: '127.0.0.1', port, user: 'factory', folder: '/in' },
      hostKeys: [this.fingerprint],
      password: 'env:PASSWORD',
    };
  }

  mend(): void {
    Object.assign(this.faults, noFaults);
  }

  async list(): Promise<string[]> {
    return (await readdir(this.folder)).sort();
  }

  read(name: string): Promise<Buffer> {
    return readFile(join(this.folder, name));
  }

  async put(name: string, bytes: Uint8Array): Promise<void> {
    await writeFile(join(this.folder, name), bytes);
  }

  async close(): Promise<void> {
    for (const connection of this.open) connection.end();
    await new Promise<void>((resolve) => this.server.close(() => resolve()));
    if (this.isOwnFolder) await rm(this.folder, { recursive: true });
  }

  private take(connection: Connection): void {
    connection.on('error', () => {});
    if (this.open.size >= this.faults.connections) {
      connection.end();
      return;
    }
    this.open.add(connection);
    connection.once('close', () => this.open.delete(connection));
    connection.on('authentication', (context) => this.letIn(context));
    connection.on('session', (accept) =>
      accept().on('sftp', (acceptSftp) => new Session(this, acceptSftp()).serve()),
    );
  }

  private letIn(context: AuthContext): void {
    const { login } = this.faults;
    this.logins += 1;
    if (context.method === 'password' && login === 'password' && context.password === this.password)
      context.accept();
    else if (context.method === 'keyboard-interactive' && login === 'keyboard-interactive')
      context.prompt([{ prompt: 'Password: ', echo: false }], ([answer]) =>
        answer === this.password ? context.accept() : context.reject(),
      );
    else context.reject([login]);
  }
}

/** Answers in the order of the requests, one after the other. */
class Session {
  private readonly handles = new Map<string, FileHandle>();
  private before: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly server: SftpServer,
    private readonly sftp: SFTPWrapper,
  ) {}

  serve(): void {
    const { sftp } = this;
    sftp.on('error', () => {});
    sftp.on('close', () => void this.inTurn(() => this.closeAll()));
    for (const event of ['STAT', 'LSTAT'] as const)
      sftp.on(event, (id: number, path: string) => this.answer(id, () => this.tell(id, path)));
    sftp.on('OPEN', (id, path, flags) => this.answer(id, () => this.openFile(id, path, flags)));
    sftp.on('READ', (id, handle, at, length) => this.answer(id, () => this.readSome(id, handle, at, length)));
    sftp.on('WRITE', (id, handle, at, bytes) => this.answer(id, () => this.writeSome(id, handle, at, bytes)));
    sftp.on('CLOSE', (id, handle) => this.answer(id, () => this.closeFile(id, handle)));
    sftp.on('REMOVE', (id, path) => this.answer(id, () => this.done(id, unlink(this.at(path)))));
    sftp.on('RENAME', (id, from, to) => this.answer(id, () => this.rename(id, from, to)));
  }

  private answer(id: number, work: () => Promise<unknown>): void {
    void this.inTurn(async () => {
      if (this.server.faults.delayMs > 0) await sleep(this.server.faults.delayMs);
      await work().catch((error: NodeJS.ErrnoException) =>
        this.sftp.status(id, error.code === 'ENOENT' ? STATUS_CODE.NO_SUCH_FILE : STATUS_CODE.FAILURE),
      );
    });
  }

  private inTurn(work: () => Promise<unknown>): Promise<unknown> {
    this.before = this.before.then(work, work);
    return this.before;
  }

  private at(path: string): string {
    return join(this.server.folder, basename(path));
  }

  private async tell(id: number, path: string): Promise<void> {
    const found = await lstat(path === '/in' ? this.server.folder : this.at(path));
    const { mode, size, uid, gid } = found;
    this.sftp.attrs(id, { mode, size, uid, gid, atime: 0, mtime: 0 });
  }

  private async openFile(id: number, path: string, flags: number): Promise<void> {
    const reads = (flags & OPEN_MODE.READ) !== 0;
    if (reads && !this.server.faults.canRead) return void this.sftp.status(id, STATUS_CODE.PERMISSION_DENIED);
    const { O_RDONLY, O_WRONLY, O_CREAT, O_EXCL } = constants;
    const create = (flags & OPEN_MODE.CREAT ? O_CREAT : 0) | (flags & OPEN_MODE.EXCL ? O_EXCL : 0);
    const handle = await open(this.at(path), (reads ? O_RDONLY : O_WRONLY) | create);
    this.handles.set(String(handle.fd), handle);
    this.sftp.handle(id, Buffer.from(String(handle.fd)));
  }

  private async readSome(id: number, handle: Buffer, at: number, length: number): Promise<void> {
    // Less than it was asked for, as a server may.
    const most = Math.min(length, 20_000);
    const { buffer, bytesRead } = await this.fileOf(handle).read(Buffer.alloc(most), 0, most, at);
    if (bytesRead === 0) this.sftp.status(id, STATUS_CODE.EOF);
    else this.sftp.data(id, buffer.subarray(0, bytesRead));
  }

  private async writeSome(id: number, handle: Buffer, at: number, bytes: Buffer): Promise<void> {
    const { quotaBytes, change } = this.server.faults;
    if (quotaBytes < Infinity && (await this.usedBytes()) + bytes.length > quotaBytes)
      return void this.sftp.status(id, STATUS_CODE.FAILURE, 'Quota exceeded');
    const changed = change(bytes);
    await this.done(id, this.fileOf(handle).write(changed, 0, changed.length, at));
  }

  private async usedBytes(): Promise<number> {
    const files = await readdir(this.server.folder);
    const sizes = await Promise.all(files.map(async (name) => (await lstat(this.at(name))).size));
    return sizes.reduce((sum, size) => sum + size, 0);
  }

  private async rename(id: number, from: string, to: string): Promise<void> {
    if (!this.server.faults.canRename) return void this.sftp.status(id, STATUS_CODE.OP_UNSUPPORTED);
    const taken = await lstat(this.at(to)).then(
      () => true,
      () => false,
    );
    if (taken) return void this.sftp.status(id, STATUS_CODE.FAILURE);
    await this.done(id, rename(this.at(from), this.at(to)));
  }

  private async closeFile(id: number, handle: Buffer): Promise<void> {
    const file = this.fileOf(handle);
    this.handles.delete(handle.toString());
    await this.done(id, file.close());
  }

  private async closeAll(): Promise<void> {
    for (const file of this.handles.values()) await file.close();
    this.handles.clear();
  }

  private async done(id: number, work: Promise<unknown>): Promise<void> {
    await work;
    this.sftp.status(id, STATUS_CODE.OK);
  }

  private fileOf(handle: Buffer): FileHandle {
    const file = this.handles.get(handle.toString());
    if (!file) throw new Error('no such handle');
    return file;
  }
}
