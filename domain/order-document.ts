export const shipModes = ['byItself', 'byHand'] as const;
export type ShipMode = (typeof shipModes)[number];

/**
 * The order as workflows see it. A file without schema code on purpose: the workflow bundle must not reach
 * zod, not even by a type. The schema that these types are checked against stands in order.ts.
 */
export interface Order {
  readonly batch: string;
  /** The buyer's purchase order. */
  readonly order: string;
  /** Ceiling over all batches of the order. */
  readonly orderQuantity?: number;
  readonly product: string;
  readonly quantity: number;
  readonly buyer?: string;
  /** ISO 3166-1 alpha-2. */
  readonly destination?: string;
  readonly buyerPart?: string;
  readonly firmware: string;
  readonly boardBatch: string;
  readonly boardLot: string;
  /** Position on the board → the lots in force at the start of the batch. */
  readonly components: Readonly<Record<string, readonly string[]>>;
  /** `scheme`: the product's own; otherwise the name of a list of the buyer's numbers. */
  readonly serials: string;
  /** Free text, into record and export. */
  readonly attributes: Readonly<Record<string, string>>;
  /** Units in a carton and cartons on a pallet, where the batch ships by itself; otherwise as the product says. */
  readonly cartonSize?: number;
  readonly palletSize?: number;
  /** Who packs it: the batch itself when it has ended (also where nothing is said), or people, by `unitrail shipment`. */
  readonly ship?: ShipMode;
  /** Who gets a slot first while it runs, until somebody changes it: see docs/batches.md. */
  readonly priority?: number;
  /** Takes the product's trial scheme; its units can't ship. */
  readonly trial: boolean;
}
