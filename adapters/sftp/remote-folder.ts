import { utils, type Stats } from 'ssh2';
import type { UnitrailError } from '../../domain/errors';
import { plainText } from '../../domain/plain-text';
import { hashAll } from './pipeline';
import { full, refused, ServerRefusal, status } from './problems';
import type { Session } from './session';

export interface RemoteFile {
  readonly isFile: boolean;
  readonly sizeBytes: number;
}

/** What the server tells of its disk; many tell nothing. */
export interface Room {
  readonly freeBytes: number;
  readonly readOnly: boolean;
}

/** statvfs(3) */
interface Told {
  readonly f_bavail?: unknown;
  readonly f_frsize?: unknown;
  readonly f_blocks?: unknown;
  readonly f_flag?: unknown;
}
const READ_ONLY_FLAG = 1;

/** The one folder of a target, and in it only names of ours: what else lies there is neither read nor listed. */
export class RemoteFolder {
  constructor(
    readonly session: Session,
    private readonly folder: string = session.target.folder,
  ) {}

  pathOf(name: string): string {
    return `${this.folder.replace(/\/+$/, '')}/${name}`;
  }

  /** A folder of ours in this one, which is made where it is not there. */
  async within(name: string): Promise<RemoteFolder> {
    const path = this.pathOf(name);
    const look = (answers: readonly number[]) =>
      this.ask<Stats>('look at the folder', path, (done) => this.sftp.stat(path, done), answers);
    if (!(await look([status.noSuchFile]))) {
      // Somebody else may have made it in the same moment: servers have no word of their own for that.
      await this.session
        .call<void>((done) => this.sftp.mkdir(path, done))
        .catch((error: unknown) => {
          if (!(error instanceof ServerRefusal)) throw error;
          return look([]);
        });
    }
    return new RemoteFolder(this.session, path);
  }

  /** @throws UnitrailError SFTP_REFUSED. It is not made: a folder in a wrong place would look like a delivery. */
  async requireThere(): Promise<void> {
    const { folder } = this;
    const found = await this.ask<Stats>(
      'look at the folder',
      folder,
      (done) => this.sftp.stat(folder, done),
      [status.noSuchFile],
    );
    if (found?.isDirectory()) return;
    throw refused(
      this.session.target,
      `has ${found ? 'no folder, but something else,' : 'nothing'} at ${plainText(folder)}`,
      'Check sftp.folder, or ask the buyer to make the folder.',
    );
  }

  /** Null where there is nothing. A link is seen as one, and not followed. */
  async find(name: string): Promise<RemoteFile | null> {
    const path = this.pathOf(name);
    const found = await this.ask<Stats>('look for', path, (done) => this.sftp.lstat(path, done), [
      status.noSuchFile,
    ]);
    return found && { isFile: found.isFile(), sizeBytes: found.size };
  }

  /** Refuses to write through a link, or into what somebody else has begun in the same moment. */
  openNew(name: string): Promise<Buffer> {
    const { WRITE, CREAT, EXCL } = utils.sftp.OPEN_MODE;
    return this.open('make', name, WRITE | CREAT | EXCL);
  }

  openAgain(name: string): Promise<Buffer> {
    return this.open('write', name, utils.sftp.OPEN_MODE.WRITE);
  }

  private async open(verb: string, name: string, mode: number): Promise<Buffer> {
    const path = this.pathOf(name);
    return (await this.ask<Buffer>(verb, path, (done) => this.sftp.open(path, mode, done)))!;
  }

  /** Null where the server does not let us read. */
  async digestOf(
    name: string,
    sizeBytes: number,
    onBytes: (endsAt: number) => void = () => {},
  ): Promise<string | null> {
    try {
      const handle = await this.session.call<Buffer>((done) => this.sftp.open(this.pathOf(name), 'r', done));
      try {
        return await hashAll(this.session, handle, sizeBytes, onBytes);
      } finally {
        await this.close(handle);
      }
    } catch (error) {
      if (error instanceof ServerRefusal) return null;
      throw error;
    }
  }

  async close(handle: Buffer): Promise<void> {
    await this.session.call((done) => this.sftp.close(handle, done));
  }

  /** On the disk, where the server can be asked for that: what was told as delivered outlives its next crash. */
  async sync(handle: Buffer): Promise<void> {
    await this.unlessUnknown((done) => this.sftp.ext_openssh_fsync(handle, done));
  }

  async remove(name: string): Promise<void> {
    const path = this.pathOf(name);
    await this.ask('remove', path, (done) => this.sftp.unlink(path, done), [status.noSuchFile]);
  }

  /** By the plain request, which fails where the new name is taken. `posix-rename` would replace what lies there. */
  rename(from: string, to: string): Promise<void> {
    return this.session.call((done) => this.sftp.rename(this.pathOf(from), this.pathOf(to), done));
  }

  /** Null where the server does not say. */
  async room(): Promise<Room | null> {
    const told = await this.unlessUnknown<Told>((done) =>
      this.sftp.ext_openssh_statvfs(this.folder, done),
    ).catch((error: unknown) => {
      if (error instanceof ServerRefusal) return null;
      throw error;
    });
    if (typeof told?.f_bavail !== 'number' || typeof told.f_frsize !== 'number') return null;
    // Some servers answer with zeros: that says nothing of a disk.
    if (told.f_frsize === 0 || told.f_blocks === 0) return null;
    return {
      freeBytes: told.f_bavail * told.f_frsize,
      readOnly: typeof told.f_flag === 'number' && (told.f_flag & READ_ONLY_FLAG) !== 0,
    };
  }

  /** Null where the server refuses with one of the statuses that are an answer too. */
  private async ask<T>(
    verb: string,
    path: string,
    start: (done: (error?: Error | null, value?: T) => void) => void,
    answers: readonly number[] = [],
  ): Promise<T | null> {
    try {
      return await this.session.call<T>(start);
    } catch (error) {
      if (!(error instanceof ServerRefusal)) throw error;
      if (error.is(...answers)) return null;
      throw this.refusal(verb, path, error);
    }
  }

  refusal(verb: string, path: string, error: ServerRefusal): UnitrailError {
    const { target } = this.session;
    const what = `${verb} ${plainText(path)}`;
    if (error.is(status.noSpace, status.quotaExceeded))
      return full(target, `The server has no room to ${what}`, error);
    if (error.is(status.unsupported))
      return refused(
        target,
        `can't ${what}`,
        'Ask the buyer for a server that can, or for another folder.',
        error,
      );
    return refused(
      target,
      `does not let the user ${plainText(target.user, 100)} ${what}`,
      'Ask the buyer for the right to make, write and rename files in the folder.',
      error,
    );
  }

  /** Null where the server has never heard of it. */
  private async unlessUnknown<T>(
    start: (done: (error?: Error | null, value?: T) => void) => void,
  ): Promise<T | null> {
    try {
      return await this.session.call<T>(start);
    } catch (error) {
      if (error instanceof ServerRefusal ? error.is(status.unsupported) : isUnknown(error)) return null;
      throw error;
    }
  }

  private get sftp(): Session['sftp'] {
    return this.session.sftp;
  }
}

/** The library does not even ask a server that has not announced it. */
function isUnknown(error: unknown): boolean {
  return error instanceof Error && /does not support this extended request/.test(error.message);
}
