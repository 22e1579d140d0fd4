/**
 * Workers of one version as a program that needs nothing of a checkout but its packages: `node program.js WORKFLOWS ROLE…`.
 * A role is `workflows`, `office` or the id of a station; the servers are named by the environment, as in production.
 * test/replay/record-workers.ts keeps it, for tests in which later versions share the queues with it.
 */
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import type { WorkflowBundleWithSourceMap } from '@temporalio/worker';
import { parseConfig } from '../../workers/config';
import { startLine, type Role } from '../../workers/line';
import { createLog } from '../../workers/log';
import { openServers } from '../../workers/servers';

async function main([workflows, ...names]: readonly string[]): Promise<void> {
  const config = parseConfig(process.env);
  const line = await startLine(names.map(roleOf), {
    config,
    servers: await openServers(config, () => {}),
    log: createLog(config.logLevel, 'unitrail-worker'),
    bundle: JSON.parse(await readFile(workflows!, 'utf8')) as WorkflowBundleWithSourceMap,
  });
  process.stdout.write('works\n');
  await Promise.race([once(process, 'SIGTERM'), line.failed]);
  await line.stop();
}

function roleOf(name: string): Role {
  return name === 'workflows' || name === 'office' ? { kind: name } : { kind: 'station', station: name };
}

main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  process.exitCode = 1;
});
