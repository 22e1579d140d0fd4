import { openDatabase, type Database } from '../../adapters/postgres/database';
import {
  steps,
  transition,
  transitions,
  unitStates,
  type Step,
  type UnitState,
} from '../../domain/unit-lifecycle';
import { eventKinds, identifierEffects } from '../../tools/audit/lifecycle-tables';
import { createTestDatabase, type TestDatabase } from '../support/database';

/** The tables that the database enforces, and those of the code: each row of one is in the other. */
let database: TestDatabase;
let db: Database;
let owner: Database;

beforeAll(async () => {
  database = await createTestDatabase();
  db = openDatabase(database.urlOf('auditor'), { applicationName: 'test-auditor', maxConnections: 1 });
  owner = openDatabase(database.ownerUrl, { applicationName: 'test-owner', maxConnections: 1 });
});
afterAll(async () => {
  await db?.destroy();
  await owner?.destroy();
  await database?.drop();
});

const sorted = (rows: readonly object[]): string[] => rows.map((row) => JSON.stringify(row)).sort();

async function rowsOf<Row extends object>(sql: string): Promise<Row[]> {
  return (await db.raw<{ rows: Row[] }>(sql)).rows;
}

test('the transitions of the database are those of the domain, and no others', async () => {
  const stored = await rowsOf(
    `select type, from_state as "fromState", from_step as "fromStep", to_state as "toState", to_step as "toStep",
       opens_attempt as "opensAttempt" from transitions`,
  );
  expect(sorted(stored)).toEqual(sorted(transitions));
});

test('from every place, every event leads to the same place in both', async () => {
  const places = await rowsOf<{ type: string; state: UnitState | 'None'; step: Step; to: string | null }>(
    // The choice that advance_unit makes: a row that names the step counts before one that does not.
    `select types.type, states.state, steps.step,
       (select concat_ws(' ', t.to_state, case t.to_step when '*' then 'flash' else coalesce(t.to_step, steps.step) end,
          t.opens_attempt)
        from transitions t
        where t.type = types.type and t.from_state = states.state and (t.from_step is null or t.from_step = steps.step)
        order by t.from_step nulls last limit 1) as "to"
     from (select distinct type from transitions) types,
       unnest('{None,${unitStates.join(',')}}'::text[]) as states(state), unnest('{${steps.join(',')}}'::text[]) as steps(step)`,
  );
  expect(places.length).toBe(new Set(transitions.map(({ type }) => type)).size * (unitStates.length + 1) * 7);
  const different = places.filter(({ type, state, step, to }) => {
    const answer = transition({ state, step }, type, 'flash');
    return to !== (answer.ok ? `${answer.state} ${answer.step} ${answer.opensAttempt ? 't' : 'f'}` : null);
  });
  expect(different).toEqual([]);
});

test('the kinds of events of the database are those of the auditor, and no others', async () => {
  const stored = await rowsOf(
    `select type, stream_kind as "streamKind", appender, nature, part from event_types`,
  );
  const known = [...eventKinds.values()].map(({ type, streamKind, appender, nature, part }) => {
    return { type, streamKind, appender, nature, part };
  });
  expect(sorted(stored)).toEqual(sorted(known));
});

test('the effects on identifiers in the database are those of the auditor, and no others', async () => {
  const stored = await rowsOf(`select type, from_state as "from", to_state as "to" from identifier_effects`);
  expect(sorted(stored)).toEqual(sorted(identifierEffects));
});

test('every event of a unit has a transition, and every transition an event of a unit', async () => {
  const ofUnits = [...eventKinds.values()].filter(({ streamKind }) => streamKind === 'unit');
  expect(new Set(ofUnits.map(({ type }) => type))).toEqual(new Set(transitions.map(({ type }) => type)));
});

test('a part of a step begins with the name of its step, and the steps are counted alike', async () => {
  const parts = [...eventKinds.values()].flatMap(({ part }) => (part === null ? [] : [part.split('.')[0]]));
  expect(steps).toEqual(expect.arrayContaining(parts));
  const numbers = await Promise.all(
    steps.map(async (step) => {
      const answer = await owner.raw<{ rows: { n: number }[] }>('select step_number(?) as n', [step]);
      return answer.rows[0]!.n;
    }),
  );
  expect(numbers).toEqual(steps.map((_, at) => at + 1));
});

test('the row of a unit takes the states and steps of the domain, and no others', async () => {
  const checks = await rowsOf<{ name: string; text: string }>(
    `select conname as name, pg_get_constraintdef(oid) as text from pg_constraint
     where conrelid = 'units'::regclass and conname in ('units_state', 'units_step')`,
  );
  const words = Object.fromEntries(
    checks.map(({ name, text }) => [name, [...text.matchAll(/'([^']+)'::text/g)].map(([, word]) => word)]),
  );
  expect(words).toEqual({ units_state: [...unitStates], units_step: [...steps] });
});
