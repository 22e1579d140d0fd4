import { UnitrailError } from './errors';

/** One counter of the registry: a scheme within its scope, a pool of MAC addresses, a prefix's carton numbers. */
export interface SpaceState {
  readonly kind: string;
  readonly name: string;
  readonly scope: string;
  readonly issuer: string;
  readonly first: number;
  readonly last: number;
  /** The lowest number that was never granted. */
  readonly next: number;
}

/** How far the registry is: what the watermark file holds, and what the database says of itself. */
export interface RegistryState {
  readonly format: 'unitrail.watermark/1';
  readonly registry: string;
  readonly epoch: number;
  /** The newest movement of the ledger: it grows with every grant, claim and shipment. */
  readonly movement: number;
  readonly spaces: readonly SpaceState[];
}

export function spaceName({ kind, name, scope }: SpaceState): string {
  return [kind, name, scope].filter((part) => part !== '').join(' ');
}

const keyOf = ({ kind, name, scope }: SpaceState): string => JSON.stringify([kind, name, scope]);

/** Spaces of `kept` that have issued more than `present` knows, each with where `present` would go on. */
export function laggingSpaces(
  present: RegistryState,
  kept: RegistryState,
): { space: SpaceState; next: number }[] {
  const known = new Map(present.spaces.map((space) => [keyOf(space), space.next]));
  return kept.spaces
    .map((space) => ({ space, next: known.get(keyOf(space)) ?? space.first }))
    .filter(({ space, next }) => next < space.next);
}

/** Each space of either side, as far as the one that is further. */
export function mergedSpaces(one: readonly SpaceState[], other: readonly SpaceState[]): SpaceState[] {
  const merged = new Map<string, SpaceState>();
  for (const space of [...one, ...other]) {
    const known = merged.get(keyOf(space));
    if (!known || known.next < space.next) merged.set(keyOf(space), space);
  }
  return [...merged.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, space]) => space);
}

/** @throws UnitrailError CONFIGURATION_INVALID: a file that can't be read must not count as one that says nothing. */
export function readWatermark(text: string, file: string): RegistryState {
  const state = parsed(text);
  const isWhole =
    state?.format === 'unitrail.watermark/1' &&
    typeof state.registry === 'string' &&
    [state.epoch, state.movement].every(Number.isSafeInteger) &&
    Array.isArray(state.spaces) &&
    state.spaces.every(isSpace);
  if (isWhole) return state as RegistryState;
  throw new UnitrailError(
    'CONFIGURATION_INVALID',
    `UNITRAIL_WATERMARK: ${file} is no watermark of a registry. Restore it from its own backup; without it a restored database may issue numbers again.`,
  );
}

function parsed(text: string): Partial<RegistryState> | null {
  try {
    return JSON.parse(text) as Partial<RegistryState>;
  } catch {
    return null;
  }
}

function isSpace(space: SpaceState): boolean {
  const texts = [space.kind, space.name, space.scope, space.issuer];
  const numbers = [space.first, space.last, space.next];
  return (
    texts.every((text) => typeof text === 'string') && numbers.every((value) => Number.isSafeInteger(value))
  );
}
