import type { Database } from '../adapters/postgres/database';
import { addRelease } from '../adapters/postgres/ledger';
import { requirePlant } from '../adapters/postgres/plant-store';
import type { UnitContext } from '../adapters/postgres/unit-context';
import type { ContentStore } from '../adapters/store/port';
import { UnitrailError } from '../domain/errors';
import type { FirmwareRelease } from '../domain/plant-document';
import type { Recipe } from '../domain/recipe';

/** What a `reworked` event says of the release that the unit is pinned to from then on. */
export interface PinnedRelease {
  readonly firmwareVersion: string;
  readonly firmwareSha256: string;
  readonly recipeSha256: string;
}

/**
 * Pins one unit to another release: its own recipe with that firmware and nothing else changed, so that limits, label and
 * certificate stay those that its order was taken for. A release that the plant in force no longer has was withdrawn.
 * @throws UnitrailError NOT_ALLOWED with the releases that are allowed
 */
export async function pinRelease(
  { db, store }: { db: Database; store: ContentStore },
  unit: UnitContext,
  version: string,
): Promise<PinnedRelease> {
  const { product } = unit.recipe;
  const { release, allowed } = await findRelease(db, product.code, version);
  if (!release)
    throw new UnitrailError('NOT_ALLOWED', `firmware: ${JSON.stringify(version)} is not allowed; ${allowed}`);
  // Its bytes are read and compared now, not when the board is in its slot.
  await store.get(release.image.sha256);
  const { sha256, sizeBytes } = release.image;
  const firmware = { version, sha256, sizeBytes, sbomSha256: release.sbom.sha256 };
  const recipe: Recipe = { ...unit.recipe, firmware };
  const recipeSha256 = await addRelease(db, unit.unitId, recipe);
  return { firmwareVersion: version, firmwareSha256: sha256, recipeSha256 };
}

/** The release of this product in the plant in force, and what is allowed where there is none. */
export async function findRelease(
  db: Database,
  product: string,
  version: string,
): Promise<{ release: FirmwareRelease | undefined; allowed: string }> {
  const releases = (await requirePlant(db)).firmwareReleases.filter((one) => one.product === product);
  const versions = releases.map((one) => one.version).join(', ') || 'none';
  return {
    release: releases.find((one) => one.version === version),
    allowed: `a release of ${product} in the plant in force: ${versions}`,
  };
}
