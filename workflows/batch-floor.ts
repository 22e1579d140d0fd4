import type { BatchControls } from '../domain/batch-control';
import type { Order } from '../domain/order-document';
import { shareOfWindow, type Pace } from '../domain/pace';
import type { OfficeActivities } from './activity-types';
import type { BatchProgress, PartitionEnd, Steering } from './batch-messages';

export type Opened = Awaited<ReturnType<OfficeActivities['openBatch']>>;

export interface Range {
  readonly from: number;
  readonly to: number;
}

/** What an order does not say. The planner's form gives an order and nothing else. */
export interface BatchSettings {
  /** Smaller numbers, for tests and benchmarks. */
  readonly pace?: Partial<Pace>;
  /** The first unit that is not begun, where all before it are known to have their workflows. */
  readonly from?: number;
  /** Of a run that goes on for another. */
  readonly carried?: {
    readonly number: number;
    readonly partitions: readonly (readonly [number: number, range: Range])[];
  };
}

export interface Floor {
  readonly order: Order;
  readonly pace: Pace;
  /** Null until the order was found good. */
  opened: Opened | null;
  /** The first unit that no partition was given yet. */
  next: number;
  /** The newest partition's. */
  number: number;
  /** Those that have not ended. */
  readonly partitions: Map<number, Range>;
  failure: PartitionEnd['failure'] | null;
  isDue: boolean;
  /** Changes that are being put on record. */
  changing: number;
}

export function isBuilt({ opened, next, partitions }: Floor): boolean {
  return partitions.size === 0 && (opened!.cancelled || next > opened!.quantity);
}

export function mayBegin(floor: Floor): boolean {
  const { cancelled, paused, quantity } = floor.opened!;
  return !cancelled && !paused && floor.next <= quantity && floor.partitions.size < partitionsAtOnce(floor);
}

/** Each has a place in the window at least. */
export function partitionsAtOnce({ opened, pace }: Floor): number {
  return Math.min(pace.partitionsAtOnce, opened!.window ?? pace.window);
}

export function steeringOf(floor: Floor): Steering {
  const { opened, pace, partitions, next } = floor;
  const { paused, cancelled, quantity, window } = opened!;
  // What is left for further partitions will share the window as well: no unit begins only to be too many later.
  const left = Math.ceil(Math.max(0, quantity - next + 1) / pace.partitionSize);
  const sharing = Math.max(partitions.size, Math.min(partitionsAtOnce(floor), partitions.size + left));
  return { paused, cancelled, window: shareOfWindow(window ?? pace.window, sharing) };
}

export function take(floor: Floor, controls: BatchControls): void {
  floor.opened = { ...floor.opened!, ...controls };
}

export function controlsOf({ opened }: Floor): BatchControls {
  const { quantity, paused, cancelled, window, priority, ended } = opened!;
  return { quantity, paused, cancelled, window, priority, ended };
}

export function progressOf({ order, opened, next, partitions }: Floor): BatchProgress {
  return {
    batch: opened?.batch ?? order?.batch,
    quantity: opened?.quantity ?? order?.quantity,
    begun: next - 1,
    partitions: [...partitions.keys()],
    paused: opened?.paused ?? false,
    cancelled: opened?.cancelled ?? false,
  };
}
