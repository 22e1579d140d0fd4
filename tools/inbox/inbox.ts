import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { userInfo } from 'node:os';
import { join, resolve } from 'node:path';
import type { SftpTarget } from '../../domain/export-settings';
import { newKey, type SshKey } from './new-key';
import { openOpenSsh } from './openssh';
import { SftpServer } from './plain-server';

/** A buyer's SFTP server on this machine, as the demo delivers to. */
export interface Inbox {
  readonly server: 'OpenSSH' | "ssh2's own server";
  readonly target: SftpTarget;
  /** Where the files arrive. */
  readonly folder: string;
  close(): Promise<void>;
}

/** Keys are made once and kept there: the same server each time, so that its host key can be pinned. */
export async function openInbox(home: string, withOpenSsh = true): Promise<Inbox> {
  const [keys, folder] = [resolve(home, 'keys'), resolve(home, 'files')];
  await mkdir(keys, { recursive: true, mode: 0o700 });
  await mkdir(folder, { recursive: true });
  const hostKey = await keptKey(keys, 'host_key');
  const userKey = await keptKey(keys, 'user_key');
  await writeFile(join(keys, 'authorized_keys'), userKey.public);
  const openSsh = withOpenSsh ? await openOpenSsh({ folder: keys }) : null;
  const pinned = { host: '127.0.0.1', hostKeys: [hostKey.fingerprint] };
  if (openSsh) {
    const { port, close } = openSsh;
    const { username: user } = userInfo();
    const key = `file:${join(keys, 'user_key')}`;
    return { server: 'OpenSSH', folder, close, target: { ...pinned, port, user, folder, key } };
  }
  const password = `file:${join(keys, 'password')}`;
  const server = await SftpServer.start({ folder, hostKey, password: await keptPassword(keys) });
  const { port, user, folder: inside } = server.target;
  return {
    server: "ssh2's own server",
    folder,
    close: () => server.close(),
    target: { ...pinned, port, user, folder: inside, password },
  };
}

async function keptKey(folder: string, name: string): Promise<SshKey> {
  const path = join(folder, name);
  const kept = await readFile(`${path}.json`, 'utf8').catch(() => null);
  if (kept !== null) return JSON.parse(kept) as SshKey;
  const key = newKey();
  await writeFile(path, key.private, { mode: 0o600 });
  await writeFile(`${path}.json`, JSON.stringify(key), { mode: 0o600 });
  return key;
}

async function keptPassword(folder: string): Promise<string> {
  const path = join(folder, 'password');
  const kept = await readFile(path, 'utf8').catch(() => null);
  if (kept !== null) return kept;
  const password = randomBytes(16).toString('hex');
  await writeFile(path, password, { mode: 0o600 });
  return password;
}
