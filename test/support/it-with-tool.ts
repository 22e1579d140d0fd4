import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * A test that needs a program of the machine. Where the program is missing, the test says so by name instead of
 * vanishing, and with CI=true it fails: what is not checked there is checked nowhere.
 */
export function itWithTool(
  tool: { program: string; probe: readonly string[] },
  title: string,
  body: () => Promise<void>,
): void {
  const isThere = answers(tool);
  if (isThere) return it(title, body, 120_000);
  it(`WAS NOT CHECKED, because ${tool.program} is not installed: ${title}`, () => {
    expect(process.env.CI).not.toBe('true');
  });
}

/** Some programs make folders in the home of whoever only asks for their version. */
function answers({ program, probe }: { program: string; probe: readonly string[] }): boolean {
  const home = mkdtempSync(join(tmpdir(), 'unitrail-probe-'));
  try {
    return spawnSync(program, [...probe], { timeout: 30_000, env: homeIn(home) }).error === undefined;
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

/** The environment with a home of its own, for a program that would leave something in the user's. */
export function homeIn(folder: string): NodeJS.ProcessEnv {
  return { ...process.env, HOME: folder, XDG_CONFIG_HOME: folder, XDG_CACHE_HOME: folder };
}
