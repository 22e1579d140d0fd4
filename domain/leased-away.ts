import type { GrantFacts } from './grant-facts';
import { hiddenSpace, type HiddenKey } from './hidden-sequence';
import type { KeyedHash } from './permutation';
import type { Scheme } from './plant-document';
import { requireKey } from './scheme-key';
import { scopeKey } from './sequence-scope';
import { parsePattern, serialParts, type SerialParts, type SerialPattern } from './serial-scheme';

/** A range that this site gave to another one, without the end that came back. */
export interface LeasedAway {
  readonly lease: string;
  readonly lessee: string;
  readonly kind: 'serial' | 'mac';
  /** Of the scheme, or of the pool. */
  readonly name: string;
  readonly scope: string;
  readonly version: number;
  readonly first: number;
  /** The first number that is no more of it. */
  readonly end: number;
  /** The fingerprint of the key of a hidden sequence. */
  readonly hiddenBy: string | null;
}

/** The keys that are here, by where they lie. */
export type KeysHere = ReadonlyMap<string, KeyedHash | null>;

interface LeasedVersion {
  readonly scheme: Scheme;
  readonly pattern: SerialPattern;
  readonly leases: readonly LeasedAway[];
}

/**
 * Which numbers another site may have given to its own units by now. A serial is read by the pattern of the lease itself:
 * one that the other site can't make is no matter of the lease, even where its number is.
 */
export class LeasedNumbersAway {
  private readonly versions: readonly LeasedVersion[];
  private readonly addresses: readonly LeasedAway[];

  constructor(
    leases: readonly LeasedAway[],
    schemes: readonly Scheme[],
    private readonly keys: KeysHere,
  ) {
    this.addresses = leases.filter(({ kind }) => kind === 'mac');
    const serials = leases.filter(({ kind }) => kind === 'serial');
    this.versions = schemes.flatMap((scheme) => {
      const own = serials.filter(({ name, version }) => name === scheme.name && version === scheme.version);
      return own.length === 0 ? [] : [{ scheme, pattern: parsePattern(scheme.pattern), leases: own }];
    });
  }

  /** @throws UnitrailError CONFIGURATION_INVALID where only a key can say it that is not here, or is another one. */
  ofSerial(serial: string): LeasedAway | undefined {
    for (const version of this.versions) {
      const shown = serialParts(version.pattern, serial);
      const found = shown && this.ofVersion(version, serial, shown);
      if (found) return found;
    }
    return undefined;
  }

  ofAddress(pool: string, offset: number): LeasedAway | undefined {
    return this.addresses.find((lease) => lease.name === pool && holds(lease, offset));
  }

  private ofVersion(
    { scheme, pattern, leases }: LeasedVersion,
    serial: string,
    shown: SerialParts,
  ): LeasedAway | undefined {
    const scope = scopeKey(pattern, scheme.scope, scopeFacts(shown));
    const inScope = leases.filter((lease) => lease.scope === scope);
    if (inScope.length === 0) return undefined;
    const { hiddenBy } = inScope[0]!;
    const key = hiddenBy === null ? undefined : this.keyOf(scheme, scope, hiddenBy);
    const parts = key ? serialParts(pattern, serial, key) : shown;
    return parts ? inScope.find((lease) => holds(lease, parts.number)) : undefined;
  }

  private keyOf(scheme: Scheme, scope: string, fingerprint: string): HiddenKey {
    const reference = scheme.hidden!.key;
    const space = hiddenSpace(scheme, scope);
    const hash = requireKey({ key: reference, space, fingerprint }, this.keys.get(reference) ?? null, space);
    return { hash, space };
  }
}

/** What is allowed instead of such a number. */
export function notLeased({ lease, lessee, name, scope, first, end }: LeasedAway, range?: string): string {
  const numbers = range ?? `the numbers ${first} to ${end - 1} of ${[name, scope].filter(Boolean).join(' ')}`;
  return `a number that was not leased away: lease ${lease} gave ${numbers} to ${lessee}, whose units may have it`;
}

function holds({ first, end }: LeasedAway, number: number): boolean {
  return number >= first && number < end;
}

/** What a serial does not say, its scope does not ask for. The year beside a week is the week's. */
export function scopeFacts({ year = 0, isoWeek = 0, product }: SerialParts): GrantFacts {
  return { year, isoYear: year, isoWeek, ...(product !== undefined && { product }) };
}
