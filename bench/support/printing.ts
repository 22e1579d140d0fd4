/** A result: standard output, with a blank line after it. */
export function tell(text: string): void {
  tellLine(`${text}\n`);
}

export function tellLine(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** How far it is, and what went wrong: none of it a result. */
export function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** Under a name, what it fails with is told in one line; without one with its stack. */
export function runBench(main: () => Promise<void>, name?: string): void {
  main().catch((error: unknown) => {
    say(name === undefined ? stackOf(error) : `${name}: ${messageOf(error)}`);
    process.exitCode = 1;
  });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
