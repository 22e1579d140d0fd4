import { grouped } from './grouped';
import { streamKind, textFact, type Facts, type ReadEvent } from './stored-event';

/** What a stream `retention:<run>` says of a capsule, or of the run itself; or one of those of holds, approvals and the plant. */
export interface ToldOfRun extends Pick<ReadEvent, 'seq' | 'type' | 'login' | 'at'> {
  readonly run: string;
  readonly facts: Facts;
}

/** Kept until all have been seen: a capsule is planned in one run, and moved or erased in others. */
export type RetentionEvents = ToldOfRun[];

const KIND = 'retention:';

/** The stream that tells versions of the plant file and persons; those of approvals are `plant-<version>`. */
export const PLANT = 'plant';

/** What was there before versions and persons were told. */
export const KEPT: readonly string[] = ['plantKept', 'operatorsKept'];

export function noteRetention(stream: string, events: readonly ReadEvent[], told: RetentionEvents): void {
  if (`${streamKind(stream)}:` !== KIND) return;
  const run = stream.slice(KIND.length);
  for (const { seq, type, login, at, facts } of events) told.push({ run, seq, type, login, at, facts });
}

/** Those that name a capsule, by its name. */
export function byCapsule(told: RetentionEvents): Map<string, ToldOfRun[]> {
  return grouped(told, ({ facts }) => textFact(facts, 'capsule'));
}

export function byRun(told: RetentionEvents): Map<string, ToldOfRun[]> {
  return grouped(told, ({ run }) => run);
}
