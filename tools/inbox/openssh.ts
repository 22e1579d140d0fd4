import { spawn, spawnSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { join } from 'node:path';

/** Debian's, Alpine's and macOS' place; it is in nobody's PATH. */
const SSHD = '/usr/sbin/sshd';

/**
 * Ways to run it. Run by root it asks for a folder that only its own package's service makes: where that is missing, it
 * gets one in a mount namespace, so that nothing of the machine changes.
 */
const ways = [
  [SSHD],
  [
    ...['unshare', '--mount', 'sh', '-c'],
    `mount -t tmpfs -o mode=755 unitrail /run && mkdir /run/sshd && exec ${SSHD} "$@"`,
    'sh',
  ],
];

export interface OpenSshInput {
  /** With `host_key` and `authorized_keys` in it; the configuration is written there. */
  readonly folder: string;
}

export interface OpenSsh {
  readonly port: number;
  close(): Promise<void>;
}

/**
 * OpenSSH's server on a loopback port, one process a connection: it lives as long as the socket does, so that whoever is
 * killed leaves none. Null where this machine has none, or it does not run for this user.
 */
export async function openOpenSsh({ folder }: OpenSshInput): Promise<OpenSsh | null> {
  const config = join(folder, 'sshd_config');
  await writeFile(config, configOf(folder));
  const way = ways.find(
    ([program, ...args]) => spawnSync(program!, [...args, '-t', '-f', config]).status === 0,
  );
  if (!way) return null;
  const [program, ...args] = way;
  const open = new Set<Socket>();
  const server = createServer({ pauseOnConnect: true, noDelay: true }, (socket) => {
    open.add(socket);
    const child = spawn(program!, [...args, '-i', '-f', config], { stdio: [socket, socket, 'ignore'] });
    child.once('error', () => socket.destroy());
    child.once('close', () => (open.delete(socket), socket.destroy()));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      for (const socket of open) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

/** Keys only, and files only. Without PAM, which is a machine's own affair. */
function configOf(folder: string): string {
  return `HostKey ${join(folder, 'host_key')}
AuthorizedKeysFile ${join(folder, 'authorized_keys')}
PidFile none
UsePAM no
StrictModes no
UseDNS no
PasswordAuthentication no
KbdInteractiveAuthentication no
Subsystem sftp internal-sftp
ForceCommand internal-sftp
DisableForwarding yes
LogLevel ERROR
`;
}
