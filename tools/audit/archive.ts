import { createHash } from 'node:crypto';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { UnitrailError } from '../../domain/errors';
import type { StorePlace } from '../../domain/store-place';
import { openArchive, type ReadContent } from './archive-files';
import { CapsuleTable, type TableFile } from './capsule-table';
import type { Census } from './census';
import type { Findings } from './findings';
import type { Snapshot } from './snapshot';
import type { History, StoredEvent } from './stored-event';

/** A history that has moved, as its capsule holds it, and the sealed record beside it. */
export interface ArchivedHistory extends History {
  readonly record: { readonly serial: string; readonly body: string; readonly sha256: string } | null;
}

interface Capsule {
  readonly id: string;
  readonly erased: boolean;
}

interface CapsuleFile extends TableFile {
  readonly name: string;
  readonly role: string;
}

interface Member {
  readonly stream: string;
  readonly serial: string;
  readonly issuer: string;
  readonly lastSeq: number;
  readonly head: Buffer;
  readonly recordSha256: string | null;
  readonly retired: boolean;
}

const UNITS_AT_ONCE = 250;

/**
 * A19. Reads the histories that have moved from the capsules in the content store, some hundred units at a time: each file is
 * what was booked, each history and record that of the unit's row, and each row of the table that of its record. Where a
 * capsule can't be read, or its time is over, its units are counted by their rows, so that one damage is not told a thousand
 * times.
 * @throws UnitrailError CONFIGURATION_INVALID where units have moved and it is not known where the store is
 */
export async function* readArchive(
  snapshot: Snapshot,
  store: StorePlace | null,
  census: Census,
  findings: Findings,
): AsyncGenerator<ArchivedHistory[]> {
  const capsules = await snapshot.rows<Capsule>(
    `select id, state = 'erased' as erased from capsules c
     where exists (select from capsule_units u where u.capsule_id = c.id and u.retired_at is not null) order by id`,
  );
  if (capsules.length > 0 && !store)
    throw new UnitrailError(
      'CONFIGURATION_INVALID',
      'UNITRAIL_STORE is not set: units have moved into capsules, and without the content store they can not be judged.',
    );
  const read = store === null ? nothing : openArchive(store);
  for (const capsule of capsules) {
    const files = capsule.erased ? null : await soundFiles(snapshot, read, capsule, findings);
    if (files) yield* readCapsule(snapshot, capsule, { read, files }, findings);
    else await countByRows(snapshot, capsule, census);
  }
}

const nothing: ReadContent = async () => null;

/** By role; null where one of them is not what was booked. */
async function soundFiles(
  snapshot: Snapshot,
  read: ReadContent,
  { id }: Capsule,
  findings: Findings,
): Promise<ReadonlyMap<string, TableFile> | null> {
  const files = await snapshot.rows<CapsuleFile>(
    'select name, role, sha256, size_bytes as "sizeBytes" from capsule_files where capsule_id = $1 order by name',
    [id],
  );
  const byRole = new Map<string, TableFile>();
  let sound = true;
  for (const { name, role, sha256, sizeBytes } of files) {
    const found = await digestOf(await read(sha256));
    byRole.set(role, { sha256, sizeBytes });
    if (found === sha256) continue;
    sound = false;
    findings.violation('A19', `capsule ${id}, ${name}`, found ?? 'no such file in the content store', sha256);
  }
  for (const role of ['events', 'records', 'parquet'].filter((one) => !byRole.has(one))) {
    sound = false;
    findings.violation(
      'A19',
      `capsule ${id}`,
      `no file of ${role} on record`,
      'one, as its units have moved',
    );
  }
  return sound ? byRole : null;
}

async function digestOf(content: Readable | null): Promise<string | null> {
  if (content === null) return null;
  const hash = createHash('sha256');
  for await (const chunk of content) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

async function* readCapsule(
  snapshot: Snapshot,
  { id }: Capsule,
  { read, files }: { readonly read: ReadContent; readonly files: ReadonlyMap<string, TableFile> },
  findings: Findings,
): AsyncGenerator<ArchivedHistory[]> {
  // Removed since its digest was taken, it ends at once, and each unit in it is a finding.
  const open = async (role: string): Promise<Readable> =>
    (await read(files.get(role)!.sha256)) ?? Readable.from([]);
  const histories = readEvents(await open('events'));
  const records = createInterface({ input: await open('records') })[Symbol.asyncIterator]();
  const table = new CapsuleTable(id, read, files.get('parquet')!, findings);
  for await (const members of membersOf(snapshot, id)) {
    const found: ArchivedHistory[] = [];
    for (const member of members) {
      const history = (await histories.next()).value;
      const body = member.recordSha256 === null ? null : ((await records.next()).value as string | undefined);
      if (body) await table.compare(body);
      // One whose move is still under way stands in the database.
      if (!member.retired) continue;
      checkMember(id, member, history, body ?? null, findings);
      if (history?.stream !== member.stream) continue;
      const { serial, recordSha256: sha256 } = member;
      found.push({ ...history, record: sha256 === null ? null : { serial, sha256, body: body ?? '' } });
    }
    if (found.length > 0) yield found;
  }
  await table.compare(null);
}

async function* membersOf(snapshot: Snapshot, capsule: string): AsyncGenerator<Member[]> {
  let after: Pick<Member, 'serial' | 'issuer'> = { serial: '', issuer: '' };
  for (;;) {
    const members = await snapshot.rows<Member>(
      `select 'unit:' || unit_id as stream, serial, issuer, last_seq as "lastSeq", head, record_sha256 as "recordSha256",
         retired_at is not null as retired
       from capsule_units where capsule_id = $1 and (serial, issuer) > ($2, $3) order by serial, issuer limit ${UNITS_AT_ONCE}`,
      [capsule, after.serial, after.issuer],
    );
    if (members.length > 0) yield members;
    if (members.length < UNITS_AT_ONCE) return;
    after = members.at(-1)!;
  }
}

function checkMember(
  capsule: string,
  { stream, serial, lastSeq, head, recordSha256 }: Member,
  history: History | undefined,
  record: string | null,
  findings: Findings,
): void {
  const wrong = (found: string, expected: string): void =>
    findings.violation('A19', `unit ${serial} in capsule ${capsule}`, found, expected);
  const end = history?.events.at(-1);
  const found = history ? `${history.stream}, event ${end?.seq}, ${end?.hash.toString('hex')}` : 'no history';
  const expected = `${stream}, event ${lastSeq}, ${head.toString('hex')}`;
  if (found !== expected) wrong(found, expected);
  const sha256 = record === null ? null : createHash('sha256').update(record).digest('hex');
  if (sha256 !== recordSha256) wrong(`a record of ${sha256}`, `one of ${recordSha256}`);
}

/** The events of one unit after those of another, as they were stored; the hash before each is not told twice. */
async function* readEvents(content: Readable): AsyncGenerator<History, undefined> {
  let history: { stream: string; events: StoredEvent[] } | undefined;
  for await (const line of createInterface({ input: content })) {
    const { header, body, hash } = JSON.parse(line) as { header: string; body: string; hash: string };
    const [, stream = '', seq, type = '', key = '', , at = ''] = header.split('|');
    if (history?.stream !== stream) {
      if (history) yield history;
      history = { stream, events: [] };
    }
    const prev: Buffer = history.events.at(-1)?.hash ?? Buffer.alloc(32);
    const event = {
      stream,
      seq: Number(seq),
      type,
      key,
      header,
      body,
      prev,
      hash: Buffer.from(hash, 'hex'),
      at,
    };
    history.events.push(event);
  }
  if (history) yield history;
  return undefined;
}

/** What a unit's history would have added to the counts, as its row and its movements say. */
async function countByRows(snapshot: Snapshot, { id }: Capsule, census: Census): Promise<void> {
  const units = await snapshot.rows<{
    batch: string;
    carton: string | null;
    shipment: string | null;
    units: number;
  }>(
    `select u.batch_id as batch, u.carton, case u.state when 'Shipped' then u.shipment_id end as shipment, count(*) as units
     from capsule_units c join units u on u.id = c.unit_id where c.capsule_id = $1 and c.retired_at is not null group by 1, 2, 3`,
    [id],
  );
  for (const one of units) census.addCounted(one);
  const moves = await snapshot.rows<{ block: number; from: string; to: string; quantity: number }>(
    `select m.block_id as block, m.from_account as "from", m.to_account as "to", sum(m.quantity)::bigint as quantity
     from capsule_units c join movements m on m.stream = 'unit:' || c.unit_id
     where c.capsule_id = $1 and c.retired_at is not null group by 1, 2, 3`,
    [id],
  );
  census.moves.add(moves);
}

/** Histories that begin in a capsule are judged with it: what was said of them since is kept until then. */
export async function setLateAside<One extends History>(
  snapshot: Snapshot,
  found: readonly One[],
  late: Map<string, readonly StoredEvent[]>,
): Promise<readonly One[]> {
  const begun = found.filter(({ stream, events }) => stream.startsWith('unit:') && events[0]!.seq > 1);
  if (begun.length === 0) return found;
  const rows = await snapshot.rows<{ stream: string }>(
    `select 'unit:' || unit_id as stream from capsule_units where retired_at is not null and 'unit:' || unit_id = any ($1)`,
    [begun.map(({ stream }) => stream)],
  );
  const archived = new Set(rows.map(({ stream }) => stream));
  for (const { stream, events } of begun) if (archived.has(stream)) late.set(stream, events);
  return found.filter(({ stream }) => !archived.has(stream));
}

/** The whole history of a unit that has moved. */
export function withLate({ late }: { readonly late: ReadonlyMap<string, readonly StoredEvent[]> }) {
  return (one: ArchivedHistory): ArchivedHistory => ({
    ...one,
    events: [...one.events, ...(late.get(one.stream) ?? [])],
  });
}
