import type { Findings } from './findings';
import { earliestErasure, type Version } from './archive-terms';
import { isOpenAt, type ToldHold } from './legal-holds';
import { PLANT, type RetentionEvents, type ToldOfRun } from './retention-events';
import type { Snapshot } from './snapshot';
import { factsOf, listFact, textFact } from './stored-event';
import { checkDone, type WrongOfRow } from './told-facts';

interface PersonRow {
  readonly number: string;
  readonly isNamed: boolean;
  readonly isSalted: boolean;
  /** Of the salt and the name: what events have of it. Null where one of them is not there. */
  readonly digest: string | null;
  readonly erasedAt: string | null;
  readonly leftAt: string | null;
}

const PEOPLE = `select number, name is not null as "isNamed", salt is not null as "isSalted",
  encode(sha256(salt || convert_to(name, 'UTF8')), 'hex') as digest, erased_at as "erasedAt", left_at as "leftAt"
  from operators order by number`;

interface Presence {
  readonly at: string;
  readonly hasLeft: boolean;
}

/** A person as the events tell: never by name. */
interface ToldPerson {
  digest: string | null;
  /** In and out of the plant file, in their order. */
  readonly presence: Presence[];
  readonly erased: ToldOfRun[];
}

type People = Map<string, ToldPerson>;

/**
 * A19. Who is on record under which number, with the name that was told, since when no more in the plant file, and whose name was
 * erased: by a run, after its time, and while nothing was on hold.
 */
export async function checkPeople(
  snapshot: Snapshot,
  events: RetentionEvents,
  terms: Terms,
  findings: Findings,
): Promise<void> {
  const people = peopleTold(events);
  const rows = new Map((await snapshot.rows<PersonRow>(PEOPLE)).map((row) => [row.number, row]));
  for (const number of [...new Set([...rows.keys(), ...people.keys()])].sort()) {
    const wrong: WrongOfRow = (found, expected) =>
      findings.violation('A19', `operator ${number}`, found, expected);
    const [row, person] = [rows.get(number), people.get(number)];
    if (person === undefined) wrong('a row', 'an event that tells of the person');
    else if (row === undefined) wrong('no row', 'the person that the events tell of');
    else checkPerson(row, person, wrong);
    for (const event of person?.erased ?? []) checkErased(event, person!.presence, terms, wrong);
  }
}

function peopleTold(events: RetentionEvents): People {
  const people: People = new Map();
  const of = (number: string): ToldPerson => {
    const known = people.get(number) ?? { digest: null, presence: [], erased: [] };
    people.set(number, known);
    return known;
  };
  for (const event of events) if (event.run === PLANT) foldPlant(event, of);
  for (const event of events)
    if (event.type === 'namesErased')
      for (const number of listFact(event.facts, 'operators')) of(String(number)).erased.push(event);
  return people;
}

function foldPlant({ type, at, facts }: ToldOfRun, of: (number: string) => ToldPerson): void {
  for (const one of listFact(facts, 'operators')) {
    if (type === 'operatorsLeft' || type === 'operatorsReturned') {
      of(String(one)).presence.push({ at, hasLeft: type === 'operatorsLeft' });
      continue;
    }
    const told = factsOf(one);
    const person = of(textFact(told, 'number') ?? '');
    person.digest = textFact(told, 'digest');
    const leftAt = textFact(told, 'leftAt');
    // Who has another name is where it was before.
    if (person.presence.length === 0) person.presence.push({ at: leftAt ?? at, hasLeft: leftAt !== null });
  }
}

function checkPerson(row: PersonRow, { digest, presence, erased }: ToldPerson, wrong: WrongOfRow): void {
  checkDone({ what: 'erased', type: 'namesErased' }, row.erasedAt, erased[0] ?? null, wrong);
  if (erased.length > 1) wrong(`erased by ${erased.length} events`, 'once');
  if (erased.length > 0) {
    if (row.isNamed) wrong('a name', 'none, as it is erased');
    if (row.isSalted) wrong('the salt of a name', 'none, as it is erased');
  } else if (row.digest !== digest)
    wrong(row.isNamed ? 'another name' : 'no name', `the one of digest ${digest}, which its event tells`);
  const last = presence.at(-1);
  checkDone({ what: 'left', type: 'operatorsLeft' }, row.leftAt, last?.hasLeft ? last : null, wrong);
}

interface Terms {
  readonly holds: readonly ToldHold[];
  readonly versions: readonly Version[];
}

/** What was erased before presence was told is not judged by it. */
function checkErased(
  { at }: ToldOfRun,
  presence: readonly Presence[],
  { holds, versions }: Terms,
  wrong: WrongOfRow,
): void {
  for (const hold of holds)
    if (isOpenAt(hold, at))
      wrong(`erased at ${at}`, `nobody's name erased while legal hold ${hold.id} was open`);
  const last = presence.filter((one) => Date.parse(one.at) <= Date.parse(at)).at(-1);
  if (last === undefined) return;
  if (!last.hasLeft) return wrong(`erased at ${at}`, 'not before the person had left');
  const earliest = earliestErasure(Date.parse(last.at), Date.parse(at), versions);
  if (earliest === null) wrong(`erased at ${at}`, 'kept for ever, as no terms in force name an end');
  else if (Date.parse(at) < earliest)
    wrong(`erased at ${at}`, `not before ${new Date(earliest).toISOString()}, by its terms`);
}
