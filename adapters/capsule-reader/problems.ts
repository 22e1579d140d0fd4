import type { CapsuleProblem } from '../../domain/capsule';

const MOST_LISTED = 100;
const MOST_A_FILE = 5;

/** Collects what is wrong, in bounded memory: one rotten file must not push the others off the list. */
export class Problems {
  private readonly ofFile = new Map<string, number>();
  readonly listed: CapsuleProblem[] = [];
  readonly notes: string[] = [];
  found = 0;

  add(where: string, what: string): void {
    this.found += 1;
    const file = where.split(',')[0]!;
    const already = this.ofFile.get(file) ?? 0;
    this.ofFile.set(file, already + 1);
    if (already < MOST_A_FILE && this.listed.length < MOST_LISTED) this.listed.push({ where, what });
  }
}
