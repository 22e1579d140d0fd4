import { endStates, transitions, type Step, type UnitState } from './unit-lifecycle';

/** What is shown as a unit's state: the state beneath, or OnHold while a quality hold is open. */
export type ShownState = UnitState | 'OnHold';

/** One unit as lists and pages show it: its row, its identifiers and lots, its batch and its shipment. */
export interface UnitRow {
  readonly unitId: string;
  readonly issuer: string;
  readonly serial: string;
  readonly product: string;
  readonly batch: string;
  readonly batchIndex: number;
  readonly order: string;
  readonly state: ShownState;
  /** The same as `state` unless the unit is on hold. */
  readonly stateBeneath: UnitState;
  readonly step: Step;
  readonly attempt: number;
  /** The release to which the unit is pinned. */
  readonly firmware: string;
  /** What is in its flash; null before the first flash. */
  readonly flashedSha256: string | null;
  readonly macs: readonly string[];
  readonly chipUid: string | null;
  readonly certificateSha256: string | null;
  /** Of the board that was bound; null before that. */
  readonly boardBatch: string | null;
  readonly boardLot: string | null;
  readonly components: readonly ComponentLots[];
  /** The shipment's, or before there is one the batch's. */
  readonly buyer: string | null;
  readonly destination: string | null;
  readonly shipment: string | null;
  readonly carton: string | null;
  readonly shippedAt: Date | null;
  readonly failureCode: string | null;
  readonly simulated: boolean;
  readonly trial: boolean;
  readonly updatedAt: Date;
  /** What the device said last of itself, after it was shipped; null where it never did. */
  readonly reportedFirmware: string | null;
  readonly reportedSha256: string | null;
  readonly reportedAt: Date | null;
  /** Who told us, such as the update server. */
  readonly reportedBy: string | null;
}

export interface ComponentLots {
  readonly position: string;
  readonly lots: readonly string[];
}

/** A hold of a unit that has ended holds nothing any more: what it ended as is shown. */
export function shownState(state: UnitState, onHold: boolean): ShownState {
  return onHold && !endStates.includes(state) ? 'OnHold' : state;
}

/** Whether the device says that it runs something else than was shipped in it. */
export function firmwareDiffers({ firmware, flashedSha256, ...unit }: UnitRow): boolean {
  const { reportedFirmware, reportedSha256 } = unit;
  const otherBytes = reportedSha256 !== null && flashedSha256 !== null && reportedSha256 !== flashedSha256;
  return (reportedFirmware !== null && reportedFirmware !== firmware) || otherBytes;
}

/** `U1: MCU-LOT-7731, U7: RADIO-LOT-0092 + RADIO-LOT-0093` */
export function componentsText(components: readonly ComponentLots[]): string {
  return components.map(({ position, lots }) => `${position}: ${lots.join(' + ')}`).join(', ');
}

/** The types of event by which a unit comes into a state, or into a new attempt of a step in it. */
export function entranceTypes(state: UnitState): string[] {
  const entrances = transitions.filter(
    (t) => t.toState === state && (t.fromState !== state || t.opensAttempt),
  );
  return [...new Set(entrances.map(({ type }) => type))];
}
