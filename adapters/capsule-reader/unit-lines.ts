import { textOf } from './bytes';
import { readDocument, type Facts } from './documents';
import type { Problems } from './problems';
import { readLines } from './read-lines';

export interface UnitLine {
  readonly where: string;
  readonly text: string;
  readonly facts: Facts;
  readonly serial: string;
}

/** Lines of one file, each judged by itself, and taken serial by serial as long as their order allows it. */
export class UnitLines {
  private readonly lines: AsyncGenerator<Uint8Array>;
  private held: UnitLine | null = null;
  count = 0;

  constructor(
    private readonly name: string,
    path: string,
    private readonly format: string,
    private readonly problems: Problems,
  ) {
    this.lines = readLines(path);
  }

  /** The next line that can be read, which stays the next one; null at the end. */
  async peek(): Promise<UnitLine | null> {
    while (this.held === null) {
      const { value, done } = await this.lines.next();
      if (done) return null;
      this.count += 1;
      this.held = this.read(value);
    }
    return this.held;
  }

  async next(): Promise<UnitLine | null> {
    const line = await this.peek();
    this.held = null;
    return line;
  }

  /** The lines of this serial. What comes before them is of no unit that is here, and a problem. */
  async of(serial: string): Promise<UnitLine[]> {
    const own: UnitLine[] = [];
    for (let line = await this.peek(); line !== null && line.serial <= serial; line = await this.peek()) {
      if (line.serial === serial) own.push(line);
      else this.stray(line);
      await this.next();
    }
    return own;
  }

  /** What is left at the end is of no unit either. */
  async finish(): Promise<void> {
    for (let line = await this.next(); line !== null; line = await this.next()) this.stray(line);
  }

  private stray({ where, serial }: UnitLine): void {
    this.problems.add(where, `is of unit ${serial}, which is not here, or in another order`);
  }

  private read(bytes: Uint8Array): UnitLine | null {
    const where = `${this.name}, line ${this.count}`;
    const text = textOf(bytes);
    const read = readDocument(text, this.format);
    if ('wrong' in read) {
      this.problems.add(where, read.wrong);
      return null;
    }
    const { facts } = read;
    if (typeof facts.serial === 'string') return { where, text: text!, facts, serial: facts.serial };
    this.problems.add(where, 'has no serial');
    return null;
  }
}
