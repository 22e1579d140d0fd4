import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
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
  readonly expectedAttempt?: number;
}

export interface ScrapInput {
  readonly by: string;
  readonly reason: string;
  readonly expectedAttempt?: number;
}

export type DecideInput = {
  readonly action: 'retry' | 'rework' | 'scrap';
  readonly decisionId?: string;
} & Partial<ReworkInput> &
  RetryInput;

export interface Progress {
  readonly serial: string;
  readonly state: UnitState;
  readonly step: Step;
  readonly attempt: number;
  /** Steps that this run has seen end. The record of all runs is in the database. */
  readonly done: readonly Step[];
  readonly failure: { readonly code: string; readonly message: string } | null;
}

export const retryStep = defineUpdate<Standing, [input: RetryInput | undefined]>('retryStep');
export const rework = defineUpdate<Standing, [ReworkInput]>('rework');
export const scrap = defineUpdate<Standing, [ScrapInput]>('scrap');
export const decide = defineSignal<[DecideInput]>('decide');
/** The unit's row changed without this workflow: read it again. */
export const rowChanged = defineSignal('rowChanged');
export const progress = defineQuery<Progress>('progress');
