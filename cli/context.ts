import type { Database } from '../adapters/postgres/database';
import { tolerateErrors } from '../adapters/spreadsheet/write-chunks';

/** What a sub-command may touch: two streams, the environment, and the desk's database. */
export interface CliContext {
  /** Results, and nothing else. */
  readonly out: NodeJS.WritableStream;
  /** Messages for people. */
  readonly err: NodeJS.WritableStream;
  /** Whether `out` is a terminal. */
  readonly isTty: boolean;
  /** The global `--json`. */
  readonly json: boolean;
  /** The process's environment as it was given. */
  readonly env: Readonly<NodeJS.ProcessEnv>;
  /** The desk login's database, opened at the first call. */
  desk(): Promise<Database>;
  /** Closes what was opened. A repeat is a no-op. */
  close(): Promise<void>;
}

export interface ContextOptions {
  /** The arguments after `unitrail`. */
  readonly args: readonly string[];
  readonly env: Readonly<NodeJS.ProcessEnv>;
  readonly out: NodeJS.WritableStream;
  readonly err: NodeJS.WritableStream;
  /** Opens a database as the desk login. */
  readonly openDesk: () => Promise<Database>;
}

export function createContext({ args, env, out, err, openDesk }: ContextOptions): CliContext {
  let desk: Promise<Database> | undefined;
  // A reader that has had enough (`| head`) closes the pipe: also where help or an error is being written.
  [out, err].forEach(tolerateErrors);
  return {
    out,
    err,
    env,
    isTty: (out as { isTTY?: boolean }).isTTY === true,
    // Read before commander does: a mistake in the arguments has to be told as JSON as well.
    json: hasFlag(args, '--json'),
    desk: () => (desk ??= openDesk()),
    close: async () => {
      const opened = desk;
      desk = undefined;
      // A desk that did not open has nothing to close, and its error was told already.
      const database = await opened?.catch(() => undefined);
      await database?.destroy();
    },
  };
}

function hasFlag(args: readonly string[], flag: string): boolean {
  const end = args.indexOf('--');
  return (end === -1 ? args : args.slice(0, end)).includes(flag);
}
