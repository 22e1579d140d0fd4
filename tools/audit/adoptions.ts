import { createHash, type Hash } from 'node:crypto';
import { readCanonical } from './canonical-check';
import type { Findings } from './findings';
import { checkPassed } from './passed-numbers';
import type { Snapshot } from './snapshot';
import { factsOf, listFact, textFact, type Facts, type ReadEvent } from './stored-event';

/** What the event of each adoption says: kept until all have been seen, for there are few of them. */
export type AdoptionEvents = Map<string, Facts>;

export function noteAdoption(stream: string, events: readonly ReadEvent[], adoptions: AdoptionEvents): void {
  const adopted = events.find(({ type }) => type === 'historyAdopted');
  if (adopted) adoptions.set(stream, adopted.facts);
}

interface AdoptionRow {
  readonly id: number;
  readonly stream: string;
  readonly issuer: string;
  readonly scheme: string | null;
  readonly source: string;
  readonly sha256: string;
  readonly part: string;
  readonly by: string;
}

interface UnitRow {
  readonly id: number;
  readonly adoption: number;
  readonly position: number;
  readonly issuer: string;
  readonly serial: string;
  readonly state: string;
  readonly body: string;
}

interface Registered {
  readonly issuer: string;
  readonly kind: string;
  readonly value: string;
  readonly state: string;
  readonly unit: string | null;
  readonly adopted: number | null;
}

/** What is counted while the rows of one adoption go by. */
interface Tally {
  readonly digest: Hash;
  count: number;
  highest: number;
  disputed: number;
}

/** A15. Rows, registry and events tell the same adoptions, and no adopted number is free, a unit's too, or another one. */
export async function checkAdoptions(
  snapshot: Snapshot,
  events: AdoptionEvents,
  findings: Findings,
): Promise<void> {
  const adoptions = await snapshot.rows<AdoptionRow>(
    `select id, stream, issuer, scheme, source_name as source, source_sha256 as sha256, source_part as part, imported_by as by
     from adoptions`,
  );
  const tallies = await tallyRows(snapshot, findings);
  for (const row of adoptions)
    checkAdoption(row, tallies.get(row.id) ?? newTally(), events.get(row.stream), findings);
  const known = new Set(adoptions.map(({ stream }) => stream));
  for (const stream of events.keys())
    if (!known.has(stream)) findings.violation('A15', stream, 'no adoption', 'the adoption of its event');
  await checkStrays(snapshot, findings);
  for (const [subject, facts] of events)
    await checkPassed(snapshot, { invariant: 'A15', subject, facts }, findings);
}

async function tallyRows(snapshot: Snapshot, findings: Findings): Promise<Map<number, Tally>> {
  const tallies = new Map<number, Tally>();
  const sql = `select id, adoption_id as adoption, position, issuer, serial, state, body from adopted_units order by adoption_id, position`;
  for await (const rows of snapshot.batches<UnitRow>(sql)) {
    const told = rows.map((row) => ({ row, identifiers: identifiersOf(row, findings) }));
    const registry = await loadRegistered(
      snapshot,
      told.flatMap(({ identifiers }) => identifiers),
    );
    for (const { row, identifiers } of told) {
      const tally = tallies.get(row.adoption) ?? newTally();
      tallies.set(row.adoption, tally);
      tally.count += 1;
      tally.highest = Math.max(tally.highest, row.position);
      tally.digest.update(createHash('sha256').update(row.body, 'utf8').digest());
      checkRegistered(row, identifiers, registry, tally, findings);
    }
    await checkForeignRows(snapshot, told, findings);
  }
  return tallies;
}

function newTally(): Tally {
  return { digest: createHash('sha256'), count: 0, highest: 0, disputed: 0 };
}

type Identifier = Pick<Registered, 'issuer' | 'kind' | 'value'>;
const keyOf = ({ issuer, kind, value }: Identifier): string => JSON.stringify([issuer, kind, value]);

/** What the row's body gives away for good. */
function identifiersOf(row: UnitRow, findings: Findings): Identifier[] {
  const { value, problem } = readCanonical(row.body);
  const facts = factsOf(value);
  if (problem) findings.violation('A15', nameOf(row), problem.found, problem.expected);
  for (const column of ['serial', 'state'] as const) {
    if (textFact(facts, column) === row[column]) continue;
    findings.violation(
      'A15',
      nameOf(row),
      `${column} = ${row[column]}`,
      `${String(facts[column])}, by its body`,
    );
  }
  const [family, uid] = [textFact(facts, 'chipFamily'), textFact(facts, 'chipUid')];
  return [
    { issuer: row.issuer, kind: 'serial', value: textFact(facts, 'serial') ?? '' },
    ...listFact(facts, 'macs').map((mac) => ({ issuer: 'ieee', kind: 'mac', value: String(mac) })),
    ...(family === null || uid === null ? [] : [{ issuer: family, kind: 'chip-uid', value: uid }]),
  ];
}

async function loadRegistered(
  snapshot: Snapshot,
  identifiers: readonly Identifier[],
): Promise<Map<string, Registered>> {
  const rows = await snapshot.rows<Registered>(
    `select i.issuer, i.kind, i.value, i.state, i.unit_id as unit, i.adopted_unit as adopted
     from unnest($1::text[], $2::text[], $3::text[]) as t(issuer, kind, value)
     join identifiers i on i.issuer = t.issuer and i.kind = t.kind and i.value = t.value`,
    (['issuer', 'kind', 'value'] as const).map((column) => identifiers.map((one) => one[column])),
  );
  return new Map(rows.map((row) => [keyOf(row), row]));
}

/** Each is in the registry: as this row's own, or as somebody else's, and then the row is disputed. */
function checkRegistered(
  row: UnitRow,
  identifiers: readonly Identifier[],
  registry: ReadonlyMap<string, Registered>,
  tally: Tally,
  findings: Findings,
): void {
  const state = row.state === 'used' ? 'applied' : row.state;
  for (const identifier of identifiers) {
    const label = `${identifier.kind} ${identifier.value}`;
    const there = registry.get(keyOf(identifier));
    if (there === undefined)
      findings.violation('A15', nameOf(row), `the registry lacks ${label}`, 'a number that is never issued');
    else if (there.adopted !== row.id) tally.disputed += Number(identifier.kind === 'serial');
    else if (there.unit !== null || there.state !== state)
      findings.violation(
        'A15',
        nameOf(row),
        `${label} is ${there.state}, unit ${there.unit}`,
        `${state}, of no unit`,
      );
  }
}

/** The registry says that these rows adopted something that they do not tell of. */
async function checkForeignRows(
  snapshot: Snapshot,
  told: readonly { row: UnitRow; identifiers: readonly Identifier[] }[],
  findings: Findings,
): Promise<void> {
  const byId = new Map(
    told.map(({ row, identifiers }) => [row.id, { row, keys: new Set(identifiers.map(keyOf)) }]),
  );
  const rows = await snapshot.rows<Registered>(
    `select issuer, kind, value, adopted_unit as adopted from identifiers where adopted_unit = any ($1)`,
    [[...byId.keys()]],
  );
  for (const row of rows) {
    const owner = byId.get(row.adopted!)!;
    if (!owner.keys.has(keyOf(row)))
      findings.violation(
        'A15',
        nameOf(owner.row),
        `the registry has ${row.kind} ${row.value} of it`,
        'a row that tells of it',
      );
  }
}

function nameOf({ serial, position, adoption }: UnitRow): string {
  return `adopted ${serial}, row ${position} of history:${adoption}`;
}

function checkAdoption(row: AdoptionRow, tally: Tally, facts: Facts | undefined, findings: Findings): void {
  if (facts === undefined)
    return findings.violation('A15', row.stream, 'an adoption', 'the event that tells of it');
  const { id, stream, ...said } = row;
  const { count, disputed, highest } = tally;
  const found: Facts = { ...said, count, disputed, rowsSha256: tally.digest.digest('hex') };
  for (const [what, value] of Object.entries(found)) {
    if (value !== (facts[what] ?? null))
      findings.violation('A15', stream, `${what} = ${String(value)}`, `${String(facts[what])}, by its event`);
  }
  if (highest !== count || stream !== `history:${id}`)
    findings.violation(
      'A15',
      stream,
      `${count} rows up to ${highest}`,
      'each position once, of its own stream',
    );
}

async function checkStrays(snapshot: Snapshot, findings: Findings): Promise<void> {
  const rows = await snapshot.rows<{ kind: string; value: string }>(
    `select kind, value from identifiers i where adopted_unit is not null
       and (unit_id is not null or not exists (select from adopted_units u where u.id = i.adopted_unit)) limit 100`,
  );
  for (const { kind, value } of rows)
    findings.violation(
      'A15',
      `${kind} ${value}`,
      'a number that was adopted',
      'a row that tells of it, and no unit',
    );
  const units = await snapshot.rows<{ serial: string }>(
    `select serial from adopted_units u where not exists (select from adoptions a where a.id = u.adoption_id and a.issuer = u.issuer)
     limit 100`,
  );
  for (const { serial } of units)
    findings.violation('A15', `adopted ${serial}`, 'a row of no adoption', 'one that is told of');
}
