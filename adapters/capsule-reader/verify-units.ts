import { join } from 'node:path';
import { bytesOf, hexOf, joined } from './bytes';
import { mapAt, readDocument, type Facts } from './documents';
import { differenceOf, expectedRow } from './expected-row';
import { nodeCrypto, openFile } from './files';
import { judgeProof, type LogHead } from './inclusion';
import { openParquet, type ParquetRow } from './parquet-file';
import type { Problems } from './problems';
import { UnitLines, type UnitLine } from './unit-lines';

export interface Counted {
  records: number;
  statements: number;
  proofs: number;
  events: number;
  units: number;
  first: string | null;
  last: string | null;
}

interface Place {
  readonly folder: string;
  /** Of `manifest.json`: whose units these have to be. */
  readonly about: Facts;
  readonly head: LogHead | null;
  readonly problems: Problems;
  readonly withEvents: boolean;
  readonly onUnit: () => void;
}

/**
 * Goes through all files of units side by side, in their one order: each record, its row in the table, its proof, what
 * was said of it later, and its history. Memory does not grow with their number.
 */
export async function verifyUnits(place: Place): Promise<Counted> {
  const { folder, problems, withEvents } = place;
  const lines = (name: string, format: string): UnitLines =>
    new UnitLines(name, join(folder, name), format, problems);
  const records = lines('records.jsonl', 'unitrail.record/1');
  const statements = lines('statements.jsonl', 'unitrail.capsule-statement/1');
  const proofs = lines('proofs.jsonl', 'unitrail.proof/1');
  const events = withEvents ? lines('events.jsonl', 'unitrail.capsule-event/1') : null;
  const table = await openFile(join(folder, 'records.parquet'));
  try {
    const rows = rowsOf(table, problems);
    const walk = new Walk(place);
    for (
      let serial = await leastOf(records, statements, events);
      serial !== null;
      serial = await leastOf(records, statements, events)
    ) {
      await walk.serial(serial, {
        records: await records.of(serial),
        statements: await statements.of(serial),
        proofs: await proofs.of(serial),
        events: events ? await events.of(serial) : null,
        rows,
      });
    }
    for (const file of [records, statements, proofs, events]) await file?.finish();
    await walk.finish(rows);
    return {
      ...walk.ends,
      records: records.count,
      statements: statements.count,
      proofs: proofs.count,
      events: events?.count ?? 0,
    };
  } finally {
    await table.close();
  }
}

async function leastOf(...files: (UnitLines | null)[]): Promise<string | null> {
  let least: string | null = null;
  for (const file of files) {
    const line = await file?.peek();
    if (line && (least === null || line.serial < least)) least = line.serial;
  }
  return least;
}

/** A table that can't be read further has no more rows, and says why. */
async function* rowsOf(
  table: Parameters<typeof openParquet>[0],
  problems: Problems,
): AsyncGenerator<ParquetRow> {
  try {
    yield* (await openParquet(table)).all();
  } catch (error) {
    problems.add('records.parquet', `can't be read: ${(error as Error).message}`);
  }
}

interface OfSerial {
  readonly records: readonly UnitLine[];
  readonly statements: readonly UnitLine[];
  readonly proofs: readonly UnitLine[];
  readonly events: readonly UnitLine[] | null;
  readonly rows: AsyncGenerator<ParquetRow>;
}

class Walk {
  private before: string | null = null;
  private rowCount = 0;
  readonly ends = { units: 0, first: null as string | null, last: null as string | null };

  constructor(private readonly place: Place) {}

  async serial(serial: string, found: OfSerial): Promise<void> {
    const { problems, onUnit } = this.place;
    if (this.before !== null && serial <= this.before)
      problems.add(found.records[0]?.where ?? serial, `${serial} stands behind ${this.before}: not in order`);
    this.before = serial;
    const proofs = [...found.proofs];
    checkIssuers(found.records, problems);
    for (const record of found.records) {
      this.ends.first ??= serial;
      this.ends.last = serial;
      checkRecord(record, this.place);
      await this.compareRow(record, found.rows);
      this.prove(record.where, record.text, proofs);
    }
    for (const line of found.statements) this.checkStatement(line, proofs);
    for (const { where } of proofs) problems.add(where, `proves nothing that is here of unit ${serial}`);
    this.ends.units += found.events === null ? found.records.length : this.checkHistories(found);
    onUnit();
  }

  async finish(rows: AsyncGenerator<ParquetRow>): Promise<void> {
    for await (const row of rows) {
      this.rowCount += 1;
      this.place.problems.add(
        `records.parquet, row ${this.rowCount}`,
        `of ${String(row.serial)} has no line in records.jsonl`,
      );
    }
  }

  private async compareRow(record: UnitLine, rows: AsyncGenerator<ParquetRow>): Promise<void> {
    const { value: row } = (await rows.next()) as { value: ParquetRow | undefined };
    const { problems } = this.place;
    this.rowCount += 1;
    const where = `records.parquet, row ${this.rowCount}`;
    if (row === undefined) return problems.add('records.parquet', `has no row for ${record.where}`);
    if (row.record !== record.text)
      return problems.add(
        where,
        `its record (${String(row.serial)}) is not that of ${record.where} (${record.serial})`,
      );
    const sha256 = hexOf(nodeCrypto.sha256(bytesOf(record.text)));
    const difference = differenceOf(row, { ...expectedRow(record.facts), record_sha256: sha256 });
    if (difference !== null) problems.add(where, difference);
  }

  private checkStatement(line: UnitLine, proofs: UnitLine[]): void {
    const document = String(line.facts.document);
    const read = readDocument(document, 'unitrail.statement/1');
    if ('wrong' in read) this.place.problems.add(line.where, `its document ${read.wrong}`);
    this.prove(line.where, document, proofs);
  }

  /** Takes the document's proof out of the list. */
  private prove(where: string, document: string, proofs: UnitLine[]): void {
    const { head, problems } = this.place;
    const sha256 = hexOf(nodeCrypto.sha256(bytesOf(document)));
    const at = proofs.findIndex(({ facts }) => facts.sha256 === sha256);
    if (at < 0) return problems.add(where, 'has no proof in proofs.jsonl');
    const [proof] = proofs.splice(at, 1);
    if (head === null) return;
    const judged = judgeProof(nodeCrypto, document, proof!.facts, head);
    if (judged.verdict !== 'holds') problems.add(proof!.where, judged.why);
  }

  /** Of each issuer's unit the chain of its events from the first one on; how many units there are. */
  private checkHistories({ events, records }: OfSerial): number {
    const { problems } = this.place;
    const issuers = new Set(events!.map(({ facts }) => String(facts.issuer)));
    for (const record of records)
      if (!issuers.has(String(record.facts.issuer)))
        problems.add(record.where, 'has no history in events.jsonl');
    for (const issuer of issuers) {
      const own = events!.filter(({ facts }) => facts.issuer === issuer);
      const hashes = checkChain(own, problems);
      const record = records.find(({ facts }) => facts.issuer === issuer);
      const head = record && mapAt(record.facts, 'history').head;
      if (record && !hashes.has(String(head)))
        problems.add(record.where, 'its history in events.jsonl has no event that its record was sealed by');
    }
    return issuers.size;
  }
}

function checkIssuers(records: readonly UnitLine[], problems: Problems): void {
  records.slice(1).forEach(({ where, facts, serial }, at) => {
    if (String(records[at]!.facts.issuer) >= String(facts.issuer))
      problems.add(where, `unit ${serial} of ${String(facts.issuer)} is here twice, or not in order`);
  });
}

function checkRecord({ where, facts }: UnitLine, { about, problems }: Place): void {
  const shipment = mapAt(facts, 'shipment');
  if (shipment.buyer !== about.buyer)
    problems.add(
      where,
      `was shipped to ${String(shipment.buyer)}, and the capsule is of ${String(about.buyer)}`,
    );
  if (facts.product !== about.product)
    problems.add(
      where,
      `is of product ${String(facts.product)}, and the capsule of ${String(about.product)}`,
    );
  if (!String(shipment.at).startsWith(`${String(about.month)}-`))
    problems.add(
      where,
      `was shipped at ${String(shipment.at)}, and the capsule is of ${String(about.month)}`,
    );
}

function checkChain(events: readonly UnitLine[], problems: Problems): ReadonlySet<string> {
  const { sha256 } = nodeCrypto;
  const hashes = new Set<string>();
  let head: Uint8Array = new Uint8Array(32);
  events.forEach(({ where, facts }, at) => {
    const [header, body] = [String(facts.header), String(facts.body)];
    if (header.split('|')[2] !== String(at + 1)) problems.add(where, `is not event ${at + 1} of its unit`);
    head = sha256(joined(head, sha256(bytesOf(header)), sha256(bytesOf(body))));
    if (facts.hash !== hexOf(head))
      problems.add(where, 'its hash is not that of its bytes and the event before');
    hashes.add(hexOf(head));
  });
  return hashes;
}
