/** What a recall looks for: units that fit every field that is given, in the house and out of it. */
export interface RecallSelector {
  readonly firmware?: string;
  readonly product?: string;
  readonly boardLot?: string;
  /** In any position. */
  readonly componentLot?: string;
  /** Where a final test of it was made. */
  readonly station?: string;
  /** RFC 3339: a final test of it is of this time. */
  readonly from?: string;
  readonly to?: string;
  readonly serials?: readonly string[];
}

/** How many of its units stand alike. */
export interface RecallCount {
  /** As it is shown, OnHold included. */
  readonly state: string;
  readonly buyer: string | null;
  readonly country: string | null;
  readonly units: number;
}

export interface RecallOrder {
  /** Of the recall, and of the quality hold. */
  readonly id: string;
  readonly by: string;
  readonly note: string;
}

/** What stands in the recall's own history: a list of serials by its digest, whatever its length. */
export function recordedSelector(
  { serials, ...fields }: RecallSelector,
  digest: (text: string) => string,
): Readonly<Record<string, unknown>> {
  return serials === undefined
    ? fields
    : { ...fields, serials: serials.length, serialsSha256: digest([...serials].sort().join('\n')) };
}
