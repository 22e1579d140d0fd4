/** Types a command of the desk inside the test's own process: on a terminal of the given width, or into a pipe. */
import { PassThrough } from 'node:stream';
import { Command } from 'commander';
import { openDatabase } from '../../adapters/postgres/database';
import { createContext } from '../../cli/context';
import { configureCommand, fail } from '../../cli/output';
import type { TestDatabase } from './database';

export interface TypedAnswer {
  readonly code: number;
  readonly out: Buffer;
  readonly text: string;
  readonly err: string;
}

/** What a command asks of its context beyond the desk, its test has to give. */
export type Register = (program: Command, context: never) => void;

export async function typeCommand(
  database: TestDatabase,
  registers: readonly Register[],
  line: string,
  width?: number,
): Promise<TypedAnswer> {
  const [out, err] = [collect(), collect()];
  if (width) Object.assign(out.stream, { isTTY: true, columns: width });
  const args = line.split(' ');
  const context = createContext({
    args,
    env: {},
    out: out.stream,
    err: err.stream,
    openDesk: () =>
      Promise.resolve(openDatabase(database.urlOf('desk'), { applicationName: 'test-command' })),
  });
  const program = new Command('unitrail').option('--json');
  configureCommand(program, context);
  for (const register of registers) register(program, context as never);
  const code = await program.parseAsync(args, { from: 'user' }).then(
    () => 0,
    (error: unknown) => fail(context, error),
  );
  await context.close();
  return { code, out: out.bytes(), text: out.bytes().toString('utf8'), err: err.bytes().toString('utf8') };
}

function collect(): { stream: PassThrough; bytes: () => Buffer } {
  const stream = new PassThrough();
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  return { stream, bytes: () => Buffer.concat(chunks) };
}
