/** Ctrl-C (SIGINT) or SIGTERM ended the command. */
export class Interrupted extends Error {
  /** What a shell expects of a process that a signal ended. */
  readonly exitCode: number;

  constructor(signal: 'SIGINT' | 'SIGTERM') {
    super(`interrupted by ${signal}`);
    this.exitCode = signal === 'SIGINT' ? 130 : 143;
  }
}

/**
 * The process's own answer to Ctrl-C and SIGTERM. Without it the servers that were started for a command would be left
 * running. The first signal ends the command in order, the second one at once; a command that has something to finish
 * (a worker, a watch) takes both over.
 */
export class Interruption {
  /** Rejects at the first signal, unless a command took over. */
  readonly untaken: Promise<never>;
  private readonly first = new AbortController();
  /** Aborted at the first signal, whoever took it over. */
  readonly signal = this.first.signal;
  private taken: (() => void) | null = null;
  private reject: (reason: Interrupted) => void = () => {};

  constructor(private readonly emitter: NodeJS.Process = process) {
    this.untaken = new Promise<never>((_, reject) => (this.reject = reject));
    this.untaken.catch(() => {});
    emitter.on('SIGINT', this.receive).on('SIGTERM', this.receive);
  }

  /** From now on the first signal only aborts what is returned; each later one calls `again`. */
  takeOver(again: () => void): AbortSignal {
    this.taken = again;
    return this.signal;
  }

  /** From now on a signal ends the command at once again, and so does one that was taken over and not heeded. */
  giveBack(): void {
    this.taken = null;
    if (this.signal.aborted) this.reject(this.signal.reason as Interrupted);
  }

  /** The command is over: signals are the process's own again. */
  close(): void {
    this.emitter.off('SIGINT', this.receive).off('SIGTERM', this.receive);
  }

  private readonly receive = (signal: NodeJS.Signals): void => {
    const reason = new Interrupted(signal === 'SIGTERM' ? 'SIGTERM' : 'SIGINT');
    if (!this.signal.aborted) {
      this.first.abort(reason);
      if (!this.taken) this.reject(reason);
    } else if (this.taken) this.taken();
    else process.exit(reason.exitCode);
  };
}
