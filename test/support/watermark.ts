import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { Database } from '../../adapters/postgres/database';
import { createWatermark, type Watermark } from '../../adapters/registry/watermark';

/** A watermark of a database of its own. It goes with the run's folder. */
export function testWatermark(db: Database): Watermark {
  return createWatermark({
    db,
    file: join(process.env.UNITRAIL_TEST_HOME!, `watermark-${randomUUID()}.json`),
  });
}
