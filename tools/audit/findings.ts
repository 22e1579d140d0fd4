import type { Invariant } from './invariants';

export interface Violation {
  readonly invariant: Invariant;
  /** The unit, event, block, batch … that breaks the promise. */
  readonly subject: string;
  readonly found: string;
  readonly expected: string;
}

export interface AuditReport {
  /** How much was read, and how many violations there are in all. */
  readonly counts: Readonly<Record<string, number>>;
  /** The first of each invariant; `counts.violations` has the whole number. */
  readonly violations: readonly Violation[];
  /** What is worth a look and breaks no promise. */
  readonly notes: readonly string[];
  readonly ok: boolean;
}

/** Tells a violation of one promise. */
export type Wrong = (subject: string, found: string, expected: string) => void;

/** One rotten table must not push the findings of the other invariants off the list. */
export const MAX_LISTED_PER_INVARIANT = 100;
const MAX_NOTES = 100;
const MAX_TEXT = 300;

/** Collects what the checks find, in bounded memory. */
export class Findings {
  private readonly listed = new Map<Invariant, Violation[]>();
  private readonly notes = new Set<string>();
  private total = 0;

  violation(invariant: Invariant, subject: string, found: string, expected: string): void {
    this.total += 1;
    const list = this.listed.get(invariant) ?? [];
    if (list.length < MAX_LISTED_PER_INVARIANT) {
      list.push({ invariant, subject, found: clipped(found), expected: clipped(expected) });
    }
    this.listed.set(invariant, list);
  }

  /** A repeat of the same note is one note. */
  note(text: string): void {
    if (this.notes.size < MAX_NOTES) this.notes.add(text);
  }

  report(counts: Readonly<Record<string, number>>): AuditReport {
    const violations = [...this.listed.values()].flat().sort(byInvariant);
    return {
      counts: { ...counts, violations: this.total, notes: this.notes.size },
      violations,
      notes: [...this.notes],
      ok: this.total === 0,
    };
  }
}

function byInvariant(a: Violation, b: Violation): number {
  return Number(a.invariant.slice(1)) - Number(b.invariant.slice(1));
}

function clipped(text: string): string {
  return text.length <= MAX_TEXT ? text : `${text.slice(0, MAX_TEXT)}…`;
}
