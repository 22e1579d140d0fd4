import { median } from '../support/figures';
import { machineText } from '../support/machine';
import { table } from '../support/table';
import type { ClaimRound } from './claim-rounds';
import type { GrantFigures } from './grants';
import type { LookupFigures } from './lookups';
import { CLAIM_CHUNK, CLIENTS } from './site';

/** design.md, "Figures that the design has to reach". */
const CLAIM_GOAL = 0.7;
const GRANT_GOAL_MS = 100;
/** A block of a million is as one of a thousand: within what one commit differs from the next. */
const GRANT_GROWTH = 1.5;
const LOOKUP_GOAL = 2;

export interface Verdict {
  readonly text: string;
  readonly ok: boolean;
}

export function settingsText(postgresVersion: string): string {
  return [
    `Machine   ${machineText()}`,
    `Settings  Postgres ${postgresVersion} of its own, its defaults; ${CLIENTS} clients in one process, claims of ${CLAIM_CHUNK}`,
  ].join('\n');
}

export function claimVerdict(rounds: readonly ClaimRound[], problems: readonly string[]): Verdict {
  const rate = (round: ClaimRound, seconds: number) => round.units / seconds;
  const ratio = ({ realSeconds, floorSeconds }: ClaimRound) => floorSeconds / realSeconds;
  const rows = rounds.map((round, at) => [
    `round ${at + 1}, claims/s`,
    rate(round, round.realSeconds).toFixed(0),
    rate(round, round.floorSeconds).toFixed(0),
    ratio(round).toFixed(2),
  ]);
  const reached = median(rounds.map(ratio));
  const middle = [
    'median, claims/s',
    median(rounds.map((round) => rate(round, round.realSeconds))).toFixed(0),
    median(rounds.map((round) => rate(round, round.floorSeconds))).toFixed(0),
    reached.toFixed(2),
  ];
  const numbers = problems.length === 0 ? 'no duplicate, no gap unexplained' : problems.join('\n');
  return verdict(
    table(['Claims', 'real', 'floor', 'ratio'], [...rows, middle]) + `\nNumbers: ${numbers}`,
    `ratio at least ${CLAIM_GOAL}`,
    reached >= CLAIM_GOAL && problems.length === 0,
  );
}

export function grantVerdict(figures: readonly GrantFigures[]): Verdict {
  const [small, large] = [figures[0]!, figures.at(-1)!];
  return verdict(
    table(
      ['Granting a block of', 'median ms', 'rows of blocks + movements'],
      figures.map(({ quantity, medianMs, rows }) => [String(quantity), medianMs.toFixed(2), rows]),
    ),
    `one row, under ${GRANT_GOAL_MS} ms, no growth with size (under ${GRANT_GROWTH} times)`,
    large.rows === '1 + 1' &&
      large.medianMs < GRANT_GOAL_MS &&
      large.medianMs < GRANT_GROWTH * small.medianMs,
  );
}

export function lookupVerdict({ identifiers, real, bare }: LookupFigures): Verdict {
  const row = (name: string, of: (p: LookupFigures['real']) => number) => [
    `${name} ms`,
    of(real).toFixed(3),
    of(bare).toFixed(3),
    (of(real) / of(bare)).toFixed(2),
  ];
  return verdict(
    table(
      [`One serial of ${identifiers}`, 'unit show', 'primary key', 'ratio'],
      [row('p50', ({ p50 }) => p50), row('p99', ({ p99 }) => p99)],
    ),
    `p99 at most ${LOOKUP_GOAL} times`,
    real.p99 <= LOOKUP_GOAL * bare.p99,
  );
}

function verdict(text: string, goal: string, ok: boolean): Verdict {
  return { text: `${text}\nGoal: ${goal}: ${ok ? 'reached' : 'not reached'}`, ok };
}
