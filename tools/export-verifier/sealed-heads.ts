import { join } from 'node:path';
import { readCanonical } from './canonical';
import type { ExportSet } from './manifests';
import { readLines } from './read-lines';

/** What a unit was sealed with: how many events, and the hash of the last. */
export interface SealedHead {
  readonly events: number;
  readonly head: string;
}

export interface SealedUnit {
  /** Null where no record is here that tells it. */
  readonly sealed: SealedHead | null;
  /** What the names of the files begin with that have the record, whatever it tells. */
  readonly sets: readonly string[];
}

/** The units that were amended, by issuer and serial. */
export type SealedHeads = Map<string, SealedUnit>;

export function unitKey(issuer: unknown, serial: unknown): string {
  return `${String(issuer)}\n${String(serial)}`;
}

/** The units that were amended in any of the sets. What can't be read is told elsewhere. */
export async function amendedUnits(folder: string, sets: readonly ExportSet[]): Promise<SealedHeads> {
  const heads: SealedHeads = new Map();
  for (const { base, files } of sets) {
    const name = `${base}.amendments.jsonl`;
    if (files.some((file) => file.name === name)) await collect(join(folder, name), heads);
  }
  return heads;
}

async function collect(path: string, heads: SealedHeads): Promise<void> {
  try {
    for await (const line of readLines(path)) {
      const read = readCanonical(line);
      const facts = 'value' in read ? (read.value as Record<string, unknown> | null) : null;
      if (facts) heads.set(unitKey(facts.issuer, facts.serial), { sealed: null, sets: [] });
    }
  } catch {
    // That the file is missing was told elsewhere.
  }
}

/** A record of one of these units, in a set. One that tells nothing takes nothing away from what another one tells. */
export function noteRecord(
  heads: SealedHeads,
  unit: string,
  { history }: Record<string, unknown>,
  set: string,
): void {
  const known = heads.get(unit);
  if (known === undefined) return;
  const { events, head } = (history ?? {}) as Partial<SealedHead>;
  const isWhole = Number.isSafeInteger(events) && typeof head === 'string';
  const sealed = isWhole ? { events: events!, head } : known.sealed;
  heads.set(unit, { sealed, sets: [...known.sets, set] });
}
