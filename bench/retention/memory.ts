import { readFile } from 'node:fs/promises';

/** The steps that are taken capsule by capsule, in their order: all are made before the first is delivered. */
export const watchedSteps = ['made', 'delivered', 'moved'] as const;
export type WatchedStep = (typeof watchedSteps)[number];

/** How many capsules of the run have come through each step. */
export type CapsulesDone = Readonly<Record<WatchedStep, number>> & { readonly planned: number };

interface Look {
  readonly done: CapsulesDone;
  readonly bytes: number;
}

export interface Growth {
  readonly step: WatchedStep;
  readonly firstBytes: number;
  readonly lastBytes: number;
  readonly ratio: number;
}

/** One capsule has no first and last; of four the first and the last quarter are one each. */
const FEWEST = 4;

/** What a process of another's has in memory, by how far the capsules are. */
export class MemoryWatch {
  private readonly looks: Look[] = [];

  constructor(private readonly pid: number) {}

  async look(done: () => Promise<CapsulesDone>): Promise<void> {
    const status = await readFile(`/proc/${this.pid}/status`, 'utf8').catch(() => '');
    const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1];
    const known = await done().catch(() => null);
    if (kilobytes !== undefined && known !== null) this.note(known, Number(kilobytes) * 1_024);
  }

  note(done: CapsulesDone, bytes: number): void {
    this.looks.push({ done, bytes });
  }

  peakBytes(): number {
    return peakOf(this.looks);
  }

  /** Each step's peak in its last capsules against that in its first ones; or why these looks say nothing of it. */
  growth(): readonly Growth[] | string {
    const capsules = this.looks.at(-1)?.done.planned ?? 0;
    if (capsules < FEWEST) return capsules === 1 ? 'one capsule' : `${capsules} capsules`;
    const few = Math.floor(capsules / FEWEST);
    const grown = watchedSteps.flatMap((step, at): Growth[] => {
      const [first, last] = [this.under(at, 0, few), this.under(at, capsules - few, capsules)];
      if (first.length === 0 || last.length === 0) return [];
      const [firstBytes, lastBytes] = [peakOf(first), peakOf(last)];
      return [{ step, firstBytes, lastBytes, ratio: lastBytes / firstBytes }];
    });
    return grown.length > 0 ? grown : 'capsules so small that nobody looked while they were made';
  }

  /** The looks at the step's capsules from one on and before another. What came before the plan is none's. */
  private under(at: number, from: number, before: number): readonly Look[] {
    const step = watchedSteps[at]!;
    const earlier = watchedSteps[at - 1] ?? 'planned';
    return this.looks.filter(
      ({ done }) =>
        done.planned > 0 && done[earlier] === done.planned && done[step] >= from && done[step] < before,
    );
  }
}

function peakOf(looks: readonly Look[]): number {
  return Math.max(0, ...looks.map(({ bytes }) => bytes));
}
