import { defineQuery, defineSignal } from '@temporalio/workflow';

/** A unit is ready, held or ended: its place in the window is free. */
export const unitReported = defineSignal<[unitId: string]>('unitReported');

export interface BatchProgress {
  readonly batch: string;
  readonly quantity: number;
  readonly started: number;
  readonly open: number;
}

export const batchProgress = defineQuery<BatchProgress>('batchProgress');
