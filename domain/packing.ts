import type { Order } from './order-document';
import type { Product } from './plant-document';

export const MAX_CARTON_SIZE = 10_000;
export const MAX_PALLET_SIZE = 1_000;

/** How a batch that ships itself is packed. Null: one carton takes all; no pallets. */
export interface PackingRule {
  /** Units in a carton. */
  readonly cartonSize: number | null;
  /** Cartons on a pallet. */
  readonly palletSize: number | null;
}

/** The order's word goes before the product's. */
export function packingRule(order: Pick<Order, 'cartonSize' | 'palletSize'>, product?: Product): PackingRule {
  return {
    cartonSize: order.cartonSize ?? product?.cartonSize ?? null,
    palletSize: order.palletSize ?? product?.palletSize ?? null,
  };
}

/** A batch goes out by itself where it is known to whom, and nobody wants to pack it by hand. */
export function shipsItself({ trial, buyer, destination, ship }: Order): boolean {
  return !trial && buyer !== undefined && destination !== undefined && ship !== 'byHand';
}
