import { register as correct } from '../../cli/unit-correct';
import { register as takeBack } from '../../cli/unit-return';
import { register as show } from '../../cli/unit-show';
import { audit } from '../../tools/audit/audit';
import { sqlStateOf } from '../support/refusals';
import { tamper } from '../support/tamper';
import { typeCommand, type Register, type TypedAnswer } from '../support/type-command';
import { openUnitScene, type UnitScene } from '../support/unit-scene';

/** What is said of a unit after its record was sealed. */
let scene: UnitScene;

beforeAll(async () => {
  scene = await openUnitScene();
});
afterAll(() => scene?.close());

const type = (...words: string[]): Promise<TypedAnswer> =>
  typeCommand(scene.database, [correct, takeBack, show] as Register[], words.join(' '));

const eventsOf = async (unitId: string, kind: string) => {
  const rows = await scene.floor
    .as('desk')('unit_events')
    .where({ stream: `unit:${unitId}`, type: kind })
    .orderBy('seq')
    .select('body');
  return rows.map(({ body }) => JSON.parse(body as string) as unknown);
};

const rowOf = async (unitId: string) =>
  scene.floor.as('desk')('units').where({ id: unitId }).first('state', 'shipment_id', 'carton');

test('a correction names the record, its field and what is right, once, and the record stays', async () => {
  const { unitId, serial } = scene.shipped;
  const record = await scene.floor.as('desk')('records').where({ unit_id: unitId }).first('body', 'sha256');
  const words = [
    'unit',
    'correct',
    serial,
    '--field',
    'boardLot',
    '--value',
    'PCB-0007',
    '--note',
    'mistyped',
  ];
  const answer = await type(...words, '--by', '17', '--event', '5');
  expect(answer).toMatchObject({ code: 0, err: '' });
  expect(answer.text).toContain('boardLot is "PCB-0007", not "PCB-2406-17"');
  expect((await type(...words, '--by', '17', '--event', '5')).text).toContain('this very correction already');
  expect(await eventsOf(unitId, 'recordCorrected')).toEqual([
    {
      ...{ by: '17', event: 5, field: 'boardLot', record: record.sha256, reason: 'mistyped' },
      ...{ value: 'PCB-0007', was: 'PCB-2406-17' },
    },
  ]);
  const after = await scene.floor.as('desk')('records').where({ unit_id: unitId }).first('body', 'sha256');
  expect(after).toEqual(record);
});

test('a return adds to the history and reopens nothing; its number is used once', async () => {
  const { unitId, serial } = scene.shipped;
  const before = await rowOf(unitId);
  const words = ['unit', 'return', serial, '--rma', 'RMA-1', '--note', 'broken', '--by', '17', '--condition'];
  expect(await type(...words, 'cracked')).toMatchObject({ code: 0, err: '' });
  expect((await type(...words, 'cracked')).text).toContain('before');
  expect((await type(...words, 'whole')).code).toBe(1);
  expect(await eventsOf(unitId, 'unitReturned')).toEqual([
    { by: '17', condition: 'cracked', reason: 'broken', rma: 'RMA-1' },
  ]);
  expect(await rowOf(unitId)).toEqual(before);
  const page = await type('unit', 'show', serial);
  expect(page.text).toMatch(
    /Since\n.*boardLot is PCB-0007, not PCB-2406-17.*\n.*Came back under RMA RMA-1, cracked/,
  );
});

test('an earlier correction may be right after all: the last word is the one that counts', async () => {
  const { serial } = scene.shipped;
  const correct = (value: string) =>
    type(
      ...['unit', 'correct', serial, '--field', 'buyerPart', '--value', value, '--note', 'checked'],
      ...['--by', '17'],
    );
  for (const value of ['A', 'B', 'A']) expect(await correct(value)).toMatchObject({ code: 0, err: '' });
  expect((await correct('A')).text).toContain('this very correction already');
  const told = (await eventsOf(scene.shipped.unitId, 'recordCorrected')) as {
    field: string;
    value: string;
  }[];
  expect(told.filter(({ field }) => field === 'buyerPart').map(({ value }) => value)).toEqual([
    'A',
    'B',
    'A',
  ]);
});

test.each([
  [
    'of a unit that has not shipped',
    () => ['correct', scene.ready.serial, '--field', 'boardLot', '--value', 'X'],
    'sealed',
  ],
  [
    'of a field that there is not',
    () => ['correct', scene.shipped.serial, '--field', 'test.limit', '--value', 'X'],
    'test.verdict',
  ],
  [
    'that is no JSON for a list',
    () => ['correct', scene.shipped.serial, '--field', 'macs', '--value', 'X'],
    'JSON',
  ],
  [
    'of an event that there is not',
    () => ['correct', scene.shipped.serial, '--field', 'gtin', '--value', '1', '--event', '999'],
    'no event 999',
  ],
  [
    'as a return of what is in the house',
    () => ['return', scene.ready.serial, '--rma', 'R2', '--condition', 'good'],
    'only what has shipped',
  ],
  [
    'without a number of the return',
    () => ['return', scene.shipped.serial, '--rma', '|', '--condition', 'good'],
    '--rma',
  ],
])('an amendment %s is refused', async (_what, words, told) => {
  const answer = await type('unit', ...words(), '--note', 'why', '--by', '17');
  expect(answer.err).toContain(told);
  expect(answer.code).toBe(2);
});

test('nobody appends one but by the function, nor with another record than its own', async () => {
  const { unitId } = scene.shipped;
  const append = (login: 'office' | 'desk') =>
    sqlStateOf(
      scene.floor
        .as(login)
        .raw('select append_event(?, ?, ?, ?)', [`unit:${unitId}`, 'unitReturned', 'x', '{}']),
    );
  expect([await append('office'), await append('desk')]).toEqual(['42501', '42501']);
  const lie = '{"by":"17","field":"gtin","reason":"x","record":"00","value":"1"}';
  const amend = scene.floor
    .as('desk')
    .raw('select amend_unit(?, ?, ?, ?, ?)', [unitId, 'recordCorrected', 'k', lie, Buffer.alloc(32)]);
  expect(await sqlStateOf(amend)).toBe('UT002');
});

test('the auditor finds every leaf, and misses one that is taken away', async () => {
  expect((await audit(scene.database.urlOf('auditor'))).violations).toEqual([]);
  await tamper(scene.database, (su) =>
    su.query(
      `delete from log_queue where format = 'unitrail.statement/1' and seq = (select max(seq) from log_queue)`,
    ),
  );
  const { violations } = await audit(scene.database.urlOf('auditor'));
  expect(violations).toMatchObject([
    { invariant: 'A9', found: 'no row in the log queue' },
    { invariant: 'A18', found: 'none, and it waits for a place' },
  ]);
});
