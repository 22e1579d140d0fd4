import type { Lease } from '../adapters/postgres/ledger';
import type { Order } from '../domain/order-document';
import type { UnitFacts } from '../domain/unit-facts';
import type { Standing } from '../domain/unit-lifecycle';

/** What workflows pass and get: references and standings, never files, keys or secrets. */
export interface UnitInput {
  readonly unitId: string;
}

export interface StationInput extends UnitInput {
  readonly lease: Lease;
}

export interface LoadedUnit extends Standing {
  readonly batch: string;
  readonly product: string;
  readonly trial: boolean;
  readonly failureCode: string | null;
  /** The oldest open quality hold, as `id: reason`. */
  readonly hold: string | null;
  readonly chipUid: string | null;
  readonly firmware: string;
  /** Left out where the page knows them, and nothing of them has changed. */
  readonly facts?: UnitFacts;
}

export interface HeldUnit extends Standing {
  readonly facts: UnitFacts;
}

export interface FailureReport {
  readonly code: string;
  readonly message: string;
  readonly output?: readonly string[];
}

export type { Lease, Order, Standing };
