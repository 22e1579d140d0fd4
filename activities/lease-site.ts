import { createHash } from 'node:crypto';
import type { SchemeKeys } from '../adapters/keys/scheme-keys';
import { isSignedBy, readSiteKey, type SiteKey } from '../adapters/keys/site-keys';
import type { Database } from '../adapters/postgres/database';
import type { Watermark } from '../adapters/registry/watermark';
import type { UnitrailError } from '../domain/errors';
import { signedText } from '../domain/number-lease';
import { leaseKind } from '../domain/number-lease-schema';
import type { PlantDocument, Site } from '../domain/plant-document';
import { refusal, type Problem } from '../domain/refusal';

/** What leasing needs. A number that is leased or handed back is issued: the watermark has to know it before a file leaves. */
export interface LeaseDeps {
  readonly db: Database;
  readonly watermark: Watermark;
  /** Where this site's key, and the keys of hidden sequences, are looked for. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly keys: SchemeKeys;
}

/** A file to hand over: the text, whether it was made now or is the one of before, and what is in it. */
export interface LeaseFile<Document> {
  readonly document: Document;
  readonly text: string;
  readonly isNew: boolean;
}

/** @throws UnitrailError INPUT_INVALID where this site has no name, or no site is known beside it. */
export function ownSite(plant: PlantDocument): string {
  const { site } = plant.manufacturer;
  if (site !== undefined) return site;
  throw wrongInPlant(['manufacturer', 'site'], site, "this site's own name in the list sites");
}

export function siteNamed(plant: PlantDocument, name: string): Site | undefined {
  return plant.sites?.find((one) => one.name === name);
}

/** The names of the other sites, to be told. */
export function otherSites(plant: PlantDocument): string {
  const names = (plant.sites ?? [])
    .map(({ name }) => name)
    .filter((name) => name !== plant.manufacturer.site);
  return names.join(', ') || 'the plant file names none';
}

/**
 * The key that this site signs by: the one whose public half the other sites know.
 * @throws UnitrailError INPUT_INVALID, CONFIGURATION_INVALID
 */
export async function ownKey(plant: PlantDocument, env: LeaseDeps['env']): Promise<SiteKey> {
  const { siteKey } = plant.manufacturer;
  if (siteKey === undefined)
    throw wrongInPlant(
      ['manufacturer', 'siteKey'],
      undefined,
      'where the key of this site lies, env:NAME or file:/PATH',
    );
  const key = await readSiteKey(env, siteKey);
  const pinned = siteNamed(plant, ownSite(plant))?.publicKey;
  if (key.publicKey === pinned) return key;
  throw wrongInPlant(
    ['sites', 'publicKey'],
    pinned,
    `${key.publicKey}, the public half of the key that lies at ${siteKey}`,
  );
}

/** @throws UnitrailError INPUT_INVALID where the other site did not sign exactly this. */
export function requireSignature<Document extends { readonly signature: string }>(
  plant: PlantDocument,
  signer: { readonly field: 'lessor' | 'lessee'; readonly name: string },
  document: Document,
): Site {
  const site = siteNamed(plant, signer.name);
  if (site === undefined || signer.name === plant.manufacturer.site)
    throw wrongInFile({
      path: [signer.field],
      value: signer.name,
      allowed: `another site of the plant file: ${otherSites(plant)}`,
    });
  const text = signedText(document as unknown as Record<string, unknown>);
  if (isSignedBy(site.publicKey, text, document.signature)) return site;
  throw wrongInFile({
    path: ['signature'],
    value: document.signature,
    allowed: `a signature of this content by the key of ${site.name} in the plant file: it was changed on its way, or signed by another key`,
  });
}

export function wrongInFile(...problems: readonly Problem[]): UnitrailError {
  return refusal(leaseKind.code, leaseKind.title, problems);
}

function wrongInPlant(path: Problem['path'], value: unknown, allowed: string): UnitrailError {
  return refusal('INPUT_INVALID', 'The plant in force', [{ path, value, allowed }]);
}

export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
