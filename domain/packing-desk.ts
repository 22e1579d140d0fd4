/** What people ask of shipments. Without schema code: workflows see it. Its parser is packing-request.ts. */
export const packingActions = [
  'create',
  'set',
  'add',
  'move',
  'remove',
  'pallet',
  'close',
  'cancel',
] as const;
export type PackingAction = (typeof packingActions)[number];

export interface PackingRequest {
  readonly action: PackingAction;
  readonly by: string;
  readonly shipment?: string;
  readonly buyer?: string;
  readonly destination?: string;
  /** The carrier's reference. */
  readonly carrier?: string;
  /** `YYYY-MM-DD` */
  readonly shipOn?: string;
  /** An SSCC of the shipment, or `new`. */
  readonly carton?: string;
  readonly cartonSize?: number;
  /** An SSCC of the shipment, `new`, or `none`. */
  readonly pallet?: string;
  readonly palletSize?: number;
  readonly cartons?: readonly string[];
  /** Contents of labels, or serials. */
  readonly codes?: readonly string[];
  readonly reason?: string;
}

/** The same with the numbers of its new shipment and boxes: a repeat finds them. */
export interface PreparedPacking extends PackingRequest {
  readonly shipment: string;
}

/** `held`: its label is not the one that QC saw. `refused`: nothing was done to it. */
export type PackedOutcome = 'packed' | 'removed' | 'held' | 'refused';

export interface PackedUnit {
  readonly code: string;
  /** Null where the code names no unit. */
  readonly serial: string | null;
  readonly outcome: PackedOutcome;
  readonly why: string | null;
}

export interface TakenOut {
  readonly serial: string;
  readonly reason: string;
}

export interface PackingResult {
  readonly action: PackingAction;
  readonly shipment: string;
  readonly carton: string | null;
  readonly pallet: string | null;
  /** Of add, move and remove: one for each code. */
  readonly units: readonly PackedUnit[];
  /** Of close. */
  readonly closed: boolean;
  readonly shipped: number;
  readonly takenOut: readonly TakenOut[];
  /** Of very many taken out only the first are listed. */
  readonly takenOutCount: number;
}
