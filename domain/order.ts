import type { z } from 'zod';
import { MAX_PRIORITY } from './batch-control';
import { canonicalJson } from './canonical';
import * as field from './fields';
import { shipModes, type Order } from './order-document';
import { MAX_CARTON_SIZE, MAX_PALLET_SIZE } from './packing';
import { parseShape } from './parsing';
import { refusal, type Locate } from './refusal';

export type { Order } from './order-document';

export const MAX_BATCH_QUANTITY = 1_000_000;
const MAX_ORDER_QUANTITY = 10_000_000;
const MAX_POSITIONS = 64;
const MAX_LOTS = 16;
const MAX_ATTRIBUTES = 32;

export const orderKind = { code: 'ORDER_INVALID', title: 'The order' } as const;

export const orderSchema = field
  .fields({
    batch: field.identifier(),
    order: field.identifier(),
    orderQuantity: field.wholeNumber(1, MAX_ORDER_QUANTITY).exactOptional(),
    product: field.identifier(),
    quantity: field.wholeNumber(1, MAX_BATCH_QUANTITY),
    buyer: field.loginName().exactOptional(),
    destination: field.country().exactOptional(),
    buyerPart: field.identifier().exactOptional(),
    firmware: field.identifier(),
    boardBatch: field.identifier(),
    boardLot: field.identifier(),
    components: field.mapOf(
      field.identifier(32),
      field.distinctList(field.identifier(), 1, MAX_LOTS),
      MAX_POSITIONS,
    ),
    serials: field.identifier().default('scheme'),
    attributes: field.mapOf(field.identifier(), field.lineOfText(256), MAX_ATTRIBUTES).default({}),
    cartonSize: field.wholeNumber(1, MAX_CARTON_SIZE).exactOptional(),
    palletSize: field.wholeNumber(1, MAX_PALLET_SIZE).exactOptional(),
    ship: field.oneOf(shipModes).exactOptional(),
    priority: field.wholeNumber(-MAX_PRIORITY, MAX_PRIORITY).exactOptional(),
    trial: field.flag().default(false),
  })
  .meta({
    title: 'Unitrail order',
    description: 'What `unitrail batch start` takes.',
  }) satisfies z.ZodType<Order>;

/**
 * The order, complete with its defaults.
 * @throws UnitrailError ORDER_INVALID with every problem in one message: field, value and what is allowed.
 */
export function parseOrder(input: unknown, locate?: Locate): Order {
  const order: Order = parseShape(orderKind, orderSchema, input, locate);
  if (order.orderQuantity !== undefined && order.orderQuantity < order.quantity) {
    const allowed = `a whole number from ${order.quantity} (the quantity of this batch) to ${MAX_ORDER_QUANTITY}`;
    throw refusal(
      orderKind.code,
      orderKind.title,
      [{ path: ['orderQuantity'], value: order.orderQuantity, allowed }],
      locate,
    );
  }
  return order;
}

/** One order, one text (RFC 8785): whether a batch id was used for the same order is asked of its digest. */
export function canonicalOrder(order: Order): string {
  return canonicalJson(order);
}
