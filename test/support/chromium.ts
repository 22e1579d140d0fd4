/** The machine's own Chromium, without a window and without a network beyond this machine. */
import { accessSync, constants } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { chromium, type Browser } from 'playwright-core';
import { homeIn } from './it-with-tool';

const names = ['chromium', 'chromium-browser', 'google-chrome'];
/** As large as a laptop's: what a page shows at its first glance is what an engineer sees of it. */
const viewport = { width: 1280, height: 900 };

/** For `itWithTool`. Where there is none, Debian's name of it is the one to ask for. */
export const chromiumTool = { program: findProgram() ?? names[0]!, probe: ['--version'] };

export interface OpenBrowser {
  readonly browser: Browser;
  /** Leaves neither a process nor a file behind. */
  close(): Promise<void>;
}

export async function openBrowser(): Promise<OpenBrowser> {
  const home = await mkdtemp(join(tmpdir(), 'unitrail-browser-'));
  const browser = await chromium.launch({
    executablePath: chromiumTool.program,
    // As root it has no sandbox to offer.
    chromiumSandbox: process.getuid?.() !== 0,
    // The web UI asks its vendor for news: no test waits for an answer from outside.
    args: ['--disable-gpu', '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1'],
    env: homeIn(home) as Record<string, string>,
  });
  return {
    browser,
    close: async () => {
      await browser.close();
      await rm(home, { recursive: true, force: true });
    },
  };
}

export async function newPage({ browser }: OpenBrowser) {
  const context = await browser.newContext({ viewport, timezoneId: 'UTC', locale: 'en-GB' });
  return context.newPage();
}

function findProgram(): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter).filter(Boolean);
  return names.flatMap((name) => folders.map((folder) => join(folder, name))).find(isProgram);
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
