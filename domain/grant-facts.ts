import { UnitrailError } from './errors';
import type { PlantOf, Product, Scheme } from './plant-document';

/** The calendar facts of a moment, all of them in UTC. */
export interface DateParts {
  readonly year: number;
  readonly isoYear: number;
  readonly isoWeek: number;
  /** Absent in blocks that were granted before patterns could ask for it. */
  readonly month?: number;
  readonly dayOfYear?: number;
}

/**
 * What a serial may be made of besides its number: the facts of the grant, stored with each block, so that a value can be
 * computed again for ever. A fact that is absent is one that the block's pattern does not ask for.
 */
export interface GrantFacts extends DateParts {
  /** Country of manufacture, ISO 3166-1 alpha-2. */
  readonly country?: string;
  readonly product?: string;
  readonly site?: string;
  readonly line?: string;
  /** A number whose serial holds one of these is never issued. */
  readonly skip?: readonly string[];
  /** The serial shows another number than the counter's. */
  readonly hidden?: HiddenFacts;
}

/** By which key the numbers are hidden, and never the key. */
export interface HiddenFacts {
  /** Where the key lies: `env:NAME` or `file:/PATH`. */
  readonly key: string;
  /** Whose permutation it is: the scheme, and the scope of its counter. */
  readonly space: string;
  /** Absent until the office has read the key; nothing is granted and no serial is made without it. */
  readonly fingerprint?: string;
}

const DAY_MS = 86_400_000;

/** The facts of a grant of this moment. */
export function grantFacts(
  { manufacturer }: Pick<PlantOf<unknown>, 'manufacturer'>,
  product: Pick<Product, 'code' | 'country'>,
  { line, skip }: Pick<Scheme, 'line' | 'skip'>,
  epochMs: number,
): GrantFacts {
  return {
    ...datePartsOf(epochMs),
    country: product.country,
    product: product.code,
    ...(manufacturer.site !== undefined && { site: manufacturer.site }),
    ...(line !== undefined && { line }),
    ...(skip !== undefined && { skip }),
  };
}

export function datePartsOf(epochMs: number): Required<DateParts> {
  const date = new Date(epochMs);
  const year = date.getUTCFullYear();
  const dayOfYear = Math.floor(epochMs / DAY_MS) - Date.UTC(year, 0, 1) / DAY_MS + 1;
  return { year, ...isoWeekOf(epochMs), month: date.getUTCMonth() + 1, dayOfYear };
}

/** ISO 8601: weeks begin on Monday, and a week belongs to the year that holds its Thursday. UTC. */
export function isoWeekOf(epochMs: number): { readonly isoYear: number; readonly isoWeek: number } {
  const day = Math.floor(epochMs / DAY_MS);
  const weekday = (((day + 3) % 7) + 7) % 7; // Monday 0; 1 January 1970 was a Thursday
  const thursday = day - weekday + 3;
  const isoYear = new Date(thursday * DAY_MS).getUTCFullYear();
  const newYear = Date.UTC(isoYear, 0, 1) / DAY_MS;
  return { isoYear, isoWeek: Math.floor((thursday - newYear) / 7) + 1 };
}

/** @throws UnitrailError INTERNAL where the block does not hold what its own pattern asks for. */
export function factOf<Name extends keyof GrantFacts>(
  facts: GrantFacts,
  name: Name,
): NonNullable<GrantFacts[Name]> {
  const fact = facts[name];
  if (fact === undefined || fact === null)
    throw new UnitrailError('INTERNAL', `The grant's facts lack ${name}, which its pattern asks for.`);
  return fact;
}
