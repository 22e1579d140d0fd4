import { z } from 'zod';
import { cronText, exportSchema, timeZoneText } from './export-schema';
import * as field from './fields';
import { isGtin14 } from './gs1';
import { EUIS, MAC_BLOCK_ALLOWED, MAC_RUN_LENGTHS, readBlock } from './mac-address';
import { SEQUENCE_SCOPES, STATION_STEPS, type PlantFile } from './plant-document';
import { MAX_CARTON_SIZE, MAX_PALLET_SIZE } from './packing';
import { PUBLIC_KEY, PUBLIC_KEY_ALLOWED } from './number-lease';
import { KEY_REFERENCE, KEY_REFERENCE_ALLOWED } from './scheme-key';
import { MASK_ALLOWED, MAX_MASK_LENGTH, readMask } from './serial-mask';
import { MAX_PATTERN_LENGTH, patternProblem } from './serial-pattern';

/**
 * The shape of the plant file, version 1. Fields may be added; one that changes its meaning needs plant/2.
 * What fields say of each other is checked in plant-references.ts.
 */

const MAX_ENTRIES = 1000;
/** It is part of a signed note's first lines, and the name of its key (c2sp.org/tlog-checkpoint). */
const LOG_ORIGIN = /^[a-z0-9]([a-z0-9./-]{0,98}[a-z0-9])?$/;
const LOG_ORIGIN_ALLOWED =
  'a URL without its scheme, 1 to 100 of a-z 0-9 . / -, such as log.example.com/unitrail';
const measure = (what: string) => field.numberBetween(-1e15, 1e15, what);

const manufacturer = field.fields({
  issuer: field.loginName(),
  name: field.lineOfText(100),
  companyPrefix: field.patternText(/^[0-9]{6,12}$/, 'a GS1 company prefix of 6 to 12 digits'),
  site: serialPart().exactOptional(),
  siteKey: field.patternText(KEY_REFERENCE, KEY_REFERENCE_ALLOWED).exactOptional(),
  exportKey: field.patternText(KEY_REFERENCE, KEY_REFERENCE_ALLOWED).exactOptional(),
  logKey: field.patternText(KEY_REFERENCE, KEY_REFERENCE_ALLOWED).exactOptional(),
  logOrigin: field.patternText(LOG_ORIGIN, LOG_ORIGIN_ALLOWED).exactOptional(),
});

const site = field.fields({
  name: serialPart(),
  publicKey: field.patternText(PUBLIC_KEY, PUBLIC_KEY_ALLOWED),
});

const product = field.fields({
  code: field.identifier(),
  name: field.lineOfText(100),
  gtin: field.checkedText(/^[0-9]{14}$/, 'a GTIN of 14 digits with a right check digit', isGtin14),
  country: field.country(),
  supportEnds: field.calendarDate(),
  warrantyMonths: field.wholeNumber(0, 600),
  serialScheme: field.identifier(),
  trialScheme: field.identifier(),
  macs: field
    .fields({
      pool: field.identifier(),
      count: z.literal(MAC_RUN_LENGTHS, { error: `one of ${MAC_RUN_LENGTHS.join(', ')}` }),
    })
    .exactOptional(),
  chipFamily: field.identifier(),
  criticalComponents: field.distinctList(field.identifier(32), 0, 64),
  recipe: field.fields({
    testPlan: field.identifier(),
    labelTemplates: field.distinctList(field.identifier(), 1, 8),
    certificateProfile: field.identifier(),
  }),
  retentionPolicy: field.identifier().exactOptional(),
  cartonSize: field.wholeNumber(1, MAX_CARTON_SIZE).exactOptional(),
  palletSize: field.wholeNumber(1, MAX_PALLET_SIZE).exactOptional(),
});

const scheme = field.fields({
  name: field.identifier(),
  version: field.wholeNumber(1, 9999),
  kind: field.oneOf(['serial']),
  pattern: serialPattern(),
  scope: field.oneOf(SEQUENCE_SCOPES).exactOptional(),
  skip: field
    .distinctList(field.patternText(/^[A-Z0-9.*-]{1,20}$/, '1 to 20 of A–Z 0–9 - . *'), 1, 64)
    .exactOptional(),
  line: serialPart().exactOptional(),
  hidden: field.fields({ key: field.patternText(KEY_REFERENCE, KEY_REFERENCE_ALLOWED) }).exactOptional(),
  lessor: serialPart().exactOptional(),
  trial: field.flag().default(false),
});

const macPool = field.fields({
  name: field.identifier(),
  block: field.checkedText(
    /^([0-9A-F]{2}:){5}[0-9A-F]{2}\/(24|28|36)$/,
    MAC_BLOCK_ALLOWED,
    (text) => readBlock(text) !== null,
  ),
  eui: z.literal(EUIS, { error: `one of ${EUIS.join(', ')}` }).exactOptional(),
  reserveFirst: field.wholeNumber(0, 2 ** 24).default(0),
  reserveLast: field.wholeNumber(0, 2 ** 24).default(0),
  used: field
    .list(field.fields({ from: field.macAddress(), to: field.macAddress() }), 1, MAX_ENTRIES)
    .exactOptional(),
  lessor: serialPart().exactOptional(),
});

const buyer = field.fields({
  id: field.loginName(),
  name: field.lineOfText(100),
  test: field.flag().default(false),
  destinations: field.distinctList(field.country(), 1, 249).exactOptional(),
  serialPattern: buyersPattern().exactOptional(),
  retentionPolicy: field.identifier().exactOptional(),
  export: exportSchema.exactOptional(),
});

const station = field.fields({
  id: field.loginName(),
  steps: field.distinctList(field.oneOf(STATION_STEPS), 1, STATION_STEPS.length),
  slots: field.wholeNumber(1, 256),
  virtual: field.flag().default(false),
  devices: field.fields({ driver: field.oneOf(['virtual-bench']), address: address() }),
});

const fileReference = field.fields({ file: relativePath(), sha256: field.sha256() });

const firmwareRelease = field.fields({
  product: field.identifier(),
  version: field.identifier(20),
  image: fileReference,
  sbom: fileReference,
});

const testPlan = field.fields({
  name: field.identifier(),
  measurements: field.list(
    field.fields({
      name: field.identifier(),
      unit: field.lineOfText(16),
      low: measure('the lowest value that passes'),
      high: measure('the highest value that passes'),
      nominal: measure('the value aimed at').exactOptional(),
    }),
    1,
    500,
  ),
});

const millimetres = () => field.numberBetween(2, 300, 'a number of millimetres');

const labelTemplate = field.fields({
  name: field.identifier(),
  place: field.identifier(),
  symbology: field.oneOf(['gs1datamatrix']),
  material: field.oneOf(['polyimide', 'polyester']),
  position: field.lineOfText(200),
  sizeMm: field.fields({ width: millimetres(), height: millimetres() }),
});

const certificateProfile = field.fields({
  name: field.identifier(),
  subject: field.fields({ organisation: field.lineOfText(64) }),
  notAfter: field.oneOf(['99991231235959Z']),
});

const operator = field.fields({ number: field.wholeNumber(1, 999_999), name: field.lineOfText(100) });

const retentionPolicy = field.fields({
  name: field.identifier(),
  databaseMonths: field.wholeNumber(1, 1200),
  archiveYears: field.wholeNumber(1, 100).exactOptional(),
  operatorNamesMonths: field.wholeNumber(1, 1200).exactOptional(),
});

const retention = field.fields({ schedule: cronText(), timeZone: timeZoneText().default('UTC') });

export const plantSchema = field
  .fields({
    unitrail: field.oneOf(['plant/1']),
    manufacturer,
    sites: field.list(site, 1, MAX_ENTRIES).exactOptional(),
    products: field.list(product, 1, MAX_ENTRIES),
    schemes: field.list(scheme, 1, MAX_ENTRIES),
    macPools: field.list(macPool, 0, MAX_ENTRIES).default([]),
    buyers: field.list(buyer, 0, MAX_ENTRIES).default([]),
    stations: field.list(station, 1, 200),
    firmwareReleases: field.list(firmwareRelease, 0, MAX_ENTRIES).default([]),
    testPlans: field.list(testPlan, 1, MAX_ENTRIES),
    labelTemplates: field.list(labelTemplate, 1, MAX_ENTRIES),
    certificateProfiles: field.list(certificateProfile, 1, MAX_ENTRIES),
    operators: field.list(operator, 0, 10_000).default([]),
    retentionPolicies: field.list(retentionPolicy, 0, 100).default([]),
    retention: retention.exactOptional(),
  })
  .meta({
    title: 'Unitrail plant file',
    description: 'What `unitrail apply` takes.',
  }) satisfies z.ZodType<PlantFile>;

function serialPattern() {
  const form = new RegExp(`^[A-Za-z0-9{}:,.-]{1,${MAX_PATTERN_LENGTH}}$`);
  return field.judgedText(form, patternProblem('') ?? '', patternProblem);
}

/** A name that stands in serials as it is. */
function serialPart() {
  return field.patternText(/^[A-Z0-9]{1,8}$/, '1 to 8 of A–Z 0–9');
}

/** A mask and no regular expression: nobody can write one that takes for ever. */
function buyersPattern() {
  const printable = new RegExp(`^[!-~]{1,${MAX_MASK_LENGTH}}$`);
  return field.checkedText(printable, MASK_ALLOWED, (text) => readMask(text) !== null);
}

/** Where a device is reached; a variable's name where that differs from machine to machine. */
function address() {
  return field.patternText(
    /^(env:[A-Z][A-Z0-9_]{0,63}|([A-Za-z0-9][A-Za-z0-9.-]{0,252}|\[[0-9A-Fa-f:]{2,45}\]):[1-9][0-9]{0,4})$/,
    'host:port, or env:NAME of the environment variable that holds it',
  );
}

function relativePath() {
  return field.checkedText(
    /^[^\p{Cc}\\]{1,255}$/u,
    'a path relative to the plant file, with / between its parts',
    (path) => !path.startsWith('/') && !/^[A-Za-z]:/.test(path) && !path.endsWith('/'),
  );
}
