import { createHash, createPublicKey, verify } from 'node:crypto';
import { PUBLIC_KEY, signedText } from '../../domain/number-lease';
import { readCanonical } from './canonical-check';
import type { Findings } from './findings';
import type { Plant } from './plant';
import type { Snapshot } from './snapshot';
import { factsOf, innerFacts, numberFact, textFact, type Facts, type ReadEvent } from './stored-event';

/** What the events of each lease say, by type: kept until all have been seen, for there are few of them. */
export type LeaseEvents = Map<string, ReadonlyMap<string, Facts>>;

export function noteLease(stream: string, events: readonly ReadEvent[], leases: LeaseEvents): void {
  if (stream.startsWith('lease:'))
    leases.set(stream, new Map(events.map(({ type, facts }) => [type, facts])));
}

type Side = 'lessor' | 'lessee';

interface LeaseRow {
  readonly id: string;
  readonly stream: string;
  readonly side: Side;
  readonly lessor: string;
  readonly lessee: string;
  readonly kind: string;
  readonly name: string;
  readonly scope: string;
  readonly version: number;
  readonly pattern: string;
  readonly first: number;
  readonly end: number;
  readonly space: number;
  readonly spaceScope: string;
  readonly spaceFirst: number;
  readonly spaceLast: number;
  readonly document: string;
  readonly publicKey: string;
  readonly returnDocument: string | null;
  readonly returnKey: string | null;
  readonly unusedFirst: number | null;
  readonly unusedEnd: number | null;
}

/** A16. Each lease is what was signed, by a key that the plant file named, and its numbers are nobody else's here. */
export async function checkLeases(
  snapshot: Snapshot,
  plant: Plant,
  events: LeaseEvents,
  findings: Findings,
): Promise<void> {
  const rows = await snapshot.rows<LeaseRow>(query);
  const keys = await pinnedKeys(snapshot);
  for (const row of rows) {
    const check = new LeaseCheck(row, findings);
    checkDocument(row, check, keys, events.get(row.stream));
    checkReturn(row, check, keys, events.get(row.stream));
    checkBlocks(row, check, plant);
  }
  checkOverlaps(rows, findings);
  const known = new Set(rows.map(({ stream }) => stream));
  for (const stream of events.keys())
    if (!known.has(stream)) findings.violation('A16', stream, 'no lease', 'the lease of its events');
}

class LeaseCheck {
  constructor(
    private readonly row: LeaseRow,
    private readonly findings: Findings,
  ) {}

  fail(found: string, expected: string): void {
    this.findings.violation('A16', this.row.stream, found, expected);
  }

  compare(what: string, found: unknown, expected: unknown, by: string): void {
    if (found === expected) return;
    this.fail(`${what} = ${String(found)}`, `${what} = ${String(expected)}, by ${by}`);
  }
}

const BY_DOCUMENT = 'what was signed';

function checkDocument(
  row: LeaseRow,
  check: LeaseCheck,
  keys: Keys,
  told: ReadonlyMap<string, Facts> | undefined,
): void {
  const facts = checkSigned(row.document, row.publicKey, row.lessor, keys, check);
  const numbers = innerFacts(facts, 'numbers');
  const texts = {
    id: textFact(facts, 'lease'),
    lessor: textFact(facts, 'lessor'),
    lessee: textFact(facts, 'lessee'),
  };
  for (const [name, expected] of Object.entries(texts))
    check.compare(name, row[name as keyof typeof texts], expected, BY_DOCUMENT);
  for (const name of ['kind', 'name', 'scope', 'pattern'] as const)
    check.compare(name, row[name], textFact(numbers, name), BY_DOCUMENT);
  check.compare('version', row.version, numberFact(numbers, 'version'), BY_DOCUMENT);
  check.compare('first', row.first, numberFact(facts, 'first'), BY_DOCUMENT);
  check.compare('last', row.end - 1, numberFact(facts, 'last'), BY_DOCUMENT);
  const type = row.side === 'lessor' ? 'leaseGranted' : 'leaseAccepted';
  const event = told?.get(type);
  if (!event) return check.fail('a lease', `the event ${type} that tells of it`);
  check.compare('sha256 of the document', sha256(row.document), textFact(event, 'sha256'), 'its event');
}

function checkReturn(
  row: LeaseRow,
  check: LeaseCheck,
  keys: Keys,
  told: ReadonlyMap<string, Facts> | undefined,
): void {
  const type = row.side === 'lessor' ? 'leaseTakenBack' : 'leaseReturned';
  const event = told?.get(type);
  if (row.returnDocument === null) {
    if (event) check.fail('no return', `the return of which ${type} tells`);
    return;
  }
  if (!event) return check.fail('a return', `the event ${type} that tells of it`);
  const facts = checkSigned(row.returnDocument, row.returnKey ?? '', row.lessee, keys, check);
  const unused = innerFacts(facts, 'unused');
  check.compare('sha256 of the return', sha256(row.returnDocument), textFact(event, 'sha256'), 'its event');
  check.compare(
    'lease of the return',
    textFact(facts, 'leaseSha256'),
    sha256(row.document),
    'the lease on record',
  );
  check.compare('first unused', row.unusedFirst, numberFact(unused, 'first'), BY_DOCUMENT);
  const last = numberFact(unused, 'last');
  check.compare('end of unused', row.unusedEnd, last === null ? null : last + 1, BY_DOCUMENT);
  if (row.unusedEnd !== null && (row.unusedEnd !== row.end || row.unusedFirst! < row.first))
    check.fail(
      `unused ${row.unusedFirst} to ${row.unusedEnd - 1}`,
      `the end of ${row.first} to ${row.end - 1}`,
    );
}

/** Canonical, signed by that key, and the key is one that the plant file named for that site. */
function checkSigned(
  document: string,
  publicKey: string,
  signer: string,
  keys: Keys,
  check: LeaseCheck,
): Facts {
  const { value, problem } = readCanonical(document);
  if (problem) check.fail(problem.found, problem.expected);
  const facts = factsOf(value);
  if (!isSigned(facts, publicKey))
    check.fail('a signature that does not verify', `one of ${signer} by the key on record`);
  if (!keys.get(signer)?.has(publicKey))
    check.fail(`the key ${publicKey}`, `a key that a plant file named for site ${signer}`);
  return facts;
}

function isSigned(facts: Facts, publicKey: string): boolean {
  if (!PUBLIC_KEY.test(publicKey)) return false;
  try {
    const key = createPublicKey({ key: Buffer.from(publicKey, 'base64'), format: 'der', type: 'spki' });
    return verify(
      null,
      Buffer.from(signedText(facts)),
      key,
      Buffer.from(textFact(facts, 'signature') ?? '', 'base64'),
    );
  } catch {
    return false;
  }
}

/** What was given away is one block of the counter; what is held is a counter of its own, of which blocks are cut. */
function checkBlocks(row: LeaseRow, check: LeaseCheck, plant: Plant): void {
  const blocks = [...plant.blocks.values()];
  const own = blocks.filter(({ lease }) => lease === row.id);
  const ranges = own.map(({ space, first, end }) => `${space}: ${first} to ${end - 1}`).join(', ') || 'none';
  const expected =
    row.side === 'lessor'
      ? `${row.space}: ${row.first} to ${row.end - 1}`
      : row.unusedFirst === null
        ? 'none'
        : `${row.space}: ${row.unusedFirst} to ${row.unusedEnd! - 1}`;
  check.compare('blocks of the lease', ranges, expected, 'the lease and its return');
  if (row.side === 'lessor')
    return check.compare('scope of its counter', row.spaceScope, row.scope, BY_DOCUMENT);
  check.compare('scope of its counter', row.spaceScope, `lease:${row.id}`, 'the id of the lease');
  check.compare(
    'counter',
    `${row.spaceFirst} to ${row.spaceLast}`,
    `${row.first} to ${row.end - 1}`,
    BY_DOCUMENT,
  );
  for (const { id, first, end } of blocks.filter(({ space }) => space === row.space))
    if (first < row.first || end > row.end)
      check.fail(`block ${id} with ${first} to ${end - 1}`, `numbers from ${row.first} to ${row.end - 1}`);
}

/** Found by the rows themselves: the constraint that forbids it may be gone. */
function checkOverlaps(rows: readonly LeaseRow[], findings: Findings): void {
  const last = new Map<string, LeaseRow>();
  for (const row of [...rows].sort((a, b) => a.first - b.first)) {
    const key = [row.side, row.kind, row.name, row.scope].join('|');
    const before = last.get(key);
    if (before && before.end > row.first)
      findings.violation(
        'A16',
        row.stream,
        `it begins at ${row.first}, inside ${before.id}`,
        `a first number from ${before.end}`,
      );
    if (!before || row.end > before.end) last.set(key, row);
  }
}

type Keys = ReadonlyMap<string, ReadonlySet<string>>;

/** Every key that any version of the plant file named for a site. */
async function pinnedKeys(snapshot: Snapshot): Promise<Keys> {
  const rows = await snapshot.rows<{ name: string; key: string }>(
    `select distinct s ->> 'name' as name, s ->> 'publicKey' as key from plant_versions,
       jsonb_array_elements(case when jsonb_typeof(document::jsonb -> 'sites') = 'array' then document::jsonb -> 'sites' else '[]' end) s`,
  );
  const keys = new Map<string, Set<string>>();
  for (const { name, key } of rows) keys.set(name, (keys.get(name) ?? new Set()).add(key));
  return keys;
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

const query = `select l.id, l.stream, l.side, l.lessor, l.lessee, l.kind, l.name, l.scope, l.version, l.pattern,
    lower(l.numbers) as first, upper(l.numbers) as end, l.space_id as space, s.scope as "spaceScope", s.first_number as "spaceFirst",
    s.last_number as "spaceLast", l.document, l.public_key as "publicKey", r.document as "returnDocument", r.public_key as "returnKey",
    lower(r.unused) as "unusedFirst", upper(r.unused) as "unusedEnd"
  from number_leases l left join number_spaces s on s.id = l.space_id left join lease_returns r on r.lease_id = l.id order by l.id`;
