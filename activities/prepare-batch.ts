import { createHash } from 'node:crypto';
import { findBatch, findOrderRoom, type Grant } from '../adapters/postgres/batch-ledger';
import type { Database } from '../adapters/postgres/database';
import { rememberingOrderRefusal } from '../adapters/postgres/order-refusals';
import { requirePlant } from '../adapters/postgres/plant-store';
import type { ContentStore } from '../adapters/store/port';
import { canonicalJson } from '../domain/canonical';
import { UnitrailError } from '../domain/errors';
import { canonicalOrder } from '../domain/order';
import type { Order } from '../domain/order-document';
import {
  named,
  STATION_STEPS,
  type FirmwareRelease,
  type PlantDocument,
  type Product,
  type Buyer,
} from '../domain/plant-document';
import type { Recipe } from '../domain/recipe';
import { problemText } from '../domain/refusal';
import { grantsFor } from './batch-grants';
import { refuse } from './refuse-order';

/** Null where the same order opened this batch before: nothing is to be done. */
export type PreparedBatch = {
  readonly document: string;
  readonly recipe: Recipe;
  readonly grants: readonly Grant[];
} | null;

/**
 * Checks an order against the plant in force, and pins what the units are built to. The command and the workflow's
 * first activity both use it, so that a wrong order reads the same wherever it is entered.
 */
export async function prepareBatch(
  deps: { db: Database; store: ContentStore },
  order: Order,
): Promise<PreparedBatch> {
  const document = canonicalOrder(order);
  const known = await findBatch(deps.db, order.batch);
  if (known && known.sha256 !== sha256(document)) throw conflict(order, JSON.parse(known.document) as Order);
  // A batch goes on with what it was opened with, whatever the plant says by now.
  if (known) return null;
  const plant = await requirePlant(deps.db);
  const product = findProduct(plant, order);
  checkBuyer(plant, order);
  checkSimulation(plant, order);
  checkComponents(product, order);
  const asked = { order: order.order, batch: order.batch, what: 'batch', units: order.quantity } as const;
  await rememberingOrderRefusal(deps.db, asked, checkOrderRoom(deps.db, order));
  const recipe = await recipeOf(deps.store, plant, product, order);
  return { document, recipe, grants: await grantsFor(deps.db, plant, product, order) };
}

function conflict(order: Order, before: Order): UnitrailError {
  const differing = Object.keys({ ...before, ...order }).filter(
    (key) =>
      canonicalJson(order[key as keyof Order] ?? null) !== canonicalJson(before[key as keyof Order] ?? null),
  );
  const allowed = `a new batch id, or the order that opened it (they differ in ${differing.join(', ')})`;
  return new UnitrailError('BATCH_CONFLICT', problemText({ path: ['batch'], value: order.batch, allowed }), {
    differing,
  });
}

function findProduct(plant: PlantDocument, order: Order): Product {
  const product = plant.products.find((candidate) => candidate.code === order.product);
  if (product) return product;
  throw refuse(
    'product',
    order.product,
    `one of ${plant.products.map((candidate) => candidate.code).join(', ')}`,
  );
}

function checkBuyer(plant: PlantDocument, order: Order): void {
  if (order.buyer === undefined) return;
  const buyer = plant.buyers.find((candidate) => candidate.id === order.buyer);
  if (!buyer)
    throw refuse('buyer', order.buyer, `one of ${plant.buyers.map((candidate) => candidate.id).join(', ')}`);
  const allowed = otherDestinations(buyer, order.destination);
  if (allowed !== null) throw refuse('destination', order.destination, allowed);
}

/** A step that only virtual stations do makes every unit simulated, and simulated units ship to test buyers only. */
function checkSimulation(plant: PlantDocument, order: Order): void {
  const buyer = plant.buyers.find((candidate) => candidate.id === order.buyer);
  if (!buyer || buyer.test || order.trial) return;
  const simulated = STATION_STEPS.find((step) =>
    plant.stations.filter(({ steps }) => steps.includes(step)).every(({ virtual }) => virtual),
  );
  if (simulated === undefined) return;
  const allowed = plant.buyers.filter(({ test }) => test).map(({ id }) => id);
  throw refuse(
    'buyer',
    order.buyer,
    `a test buyer (${allowed.join(', ') || 'there is none'}), because ${simulated} is done by virtual stations only, and simulated units ship to nobody else`,
  );
}

function checkComponents(product: Product, order: Order): void {
  const missing = product.criticalComponents.find((position) => !(position in order.components));
  if (missing !== undefined) {
    throw refuse(
      `components.${missing}`,
      undefined,
      `the lots of each critical component of ${product.code}: ${product.criticalComponents.join(', ')}`,
    );
  }
}

/** Overproduction is refused before it begins. The database repeats it under the order's lock. */
async function checkOrderRoom(db: Database, { order, orderQuantity, quantity }: Order): Promise<void> {
  const known = await findOrderRoom(db, order);
  const ceiling = known?.quantity ?? orderQuantity ?? quantity;
  if (orderQuantity !== undefined && orderQuantity !== ceiling)
    throw refuse('orderQuantity', orderQuantity, `${ceiling}, the quantity of order ${order}`);
  const room = known?.room ?? ceiling;
  if (quantity > room)
    throw new UnitrailError(
      'ORDER_QUANTITY_EXCEEDED',
      problemText({
        path: ['quantity'],
        value: quantity,
        allowed: `at most ${room}: order ${order} of ${ceiling} units has no room for more`,
      }),
    );
}

async function recipeOf(
  store: ContentStore,
  plant: PlantDocument,
  product: Product,
  order: Order,
): Promise<Recipe> {
  const releases = plant.firmwareReleases.filter((release) => release.product === product.code);
  const release = releases.find((candidate) => candidate.version === order.firmware);
  if (!release)
    throw refuse(
      'firmware',
      order.firmware,
      `a release of ${product.code}: ${releases.map((r) => r.version).join(', ') || 'none yet'}`,
    );
  // The bytes are read and their digest is compared before the batch starts, not when the first board is in its slot.
  await requireImage(store, release, order);
  const { testPlan, labelTemplates, certificateProfile } = product.recipe;
  const plan = named(plant.testPlans, testPlan);
  const profile = named(plant.certificateProfiles, certificateProfile);
  if (labelTemplates.length !== 1) {
    throw refuse(
      'product',
      product.code,
      `a product with one label template so far; ${product.code} has ${labelTemplates.length}`,
    );
  }
  const measurements = plan.measurements.map(({ name, unit, low, high }) => ({ name, unit, low, high }));
  const { code, name, gtin, country, supportEnds, warrantyMonths, chipFamily, macs } = product;
  return {
    format: 'unitrail.recipe/1',
    issuer: plant.manufacturer.issuer,
    product: { code, name, gtin, country, supportEnds, warrantyMonths, chipFamily, macs: macs ?? null },
    firmware: {
      version: release.version,
      sha256: release.image.sha256,
      sizeBytes: release.image.sizeBytes,
      sbomSha256: release.sbom.sha256,
    },
    testPlan: { name: plan.name, measurements },
    testPlanSha256: sha256(canonicalJson({ name: plan.name, measurements })),
    labelTemplate: named(plant.labelTemplates, labelTemplates[0]!),
    certificateProfile: {
      name: profile.name,
      organisation: profile.subject.organisation,
      notAfter: profile.notAfter,
    },
  };
}

async function requireImage(store: ContentStore, { image }: FirmwareRelease, order: Order): Promise<void> {
  try {
    await store.get(image.sha256);
  } catch (error) {
    if (!(error instanceof UnitrailError) || error.reaction === 'retry') throw error;
    throw refuse(
      'firmware',
      order.firmware,
      `a release whose image is in the store with the SHA-256 ${image.sha256}: ${error.message}`,
    );
  }
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** What is allowed, where the country is none of the buyer's; null where it is, or nothing is said. */
export function otherDestinations(buyer: Buyer | undefined, destination: string | undefined): string | null {
  if (!buyer?.destinations || destination === undefined || buyer.destinations.includes(destination))
    return null;
  return `a country of buyer ${buyer.id}: ${buyer.destinations.join(', ')}`;
}
