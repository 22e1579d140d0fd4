import type { Database } from '../adapters/postgres/database';
import { requirePlant } from '../adapters/postgres/plant-store';
import { nextCartonNumber } from '../adapters/postgres/shipments';
import type { Watermark } from '../adapters/registry/watermark';
import { buildSscc, lastSerialReference } from '../domain/sscc';

/** Numbers for cartons and pallets, from the registry. One that is taken and not used is never given again. */
export type SsccSource = () => Promise<string>;

export function createSsccSource({ db, watermark }: { db: Database; watermark: Watermark }): SsccSource {
  return async () => {
    const { companyPrefix, issuer } = (await requirePlant(db)).manufacturer;
    const number = await nextCartonNumber(db, companyPrefix, issuer, lastSerialReference(companyPrefix));
    await watermark.keep();
    return buildSscc(companyPrefix, number);
  };
}
