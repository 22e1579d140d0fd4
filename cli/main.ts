import { Console } from 'node:console';
import { Writable } from 'node:stream';
import { Command } from 'commander';
import { version } from '../package.json';
import { registerCommands } from './commands';
import { createContext } from './context';
import { Interrupted, Interruption } from './interruption';
import { configureCommand, DONE, fail } from './output';
import { createConnections, type ServerContext } from './server-context';

/** Runs the command that the arguments (those after `unitrail`) name, and returns its exit code. */
export async function main(args: readonly string[], env: NodeJS.ProcessEnv = process.env): Promise<number> {
  silenceLibraries(env);
  const interruption = new Interruption();
  const { context, close, code } = createServerContext(args, env, interruption);
  try {
    return await ended(run(args, context), { context, close, code }, interruption);
  } finally {
    interruption.close();
  }
}

/** The exit code of the command, once everything that it opened is closed. */
async function ended(
  command: Promise<void>,
  { context, close, code }: Running,
  interruption: Interruption,
): Promise<number> {
  try {
    await Promise.race([command, interruption.untaken]);
    await close();
    return code();
  } catch (error) {
    if (error instanceof Interrupted) return leaveAtOnce(error, close);
    const exitCode = fail(context, error);
    await close().catch((another: unknown) => fail(context, another));
    return exitCode;
  }
}

/**
 * Standard output belongs to results, and standard error to our own messages: what a library writes to the console (knex
 * does so, in several lines, before it throws the error that we tell) is for those who ask for it by UNITRAIL_DEBUG=1.
 */
function silenceLibraries(env: NodeJS.ProcessEnv): void {
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const stream = env.UNITRAIL_DEBUG === '1' ? process.stderr : nowhere;
  globalThis.console = new Console({ stdout: stream, stderr: stream });
}

async function run(args: readonly string[], context: ServerContext): Promise<void> {
  const program = new Command('unitrail')
    .description('One identity for life, and a provable record, for every unit that is made.')
    .option('--json', 'one JSON document, or JSON Lines, on standard output')
    .helpCommand('help [command]', 'what a command does')
    .showSuggestionAfterError();
  // A command may have a --version of its own, and the program's would be taken for it.
  if (!args.some((arg) => !arg.startsWith('-'))) program.version(version);
  configureCommand(program, context);
  registerCommands(program, context, args);
  await program.parseAsync(args, { from: 'user' });
}

interface Running {
  readonly context: ServerContext;
  readonly code: () => number;
  close(): Promise<void>;
}

function createServerContext(
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  interruption: Interruption,
): Running {
  let code = DONE;
  const connections = createConnections(
    env,
    (line) =>
      void process.stderr.write(`${line}
`),
    interruption.signal,
  );
  const { openDesk, ...servers } = connections;
  const streams = createContext({ args, env, out: process.stdout, err: process.stderr, openDesk });
  const close = async (): Promise<void> => {
    await streams.close();
    await servers.close();
  };
  const context: ServerContext = {
    ...streams,
    ...servers,
    takeOverSignals: (again) => interruption.takeOver(again),
    giveBackSignals: () => interruption.giveBack(),
    exitWith: (given) => void (code = given),
    close,
  };
  return { context, code: () => code, close };
}

/** What the command still has under way may keep the process alive: nobody waits for it any longer. */
async function leaveAtOnce({ exitCode }: Interrupted, close: () => Promise<void>): Promise<never> {
  await close().catch(() => {});
  process.exit(exitCode);
}
