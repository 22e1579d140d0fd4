import { register } from '../../cli/report-shift';
import type { ServerContext } from '../../cli/server-context';
import type { ShiftReport } from '../../domain/shift-report';
import { typeCommand, type Register, type TypedAnswer } from '../support/type-command';
import { openUnitScene, type UnitScene } from '../support/unit-scene';
import { append, decide, walkOn } from '../support/walk-unit';

let scene: UnitScene;
/** Behind what the scene did: two units shipped, one held, one on hold, one scrapped, one ready. */
let firstEnd: string;
/** Behind what happened next: the held one went on and was held again; the hold was released; one was lost. */
let secondEnd: string;

beforeAll(async () => {
  scene = await openUnitScene();
  const { floor, held, onHold, assigned, ready } = scene;
  firstEnd = await nextInstant();
  await decide(floor, held, 'retried', { reason: 'again', step: 'test', attempt: 1 });
  await append(floor, 'office', held.unitId, 'held', `${held.unitId}/held/test/2`, {
    ...{ code: 'TEST_ERROR', message: 'no probe', step: 'test', attempt: 2 },
  });
  await decide(floor, onHold, 'holdReleased', { hold: 'QH-1', reason: 'measured' });
  await decide(floor, assigned, 'missing', {
    reason: 'gone',
    lastSeen: 'rack 4',
    lastSeenAt: '2026-01-31T14:30:00Z',
  });
  secondEnd = await nextInstant();
  await decide(floor, ready, 'reworked', { reason: 'other antenna', step: 'flash' });
  await walkOn(floor, ready, 'flash', 'qc');
});
afterAll(() => scene?.close());

/** An instant of whole milliseconds, of the database's clock, behind all that has happened. */
async function nextInstant(): Promise<string> {
  const answer = await scene.floor
    .as('desk')
    .raw<{ rows: { at: Date }[] }>(
      `select date_trunc('milliseconds', clock_timestamp()) + interval '1 ms' as at, pg_sleep(0.003)`,
    );
  return answer.rows[0]!.at.toISOString();
}

const type = (options: string): Promise<TypedAnswer> =>
  typeCommand(
    scene.database,
    [((program, context) => register(program, context as ServerContext)) satisfies Register],
    `report shift ${options}`.trim().replace(/ +/g, ' '),
  );

async function reportOf(options: string): Promise<ShiftReport> {
  const { code, text, err } = await type(`--json ${options}`);
  if (code !== 0) throw new Error(err);
  return JSON.parse(text) as ShiftReport;
}

const done = (batch: string, figures: object): object => ({
  batch,
  ...{ made: 0, shipped: 0, scrapped: 0, missing: 0, held: 0 },
  ...figures,
});
const openOf = ({ open }: ShiftReport): string[] =>
  open.map(({ batch, step, state, units }) => `${batch} ${step} ${state} ${units}`);

describe('unitrail report shift', () => {
  it('tells what a time that is over did and left open, whatever happened since', async () => {
    const report = await reportOf(`--from 2020-01-01 --to ${firstEnd}`);
    expect(report.batches).toEqual([
      done('B2647-01', { made: 2, shipped: 2, scrapped: 1, held: 1 }),
      done('B2647-02', { made: 1 }),
    ]);
    expect(report.held).toEqual([{ code: 'TEST_FAILED', batch: 'B2647-01', units: 1 }]);
    expect(openOf(report)).toEqual([
      ...['B2647-01 assign OnHold 1', 'B2647-01 flash InProgress 1', 'B2647-01 test AwaitingEngineer 1'],
    ]);
  });

  it('counts only what happened in its time, and leaves what stood still before it where it stands', async () => {
    const report = await reportOf(`--from ${firstEnd} --to ${secondEnd}`);
    expect(report.batches).toEqual([done('B2647-01', { held: 1, missing: 1 })]);
    expect(report.held).toEqual([{ code: 'TEST_ERROR', batch: 'B2647-01', units: 1 }]);
    const open = [
      'B2647-01 assign InProgress 1',
      'B2647-01 flash Missing 1',
      'B2647-01 test AwaitingEngineer 1',
    ];
    expect(openOf(report)).toEqual(open);
    // Read from rows alone: nothing has moved since.
    const { to: now } = await reportOf('');
    const late = await reportOf(
      `--from ${new Date(Date.parse(String(now)) + 60_000).toISOString()} --to 2100-01-01`,
    );
    expect(late).toMatchObject({ batches: [], held: [] });
    expect(openOf(late)).toEqual(open);
  });

  it('takes the last eight hours unless told otherwise, and counts a unit that was made twice once', async () => {
    const report = await reportOf('');
    expect(Date.parse(String(report.to)) - Date.parse(String(report.from))).toBe(8 * 3_600_000);
    expect(report.batches).toEqual([
      done('B2647-01', { made: 2, shipped: 2, scrapped: 1, missing: 1, held: 1 }),
      done('B2647-02', { made: 1 }),
    ]);
    expect(report.held.map(({ code }) => code)).toEqual(['TEST_ERROR', 'TEST_FAILED']);
    expect((await reportOf(`--from ${secondEnd}`)).batches).toEqual([done('B2647-02', { made: 1 })]);
  });

  it('is read by a person as three tables', async () => {
    const { code, text } = await type(`--from 2020-01-01 --to ${firstEnd}`);
    expect(code).toBe(0);
    const lines = text.split('\n').map((line) => line.trim().split(/\s+/).join(' '));
    expect(lines).toEqual(
      expect.arrayContaining([
        `From 2020-01-01T00:00:00.000Z to ${firstEnd}`,
        ...['Done', 'Batch Made Shipped Held Scrapped Missing', 'B2647-01 2 2 1 1 0'],
        ...['Held, by cause', 'TEST_FAILED B2647-01 1', 'Handed over', 'B2647-01 assign OnHold 1'],
      ]),
    );
    expect((await type('--from 2000-01-01 --to 2000-01-02')).text).toContain('Handed over: nothing');
  });

  it.each([
    ['--from noon', '--from: "noon" is not allowed; a day'],
    [
      '--from 2026-02-01 --to 2026-01-01',
      '--from: "2026-02-01T00:00:00.000Z" is not allowed; an instant before 2026',
    ],
  ])('refuses %s', async (options, words) => {
    const { code, err } = await type(options);
    expect([code, err]).toEqual([2, expect.stringContaining(words)]);
  });
});
