import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { chmod, mkdtemp, rm, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deliver, type FileToDeliver } from '../../adapters/sftp/deliver';
import { algorithms } from '../../adapters/sftp/session';
import { Sshd } from '../../test/support/sshd';

/** `same cipher`: OpenSSH's client with the one that ours has agreed on; its own first choice is another. */
export const ways = [
  'ours',
  'OpenSSH',
  'OpenSSH, same cipher',
  'ours, read back',
  'OpenSSH, put and get',
] as const;
export type Way = (typeof ways)[number];

export interface Taken {
  readonly seconds: number;
  /** Of the client alone: it does not grow when others want the processor too. */
  readonly processorSeconds: number;
}
export type Round = Readonly<Record<Way, Taken>>;

export const CIPHER = algorithms.cipher[0]!;

export interface RoundsInput {
  readonly megabytes: number;
  readonly rounds: number;
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
}

/** What each way took in each round. Every way begins every so often, because a machine grows slower and faster. */
export async function measureRounds({ megabytes, rounds, signal, say }: RoundsInput): Promise<Round[]> {
  const folder = await mkdtemp(join(tmpdir(), 'unitrail-bench-sftp-'));
  const server = await Sshd.start({ sizeMiB: 2 * megabytes + 64 });
  try {
    const file = await makeFile(folder, megabytes);
    const own: Site = { server, folder, file, signal };
    await writeAccess(own);
    const measured: Round[] = [];
    for (let round = 0; round < rounds; round += 1) {
      const taken = new Map<Way, Taken>();
      for (let turn = 0; turn < ways.length; turn += 1) {
        signal.throwIfAborted();
        const way = ways[(turn + round) % ways.length]!;
        const one = await timed(own, way);
        taken.set(way, one);
        say(`round ${round + 1}: ${way} ${(megabytes / one.seconds).toFixed(0)} MiB/s`);
      }
      measured.push(Object.fromEntries(taken) as Record<Way, Taken>);
    }
    return measured;
  } finally {
    await server.close();
    await rm(folder, { recursive: true, force: true });
  }
}

interface Site {
  readonly server: Sshd;
  /** For the file, the keys and what is got back. */
  readonly folder: string;
  readonly file: FileToDeliver;
  readonly signal: AbortSignal;
}

const NAME = 'export.csv';
/** As `FileToDeliver.open` advises. */
const READ_BYTES = 256 * 1_024;

/** Bytes that no connection can make smaller. */
async function makeFile(folder: string, megabytes: number): Promise<FileToDeliver> {
  const bytes = randomBytes(megabytes * 2 ** 20);
  await writeFile(join(folder, NAME), bytes);
  return {
    name: NAME,
    sizeBytes: bytes.length,
    sha256: createHash('sha256').update(bytes).digest('hex'),
    open: (from = 0) => createReadStream(join(folder, NAME), { start: from, highWaterMark: READ_BYTES }),
  };
}

async function timed(site: Site, way: Way): Promise<Taken> {
  const began = performance.now();
  const processorSeconds = await run(site, way);
  const seconds = (performance.now() - began) / 1_000;
  await unlink(join(site.server.folder, NAME));
  return { seconds, processorSeconds };
}

/** The processor time of the client, in seconds. */
async function run(site: Site, way: Way): Promise<number> {
  switch (way) {
    case 'ours':
      return deliverOnce(site, 0);
    case 'ours, read back':
      return deliverOnce(site, Infinity);
    case 'OpenSSH':
      return openSsh(site, ['put']);
    case 'OpenSSH, same cipher':
      return openSsh(site, ['put'], ['-c', CIPHER]);
    case 'OpenSSH, put and get':
      return openSsh(site, ['put', 'get'], ['-c', CIPHER]);
  }
}

async function deliverOnce({ server, file, signal }: Site, readBackBytes: number): Promise<number> {
  const before = process.cpuUsage();
  await deliver(server.target, [file], { secrets: server.secrets, signal, readBackBytes });
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}

/** The same server key, the same user's key, and no other settings than the client's own. */
async function writeAccess({ server, folder }: Site): Promise<void> {
  const { port } = server.target;
  await writeFile(join(folder, 'known_hosts'), `[127.0.0.1]:${port} ${server.hostPublicKey}`);
  await writeFile(join(folder, 'key'), server.secrets.USER_KEY);
  await chmod(join(folder, 'key'), 0o600);
  const [there, here] = [`/in/${NAME}`, join(folder, NAME)];
  // With -f the server is asked to keep it on its disk, as we ask it.
  await writeFile(join(folder, 'put'), `put -f ${here} ${there}\n`);
  await writeFile(join(folder, 'put-get'), `put -f ${here} ${there}\nget ${there} ${here}.back\n`);
}

async function openSsh(
  { server, folder, signal }: Site,
  acts: readonly ('put' | 'get')[],
  more: readonly string[] = [],
): Promise<number> {
  const { port, user, host } = server.target;
  const access = ['-P', String(port), '-i', join(folder, 'key'), '-b', join(folder, acts.join('-'))];
  const known = ['-o', `UserKnownHostsFile=${join(folder, 'known_hosts')}`, '-o', 'IdentitiesOnly=yes'];
  // The shell tells afterwards what its children used: the client, and the ssh below it.
  const script = 'sftp "$@" >/dev/null; code=$?; times; exit $code';
  const args = ['-c', script, 'sh', '-q', '-F', 'none', ...access, ...known, ...more, `${user}@${host}`];
  const client = spawn('sh', args, { stdio: ['ignore', 'pipe', 'inherit'], signal });
  let told = '';
  client.stdout.on('data', (bytes: Buffer) => (told += bytes.toString()));
  const code = await new Promise((resolve, reject) => client.once('error', reject).once('close', resolve));
  if (code !== 0) throw new Error(`sftp ended with ${String(code)}`);
  return childSeconds(told);
}

/** Second line: user and system time of the children, as `0m1.230000s`. */
function childSeconds(told: string): number {
  const times = told
    .trim()
    .split('\n')
    .at(-1)!
    .matchAll(/(\d+)m([\d.]+)s/g);
  return [...times].reduce((sum, [, minutes, seconds]) => sum + 60 * Number(minutes) + Number(seconds), 0);
}
