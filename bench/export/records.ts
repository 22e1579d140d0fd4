import type { Database } from '../../adapters/postgres/database';
import { streamRows } from '../../adapters/postgres/row-stream';
import { canonicalJson } from '../../domain/canonical';
import type { ExportSource, SealedRecord } from '../../domain/export-source';

/** What differs from unit to unit stands in the template as a mark; SQL puts something else for each. */
const marks: Readonly<Record<string, string>> = {
  '@SERIAL@': `lpad(n::text, 8, '0')`,
  '@MAC@': `to_char(n / 10000 % 100, 'FM00') || ':' || to_char(n / 100 % 100, 'FM00') || ':' || to_char(n % 100, 'FM00')`,
  '@CHIP@': `upper(substr(md5('chip' || n), 1, 24))`,
  '@CARTON@': `lpad((n / 20)::text, 9, '0')`,
  '@LOT@': `lpad((n / 5000)::text, 4, '0')`,
  '@HASH@': `encode(sha256(n::text::bytea), 'hex')`,
  '@TIME@': `to_char(timestamp '2026-01-01' + n * interval '3 seconds', 'YYYY-MM-DD"T"HH24:MI:SS')`,
  '"@VALUE@"': `trim_scale(round((3.2 + (n::bigint * 7919 % 2000) * 0.0001)::numeric, 4))::text`,
};

const time = '@TIME@.125Z';
const limits = { low: 3.2, high: 3.4, unit: 'V', verdict: 'PASS', value: '@VALUE@' };
const measurements = ['vcc_3v3', 'vcc_1v8', 'current_idle_ma', 'rf_power_dbm', 'rssi_dbm', 'temp_c'];

/** A record as the sample plant's products have it: 6 measurements, 2 components, 2 MAC addresses. */
const template = canonicalJson({
  format: 'unitrail.record/1',
  issuer: 'unitrail',
  serial: 'EUDV2647-@SERIAL@',
  product: 'EUDV',
  gtin: '09506000134352',
  macs: ['70:B3:D5:@MAC@', '70:B3:D6:@MAC@'],
  chipUid: '@CHIP@',
  batch: 'B2647-@LOT@',
  boardBatch: 'PB-@LOT@',
  boardLot: 'PCB-2406-@LOT@',
  components: [
    { position: 'U1', lots: ['MCU-LOT-@LOT@'] },
    { position: 'U7', lots: ['RADIO-LOT-@LOT@'] },
  ],
  order: 'PO-4711',
  buyerPart: 'AC-77-B',
  attributes: { revision: 'C' },
  origin: 'built',
  simulated: false,
  firmware: { version: '1.4.2', sha256: '@HASH@' },
  provisioning: { at: time, certificateSha256: '@HASH@', issuer: 'CN=Unitrail CA', chainNotAfter: time },
  test: {
    plan: 'EUDV-final',
    planSha256: 'e'.repeat(64),
    verdict: 'PASS',
    attempt: 1,
    at: time,
    station: 'line-1',
    results: measurements.map((name) => ({ name, ...limits })),
  },
  labels: [
    {
      place: 'housing',
      symbology: 'gs1datamatrix',
      content: '010950600013435221EUDV2647-@SERIAL@\u001d911',
      print: 1,
      material: 'polyester',
      printedAt: time,
      verifiedAt: time,
    },
  ],
  qc: { at: time, by: 'operator 17', statementSha256: '@HASH@' },
  shipment: {
    id: 'SH-@LOT@',
    at: time,
    carton: '106141411@CARTON@',
    buyer: 'acme',
    destination: 'DE',
  },
  history: { events: 20, head: '@HASH@' },
});

/** The columns of the product's table of records, and the issuer. */
export async function fillRecords(db: Database, units: number): Promise<void> {
  await db.raw(
    'create unlogged table bench_records (issuer text, serial text, unit_id uuid, body text, sha256 text, sealed_at timestamptz)',
  );
  const body = Object.entries(marks).reduce(
    (sql, [mark, value]) => `replace(${sql}, '${mark}', ${value})`,
    ':template',
  );
  await db.raw(
    `insert into bench_records
     select 'unitrail', 'EUDV2647-' || lpad(n::text, 8, '0'), md5(n::text)::uuid, body,
       encode(sha256(convert_to(body, 'UTF8')), 'hex'), timestamptz '2026-11-01 00:00Z' + n * interval '1 second'
     from generate_series(1, :units) n, lateral (select ${body} as body) made`,
    { template, units },
  );
  await db.raw('alter table bench_records add primary key (issuer, serial)');
  await db.raw('vacuum (analyze) bench_records');
}

/** As the product's own source reads them: through a cursor, sorted by issuer and serial. */
export function benchSource(db: Database, units: number): ExportSource {
  return {
    records: () =>
      streamRows<SealedRecord>(
        db,
        `select unit_id as "unitId", issuer, serial, sealed_at as "sealedAt", body, sha256
         from bench_records order by issuer, serial limit ?`,
        [units],
      ),
    amendments: nothing,
    numbers: nothing,
  };
}

async function* nothing(): AsyncGenerator<never> {}
