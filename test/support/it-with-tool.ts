import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

interface Tool {
  readonly program: string;
  readonly probe: readonly string[];
}

/**
 * A test that needs a program of the machine. Where the program is missing, the test says so by name instead of
 * vanishing, and with CI=true it fails: what is not checked there is checked nowhere.
 */
export function itWithTool(tool: Tool, title: string, body: () => Promise<void>, timeoutMs?: number): void {
  if (isInstalled(tool)) return it(title, body, timeoutMs);
  it(`WAS NOT CHECKED, because ${tool.program} is not installed: ${title}`, () => {
    expect(process.env.CI).not.toBe('true');
  });
}

const answered = new Map<string, boolean>();

/** Asked once for each test file: a large program takes its time to tell its version. */
export function isInstalled(tool: Tool): boolean {
  const known = answered.get(tool.program) ?? answers(tool);
  answered.set(tool.program, known);
  return known;
}

/** Some programs make folders in the home of whoever only asks for their version. */
function answers({ program, probe }: Tool): boolean {
  const home = mkdtempSync(join(tmpdir(), 'unitrail-probe-'));
  try {
    return spawnSync(program, [...probe], { timeout: 120_000, env: homeIn(home) }).error === undefined;
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

/** The environment with a home of its own, for a program that would leave something in the user's. */
export function homeIn(folder: string): NodeJS.ProcessEnv {
  return { ...process.env, HOME: folder, XDG_CONFIG_HOME: folder, XDG_CACHE_HOME: folder };
}
