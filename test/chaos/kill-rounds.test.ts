import { randomInt } from 'node:crypto';
import { KillFloor, type Victim } from '../support/kill-floor';
import { beginRound, planKill, planText } from '../support/kill-round';
import { seeded } from '../support/seeded';

/** `npm run bench:kill-rounds` does it with 40, and one round after the other. */
const units = 12;
const seed = Number(process.env.UNITRAIL_TEST_SEED ?? randomInt(1_000_000));
const say = (line: string): void => void process.stderr.write(`${line}\n`);

let floor: KillFloor;

beforeAll(async () => {
  floor = await KillFloor.open(say);
}, 600_000);

afterAll(() => floor?.close());

/** The batches overlap: while one waits for the heartbeat of a worker that is gone, the next one is begun. */
test('kill -9 of workflow worker, station worker, Temporal and Postgres in turn: every unit ends once, every promise holds', async () => {
  const random = seeded(seed);
  const victims: Victim[] = [random.oneOf(['line-1', 'label-1']), 'workflows', 'temporal', 'postgres'];
  const rounds = [];
  for (const victim of victims) {
    const plan = planKill(random, victim, units);
    say(`seed ${seed}: ${planText(plan)}`);
    rounds.push(await beginRound(floor, `KILL-${victim}`, units, plan));
  }
  const ended = await Promise.all(rounds.map((round) => round.end()));
  expect(ended.flatMap(({ broken }) => broken)).toEqual([]);
}, 1_000_000);
