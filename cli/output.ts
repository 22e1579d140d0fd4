import { CommanderError, type Command } from 'commander';
import { writeChunks } from '../adapters/spreadsheet/write-chunks';
import type { Column } from '../domain/columns';
import { UnitrailError } from '../domain/errors';
import type { CliContext } from './context';
import { framedTable, plainTable } from './table';

export const DONE = 0;
export const FAILED = 1;
export const WRONG_INPUT = 2;

const DEFAULT_WIDTH = 80;

export async function printLine(context: CliContext, text: string): Promise<void> {
  await writeChunks(context.out, [`${text}\n`]);
}

/** A message for a person. Never a result: those go to `out`. */
export async function say(context: CliContext, message: string): Promise<void> {
  await writeChunks(context.err, [`${message}\n`]);
}

/** A table that fits the terminal; without one, plain columns. */
export async function printTable<Row>(
  context: CliContext,
  rows: readonly Row[],
  columns: readonly Column<Row>[],
): Promise<void> {
  await printLine(context, tableText(context, rows, columns));
}

export function tableText<Row>(
  context: CliContext,
  rows: readonly Row[],
  columns: readonly Column<Row>[],
): string {
  if (!context.isTty) return plainTable(rows, columns);
  const { text, leftOut } = framedTable(rows, columns, terminalWidth(context));
  return leftOut.length === 0
    ? text
    : `${text}\n(no room for ${leftOut.join(', ')}: a wider terminal shows more)`;
}

/** One JSON document: on a terminal in lines, for a program on one line. */
export async function printJson(context: CliContext, value: unknown): Promise<void> {
  await printLine(context, JSON.stringify(value, null, context.isTty ? 2 : 0));
}

/** Makes commander throw instead of ending the process, and leaves the telling of mistakes to `fail`. */
export function configureCommand(program: Command, context: CliContext): void {
  program.exitOverride().configureOutput({
    writeOut: (text) => void context.out.write(text),
    writeErr: (text) => void context.err.write(text),
    outputError: () => {},
    getOutHelpWidth: () => terminalWidth(context),
  });
}

/**
 * Tells the error in one message and returns the exit code: 2 for wrong input (nothing was done), 1 for everything
 * else. A stack trace is for those who ask for it by UNITRAIL_DEBUG=1.
 */
export function fail(context: CliContext, error: unknown): number {
  if (isQuiet(error)) return DONE;
  const told = tell(error);
  const text = context.json ? JSON.stringify({ error: told }) : `unitrail: ${told.message}`;
  context.err.write(`${text}\n`);
  if (context.env.UNITRAIL_DEBUG === '1') context.err.write(`${stackOf(error)}\n`);
  return exitCodeOf(error);
}

interface ToldError {
  readonly code: string;
  readonly message: string;
  readonly detail: Readonly<Record<string, unknown>>;
}

function tell(error: unknown): ToldError {
  if (error instanceof UnitrailError)
    return { code: error.code, message: error.message, detail: error.detail };
  if (error instanceof CommanderError)
    return { code: 'INPUT_INVALID', message: usageText(error), detail: {} };
  const message = error instanceof Error && error.message !== '' ? error.message : String(error);
  return { code: 'INTERNAL', message: `${message} (UNITRAIL_DEBUG=1 shows where)`, detail: {} };
}

function usageText(error: CommanderError): string {
  // commander puts the whole help into the message where a sub-command is missing.
  if (error.code === 'commander.help') return 'a sub-command is missing; see above, or unitrail --help';
  return error.message.replace(/^error: /, '');
}

function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return WRONG_INPUT;
  return error instanceof UnitrailError && error.reaction === 'reject' ? WRONG_INPUT : FAILED;
}

/** Help that was asked for, and a reader who had enough (`unitrail unit list | head`). */
function isQuiet(error: unknown): boolean {
  if (error instanceof CommanderError) return error.exitCode === 0;
  return (error as { code?: unknown } | null)?.code === 'EPIPE';
}

function stackOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause === undefined ? '' : `\ncaused by ${stackOf(error.cause)}`;
  return `${error.stack ?? error.message}${cause}`;
}

function terminalWidth(context: CliContext): number {
  return (context.out as { columns?: number }).columns ?? DEFAULT_WIDTH;
}
