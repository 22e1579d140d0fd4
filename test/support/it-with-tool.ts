import { spawnSync } from 'node:child_process';

/**
 * A test that needs a program of the machine. Where the program is missing, the test says so by name instead of
 * vanishing, and with CI=true it fails: what is not checked there is checked nowhere.
 */
export function itWithTool(
  tool: { program: string; probe: readonly string[] },
  title: string,
  body: () => Promise<void>,
): void {
  const isThere = spawnSync(tool.program, [...tool.probe], { timeout: 30_000 }).error === undefined;
  if (isThere) return it(title, body, 120_000);
  it(`WAS NOT CHECKED, because ${tool.program} is not installed: ${title}`, () => {
    expect(process.env.CI).not.toBe('true');
  });
}
