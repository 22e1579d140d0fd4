/** An event as its row holds it. */
export interface StoredEvent {
  readonly stream: string;
  readonly seq: number;
  readonly type: string;
  readonly key: string;
  readonly header: string;
  readonly body: string;
  readonly prev: Buffer;
  readonly hash: Buffer;
  /** RFC 3339, UTC; more than three digits of the second only where the row has them. */
  readonly at: string;
}

export type Facts = Readonly<Record<string, unknown>>;

/** An event whose body was parsed. A body that is no object counts as one without facts. */
export interface ReadEvent extends StoredEvent {
  readonly facts: Facts;
  /** From the header; empty where the header has none. */
  readonly login: string;
}

export interface History {
  readonly stream: string;
  readonly events: readonly StoredEvent[];
}

export function factsOf(value: unknown): Facts {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Facts) : {};
}

export function textFact(facts: Facts, name: string): string | null {
  const value = facts[name];
  return typeof value === 'string' ? value : null;
}

export function numberFact(facts: Facts, name: string): number | null {
  const value = facts[name];
  return typeof value === 'number' ? value : null;
}

export function listFact(facts: Facts, name: string): readonly unknown[] {
  const value = facts[name];
  return Array.isArray(value) ? value : [];
}

export function innerFacts(facts: Facts, name: string): Facts {
  return factsOf(facts[name]);
}

export function streamKind(stream: string): string {
  return stream.slice(0, stream.indexOf(':'));
}

/** How violations name an event: people know serials, not UUIDs. */
export function eventName(
  streamName: string,
  event: { readonly seq: number; readonly type: string },
): string {
  return `${streamName}, event ${event.seq} (${event.type})`;
}
