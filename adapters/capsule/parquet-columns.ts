/** How a column comes from the record: text at a path, a list of texts, JSON of what stands there, or a typed text. */
export type ParquetKind = 'text' | 'texts' | 'json' | 'instant' | 'boolean' | 'integer';

export interface ParquetColumn {
  /** For ever: queries of strangers name it. */
  readonly name: string;
  readonly kind: ParquetKind;
  /** DuckDB's JSONPath in the sealed record. */
  readonly path: string;
  readonly meaning: string;
}

/** Of the columns that are not read from a place in the record. */
export const RECORD_SHA256 = 'record_sha256';
export const RECORD = 'record';

/** All columns of `records.parquet` but the last two, in their order. A new one comes at the end. */
export const parquetColumns: readonly ParquetColumn[] = [
  text('serial', '$.serial', 'Serial number, as it is on the label. The rows are sorted by it'),
  text('issuer', '$.issuer', 'Whose serial number it is: the manufacturer or a buyer'),
  text('product', '$.product', 'Product code of the manufacturer'),
  text('gtin', '$.gtin', 'GS1 trade item number'),
  column('macs', 'texts', '$.macs[*]', 'All MAC addresses, the first one first'),
  text('chip_uid', '$.chipUid', 'Identifier that the chip was born with'),
  text('batch', '$.batch', 'Batch of the manufacturer'),
  text('board_batch', '$.boardBatch', 'Batch of bare boards'),
  text('board_lot', '$.boardLot', 'Lot of the printed circuit board'),
  column('component_lots', 'texts', '$.components[*].lots[*]', 'Lots of all components, for a search'),
  column('components', 'json', '$.components', 'Lots by position'),
  text('purchase_order', '$.order', 'Purchase order of the buyer'),
  text('buyer_part', '$.buyerPart', "The buyer's own part number"),
  column('attributes', 'json', '$.attributes', 'What the order says besides'),
  text('origin', '$.origin', 'How the unit came on record'),
  column('simulated', 'boolean', '$.simulated', 'True for a unit that no real device stands for'),
  text('firmware_version', '$.firmware.version', 'Version of the firmware in the unit as it shipped'),
  text('firmware_sha256', '$.firmware.sha256', 'Digest of the firmware image'),
  text('certificate_sha256', '$.provisioning.certificateSha256', 'Fingerprint of the device certificate'),
  text('certificate_issuer', '$.provisioning.issuer', 'Who signed it'),
  instant('provisioned_at', '$.provisioning.at', 'When the certificate was installed'),
  instant(
    'chain_not_after',
    '$.provisioning.chainNotAfter',
    "When the first certificate above the device's own expires",
  ),
  text('test_plan', '$.test.plan', 'Name of the final test'),
  text('test_plan_sha256', '$.test.planSha256', 'Digest of its limits'),
  text('test_verdict', '$.test.verdict', 'PASS; FAIL: the device; ERROR: the station'),
  column('test_attempt', 'integer', '$.test.attempt', 'Which attempt passed'),
  instant('tested_at', '$.test.at', 'When it passed'),
  text('test_station', '$.test.station', 'Where it passed'),
  column('test_results', 'json', '$.test.results', 'Every measurement with its limits'),
  column('labels', 'json', '$.labels', 'Every label: place, content, print'),
  instant('qc_at', '$.qc.at', 'When device, label and record agreed'),
  text('qc_by', '$.qc.by', 'Who checked: an operator number'),
  text('shipment', '$.shipment.id', 'Shipment of the manufacturer'),
  instant('shipped_at', '$.shipment.at', 'When the shipment was closed'),
  text('carton', '$.shipment.carton', 'SSCC of the carton'),
  text('buyer', '$.shipment.buyer', 'To whom it was shipped'),
  text('destination', '$.shipment.destination', 'Country that it was shipped to (ISO 3166-1)'),
  text('history_head', '$.history.head', "Hash of the unit's last event before it was sealed"),
];

/** The last two. */
export const recordColumns: readonly { readonly name: string; readonly meaning: string }[] = [
  { name: RECORD_SHA256, meaning: 'SHA-256 of the text in the column beside it' },
  { name: RECORD, meaning: 'The sealed record, byte for byte as in records.jsonl' },
];

/** As Parquet's readers show them. */
export const parquetTypes: Readonly<Record<ParquetKind, string>> = {
  text: 'string',
  texts: 'list of strings',
  json: 'string, JSON',
  instant: 'timestamp in microseconds, UTC',
  boolean: 'boolean',
  integer: 'integer of 32 bits',
};

function text(name: string, path: string, meaning: string): ParquetColumn {
  return column(name, 'text', path, meaning);
}

function instant(name: string, path: string, meaning: string): ParquetColumn {
  return column(name, 'instant', path, `${meaning} (UTC)`);
}

function column(name: string, kind: ParquetKind, path: string, meaning: string): ParquetColumn {
  return { name, kind, path, meaning };
}
