import { readFile } from 'node:fs/promises';

interface Look {
  readonly units: number;
  readonly bytes: number;
}

/** What a process of another's has in memory, by how far the work is. */
export class MemoryWatch {
  private readonly looks: Look[] = [];

  constructor(private readonly pid: number) {}

  async look(done: () => Promise<number>): Promise<void> {
    const status = await readFile(`/proc/${this.pid}/status`, 'utf8').catch(() => '');
    const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1];
    if (kilobytes === undefined) return;
    const units = await done().catch(() => this.looks.at(-1)?.units ?? 0);
    this.looks.push({ units, bytes: Number(kilobytes) * 1_024 });
  }

  /** The peak of all, in terms of the peak until the first capsule was made. */
  growth(): number {
    return this.peak(this.looks) / this.peak(this.first());
  }

  text(): string {
    const mega = (bytes: number): string => `${(bytes / 1e6).toFixed(0)} MB`;
    return `peak ${mega(this.peak(this.looks))}, and ${mega(this.peak(this.first()))} until the first capsule was made, ${this.growth().toFixed(2)} times`;
  }

  private first(): readonly Look[] {
    return this.looks.filter(({ units }) => units === 0);
  }

  private peak(looks: readonly Look[]): number {
    return Math.max(0, ...looks.map(({ bytes }) => bytes));
  }
}
