import { datePartsOf } from './grant-facts';
import { scopeFacts } from './leased-away';
import type { Scheme } from './plant-document';
import { scopeKey } from './sequence-scope';
import { capacity, FIRST_NUMBER, parsePattern, serialParts, type SerialParts } from './serial-scheme';
import type { SerialPattern } from './serial-pattern';
import type { SpaceState } from './watermark';

const MAX_SHOWN = 100;

interface Version {
  readonly scheme: Scheme;
  readonly pattern: SerialPattern;
}

/**
 * What adopted serials mean for the counters of their scheme. A serial is read by the newest version that it fits; the
 * counter of a scope that can still grant goes on behind the highest number. In a scope that is over nothing is granted.
 */
export class AdoptedNumbers {
  /** Serials that fit no version of the scheme: the first ones, and the number of all. */
  readonly foreign: string[] = [];
  foreignTotal = 0;
  private readonly versions: readonly Version[];
  private readonly highest = new Map<string, { number: number; last: number }>();

  constructor(
    schemes: readonly Scheme[],
    private readonly issuer: string,
    private readonly epochMs: number,
  ) {
    this.versions = [...schemes]
      .sort((a, b) => b.version - a.version)
      .map((scheme) => ({ scheme, pattern: parsePattern(scheme.pattern) }));
  }

  take(serial: string): void {
    for (const version of this.versions) {
      const parts = serialParts(version.pattern, serial);
      if (parts) return this.raise(version, parts);
    }
    this.foreignTotal += 1;
    if (this.foreign.length < MAX_SHOWN) this.foreign.push(serial);
  }

  /** Where the counters have to be at least. */
  spaces(): SpaceState[] {
    return [...this.highest].map(([scope, { number, last }]) => ({
      kind: 'serial',
      name: this.versions[0]!.scheme.name,
      scope,
      issuer: this.issuer,
      first: FIRST_NUMBER,
      last,
      next: number + 1,
    }));
  }

  private raise({ scheme, pattern }: Version, parts: SerialParts): void {
    const told = scopeFacts(parts);
    const scope = scopeKey(pattern, scheme.scope, told);
    // Keys of one product are in the order of time.
    if (scope < scopeKey(pattern, scheme.scope, { ...told, ...datePartsOf(this.epochMs) })) return;
    const known = this.highest.get(scope) ?? { number: 0, last: 0 };
    this.highest.set(scope, {
      number: Math.max(known.number, parts.number),
      last: Math.max(known.last, capacity(pattern)),
    });
  }
}
