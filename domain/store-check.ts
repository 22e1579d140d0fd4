/** The search for bit rot: what was found of one content in both places, and what becomes of it. */
export type ContentState =
  | 'whole'
  | 'damaged'
  /** It can't be read, in a place that answers for others: as good as damaged. */
  | 'unreadable'
  | 'missing';

export interface StoreFinding {
  readonly sha256: string;
  readonly first: ContentState;
  /** Null where there is no second copy. */
  readonly copy: ContentState | null;
  readonly outcome:
    | 'mended'
    | 'lost'
    /** Whole in one place, and the other does not take it: a bad sector that can't be written either. */
    | 'unmended'
    /** Whole nowhere, and a place that has it can't read it: it may come back with its disk, its server or its rights. */
    | 'unreadable'
    /** It was erased, and somebody has brought it back: it is gone again. */
    | 'removed'
    /** The same, and its place does not let it go yet. */
    | 'locked';
  /** Of what is locked: by whom, and until when. Of what is not mended: what its place says. */
  readonly why?: string;
}

export interface StoreReport {
  /** Contents that were read, each in every place. */
  readonly checked: number;
  readonly mended: number;
  /** Whole nowhere: only a backup brings them back. */
  readonly lost: number;
  /** Erased contents that were brought back, and removed again. */
  readonly removed: number;
  /** Erased contents that their place does not let go yet: the next search removes them. */
  readonly locked: number;
  /** Whole in one place, and not taken by the other; left out where there is none, as in reports of before. */
  readonly unmended?: number;
  /** Not read where they are, and whole nowhere else; left out where there is none. */
  readonly unreadable?: number;
  /** Of those a hundred at most, what is lost before all else, and then what a person has to mend. */
  readonly findings: readonly StoreFinding[];
}

/** One bounded step of it. */
export interface StoreCheckPart {
  readonly report: StoreReport;
  /** Where the next step goes on; null at the end. */
  readonly after: string | null;
}

export const nothingChecked: StoreReport = {
  ...{ checked: 0, mended: 0, lost: 0, removed: 0, locked: 0 },
  findings: [],
};
const FINDINGS_AT_MOST = 100;

export type Remedy = 'none' | 'fromFirst' | 'fromCopy' | 'lost';

/** Where the bytes come from that mend the other place. */
export function remedyOf(first: ContentState, copy: ContentState | null): Remedy {
  if (first === 'whole') return copy === null || copy === 'whole' ? 'none' : 'fromFirst';
  return copy === 'whole' ? 'fromCopy' : 'lost';
}

/** Of what is whole nowhere. What can't be read may be whole all the same. */
export function outcomeOfLoss(first: ContentState, copy: ContentState | null): 'lost' | 'unreadable' {
  return first === 'unreadable' || copy === 'unreadable' ? 'unreadable' : 'lost';
}

/** The report with one content more. One that a worker of an earlier version has begun counts less. */
export function counted(report: StoreReport, finding: StoreFinding | null): StoreReport {
  const { checked, mended, lost, removed = 0, locked = 0, findings } = report;
  const more = (outcome: StoreFinding['outcome']): number => (finding?.outcome === outcome ? 1 : 0);
  const unmended = (report.unmended ?? 0) + more('unmended');
  const unreadable = (report.unreadable ?? 0) + more('unreadable');
  return {
    checked: checked + 1,
    mended: mended + more('mended'),
    lost: lost + more('lost'),
    removed: removed + more('removed'),
    locked: locked + more('locked'),
    ...(unmended > 0 && { unmended }),
    ...(unreadable > 0 && { unreadable }),
    findings: finding ? withFinding(findings, finding) : findings,
  };
}

/** Where there is no room, what needs nobody makes it for what somebody has to mend, and all for what has to be brought back. */
function withFinding(findings: readonly StoreFinding[], finding: StoreFinding): readonly StoreFinding[] {
  if (findings.length < FINDINGS_AT_MOST) return [...findings, finding];
  const weights = findings.map(({ outcome }) => weightOf[outcome]);
  const least = Math.min(...weights);
  return least < weightOf[finding.outcome]
    ? [...findings.toSpliced(weights.lastIndexOf(least), 1), finding]
    : findings;
}

const weightOf: Readonly<Record<StoreFinding['outcome'], number>> = {
  ...{ lost: 2, unmended: 1, unreadable: 1 },
  ...{ mended: 0, removed: 0, locked: 0 },
};

/** Contents that somebody has to look after: the search has failed for them. */
export function troublesOf({ lost, unmended = 0, unreadable = 0 }: StoreReport): number {
  return lost + unmended + unreadable;
}

/** All that is told of, also what has no room among the findings. */
export function toldOf(report: StoreReport): number {
  return report.mended + report.removed + report.locked + troublesOf(report);
}

export function findingText({ sha256, first, copy, outcome, why }: StoreFinding): string {
  const places = copy === null ? first : `${first} in the first place, ${copy} in the copy`;
  return `${sha256}: ${places}; ${outcomeTexts[outcome]}${why === undefined ? '' : `: ${why}`}`;
}

const outcomeTexts: Readonly<Record<StoreFinding['outcome'], string>> = {
  mended: 'mended',
  lost: 'lost',
  unmended: 'can not be mended there',
  unreadable: 'may come back, and is whole nowhere by now',
  removed: 'was erased before, and is removed again',
  locked: 'was erased before, and can not be removed yet',
};

/** `2 mended, 0 lost`, and of others only where there are any. */
export function countsText(report: StoreReport): string {
  const { mended, lost, unmended = 0, unreadable = 0, removed, locked } = report;
  const others = [
    unmended > 0 && `${unmended} not to be mended`,
    unreadable > 0 && `${unreadable} not to be read`,
    removed > 0 && `${removed} erased before and removed again`,
    locked > 0 && `${locked} erased before and locked`,
  ];
  return [`${mended} mended`, `${lost} lost`, ...others].filter((text) => text !== false).join(', ');
}
