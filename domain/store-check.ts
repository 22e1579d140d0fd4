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
    /** It was erased, and somebody has brought it back: it is gone again. */
    | 'removed'
    /** The same, and its place does not let it go yet. */
    | 'locked';
  /** Of what is locked: by whom, and until when. */
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
  /** Of those a hundred at most, what is lost before all else. */
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

/** The report with one content more. One that a worker of an earlier version has begun counts less. */
export function counted(report: StoreReport, finding: StoreFinding | null): StoreReport {
  const { checked, mended, lost, removed = 0, locked = 0, findings } = report;
  const more = (outcome: StoreFinding['outcome']): number => (finding?.outcome === outcome ? 1 : 0);
  return {
    checked: checked + 1,
    mended: mended + more('mended'),
    lost: lost + more('lost'),
    removed: removed + more('removed'),
    locked: locked + more('locked'),
    findings: finding ? withFinding(findings, finding) : findings,
  };
}

/** Where there is no room, all else makes it for what is lost: that is what somebody has to bring back. */
function withFinding(findings: readonly StoreFinding[], finding: StoreFinding): readonly StoreFinding[] {
  if (findings.length < FINDINGS_AT_MOST) return [...findings, finding];
  const spare = findings.findLastIndex(({ outcome }) => outcome !== 'lost');
  return finding.outcome === 'lost' && spare >= 0 ? [...findings.toSpliced(spare, 1), finding] : findings;
}

export function findingText({ sha256, first, copy, outcome, why }: StoreFinding): string {
  const places = copy === null ? first : `${first} in the first place, ${copy} in the copy`;
  return `${sha256}: ${places}; ${outcomeTexts[outcome]}${why === undefined ? '' : `: ${why}`}`;
}

const outcomeTexts: Readonly<Record<StoreFinding['outcome'], string>> = {
  mended: 'mended',
  lost: 'lost',
  removed: 'was erased before, and is removed again',
  locked: 'was erased before, and can not be removed yet',
};

/** `2 mended, 0 lost`, and of erased contents only where there are any. */
export function countsText({ mended, lost, removed, locked }: StoreReport): string {
  const erased = [
    removed > 0 && `${removed} erased before and removed again`,
    locked > 0 && `${locked} erased before and locked`,
  ];
  return [`${mended} mended`, `${lost} lost`, ...erased].filter((text) => text !== false).join(', ');
}
