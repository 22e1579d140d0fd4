/** What retention says of itself: to the web UI, to the command line, and for ever in the database. */
import { capsuleName } from './capsule';

export const legalHoldKinds = ['unit', 'batch', 'lot', 'firmware', 'buyer'] as const;
export type LegalHoldKind = (typeof legalHoldKinds)[number];

/** Units of one buyer, product and month that the policy lets go by then. */
export interface DueGroup {
  /** Null for units that ended without being shipped. */
  readonly buyer: string | null;
  readonly product: string;
  /** `2026-11` */
  readonly month: string;
  readonly units: number;
  /** Of them, on a legal hold. */
  readonly held: number;
  /** Of them, not in their buyer's hands as a whole. */
  readonly undelivered: number;
  /** Of them, neither: what is planned next, unless the buyer is blocked. */
  readonly ready: number;
}

/** A failure as it is shown: its code, and what to do. */
export interface Trouble {
  readonly code: string;
  readonly message: string;
}

/** `due`: in a dry run only, of a capsule that a run would plan. */
export const capsuleSteps = ['due', 'planned', 'made', 'delivered', 'verified', 'moved'] as const;
export type CapsuleStep = (typeof capsuleSteps)[number];

export interface CapsuleReport {
  readonly capsule: string;
  readonly buyer: string | null;
  readonly units: number;
  /** How far it is. */
  readonly step: CapsuleStep;
  /** Why it goes no further in this run. The next one goes on from here. */
  readonly problem: Trouble | null;
}

export interface ErasedCapsule {
  readonly capsule: string;
  readonly keptUntil: string;
  /** Null where it was erased, or would be. */
  readonly problem: Trouble | null;
}

export interface RetentionReport {
  /** Null of a dry run. */
  readonly run: string | null;
  readonly asOf: string;
  readonly dryRun: boolean;
  /** False: the clock is in doubt, and nothing was moved or erased. */
  readonly clockTrusted: boolean;
  /** Why it is in doubt, also where somebody has confirmed it. Reports that were written before it was told have none. */
  readonly clockDoubt?: string | null;
  readonly due: readonly DueGroup[];
  /** How many groups are due beside these; absent where there are none. */
  readonly dueLater?: number;
  /** Buyers of whom nothing moves, because they have not got all of what is due. */
  readonly blocked: readonly { readonly buyer: string; readonly undelivered: number }[];
  readonly capsules: readonly CapsuleReport[];
  readonly erased: readonly ErasedCapsule[];
  /** How many more are past their archive's end, for the next runs; absent where there are none. */
  readonly erasedLater?: number;
  /** In a dry run only: how many contents earlier runs decided to erase that are in the content store yet; absent where there are none. */
  readonly erasedInStore?: number;
  /** Why something that is erased stays in the content store; absent where nothing does. The next run tries again. */
  readonly leftInStore?: Trouble;
  /** Numbers of operators whose names were erased, or would be. */
  readonly names: readonly string[];
}

/** Whose records of what is due are not all delivered; units without a buyer keep back nobody but themselves. */
export function blockedBuyers(due: readonly DueGroup[]): RetentionReport['blocked'] {
  const counts = new Map<string, number>();
  for (const { buyer, undelivered } of due)
    if (buyer !== null && undelivered > 0) counts.set(buyer, (counts.get(buyer) ?? 0) + undelivered);
  return [...counts].map(([buyer, undelivered]) => ({ buyer, undelivered }));
}

/** Fifty buyers of ten products have 6,000 groups a year, and a workflow takes no result of more than 2 MB. */
export const DUE_TOLD = 500;

export type DueReport = Pick<RetentionReport, 'due' | 'dueLater' | 'blocked'>;

/**
 * What a report tells of all that is due: who is blocked by any of it, and where there are more groups than it holds, first
 * those of which something is kept back, as nothing else tells of units on hold. A plant file has 1,000 buyers at most.
 */
export function dueReport(groups: readonly DueGroup[]): DueReport {
  const blocked = blockedBuyers(groups);
  const dueLater = groups.length - DUE_TOLD;
  if (dueLater <= 0) return { due: groups, blocked };
  const isKept = ({ held, undelivered }: DueGroup): boolean => held > 0 || undelivered > 0;
  const inTurn = [...groups.filter(isKept), ...groups.filter((group) => !isKept(group))];
  return { due: inTurn.slice(0, DUE_TOLD), dueLater, blocked };
}

/** Why a capsule goes no step further; null where nobody holds it. */
export function heldBy(hold: string | null): Trouble | null {
  return hold === null ? null : { code: 'NOT_ALLOWED', message: `A unit of it is on legal hold ${hold}.` };
}

/** What is left goes on with the next run: a history has an end. */
export const CAPSULES_A_RUN = 500;
/** All archives of a product and buyer are over at the same instant: thousands may be due to be erased. */
export const ERASED_A_RUN = 500;
/** Units of one capsule at most, as `plan_capsules` has it. */
export const CAPSULE_UNITS = 100_000;

/** What a run would take, were it begun now: what somebody holds comes last, behind what is planned by then. */
export function takenByRun(
  unmoved: readonly CapsuleReport[],
  plannable: readonly CapsuleReport[],
): CapsuleReport[] {
  const isFree = ({ problem }: CapsuleReport): boolean => problem === null;
  const held = unmoved.filter((one) => !isFree(one));
  return [...inTurns([...unmoved.filter(isFree), ...plannable]), ...held].slice(0, CAPSULES_A_RUN);
}

/**
 * The capsules that a run would plan, were it begun now: of buyers that are not blocked, what nobody holds and every buyer
 * has. `newest` answers the number of the newest capsule of buyer, product and month, 0 where there is none.
 */
export function plannableCapsules(
  due: readonly DueGroup[],
  newest: (group: DueGroup) => number,
): CapsuleReport[] {
  const blocked = new Set(blockedBuyers(due).map(({ buyer }) => buyer));
  return due
    .filter(({ buyer, ready }) => ready > 0 && (buyer === null || !blocked.has(buyer)))
    .flatMap((group) =>
      slicesOf(group.ready).map((units, at) => plannable(group, units, newest(group) + at + 1)),
    );
}

/** Buyers take turns, each in the order in which its capsules stand here: as a run takes what is not moved yet. */
export function inTurns(capsules: readonly CapsuleReport[]): CapsuleReport[] {
  const taken = new Map<string | null, number>();
  const inOrder = capsules.map((one) => {
    const turn = (taken.get(one.buyer) ?? 0) + 1;
    taken.set(one.buyer, turn);
    return { one, turn };
  });
  return inOrder.sort((a, b) => a.turn - b.turn).map(({ one }) => one);
}

function slicesOf(units: number): number[] {
  const slices = Array.from({ length: Math.floor(units / CAPSULE_UNITS) }, () => CAPSULE_UNITS);
  return units % CAPSULE_UNITS === 0 ? slices : [...slices, units % CAPSULE_UNITS];
}

function plannable({ buyer, product, month }: DueGroup, units: number, number: number): CapsuleReport {
  const capsule = capsuleName({ buyer, product, month, number });
  return { capsule, buyer, units, step: 'due', problem: null };
}

/** The page of a run, in Markdown, and what the command prints. */
export function retentionText(report: RetentionReport, doing: string | null = null): string {
  const { run, asOf, dryRun, due, blocked, capsules, erased, names } = report;
  const would = dryRun ? 'would be ' : '';
  const lines = [`**Retention ${dryRun ? '(dry run)' : (run ?? '')}**, as of ${asOf}`, ''];
  lines.push(...clockLines(report));
  if (doing !== null) lines.push(`Now: ${doing}`, '');
  if (due.length === 0 && capsules.length === 0) lines.push('Nothing is due to be moved.');
  for (const one of due) lines.push(`- ${dueText(one)}`);
  if (report.dueLater) lines.push(`- ${report.dueLater} more groups of buyer, product and month are due.`);
  for (const { buyer, undelivered } of blocked)
    lines.push(
      `- **${buyer}: nothing moves**, ${undelivered} units are not in the buyer's hands. \`unitrail export list ${buyer}\` shows why.`,
    );
  for (const one of capsules)
    lines.push(`- ${one.capsule}: ${one.units} units, ${stepText(one, report)}${troubleText(one.problem)}`);
  for (const one of erased) lines.push(`- ${one.capsule}: ${erasedText(one, would)}`);
  lines.push(...restLines(report));
  if (names.length > 0) lines.push(`- Names of operators ${names.join(', ')} ${would}erased`);
  return lines.join('\n');
}

/** What has come to a stop goes no step further; and without a clock to go by, all but the move is done. */
function stepText({ step, problem }: CapsuleReport, { dryRun, clockTrusted }: RetentionReport): string {
  if (!dryRun || problem !== null) return step;
  if (clockTrusted) return step === 'due' ? 'would be planned and moved' : `${step}, would be moved`;
  return step === 'planned'
    ? 'planned, would be made and stay in the database'
    : `${step}, would stay in the database`;
}

function erasedText({ keptUntil, problem }: ErasedCapsule, would: string): string {
  return problem === null
    ? `${would}erased, kept until ${keptUntil}`
    : `stays, although it was to be kept until ${keptUntil}${troubleText(problem)}`;
}

/** What was not erased, and is left to the next runs. */
function restLines({
  clockTrusted,
  erasedLater = 0,
  erasedInStore = 0,
  leftInStore,
}: RetentionReport): string[] {
  const lines: string[] = [];
  if (erasedLater > 0)
    lines.push(`- ${erasedLater} more capsules are past their archive's end: the next runs go on with them.`);
  if (erasedInStore > 0)
    lines.push(
      `- ${erasedInStore} contents that earlier runs decided to erase are in the content store yet, and ${clockTrusted ? 'would be removed, but for what is held, needed or locked by now' : 'would stay there'}.`,
    );
  if (leftInStore) lines.push(`- Not all that is erased left the content store${troubleText(leftInStore)}`);
  return lines;
}

function clockLines({ clockTrusted, clockDoubt = null }: RetentionReport): string[] {
  if (clockTrusted && clockDoubt === null) return [];
  const doubt = clockDoubt ?? 'the clock of the database has jumped since the last run';
  if (clockTrusted) return [`Somebody has confirmed the clock, although ${doubt}.`, ''];
  return [
    `**The clock is not trusted: ${doubt}. Nothing is moved or erased.** Mend it, or if the database's is right: \`unitrail retention run --confirm-clock --by NUMBER\`.`,
    '',
  ];
}

function dueText({ buyer, product, month, units, held, undelivered }: DueGroup): string {
  const kept = [
    ...(held > 0 ? [`${held} on legal hold`] : []),
    ...(undelivered > 0 ? [`${undelivered} not delivered`] : []),
  ];
  return `${buyer ?? 'without a buyer'}, ${product}, ${month}: ${units} units due${kept.length > 0 ? `, of them ${kept.join(', ')}` : ''}`;
}

function troubleText(problem: Trouble | null): string {
  return problem === null ? '' : `; **${problem.code}**: ${problem.message}`;
}
