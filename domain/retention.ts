/** What retention says of itself: to the web UI, to the command line, and for ever in the database. */

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
}

/** A failure as it is shown: its code, and what to do. */
export interface Trouble {
  readonly code: string;
  readonly message: string;
}

export const capsuleSteps = ['planned', 'made', 'delivered', 'verified', 'moved'] as const;
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
  /** False: the database's clock has jumped, and nothing was moved or erased. */
  readonly clockTrusted: boolean;
  readonly due: readonly DueGroup[];
  /** Buyers of whom nothing moves, because they have not got all of what is due. */
  readonly blocked: readonly { readonly buyer: string; readonly undelivered: number }[];
  readonly capsules: readonly CapsuleReport[];
  readonly erased: readonly ErasedCapsule[];
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

/** The page of a run, in Markdown, and what the command prints. */
export function retentionText(report: RetentionReport, doing: string | null = null): string {
  const { run, asOf, dryRun, clockTrusted, due, blocked, capsules, erased, names } = report;
  const would = dryRun ? 'would be ' : '';
  const lines = [`**Retention ${dryRun ? '(dry run)' : (run ?? '')}**, as of ${asOf}`, ''];
  if (!clockTrusted)
    lines.push(
      '**The clock of the database has jumped more than 100 days since the last run: nothing is moved or erased.** If it is right: `unitrail retention run --confirm-clock --by NUMBER`.',
      '',
    );
  if (doing !== null) lines.push(`Now: ${doing}`, '');
  if (due.length === 0 && capsules.length === 0) lines.push('Nothing is due to be moved.');
  for (const one of due) lines.push(`- ${dueText(one)}`);
  for (const { buyer, undelivered } of blocked)
    lines.push(
      `- **${buyer}: nothing moves**, ${undelivered} units are not in the buyer's hands. \`unitrail export list ${buyer}\` shows why.`,
    );
  for (const { capsule, units, step, problem } of capsules)
    lines.push(`- ${capsule}: ${units} units, ${step}${troubleText(problem)}`);
  for (const { capsule, keptUntil, problem } of erased)
    lines.push(`- ${capsule}: ${would}erased, kept until ${keptUntil}${troubleText(problem)}`);
  if (names.length > 0) lines.push(`- Names of operators ${names.join(', ')} ${would}erased`);
  return lines.join('\n');
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
