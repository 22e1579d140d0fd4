/**
 * A real S3 server of a test's own: versitygw over a folder, on this machine only. `test/go/s3-server/build` makes the program.
 * What it keeps lies on a small disk of its own (a tmpfs in a mount namespace) where the test wants to fill it. It ends when
 * its standard input does: a test run that is killed leaves nothing.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { freePort } from '../../adapters/stack/free-port';
import { readBucketPlace, type BucketPlace } from '../../domain/store-place';
import { isInstalled, itWithTool } from './it-with-tool';

const version = /versity\/versitygw v(\S+)/.exec(
  readFileSync(join(__dirname, '../go/s3-server/go.mod'), 'utf8'),
)![1];
const cache = process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache');
const versitygw = {
  program: join(cache, 'unitrail', `versitygw-${version}`, 'versitygw'),
  probe: ['--version'],
};

/** Where the program is missing, the test says so, and fails with CI=true. */
export function itWithS3(title: string, body: () => Promise<void>, timeoutMs?: number): void {
  itWithTool(versitygw, title, body, timeoutMs);
}

export function hasS3(): boolean {
  return isInstalled(versitygw);
}

process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';

/** What the environment has to have for the library to find them. */
export const credentials = {
  AWS_ACCESS_KEY_ID: 'unitrail-test',
  AWS_SECRET_ACCESS_KEY: 'not-a-secret-of-anybody',
};
const ANSWER_WITHIN_MS = 60_000;

export interface S3Options {
  /** Of the disk that it keeps its contents on; without it, it is a folder of this machine. */
  readonly sizeMiB?: number;
}

export class S3Server {
  private constructor(
    private readonly house: ChildProcess,
    private readonly home: string,
    readonly endpoint: string,
    private readonly sized: boolean,
  ) {}

  static async start({ sizeMiB }: S3Options = {}): Promise<S3Server> {
    const home = await mkdtemp(join(tmpdir(), 'unitrail-s3-'));
    const [root, versions] = [join(home, 'root'), join(home, 'versions')];
    await Promise.all([mkdir(root), mkdir(versions)]);
    const port = await freePort();
    const args = ['--port', `127.0.0.1:${port}`, '--quiet', 'posix', '--versioning-dir', versions, root];
    const disk =
      sizeMiB === undefined ? '' : `mount -t tmpfs -o size=${sizeMiB}m,mode=755 unitrail "${root}"; `;
    // Its folder is taken away next: it has to be gone by then. (`exec`: `$!` is the server, and not a shell around it.)
    const run = `${disk}exec "$@" >&2 & server=$!; echo; cat >/dev/null; kill -9 $server; wait $server`;
    const shell = ['sh', '-c', run.replace(/^(mount.*?); /, '$1 && '), 'sh', versitygw.program, ...args];
    const [program, ...rest] = sizeMiB === undefined ? shell : ['unshare', '--mount', ...shell];
    const env = {
      ...process.env,
      ROOT_ACCESS_KEY: credentials.AWS_ACCESS_KEY_ID,
      ROOT_SECRET_KEY: credentials.AWS_SECRET_ACCESS_KEY,
    };
    const house = spawn(program!, rest, { stdio: ['pipe', 'pipe', 'ignore'], env });
    await once(house.stdout, 'data');
    const server = new S3Server(house, home, `http://127.0.0.1:${port}`, sizeMiB !== undefined);
    await server.answers();
    return server;
  }

  async makeBucket(bucket: string, { lock = false } = {}): Promise<void> {
    const ask = new CreateBucketCommand({ Bucket: bucket, ObjectLockEnabledForBucket: lock });
    await this.client().send(ask);
  }

  /** As UNITRAIL_STORE has it. */
  textOf(bucket: string, more = ''): string {
    return `s3://${bucket}/unitrail?endpoint=${this.endpoint}${more}`;
  }

  placeOf(bucket: string, more = ''): BucketPlace {
    return readBucketPlace(this.textOf(bucket, more)) as BucketPlace;
  }

  /** Where the server keeps the object. */
  fileOf(bucket: string, sha256: string): string {
    if (this.sized) throw new Error('it lies on a disk that only the server sees');
    return join(this.home, 'root', bucket, 'unitrail', 'sha256', sha256.slice(0, 2), sha256);
  }

  /** By the test itself, past all that is tested. */
  client(): S3Client {
    const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey } = credentials;
    return new S3Client({
      ...{ region: 'us-east-1', endpoint: this.endpoint, forcePathStyle: true },
      credentials: { accessKeyId, secretAccessKey },
    });
  }

  async stop(): Promise<void> {
    const ended = once(this.house, 'exit');
    this.house.stdin!.end();
    await ended;
    await rm(this.home, { recursive: true, force: true });
  }

  private async answers(): Promise<void> {
    for (const until = Date.now() + ANSWER_WITHIN_MS; ;) {
      const answer = await fetch(this.endpoint).catch(() => null);
      if (answer) return;
      if (Date.now() > until) throw new Error(`versitygw did not answer at ${this.endpoint}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
