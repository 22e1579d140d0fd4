import { chromiumTool } from './chromium';
import { isInstalled, itWithTool } from './it-with-tool';
import { startTestLine, type TestLine } from './line';
import { TemporalUi } from './temporal-ui';

/** A browser on a machine that is far too busy takes ten seconds for a page. */
const timeoutMs = 600_000;

export interface Desk {
  readonly line: TestLine;
  readonly ui: TemporalUi;
}

/**
 * A line and a browser for one test file. Without a browser on the machine nothing is started, and each test says that
 * it was not checked. A test that fails leaves a picture of what the browser showed.
 */
export function desk(prepare: (line: TestLine) => Promise<void>) {
  const opened: { line?: TestLine; ui?: TemporalUi } = {};

  beforeAll(async () => {
    if (!isInstalled(chromiumTool)) return;
    opened.line = await startTestLine();
    await prepare(opened.line);
    opened.ui = await TemporalUi.open(opened.line.temporal.namespace);
  });

  afterAll(async () => {
    await opened.ui?.close();
    await opened.line?.stop();
  });

  const photographed = (title: string, body: (desk: Desk) => Promise<void>) => async (): Promise<void> => {
    try {
      await body(opened as Desk);
    } catch (error) {
      await opened.ui!.screenshot(`failed-${title.slice(0, 60).replace(/\W+/g, '-')}`);
      throw error;
    }
  };

  return (title: string, body: (desk: Desk) => Promise<void>): void =>
    itWithTool(chromiumTool, title, photographed(title, body), timeoutMs);
}
