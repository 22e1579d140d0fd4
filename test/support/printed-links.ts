import { bareEnvironment, runCli } from './cli';
import type { TestLine } from './line';

export interface PrintedLink {
  readonly topic: string;
  readonly name: string;
  readonly url: string;
}

/** What `unitrail links` prints, asked by the desk of a test line. */
export async function printedLinks(line: TestLine): Promise<PrintedLink[]> {
  const ui = process.env.UNITRAIL_TEST_TEMPORAL_UI!;
  const { code, out, err } = await runCli(['links', '--json', '--ui', ui], {
    ...bareEnvironment,
    UNITRAIL_DATABASE_URL: line.database.urlOf('desk'),
    UNITRAIL_HOME: line.home,
    TEMPORAL_ADDRESS: process.env.UNITRAIL_TEST_TEMPORAL_ADDRESS!,
    TEMPORAL_NAMESPACE: line.temporal.namespace,
  });
  expect({ code, err }).toEqual({ code: 0, err: '' });
  return JSON.parse(out) as PrintedLink[];
}

export async function linkOf(line: TestLine, topic: string, name: string): Promise<string> {
  const links = await printedLinks(line);
  const link = links.find((one) => one.topic === topic && one.name === name);
  if (!link) throw new Error(`no link ${topic} / ${name} among ${JSON.stringify(links)}`);
  return link.url;
}
