import { isTimeText, type CellValue, type Column, type ColumnKind } from './columns';
import type { SealedRecord } from './export-source';
import type { RecordV1 } from './record-document';
import { componentsText } from './unit-row';

/** A column of an export, with what it means: the buyer reads that beside the data. */
export interface ExportColumn<Row> extends Column<Row> {
  readonly meaning: string;
}

/** A shipped unit: what was sealed, and the same read. */
export interface ShippedUnit {
  readonly sealed: SealedRecord;
  readonly record: RecordV1;
}

type Value = (record: RecordV1, sealed: SealedRecord) => CellValue;

/** All that a unit's row can say, in our order. A field's name is for ever: buyers' settings refer to it. */
export const unitFields: readonly ExportColumn<ShippedUnit>[] = [
  text('serial', 'Serial', 'Serial number, as it is on the label', (r) => r.serial),
  text('issuer', 'Issuer', 'Whose serial number it is: the manufacturer or a buyer', (r) => r.issuer),
  text('product', 'Product', 'Product code of the manufacturer', (r) => r.product),
  text('gtin', 'GTIN', 'GS1 trade item number', (r) => r.gtin),
  text('macs', 'MAC addresses', 'All MAC addresses, the first one first', (r) => r.macs.join(', ')),
  text('chipUid', 'Chip UID', 'Identifier that the chip was born with', (r) => r.chipUid),
  text('batch', 'Batch', 'Batch of the manufacturer', (r) => r.batch),
  text('boardBatch', 'Board batch', 'Batch of bare boards', (r) => r.boardBatch),
  text('boardLot', 'Board lot', 'Lot of the printed circuit board', (r) => r.boardLot),
  text('components', 'Component lots', 'Lots by position, as they were in force', (r) =>
    componentsText(r.components ?? []),
  ),
  text('order', 'Order', 'Purchase order', (r) => r.order),
  text('buyerPart', 'Part number', "The buyer's own part number", (r) => r.buyerPart),
  text('attributes', 'Attributes', 'What the order says besides', (r) => attributesText(r.attributes)),
  text('origin', 'Origin', 'How the unit came on record', (r) => r.origin),
  flag('simulated', 'Simulated', 'True for a unit that no real device stands for', (r) => r.simulated),
  text('firmware', 'Firmware', 'Version of the firmware in the unit', (r) => r.firmware?.version),
  text('firmwareSha256', 'Firmware (SHA-256)', 'Digest of the firmware image', (r) => r.firmware?.sha256),
  text(
    'certificateSha256',
    'Certificate (SHA-256)',
    'Fingerprint of the device certificate',
    (r) => r.provisioning?.certificateSha256,
  ),
  text('certificateIssuer', 'Certificate issuer', 'Who signed it', (r) => r.provisioning?.issuer),
  date(
    'chainNotAfter',
    'Chain ends (UTC)',
    'When the first certificate above the device’s own expires',
    (r) => r.provisioning?.chainNotAfter,
  ),
  date('provisionedAt', 'Provisioned (UTC)', 'When the certificate was installed', (r) => r.provisioning?.at),
  text('testPlan', 'Test plan', 'Name of the final test', (r) => r.test?.plan),
  text('testPlanSha256', 'Test plan (SHA-256)', 'Digest of its limits', (r) => r.test?.planSha256),
  text('testVerdict', 'Verdict', 'Of the final test', (r) => r.test?.verdict),
  number('testAttempt', 'Test attempt', 'Which attempt passed', (r) => r.test?.attempt),
  date('testedAt', 'Tested (UTC)', 'When it passed', (r) => r.test?.at),
  text('testStation', 'Test station', 'Where it passed', (r) => r.test?.station),
  text('label', 'Label', 'What the first label says, as a scanner reads it', (r) => r.labels[0]?.content),
  text('labelPlace', 'Label place', 'Where the first label is', (r) => r.labels[0]?.place),
  text('labelSymbology', 'Symbology', 'Of the first label', (r) => r.labels[0]?.symbology),
  text('labelMaterial', 'Label material', 'Of the first label', (r) => r.labels[0]?.material),
  number('labelPrint', 'Print', 'Which print of the first label is on the unit', (r) => r.labels[0]?.print),
  date('labelPrintedAt', 'Printed (UTC)', 'When that was printed', (r) => r.labels[0]?.printedAt),
  date('labelVerifiedAt', 'Label checked (UTC)', 'When it was scanned', (r) => r.labels[0]?.verifiedAt),
  number(
    'labels',
    'Labels',
    'How many labels the unit has; the sealed record has all',
    (r) => r.labels.length,
  ),
  date('qcAt', 'QC (UTC)', 'When device, label and record agreed', (r) => r.qc?.at),
  text('qcBy', 'QC by', 'Who checked: an operator number', (r) => r.qc?.by),
  text(
    'qcStatementSha256',
    'QC statement (SHA-256)',
    'Digest of what the device said',
    (r) => r.qc?.statementSha256,
  ),
  text('shipment', 'Shipment', 'Shipment of the manufacturer', (r) => r.shipment?.id),
  date('shippedAt', 'Shipped (UTC)', 'When the shipment was closed', (r) => r.shipment?.at),
  text('carton', 'Carton', 'SSCC of the carton', (r) => r.shipment?.carton),
  text('buyer', 'Buyer', 'To whom it was shipped', (r) => r.shipment?.buyer),
  text('destination', 'Country', 'Where it was shipped to (ISO 3166-1)', (r) => r.shipment?.destination),
  number('events', 'Events', "Length of the unit's history when it was sealed", (r) => r.history.events),
  text('historyHead', 'History head', 'Hash of the last event of it', (r) => r.history.head),
  date('sealedAt', 'Sealed (UTC)', 'When the record was sealed', (_, sealed) => sealed.sealedAt),
  text('recordSha256', 'Record (SHA-256)', 'Digest of the sealed record', (_, sealed) => sealed.sha256),
  text('unitId', 'Unit id', "The manufacturer's identifier of the unit", (_, sealed) => sealed.unitId),
];

/** Fields with a name in them, behind the colon. */
export const namedFields: Readonly<Record<string, (name: string) => ExportColumn<ShippedUnit>>> = {
  attribute: (name) =>
    text(`attribute:${name}`, name, `Attribute ${name} of the order`, (r) =>
      Object.hasOwn(r.attributes, name) ? r.attributes[name] : null,
    ),
  component: (name) => text(`component:${name}`, name, `Lots at position ${name}`, (r) => lotsAt(r, name)),
  label: (name) =>
    text(
      `label:${name}`,
      `Label ${name}`,
      `What the label at ${name} says`,
      (r) => r.labels.find(({ place }) => place === name)?.content,
    ),
  mac: (name) =>
    text(`mac:${name}`, `MAC ${name}`, `MAC address no. ${name}`, (r) => r.macs[Number(name) - 1]),
};

/** A measurement among the columns of the units. */
export function measurementField(measurement: string, heading: string): ExportColumn<ShippedUnit> {
  return number(
    heading,
    heading,
    `Measured value of ${measurement}`,
    (r) => r.test?.results.find(({ name }) => name === measurement)?.value,
  );
}

function lotsAt(record: RecordV1, position: string): string | null {
  return record.components?.find((component) => component.position === position)?.lots.join(', ') ?? null;
}

function attributesText(attributes: Readonly<Record<string, string>>): string {
  return Object.entries(attributes)
    .map(([name, value]) => `${name}=${value}`)
    .join('; ');
}

type Maybe<T> = T | null | undefined;
type Text = (record: RecordV1, sealed: SealedRecord) => Maybe<string>;

function text(name: string, heading: string, meaning: string, read: Text): ExportColumn<ShippedUnit> {
  return field(name, heading, 'text', meaning, (record, sealed) => read(record, sealed) || null);
}

function number(
  name: string,
  heading: string,
  meaning: string,
  read: (record: RecordV1) => Maybe<number>,
): ExportColumn<ShippedUnit> {
  return field(name, heading, 'number', meaning, (record) => read(record) ?? null);
}

function flag(
  name: string,
  heading: string,
  meaning: string,
  read: (record: RecordV1) => boolean,
): ExportColumn<ShippedUnit> {
  return field(name, heading, 'boolean', meaning, read);
}

function date(
  name: string,
  heading: string,
  meaning: string,
  read: (record: RecordV1, sealed: SealedRecord) => Maybe<string | Date>,
): ExportColumn<ShippedUnit> {
  return {
    ...field(name, heading, 'date', meaning, (record, sealed) => instant(read(record, sealed))),
    told({ record, sealed }) {
      const told = read(record, sealed);
      return typeof told === 'string' && isTimeText(told) ? told : undefined;
    },
  };
}

/** What is no time that we know stays as it was written: a reader then sees it, instead of an empty cell. */
function instant(told: Maybe<string | Date>): Date | string | null {
  if (typeof told !== 'string') return told ?? null;
  const date = new Date(told);
  return Number.isNaN(date.getTime()) ? told : date;
}

function field(
  name: string,
  heading: string,
  kind: ColumnKind,
  meaning: string,
  value: Value,
): ExportColumn<ShippedUnit> {
  return { name, heading, kind, meaning, value: ({ record, sealed }) => value(record, sealed) };
}
