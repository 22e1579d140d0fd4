import type { Session } from './session';

type Done<T> = (error?: Error | null, value?: T) => void;

/**
 * Requests under way side by side, whose answers are taken in the order of the requests: behind the oldest one that waits
 * there are never more than `most`. Made of callbacks, not promises: a promise for each block costs more than the block.
 */
export class UnderWay<T> {
  private readonly queue: { answer?: T | undefined; isAnswered: boolean }[] = [];
  private failed: unknown;
  private wake: (() => void) | undefined;

  constructor(
    private readonly session: Session,
    private readonly most: number,
    private readonly take: (answer: T) => void,
  ) {}

  /** `answer` makes of the server's answer what `take` gets in its turn. */
  begin<Value>(start: (done: Done<Value>) => void, answer: (value: Value) => T): void {
    const entry: (typeof this.queue)[number] = { isAnswered: false };
    this.queue.push(entry);
    this.session.ask<Value>(start, (error, value) => {
      if (error) return this.fail(error);
      entry.answer = answer(value as Value);
      entry.isAnswered = true;
      this.takeAnswered();
    });
  }

  /** Waits until one more may be begun. Throws what one of them failed with. */
  async room(): Promise<void> {
    while (this.failed === undefined && this.queue.length >= this.most) await this.news();
    this.throwIfFailed();
  }

  async drained(): Promise<void> {
    while (this.failed === undefined && this.queue.length > 0) await this.news();
    this.throwIfFailed();
  }

  get isFull(): boolean {
    return this.failed !== undefined || this.queue.length >= this.most;
  }

  private takeAnswered(): void {
    while (this.failed === undefined && this.queue[0]?.isAnswered) {
      try {
        this.take(this.queue.shift()!.answer as T);
      } catch (error) {
        this.failed = error;
      }
    }
    this.wake?.();
  }

  private fail(error: unknown): void {
    this.failed ??= error;
    this.wake?.();
  }

  private news(): Promise<void> {
    return new Promise((resolve) => (this.wake = resolve));
  }

  private throwIfFailed(): void {
    if (this.failed !== undefined) throw this.failed;
  }
}
