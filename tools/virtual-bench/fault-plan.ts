import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { BenchAction, BenchTraveller, FaultEntry } from '../../domain/bench-protocol';
import { readJson, writeJson } from './files';

interface Stored {
  /** Of the plan as it was loaded: the same plan, loaded again after a restart, must not begin anew. */
  readonly planSha256: string;
  readonly remaining: FaultEntry[];
}

export type FaultPlan = ReturnType<typeof openFaultPlan>;

/** The faults that have not happened yet. What has happened is on disk before its effect. */
export function openFaultPlan(home: string) {
  const file = join(home, 'faults.json');
  let stored: Stored = readJson<Stored>(file) ?? { planSha256: '', remaining: [] };
  const store = (next: Stored): void => {
    stored = next;
    writeJson(file, stored);
  };

  return {
    remaining: (): readonly FaultEntry[] => stored.remaining,
    replace: (plan: readonly FaultEntry[]): void => store({ planSha256: digest(plan), remaining: [...plan] }),
    /** For a plan that comes with every start: what has happened of it does not happen again. */
    continueWith(plan: readonly FaultEntry[]): void {
      if (digest(plan) !== stored.planSha256) this.replace(plan);
    },
    /** The next fault for this action on this unit, used up; undefined where none strikes. */
    take(
      action: BenchAction,
      traveller: BenchTraveller | null,
      strikes: (entry: FaultEntry) => boolean,
    ): FaultEntry | undefined {
      const entry = stored.remaining.find(
        (each) => each.do === action && concerns(each, traveller) && strikes(each),
      );
      if (entry) store({ ...stored, remaining: useUp(stored.remaining, entry) });
      return entry;
    },
  };
}

function concerns(entry: FaultEntry, traveller: BenchTraveller | null): boolean {
  return (['batch', 'index', 'serial'] as const).every(
    (field) => entry[field] === undefined || entry[field] === traveller?.[field],
  );
}

function useUp(remaining: readonly FaultEntry[], used: FaultEntry): FaultEntry[] {
  const times = (used.times ?? 1) - 1;
  return remaining.flatMap((entry) => (entry !== used ? [entry] : times > 0 ? [{ ...entry, times }] : []));
}

function digest(plan: readonly FaultEntry[]): string {
  return createHash('sha256').update(JSON.stringify(plan)).digest('hex');
}
