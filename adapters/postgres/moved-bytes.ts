/** What the database has of a unit no more: its sealed record and its history up to the move, read from a capsule. */
export interface MovedBytes {
  readonly record: { readonly text: string; readonly sha256: string } | null;
  /** From the first event on, in order. */
  readonly events: readonly MovedEvent[];
}

export interface MovedEvent {
  readonly seq: number;
  readonly at: Date;
  readonly type: string;
  readonly header: string;
  readonly body: string;
}

/** The newest event of these types before the move. */
export function newestMoved(moved: MovedBytes | undefined, types: readonly string[]): MovedEvent | undefined {
  return moved?.events.findLast(({ type }) => types.includes(type));
}
