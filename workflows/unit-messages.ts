import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { Decision, ScrapCode } from '../domain/decision';
import type { Step, Standing, UnitState } from '../domain/unit-lifecycle';

/** What the engineer fills in, in the web UI's box. An empty box serves `retryStep`. */
export interface RetryInput {
  readonly by?: string;
  readonly note?: string;
  /** Answers "was this label printed?". */
  readonly label?: 'none' | 'found';
  readonly expectedAttempt?: number;
}

export interface ReworkInput {
  readonly by: string;
  readonly reason: string;
  readonly step: Step;
  /** Another release than the unit is pinned to: needs the step flash. */
  readonly firmware?: string;
  readonly expectedAttempt?: number;
}

export interface ScrapInput {
  readonly by: string;
  readonly reason: string;
  readonly code?: ScrapCode;
  readonly expectedAttempt?: number;
}

export interface MissingInput {
  readonly by: string;
  readonly reason: string;
  readonly lastSeen: string;
  readonly lastSeenAt: string;
  readonly expectedAttempt?: number;
}

export interface FoundInput {
  readonly by: string;
  readonly place: string;
  readonly note?: string;
  readonly expectedAttempt?: number;
}

export type DecideInput = {
  readonly action: Decision['action'];
  readonly decisionId?: string;
} & Partial<ReworkInput & ScrapInput & MissingInput & FoundInput> &
  RetryInput;

export interface Progress {
  readonly serial: string;
  readonly state: UnitState;
  readonly step: Step;
  readonly attempt: number;
  /** Steps that count. */
  readonly done: readonly Step[];
  readonly failure: { readonly code: string; readonly message: string } | null;
  /** The open quality hold that it waits for. */
  readonly hold: string | null;
}

export const retryStep = defineUpdate<Standing, [input: RetryInput | undefined]>('retryStep');
export const rework = defineUpdate<Standing, [ReworkInput]>('rework');
export const scrap = defineUpdate<Standing, [ScrapInput]>('scrap');
export const missing = defineUpdate<Standing, [MissingInput]>('missing');
export const found = defineUpdate<Standing, [FoundInput]>('found');
export const decide = defineSignal<[DecideInput]>('decide');
/** The unit's row changed without this workflow: read it again. */
export const rowChanged = defineSignal('rowChanged');
export const progress = defineQuery<Progress>('progress');
