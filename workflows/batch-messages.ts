import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { BatchControls } from '../domain/batch-control';

/** What a unit tells its partition, which keeps account of the places in its window. */
export const unitParked = defineSignal<[unitId: string]>('unitParked');
export const unitFinished = defineSignal<[unitId: string]>('unitFinished');
/** An engineer sent it on: it takes a place again. */
export const unitResumed = defineSignal<[unitId: string]>('unitResumed');

/** What a batch tells its partitions. */
export interface Steering {
  readonly window: number;
  readonly paused: boolean;
  readonly cancelled: boolean;
}
export const steer = defineSignal<[Steering]>('steer');

/** What a partition tells its batch: it has come to `to`, and none of its units is under way; or why it can't go on. */
export interface PartitionEnd {
  readonly number: number;
  readonly to: number;
  readonly failure?: { readonly code: string; readonly message: string };
}
export const partitionEnded = defineSignal<[PartitionEnd]>('partitionEnded');
/** Somebody cancelled the partition in the web UI: a part of a batch can't end alone. */
export const partitionCancelled = defineSignal('partitionCancelled');

/** What a person fills in, in the web UI's box. An empty box serves `pause` and `resume`. */
export interface ByInput {
  readonly by?: string;
  readonly note?: string;
}
export const pause = defineUpdate<BatchControls, [input: ByInput | undefined]>('pause');
export const resume = defineUpdate<BatchControls, [input: ByInput | undefined]>('resume');
export const cancel = defineUpdate<BatchControls, [input: ByInput]>('cancel');
export const topUp = defineUpdate<BatchControls, [input: ByInput & { readonly quantity: number }]>('topUp');
export const setWindow = defineUpdate<BatchControls, [input: ByInput & { readonly window: number }]>(
  'setWindow',
);
export const setPriority = defineUpdate<BatchControls, [input: ByInput & { readonly priority: number }]>(
  'setPriority',
);

export interface BatchProgress {
  readonly batch: string;
  readonly quantity: number;
  /** Units of the partitions that were begun. */
  readonly begun: number;
  readonly partitions: readonly number[];
  readonly paused: boolean;
  readonly cancelled: boolean;
}
export const batchProgress = defineQuery<BatchProgress>('batchProgress');

export interface PartitionProgress {
  readonly from: number;
  readonly to: number;
  /** The index of the next unit to start. */
  readonly next: number;
  readonly window: number;
  readonly open: number;
}
export const partitionProgress = defineQuery<PartitionProgress>('partitionProgress');
