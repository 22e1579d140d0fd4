/**
 * The plant as workflows and the database see it. A file without schema code on purpose: the workflow bundle
 * must not reach zod, not even by a type. The schema that these types are checked against is plant-schema.ts.
 */
import { UnitrailError } from './errors';
import type { MacAddress, Sha256Hex } from './brands';
import type { ExportSettings } from './export-settings';

export const STATION_STEPS = ['flash', 'test', 'provision', 'label', 'qc'] as const;
export type StationStep = (typeof STATION_STEPS)[number];

/** Where a serial scheme's counter starts again. */
export const SEQUENCE_SCOPES = ['ever', 'year', 'week', 'product'] as const;
export type SequenceScope = (typeof SEQUENCE_SCOPES)[number];

export interface Manufacturer {
  /** The namespace in which the manufacturer's own identifiers are unique. */
  readonly issuer: string;
  readonly name: string;
  /** GS1 company prefix: the SSCCs of cartons are made of it. */
  readonly companyPrefix: string;
  /** This site's name: what `{site}` gives in a serial, and who it is to the other sites. */
  readonly site?: string;
  /** Where the key lies that signs what this site leases out and hands back: `env:NAME` or `file:/PATH`. */
  readonly siteKey?: string;
  /** Where the key lies that signs the manifests of exports; absent: the one that Unitrail has made itself. */
  readonly exportKey?: string;
  /** Where the key lies that signs the checkpoints of the log; absent: that of exports, or one that Unitrail has made itself. */
  readonly logKey?: string;
  /** What the log is called; absent: by the issuer and the site. Another name is another log. */
  readonly logOrigin?: string;
}

/** A plant with a database of its own that shares schemes or pools with this one; or this one. */
export interface Site {
  readonly name: string;
  /** By which files of this site are found good: Ed25519, as `unitrail lease key` prints it. */
  readonly publicKey: string;
}

export interface Product {
  readonly code: string;
  readonly name: string;
  /** GTIN-14. */
  readonly gtin: string;
  /** Country of manufacture, ISO 3166-1 alpha-2. */
  readonly country: string;
  /** Last day of the support period, `YYYY-MM-DD`. */
  readonly supportEnds: string;
  readonly warrantyMonths: number;
  /** Names a scheme; its highest version issues. */
  readonly serialScheme: string;
  readonly trialScheme: string;
  /** Absent where the product has no network address. */
  readonly macs?: MacNeed;
  readonly chipFamily: string;
  /** Positions whose component lots an order has to name. */
  readonly criticalComponents: readonly string[];
  readonly recipe: RecipeParts;
  readonly retentionPolicy?: string;
  /** Units in a carton of a batch that ships by itself; absent: one carton takes all. */
  readonly cartonSize?: number;
  /** Cartons on a pallet; absent: there are no pallets. */
  readonly palletSize?: number;
}

export interface MacNeed {
  readonly pool: string;
  readonly count: 1 | 2 | 4 | 8;
}

export interface RecipeParts {
  readonly testPlan: string;
  readonly labelTemplates: readonly string[];
  readonly certificateProfile: string;
}

export interface Scheme {
  readonly name: string;
  readonly version: number;
  readonly kind: 'serial';
  /** The language of serial-pattern.ts. */
  readonly pattern: string;
  /** Absent: at each new value of what the pattern tells apart, of product, year and week. */
  readonly scope?: SequenceScope;
  /** A number whose serial holds one of these is never issued. */
  readonly skip?: readonly string[];
  /** What `{line}` gives in a serial. */
  readonly line?: string;
  /** Absent: the number in a serial is the counter's own. */
  readonly hidden?: HiddenSequence;
  /** The site that owns the counter; others take their numbers from leases of it. Absent: no other site has the scheme. */
  readonly lessor?: string;
  /** Units with a serial of a trial scheme can't ship. */
  readonly trial: boolean;
}

export interface HiddenSequence {
  /** Where the key lies that hides the numbers: `env:NAME` or `file:/PATH`. */
  readonly key: string;
}

export interface MacPool {
  readonly name: string;
  /** `70:B3:D5:00:00:00/36`: as the IEEE names it, also for EUI-64. */
  readonly block: string;
  /** Absent: 48. */
  readonly eui?: 48 | 64;
  /** Addresses at either end of the block that are never given to a unit. */
  readonly reserveFirst: number;
  readonly reserveLast: number;
  /** Ranges that were used before Unitrail, both ends included: never granted. */
  readonly used?: readonly { readonly from: MacAddress; readonly to: MacAddress }[];
  /** As of a scheme. */
  readonly lessor?: string;
}

export interface Buyer {
  readonly id: string;
  readonly name: string;
  /** Simulated units may go to a test buyer only. */
  readonly test: boolean;
  /** Countries that the buyer may be shipped to; absent: any. */
  readonly destinations?: readonly string[];
  /** What the buyer's own numbers look like, in the language of serial-mask.ts; absent: as GS1 allows. */
  readonly serialPattern?: string;
  /** Names a policy. Where the product names one as well, the longer of each of its times counts. */
  readonly retentionPolicy?: string;
  /** How its exports look and when they are made; absent: as export-schema.ts has it by default. */
  readonly export?: ExportSettings;
}

export interface Station {
  readonly id: string;
  readonly steps: readonly StationStep[];
  readonly slots: number;
  /** Units that were on a virtual station are simulated for ever. */
  readonly virtual: boolean;
  readonly devices: StationDevicesConfig;
}

export interface StationDevicesConfig {
  readonly driver: 'virtual-bench';
  /** `host:port`, or `env:NAME` of the variable that holds it. */
  readonly address: string;
}

/** What became of a file: its content is found in the store under its digest. */
export interface FileDigest {
  readonly sha256: Sha256Hex;
  readonly sizeBytes: number;
}

/** What the plant file says of a file: where it lies, and which content is meant. */
export interface FileReference {
  /** Relative to the plant file. */
  readonly file: string;
  readonly sha256: Sha256Hex;
}

export interface FirmwareRelease<File = FileDigest> {
  readonly product: string;
  readonly version: string;
  readonly image: File;
  readonly sbom: File;
}

export interface TestPlan {
  readonly name: string;
  readonly measurements: readonly MeasurementLimits[];
}

export interface MeasurementLimits {
  readonly name: string;
  readonly unit: string;
  readonly low: number;
  readonly high: number;
  readonly nominal?: number;
}

export interface LabelTemplate {
  readonly name: string;
  /** Which label of the unit this is, such as `housing`. */
  readonly place: string;
  readonly symbology: 'gs1datamatrix';
  readonly material: 'polyimide' | 'polyester';
  /** Where the assembly drawing puts it. */
  readonly position: string;
  readonly sizeMm: { readonly width: number; readonly height: number };
}

export interface CertificateProfile {
  readonly name: string;
  readonly subject: { readonly organisation: string };
  /** GeneralizedTime of an IDevID (IEEE 802.1AR): no well-defined end. */
  readonly notAfter: '99991231235959Z';
}

export interface Operator {
  readonly number: number;
  readonly name: string;
}

export interface RetentionPolicy {
  readonly name: string;
  /** From shipping on: then history and record move into a capsule. */
  readonly databaseMonths: number;
  /** From the day on which the last unit of the product was shipped, and never before its support ends; absent: 10. */
  readonly archiveYears?: number;
  /** After a person is in the plant file no more, the name is erased; absent: never. */
  readonly operatorNamesMonths?: number;
}

/** When the retention workflow runs; absent: when somebody begins it. */
export interface RetentionSchedule {
  /** Cron of five fields. */
  readonly schedule: string;
  readonly timeZone: string;
}

export interface PlantOf<File> {
  readonly unitrail: 'plant/1';
  readonly manufacturer: Manufacturer;
  readonly sites?: readonly Site[];
  readonly products: readonly Product[];
  readonly schemes: readonly Scheme[];
  readonly macPools: readonly MacPool[];
  readonly buyers: readonly Buyer[];
  readonly stations: readonly Station[];
  readonly firmwareReleases: readonly FirmwareRelease<File>[];
  readonly testPlans: readonly TestPlan[];
  readonly labelTemplates: readonly LabelTemplate[];
  readonly certificateProfiles: readonly CertificateProfile[];
  readonly operators: readonly Operator[];
  readonly retentionPolicies: readonly RetentionPolicy[];
  readonly retention?: RetentionSchedule;
}

/** The plant file as it is written: files are named by path. */
export type PlantFile = PlantOf<FileReference>;

/** The plant as it is kept: every file has become a digest, so that the document means the same anywhere. */
export type PlantDocument = PlantOf<FileDigest>;

/** `EUDV/1`: what a block, and so an issued serial, refers to. */
export function schemeKey(scheme: Pick<Scheme, 'name' | 'version'>): string {
  return `${scheme.name}/${scheme.version}`;
}

/** `EUDV/1.4.2` */
export function firmwareKey(release: Pick<FirmwareRelease<unknown>, 'product' | 'version'>): string {
  return `${release.product}/${release.version}`;
}

/** The version that issues: the highest of that name. */
export function currentScheme(plant: Pick<PlantOf<unknown>, 'schemes'>, name: string): Scheme | undefined {
  return plant.schemes
    .filter((scheme) => scheme.name === name)
    .reduce<Scheme | undefined>(
      (best, scheme) => (best && best.version > scheme.version ? best : scheme),
      undefined,
    );
}

/** The other site whose leases the numbers come from; undefined where the counter is this site's own. */
export function lessorOf(
  { manufacturer }: Pick<PlantOf<unknown>, 'manufacturer'>,
  { lessor }: Pick<Scheme | MacPool, 'lessor'>,
): string | undefined {
  return lessor === manufacturer.site ? undefined : lessor;
}

/** The station's own database login. Ids have no underscore, so that two of them never share a login. */
export function stationLogin(stationId: string): string {
  return `unitrail_station_${stationId.replaceAll('-', '_')}`;
}

/** What the plant itself refers to by name. */
export function named<T extends { name: string }>(list: readonly T[], name: string): T {
  const found = list.find((item) => item.name === name);
  if (!found)
    throw new UnitrailError('INTERNAL', `The plant in force lacks ${name}, although something refers to it.`);
  return found;
}
