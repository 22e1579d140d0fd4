import { canonicalJson } from './canonical';
import { macAt } from './mac-address';
import { blockOfPool, usedOffsets } from './mac-pool';
import {
  firmwareKey,
  schemeKey,
  type Buyer,
  type FirmwareRelease,
  type MacPool,
  type Manufacturer,
  type PlantDocument,
  type Product,
  type Scheme,
  type Station,
} from './plant-document';

/** What has left the paper already, by name or key: these are the things a new plant file can't undo. */
export interface Issued {
  /** `EUDV/1`: a block of the scheme's numbers was granted. */
  readonly schemesUsed: readonly string[];
  /** `EUDV/1.4.2`: a batch or a unit names the release. */
  readonly firmwareUsed: readonly string[];
  /** Codes of products with a batch. */
  readonly productsUsed: readonly string[];
  /** Names of pools that gave an address away. */
  readonly macPoolsUsed: readonly string[];
  /** Offsets within the block of a pool, from `first` up to `end`, which is not one of them. */
  readonly macRangesGranted: readonly GrantedRange[];
  /** Ids of buyers with an order or a shipment. */
  readonly buyersUsed: readonly string[];
  /** Ids of buyers whose own numbers are listed. */
  readonly buyersListed: readonly string[];
  /** Ids of stations with a unit in one of their slots. */
  readonly stationsOccupied: readonly string[];
  /** By which names this site is known in leases. */
  readonly siteNames: readonly string[];
}

export interface GrantedRange {
  readonly pool: string;
  /** `batch B2647-01`, `lease W1-W2-1`: who has the range. */
  readonly receiver: string;
  readonly first: number;
  readonly end: number;
}

export type PlantKind = keyof typeof listings;

export interface PlantChange {
  readonly kind: PlantKind;
  /** The entry's name, code, id, number or key. */
  readonly name: string;
  readonly change: 'added' | 'changed' | 'removed' | 'same';
  readonly before?: unknown;
  readonly after?: unknown;
  /** Why the change can't be applied, and what to do instead. */
  readonly refusal?: string;
}

/** By kind in a fixed order, then by name. */
export type PlantDifference = readonly PlantChange[];

type Listing<Entry> = {
  readonly entries: (plant: PlantDocument) => readonly Entry[];
  readonly name: (entry: Entry) => string;
  /** Why a change (or, without `after`, a removal) breaks what is issued. */
  readonly refuse?: (before: Entry, after: Entry | undefined, issued: Issued) => string | undefined;
};

const listing = <Entry>(one: Listing<Entry>): Listing<Entry> => one;
const byName = (entry: { readonly name: string }) => entry.name;

const listings = {
  manufacturer: listing({
    entries: (plant) => [plant.manufacturer],
    name: () => 'manufacturer',
    refuse: refuseManufacturer,
  }),
  site: listing({ entries: (plant) => plant.sites ?? [], name: byName }),
  product: listing({ entries: (plant) => plant.products, name: (one) => one.code, refuse: refuseProduct }),
  scheme: listing({ entries: (plant) => plant.schemes, name: schemeKey, refuse: refuseScheme }),
  macPool: listing({ entries: (plant) => plant.macPools, name: byName, refuse: refusePool }),
  buyer: listing({ entries: (plant) => plant.buyers, name: (one) => one.id, refuse: refuseBuyer }),
  station: listing({ entries: (plant) => plant.stations, name: (one) => one.id, refuse: refuseStation }),
  firmware: listing({
    entries: (plant) => plant.firmwareReleases,
    name: firmwareKey,
    refuse: refuseFirmware,
  }),
  testPlan: listing({ entries: (plant) => plant.testPlans, name: byName }),
  labelTemplate: listing({ entries: (plant) => plant.labelTemplates, name: byName }),
  certificateProfile: listing({ entries: (plant) => plant.certificateProfiles, name: byName }),
  operator: listing({ entries: (plant) => plant.operators, name: (one) => String(one.number) }),
  retentionPolicy: listing({ entries: (plant) => plant.retentionPolicies, name: byName }),
  retention: listing({
    entries: (plant) => (plant.retention ? [plant.retention] : []),
    name: () => 'schedule',
  }),
};

/**
 * What applying `next` over `current` would do, entry by entry. Test plans, label templates and profiles may
 * change freely: units under way are pinned to the content they started with.
 */
export function comparePlant(
  current: PlantDocument | null,
  next: PlantDocument,
  issued: Issued,
): PlantDifference {
  return (Object.keys(listings) as PlantKind[]).flatMap((kind) =>
    // Each listing is consistent in itself; together they have no common entry type.
    compareKind(kind, listings[kind] as unknown as Listing<unknown>, current, next, issued),
  );
}

/** The changes that can't be applied. */
export function refusalsOf(difference: PlantDifference): PlantChange[] {
  return difference.filter((one) => one.refusal !== undefined);
}

function compareKind(
  kind: PlantKind,
  { entries, name, refuse }: Listing<unknown>,
  current: PlantDocument | null,
  next: PlantDocument,
  issued: Issued,
): PlantChange[] {
  const old = new Map((current ? entries(current) : []).map((entry) => [name(entry), entry]));
  const fresh = new Map(entries(next).map((entry) => [name(entry), entry]));
  const all = [...new Set([...old.keys(), ...fresh.keys()])].sort();
  return all.map((key) => {
    const before = old.get(key);
    const after = fresh.get(key);
    if (before === undefined) return { kind, name: key, change: 'added', after };
    if (after !== undefined && canonicalJson(before) === canonicalJson(after)) {
      return { kind, name: key, change: 'same', before, after };
    }
    const refusal = refuse?.(before, after, issued);
    const change: PlantChange =
      after === undefined
        ? { kind, name: key, change: 'removed', before }
        : { kind, name: key, change: 'changed', before, after };
    return refusal === undefined ? change : { ...change, refusal };
  });
}

function refuseManufacturer(before: Manufacturer, after: Manufacturer | undefined, issued: Issued) {
  if (before.site !== undefined && issued.siteNames.includes(before.site) && after?.site !== before.site)
    return `leases name this site ${before.site}; it keeps the name`;
  if (issued.schemesUsed.length === 0 || after?.issuer === before.issuer) return undefined;
  return `serials were issued under ${before.issuer}; the issuer stays`;
}

function refuseProduct(before: Product, after: Product | undefined, issued: Issued) {
  if (!issued.productsUsed.includes(before.code)) return undefined;
  if (after === undefined) return `units of ${before.code} exist; keep the product`;
  if (after.gtin === before.gtin) return undefined;
  return `units of ${before.code} carry the GTIN ${before.gtin}; add a product with a code of its own`;
}

function refuseScheme(before: Scheme, after: Scheme | undefined, issued: Issued) {
  if (!issued.schemesUsed.includes(schemeKey(before))) return undefined;
  if (after === undefined) return `serials of ${schemeKey(before)} were issued; keep the entry`;
  const next = schemeKey({ name: before.name, version: before.version + 1 });
  return `serials of ${schemeKey(before)} were issued; keep the entry as it was and add ${next}`;
}

function refusePool(before: MacPool, after: MacPool | undefined, issued: Issued) {
  if (!issued.macPoolsUsed.includes(before.name)) return undefined;
  if (after === undefined || !onlyDeclaresMore(before, after))
    return `addresses of ${before.name} were given away; keep the pool as it was and add another`;
  const clash = usedOffsets(after).flatMap((used) =>
    issued.macRangesGranted.filter(
      ({ pool, first, end }) => pool === before.name && first < used.end && used.first < end,
    ),
  )[0];
  if (clash === undefined) return undefined;
  const [from, to] = [clash.first, clash.end - 1].map((offset) => macAt(blockOfPool(before), offset));
  return `${from} to ${to} were granted to ${clash.receiver}; declare what was used apart from them`;
}

/** What turns out to have been used before may still be declared, beside what was declared already. */
function onlyDeclaresMore(before: MacPool, after: MacPool): boolean {
  const rest = ({ used: _, eui = 48, ...pool }: MacPool) => canonicalJson({ ...pool, eui });
  const kept = (before.used ?? []).every(({ from, to }) =>
    (after.used ?? []).some((range) => range.from <= from && to <= range.to),
  );
  return kept && rest(before) === rest(after);
}

function refuseBuyer(before: Buyer, after: Buyer | undefined, issued: Issued) {
  if (after === undefined && issued.buyersListed.includes(before.id))
    return `numbers of ${before.id} are listed; keep the buyer`;
  if (!issued.buyersUsed.includes(before.id)) return undefined;
  if (after === undefined) return `${before.id} has orders or shipments; keep the buyer`;
  if (after.test === before.test) return undefined;
  return `${before.id} has orders or shipments as a ${before.test ? 'test' : 'real'} buyer; add another buyer`;
}

function refuseStation(before: Station, after: Station | undefined, issued: Issued) {
  if (after !== undefined && after.virtual !== before.virtual) {
    return `${before.id} is ${before.virtual ? 'virtual' : 'real'}, and stays so; add a station with an id of its own`;
  }
  if (!issued.stationsOccupied.includes(before.id)) return undefined;
  if (after === undefined) return `units are in ${before.id}; clear its slots before you remove it`;
  return after.slots < before.slots
    ? `units are in ${before.id}; clear its slots before you take any away`
    : undefined;
}

function refuseFirmware(before: FirmwareRelease, after: FirmwareRelease | undefined, issued: Issued) {
  const key = firmwareKey(before);
  if (after === undefined) {
    return issued.firmwareUsed.includes(key) ? `units or batches name ${key}; keep the release` : undefined;
  }
  if (after.image.sha256 !== before.image.sha256) {
    return `${key} was released as ${before.image.sha256}; a changed image is a new version`;
  }
  // The bill of materials of an unused release may still be mended; a used one stands in records by digest.
  if (!issued.firmwareUsed.includes(key) || after.sbom.sha256 === before.sbom.sha256) return undefined;
  return `${key} was built into units with the SBOM ${before.sbom.sha256}; a changed one is a new version`;
}
