/** What the buyer of a unit was promised, by the recipe that it was built to. */
export interface UnitTerms {
  readonly warrantyMonths: number;
  /** The last day of the warranty, which begins with the day of shipping; null before it has shipped. */
  readonly warrantyUntil: string | null;
  /** The last day of security updates: of the recipe, or later where the plant file says so by now. */
  readonly supportEnds: string;
  /** The day on which the last unit of this product so far was placed on the market: documents are kept from then on. */
  readonly lastPlaced: string | null;
}

export interface PromisedTerms {
  readonly warrantyMonths: number;
  readonly supportEnds: string;
}

/** A promise may be made longer by the plant file that is in force, never shorter. */
export function termsOf(
  promised: PromisedTerms,
  inForce: PromisedTerms | undefined,
  shippedAt: Date | null,
  lastPlaced: Date | null,
): UnitTerms {
  const supportEnds = [promised.supportEnds, inForce?.supportEnds ?? ''].sort().at(-1)!;
  const { warrantyMonths } = promised;
  return {
    warrantyMonths,
    warrantyUntil: shippedAt && monthsLater(shippedAt, warrantyMonths),
    supportEnds,
    lastPlaced: lastPlaced && lastPlaced.toISOString().slice(0, 10),
  };
}

/** The same day of a later month, UTC; of a month that is too short its last day. */
export function monthsLater(from: Date, months: number): string {
  const [year, month] = [from.getUTCFullYear(), from.getUTCMonth() + months];
  const lastDay = new Date(Date.UTC(year, month + 1, 0)).getUTCDate();
  const day = Math.min(from.getUTCDate(), lastDay);
  return new Date(Date.UTC(year, month, day)).toISOString().slice(0, 10);
}
