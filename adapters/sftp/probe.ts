import { connect } from 'node:net';
import { Client, type ServerHostKeyAlgorithm } from 'ssh2';
import { UnitrailError } from '../../domain/errors';
import type { SftpTarget } from '../../domain/export-settings';
import { hostKeyOf, isPinned, type HostKey } from './host-key';
import { away } from './problems';
import { RemoteFolder } from './remote-folder';
import { algorithms, openSession, type SessionOptions } from './session';
import { usualTiming } from './timing';

export interface SftpFinding {
  /** What the server shows, the one to pin first: Ed25519 where it has one. */
  readonly hostKeys: readonly (HostKey & { readonly isPinned: boolean })[];
  readonly login: 'works' | 'not tried' | 'fails';
  /** `takes files`: where it was asked for, an empty one was made and removed again. */
  readonly folder: 'is there' | 'takes files' | 'not tried' | 'fails';
  /** Null where the server does not tell. */
  readonly freeBytes: number | null;
  readonly problem: UnitrailError | null;
}

export interface ProbeOptions extends SessionOptions {
  /** Whether a file may be written can't be known without writing one. */
  readonly tryWriting?: boolean;
}

/** Each kind of key is asked for by a connection of its own: a server shows one at a time. */
const kinds: readonly (readonly ServerHostKeyAlgorithm[])[] = [
  ['ssh-ed25519'],
  ['ecdsa-sha2-nistp256', 'ecdsa-sha2-nistp384', 'ecdsa-sha2-nistp521'],
  ['rsa-sha2-512', 'rsa-sha2-256'],
];

/**
 * Looks at a server as a delivery would meet it, and leaves nothing there. No secret is shown to a server whose key is
 * not pinned.
 * @throws UnitrailError SFTP_UNREACHABLE where nobody answers at all.
 */
export async function probe(target: SftpTarget, options: ProbeOptions): Promise<SftpFinding> {
  const shown: HostKey[] = [];
  for (const kind of kinds) {
    const key = await shownKey(target, kind, options);
    if (key) shown.push(key);
  }
  if (shown.length === 0) throw away(target, 'shows no host key');
  const hostKeys = shown.map((key) => ({ ...key, isPinned: isPinned(key, target.hostKeys) }));
  const untried = { hostKeys, login: 'not tried', folder: 'not tried', freeBytes: null } as const;
  if (target.hostKeys.length === 0) return { ...untried, problem: null };
  return { ...untried, ...(await tryLogin(target, options)) };
}

async function tryLogin(
  target: SftpTarget,
  options: ProbeOptions,
): Promise<Omit<SftpFinding, 'hostKeys' | 'freeBytes'> & { readonly freeBytes?: number | null }> {
  let login: SftpFinding['login'] = 'not tried';
  try {
    const session = await openSession(target, options);
    login = 'works';
    try {
      const folder = new RemoteFolder(session);
      await folder.requireThere();
      const room = await folder.room();
      if (options.tryWriting) await writeNothing(folder);
      const found = options.tryWriting ? 'takes files' : 'is there';
      return { login, folder: found, freeBytes: room?.freeBytes ?? null, problem: null };
    } finally {
      session.close();
    }
  } catch (error) {
    options.signal?.throwIfAborted();
    if (!(error instanceof UnitrailError)) throw error;
    if (login === 'works') return { login, folder: 'fails', problem: error };
    return {
      login: error.code === 'SFTP_LOGIN_REFUSED' ? 'fails' : login,
      folder: 'not tried',
      problem: error,
    };
  }
}

/** A name that receivers leave alone, as that of an upload under way; always the same one, so that at most one is left. */
const PROBE_NAME = '.unitrail-probe.part';

async function writeNothing(folder: RemoteFolder): Promise<void> {
  // Of a look that was cut off, or of a server that let us remove nothing.
  if ((await folder.find(PROBE_NAME))?.isFile) await folder.remove(PROBE_NAME);
  await folder.close(await folder.openNew(PROBE_NAME));
  await folder.remove(PROBE_NAME);
}

/** Null where the server has none of the kind. It is left as soon as it has shown its key. */
function shownKey(
  target: SftpTarget,
  kind: readonly ServerHostKeyAlgorithm[],
  { signal, timing = usualTiming }: SessionOptions,
): Promise<HostKey | null> {
  return new Promise((resolve, reject) => {
    const { host, port, user } = target;
    const socket = connect({ host, port, noDelay: true, ...(signal && { signal }) });
    const client = new Client();
    const end = (then: () => void): void => {
      clearTimeout(tooLate);
      socket.destroy();
      then();
    };
    const tooLate = setTimeout(
      () => end(() => reject(away(target, `was not ready within ${timing.connectMs / 1_000} s`))),
      timing.connectMs,
    );
    client.on('error', (error: Error & { level?: string; code?: string }) =>
      end(() => {
        if (/no matching host key format/.test(error.message)) resolve(null);
        else reject(away(target, `can't be reached (${error.code ?? error.level ?? error.name})`));
      }),
    );
    client.connect({
      ...{ sock: socket, username: user, algorithms: { ...algorithms, serverHostKey: [...kind] } },
      hostVerifier: (key: Buffer) => {
        end(() => resolve(hostKeyOf(key)));
        return false;
      },
    });
  });
}
