/**
 * One connection to a buyer's server. `ssh2-sftp-client` opens it; the requests go to the handle that it gives, because
 * its own calls have no deadline, and take a server's plain "failure" for a file that is not there.
 */
import { connect, type Socket } from 'node:net';
import type { Algorithms, ConnectConfig, SFTPWrapper } from 'ssh2';
import SftpClient from 'ssh2-sftp-client';
import { UnitrailError } from '../../domain/errors';
import type { SftpTarget } from '../../domain/export-settings';
import { plainText } from '../../domain/plain-text';
import { readCredentials, type Credentials, type Secrets } from './credentials';
import { hostKeyOf, isPinned, requirePins, type HostKey } from './host-key';
import { away, hostKeyMismatch, loginRefused, refused, ServerRefusal } from './problems';
import { usualTiming, type Timing } from './timing';

export interface SessionOptions {
  readonly secrets: Secrets;
  readonly signal?: AbortSignal | undefined;
  readonly timing?: Timing | undefined;
}

/** Whoever asks gets an answer, the server's refusal, or the reason why the connection is no more. */
export interface Session {
  readonly sftp: SFTPWrapper;
  readonly target: SftpTarget;
  readonly hostKey: HostKey;
  ask<T>(start: (done: Done<T>) => void, answered: Done<T>): void;
  call<T>(start: (done: Done<T>) => void): Promise<T>;
  close(): void;
}

type Done<T> = (error?: Error | null, value?: T) => void;
type Fail = (error: Error) => void;

/** Ed25519 first. SHA-1 and CBC are not offered, whatever the library's defaults are. */
export const algorithms = {
  serverHostKey: [
    'ssh-ed25519',
    'ecdsa-sha2-nistp256',
    'ecdsa-sha2-nistp384',
    'ecdsa-sha2-nistp521',
    'rsa-sha2-512',
    'rsa-sha2-256',
  ],
  kex: [
    'curve25519-sha256',
    'curve25519-sha256@libssh.org',
    'ecdh-sha2-nistp256',
    'ecdh-sha2-nistp384',
    'ecdh-sha2-nistp521',
    'diffie-hellman-group-exchange-sha256',
    'diffie-hellman-group14-sha256',
    'diffie-hellman-group16-sha512',
  ],
  cipher: ['aes128-gcm@openssh.com', 'aes256-gcm@openssh.com', 'aes128-ctr', 'aes256-ctr'],
  hmac: ['hmac-sha2-256-etm@openssh.com', 'hmac-sha2-512-etm@openssh.com', 'hmac-sha2-256', 'hmac-sha2-512'],
  compress: ['none'],
} satisfies Algorithms;

/**
 * @throws UnitrailError CONFIGURATION_INVALID (no pinned host key, no usable secret), SFTP_UNREACHABLE,
 *   SFTP_HOST_KEY_MISMATCH, SFTP_LOGIN_REFUSED, SFTP_REFUSED (no SFTP, or nothing safe to speak it by).
 */
export async function openSession(target: SftpTarget, options: SessionOptions): Promise<Session> {
  requirePins(target.hostKeys);
  const credentials = await readCredentials(target, options.secrets);
  return new Connection(target, options).open(credentials);
}

class Connection implements Session {
  sftp!: SFTPWrapper;
  hostKey!: HostKey;
  private readonly timing: Timing;
  private readonly socket: Socket;
  private readonly waiting = new Set<Fail>();
  private silence: NodeJS.Timeout | undefined;
  /** Why nothing can be asked any more. */
  private broken: Error | undefined;
  private readonly cancel = (): void => this.breakOff(this.options.signal?.reason as Error);

  constructor(
    readonly target: SftpTarget,
    private readonly options: SessionOptions,
  ) {
    this.timing = options.timing ?? usualTiming;
    options.signal?.throwIfAborted();
    options.signal?.addEventListener('abort', this.cancel, { once: true });
    const { host, port } = target;
    // Ours, so that it can be destroyed whatever the library waits for. With Nagle's delay, small requests wait for each other.
    this.socket = connect({ host, port, noDelay: true, keepAlive: true });
    this.socket.on('error', ({ code, name }: NodeJS.ErrnoException) =>
      this.breakOff(away(target, `can't be reached (${code ?? name})`)),
    );
    for (const event of ['end', 'close'])
      this.socket.once(event, () => this.breakOff(away(target, 'closed the connection')));
  }

  async open(credentials: Credentials): Promise<this> {
    const tooLate = setTimeout(
      () => this.breakOff(away(this.target, `was not ready within ${this.timing.connectMs / 1_000} s`)),
      this.timing.connectMs,
    );
    try {
      this.sftp = await this.call<SFTPWrapper>((done) => {
        this.shakeHands(credentials).then((sftp) => done(null, sftp), done);
      });
      // Without a listener, an answer that makes no sense would end the process.
      this.sftp.on('error', (error: Error) => this.breakOff(nonsense(this.target, error)));
      return this;
    } catch (error) {
      this.close();
      throw error;
    } finally {
      clearTimeout(tooLate);
    }
  }

  /** The callback is called once, whatever happens. */
  ask<T>(start: (done: Done<T>) => void, answered: Done<T>): void {
    if (this.broken) return answered(this.broken);
    const settle: Done<T> = (error, value) => {
      if (!this.waiting.delete(fail)) return;
      this.heard();
      answered(error, value);
    };
    const fail: Fail = (error) => settle(error);
    this.waiting.add(fail);
    this.silence ??= setTimeout(() => this.tooQuiet(), this.timing.answerMs);
    try {
      start((error, value) => (error ? settle(this.refusalOr(error)) : settle(null, value)));
    } catch (error) {
      // The library refuses what the server never said it could.
      settle(error as Error);
    }
  }

  call<T>(start: (done: Done<T>) => void): Promise<T> {
    return new Promise((resolve, reject) =>
      this.ask<T>(start, (error, value) => (error ? reject(error) : resolve(value as T))),
    );
  }

  close(): void {
    this.options.signal?.removeEventListener('abort', this.cancel);
    this.breakOff(away(this.target, 'was left'));
  }

  /** Answers of the server have a number; what the library says of a connection that is gone has none. */
  private refusalOr(error: Error & { code?: unknown }): Error {
    if (typeof error.code === 'number') return new ServerRefusal(error.code, error.message);
    return error instanceof UnitrailError || error instanceof ServerRefusal
      ? error
      : (this.broken ?? away(this.target, 'broke the connection off'));
  }

  private heard(): void {
    if (this.waiting.size > 0) this.silence?.refresh();
    else {
      clearTimeout(this.silence);
      this.silence = undefined;
    }
  }

  private tooQuiet(): void {
    this.breakOff(away(this.target, `did not answer within ${this.timing.answerMs / 1_000} s`));
  }

  private breakOff(reason: Error): void {
    this.broken ??= reason;
    this.socket.destroy();
    for (const fail of [...this.waiting]) fail(this.broken);
  }

  private async shakeHands(credentials: Credentials): Promise<SFTPWrapper> {
    const ignore = (): void => {};
    const client = new SftpClient('unitrail', { error: ignore, end: ignore, close: ignore });
    // Heard before the library makes another error of it, which has lost what kind it is.
    client.on('error', (error: Error & { level?: string }) => this.breakOff(this.whyClosed(error)));
    if ('password' in credentials) answerPrompts(client, credentials.password);
    try {
      return await client.connect(this.configFor(credentials));
    } catch (error) {
      // The login was taken, and the one thing that we came for was not.
      throw refused(
        this.target,
        `gives the user no SFTP (${plainText((error as Error).message, 200)})`,
        'Ask the buyer to allow the user SFTP.',
      );
    }
  }

  private configFor(credentials: Credentials): ConnectConfig {
    return {
      ...{ sock: this.socket, username: this.target.user, ...credentials, algorithms },
      tryKeyboard: 'password' in credentials,
      hostVerifier: (key: Buffer) => {
        this.hostKey = hostKeyOf(key);
        const pinned = isPinned(this.hostKey, this.target.hostKeys);
        if (!pinned) this.breakOff(hostKeyMismatch(this.target, this.hostKey));
        return pinned;
      },
      readyTimeout: this.timing.connectMs,
      keepaliveInterval: this.timing.keepaliveMs,
      keepaliveCountMax: 3,
    };
  }

  private whyClosed(error: Error & { level?: string; code?: unknown }): Error {
    if (error.level === 'client-authentication' || error.code === NO_MORE_LOGINS)
      return loginRefused(this.target);
    if (error.level === 'handshake' && /no matching/.test(error.message))
      return refused(
        this.target,
        `speaks no algorithm that is safe (${plainText(error.message, 200)})`,
        'Ask the buyer for a server of this decade.',
      );
    return away(this.target, `broke the connection off (${plainText(error.message, 200)})`);
  }
}

/** SSH_DISCONNECT_NO_MORE_AUTH_METHODS_AVAILABLE. */
const NO_MORE_LOGINS = 14;

/** Many servers ask for the password by a prompt. Only one that hides what is typed is one for a password. */
function answerPrompts(client: SftpClient, password: string): void {
  client.on(
    'keyboard-interactive',
    (
      _name: string,
      _text: string,
      _language: string,
      prompts: readonly { echo?: boolean }[],
      answer: (answers: string[]) => void,
    ) => answer(prompts.map(({ echo }) => (echo === true ? '' : password))),
  );
}

function nonsense(target: SftpTarget, error: Error): Error {
  return away(target, `answered what is no SFTP (${plainText(error.message, 200)})`);
}
