import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { Database } from '../../adapters/postgres/database';
import { createWatermark, type Watermark } from '../../adapters/registry/watermark';

/** The watermark of a test's own database, made when it is first asked for. It goes with the run's folder. */
export function testWatermark(db: Database): Watermark {
  const file = join(process.env.UNITRAIL_TEST_HOME!, `watermark-${randomUUID()}.json`);
  const watermark = createWatermark({ db, file });
  let made: Promise<void> | undefined;
  const once = (): Promise<void> => (made ??= watermark.renew());
  return {
    check: () => once().then(() => watermark.check()),
    keep: () => once().then(() => watermark.keep()),
    renew: () => watermark.renew(),
  };
}
