import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createContentStore } from '../../adapters/store/content-store';
import { openPlainStore } from '../../adapters/store/open-store';
import type { PlainStore } from '../../adapters/store/port';
import type { BucketPlace } from '../../domain/store-place';
import { HttpProxy } from './http-proxy';
import { credentials, hasS3, S3Server } from './s3-server';

/** A bucket of its own for each test of a file, by a real server that speaks S3 and a proxy before it. */
export class TestBucket {
  server!: S3Server;
  proxy!: HttpProxy;
  home!: string;
  /** That of this test. */
  name!: string;
  private count = 0;
  private readonly before = { ...process.env };

  async start(): Promise<void> {
    Object.assign(process.env, credentials, { AWS_EC2_METADATA_DISABLED: 'true' });
    this.home = await mkdtemp(join(tmpdir(), 'unitrail-bucket-'));
    if (!hasS3()) return;
    this.server = await S3Server.start();
    this.proxy = await HttpProxy.before(this.server.endpoint);
  }

  async stop(): Promise<void> {
    for (const name of Object.keys(process.env)) if (!(name in this.before)) delete process.env[name];
    await this.proxy?.close();
    await this.server?.stop();
    await rm(this.home, { recursive: true, force: true });
  }

  async renew(): Promise<void> {
    if (!hasS3()) return;
    this.proxy.answer = () => null;
    this.count += 1;
    await this.make('bucket');
  }

  /** In place of the usual one, for this test. */
  async makeLocking(): Promise<void> {
    await this.make('locked', { lock: true });
  }

  readonly open = (place: Partial<BucketPlace> = {}): PlainStore =>
    openPlainStore({ ...this.server.placeOf(this.name), ...place });

  /** Through the proxy. */
  readonly through = (): PlainStore => this.open({ endpoint: this.proxy.endpoint });

  readonly folderOf = (name: string): PlainStore =>
    createContentStore({ folder: join(this.home, `${name}-${this.count}`), cacheBytes: 0 });

  private async make(kind: string, lock: { lock?: boolean } = {}): Promise<void> {
    this.name = `${kind}-${this.count}`;
    await this.server.makeBucket(this.name, lock);
  }
}

/** With the server for all tests of the file. */
export function testBucket(): TestBucket {
  const bucket = new TestBucket();
  beforeAll(() => bucket.start());
  afterAll(() => bucket.stop());
  beforeEach(() => bucket.renew());
  return bucket;
}
