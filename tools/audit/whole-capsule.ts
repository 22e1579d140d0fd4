import { createHash } from 'node:crypto';
import type { ToldOfRun } from './retention-events';
import type { WrongOfRow } from './told-facts';

export interface CapsuleRow {
  readonly id: string;
  readonly run: string;
  readonly buyer: string | null;
  readonly product: string;
  readonly month: string;
  readonly number: number;
  readonly units: number;
  readonly records: number;
  readonly events: number;
  readonly state: string;
  readonly delivery: string;
  readonly manifest: string | null;
  readonly eventsManifest: string | null;
  readonly plannedAt: string;
  readonly madeAt: string | null;
  readonly abandonedAt: string | null;
  readonly movedAt: string | null;
  readonly erasedAt: string | null;
}

/** What the rows of its units come to. */
export interface Members {
  readonly units: number;
  readonly records: number;
  readonly events: number;
  readonly retired: number;
  readonly firstRetired: string | null;
  readonly lastRetired: string | null;
}

export interface CopyRow {
  readonly id: string;
  readonly run: string;
  readonly place: string;
  readonly sha256: string;
  readonly login: string;
  readonly at: string;
  /** By a login that may not remove. */
  readonly isAnothers: boolean;
}

export interface BookedFile {
  readonly name: string;
  readonly sizeBytes: number;
  readonly sha256: string;
}

/** A capsule with everything that the database has about it. */
export interface Whole {
  readonly row: CapsuleRow;
  readonly members: Members;
  readonly copies: readonly CopyRow[];
  readonly files: readonly BookedFile[];
  /** In the order in which it was told. */
  readonly told: readonly ToldOfRun[];
  /** Of the manifest that names all the rest, as the row has it; null where it is not made. */
  readonly manifestSha256: string | null;
}

export type WrongOfCapsule = WrongOfRow;

export function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
