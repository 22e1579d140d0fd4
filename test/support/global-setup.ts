/**
 * One Postgres and one Temporal server for a whole test run, in a fresh folder outside the repository.
 * Test files find them by environment variables; each file makes databases and task queues of its own.
 */
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Stack } from '../../adapters/stack/stack';
import globalTeardown from './global-teardown';

declare global {
  /** Handed from set-up to tear-down: both run in jest's parent process. */
  var unitrailTestStack: Stack | undefined;
}

/** Jest skips the tear-down when it is stopped by a signal; the servers are daemons and would stay for ever. */
function tearDownOnSignal(): void {
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const) {
    process.once(signal, () => void globalTeardown().finally(() => process.exit(code)));
  }
}

/** Nothing here has to survive a power cut. Three lines at once, each with all of its pools full, take more than a plant may. */
const postgresSettings = {
  ...{ fsync: 'off', full_page_writes: 'off', synchronous_commit: 'off' },
  max_connections: '400',
};

export default async function globalSetup(): Promise<void> {
  const { joinStack } = await import('../../adapters/stack/stack');
  const home = await mkdtemp(join(tmpdir(), 'unitrail-test-')); // mode 0700
  const say = (line: string): void => void process.stderr.write(`${line}\n`);
  const stack = await joinStack({ home, say, postgresSettings });
  globalThis.unitrailTestStack = stack;
  tearDownOnSignal();
  process.env.UNITRAIL_TEST_HOME = home;
  process.env.UNITRAIL_TEST_OWNER_URL = stack.ownerUrl;
  process.env.UNITRAIL_TEST_ADMIN_URL = await stack.loginUrl('postgres');
  process.env.UNITRAIL_TEST_TEMPORAL_ADDRESS = stack.temporal.address;
  process.env.UNITRAIL_TEST_TEMPORAL_UI = stack.temporal.uiUrl;
}
