import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { itWithTool } from '../support/it-with-tool';

const promtool = { program: 'promtool', probe: ['--version'] } as const;
const monitoring = join(__dirname, '..', '..', 'docs', 'monitoring');

/** Rejects, with what promtool wrote, where it finds something. */
const run = async (...args: string[]): Promise<string> =>
  (await promisify(execFile)(promtool.program, args, { cwd: monitoring, encoding: 'utf8' })).stdout;

describe('the alert rules', () => {
  itWithTool(promtool, 'are rules to Prometheus', async () => {
    expect(await run('check', 'rules', 'alerts.yaml')).toMatch(/SUCCESS: \d+ rules found/);
  });

  itWithTool(promtool, 'say of made-up figures what alerts.test.yaml tells, and no more', async () => {
    expect(await run('test', 'rules', 'alerts.test.yaml')).toContain('SUCCESS');
  });
});
