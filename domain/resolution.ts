/** One decision about many units: what is asked for, and what came of it. */
import type { Decision } from './decision';
import type { ErrorCode } from './errors';
import type { Step, UnitState } from './unit-lifecycle';

export const resolveActions = ['retry', 'rework', 'scrap', 'hold', 'release'] as const;
export type ResolveAction = (typeof resolveActions)[number];

/** Which open units are meant: all that fit every field that is given. */
export interface UnitSelector {
  readonly state?: UnitState;
  readonly step?: Step;
  readonly batch?: string;
  readonly order?: string;
  readonly product?: string;
  readonly failureCode?: ErrorCode;
  /** The release to which the unit is pinned. */
  readonly firmware?: string;
  /** Where it was last worked on. */
  readonly station?: string;
  /** RFC 3339. Its newest event is of that time: a held unit has stood so since then. */
  readonly from?: string;
  readonly to?: string;
  readonly boardLot?: string;
  readonly componentLot?: string;
  readonly carton?: string;
  /** Serials; a buyer's own number as `buyer:number`. */
  readonly serials?: readonly string[];
}

/** The input of the workflow `resolveUnits`, complete with its defaults. */
export interface ResolveRequest extends UnitSelector {
  readonly action: ResolveAction;
  readonly by: string;
  readonly note?: string;
  /** Of a rework: the step that it goes back to. */
  readonly toStep?: Step;
  /** Of a rework from flash: the release that each unit is pinned to from then on. */
  readonly toFirmware?: string;
  /** The id of the quality hold that is opened or released. */
  readonly hold?: string;
  readonly dryRun: boolean;
}

/** done: on record. refused: the unit is not as it has to be. unreached: its workflow is gone, or does not answer. */
export const outcomes = ['done', 'refused', 'unreached'] as const;
export type Outcome = (typeof outcomes)[number];

/** How many of the selected units stand alike. */
export interface SelectedGroup {
  readonly batch: string;
  readonly state: UnitState;
  readonly step: Step;
  readonly failureCode: string | null;
  readonly units: number;
}

export interface SettledUnit {
  readonly serial: string;
  readonly outcome: Outcome;
  readonly why: string | null;
}

/** What the workflow ends with. Lists are cut at `SHOWN_UNITS`; `unitrail units resolved ID` has all of them. */
export interface ResolveResult {
  readonly resolution: string;
  readonly action: ResolveAction;
  readonly by: string;
  readonly dryRun: boolean;
  readonly hold: string | null;
  readonly selected: number;
  readonly groups: readonly SelectedGroup[];
  readonly counts: Readonly<Record<Outcome, number>>;
  readonly done: readonly string[];
  readonly notDone: readonly SettledUnit[];
  readonly more: string | null;
}

export const SHOWN_UNITS = 50;
export const SHOWN_GROUPS = 20;
export const MAX_RESOLVED_UNITS = 100_000;

const needed: Readonly<Record<ResolveAction, UnitState | null>> = {
  retry: 'AwaitingEngineer',
  rework: 'AwaitingEngineer',
  scrap: 'AwaitingEngineer',
  hold: null,
  release: null,
};

/** A decision is about held units unless another state is named; a hold is about every open one. */
export function selectedState({ action, state }: Pick<ResolveRequest, 'action' | 'state'>): UnitState | null {
  return state ?? needed[action];
}

export function isDecision(action: ResolveAction): action is Exclude<ResolveAction, 'hold' | 'release'> {
  return action === 'retry' || action === 'rework' || action === 'scrap';
}

/** The decision that each unit's workflow is sent; null for a hold, which is no decision. */
export function decisionOf({ action, by, note, toStep, toFirmware }: ResolveRequest): Decision | null {
  if (!isDecision(action)) return null;
  if (action === 'retry') return { action, by, ...(note !== undefined && { note }) };
  const firmware = toFirmware === undefined ? {} : { firmware: toFirmware };
  if (action === 'rework') return { action, by, reason: note ?? '', step: toStep!, ...firmware };
  return { action, by, reason: note ?? '' };
}

/** The quality hold that the request opens or releases: the one that it names, or one of its own. Null for a decision. */
export function holdOf({ action, hold }: ResolveRequest, resolution: string): string | null {
  return isDecision(action) ? null : (hold ?? `QH-${resolution.slice(0, 8)}`);
}

/** One id for all of its units: in the history of each it stands once. */
export function decisionIdOf(resolution: string): string {
  return `resolve/${resolution}`;
}
