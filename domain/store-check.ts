/** The search for bit rot: what was found of one content in both places, and what becomes of it. */
export type ContentState = 'whole' | 'damaged' | 'missing';

export interface StoreFinding {
  readonly sha256: string;
  readonly first: ContentState;
  /** Null where there is no second copy. */
  readonly copy: ContentState | null;
  readonly outcome: 'mended' | 'lost';
}

export interface StoreReport {
  /** Contents that were read, each in every place. */
  readonly checked: number;
  readonly mended: number;
  /** Whole nowhere: only a backup brings them back. */
  readonly lost: number;
  /** Of those two a hundred at most, what is lost before what was mended. */
  readonly findings: readonly StoreFinding[];
}

/** One bounded step of it. */
export interface StoreCheckPart {
  readonly report: StoreReport;
  /** Where the next step goes on; null at the end. */
  readonly after: string | null;
}

export const nothingChecked: StoreReport = { checked: 0, mended: 0, lost: 0, findings: [] };
const FINDINGS_AT_MOST = 100;

export type Remedy = 'none' | 'fromFirst' | 'fromCopy' | 'lost';

/** Where the bytes come from that mend the other place. */
export function remedyOf(first: ContentState, copy: ContentState | null): Remedy {
  if (first === 'whole') return copy === null || copy === 'whole' ? 'none' : 'fromFirst';
  return copy === 'whole' ? 'fromCopy' : 'lost';
}

/** The report with one content more. */
export function counted(report: StoreReport, finding: StoreFinding | null): StoreReport {
  const { checked, mended, lost, findings } = report;
  return {
    checked: checked + 1,
    mended: mended + (finding?.outcome === 'mended' ? 1 : 0),
    lost: lost + (finding?.outcome === 'lost' ? 1 : 0),
    findings: finding ? withFinding(findings, finding) : findings,
  };
}

/** Where there is no room, what was mended makes it for what is lost: that is what somebody has to bring back. */
function withFinding(findings: readonly StoreFinding[], finding: StoreFinding): readonly StoreFinding[] {
  if (findings.length < FINDINGS_AT_MOST) return [...findings, finding];
  const spare = findings.findLastIndex(({ outcome }) => outcome === 'mended');
  return finding.outcome === 'lost' && spare >= 0 ? [...findings.toSpliced(spare, 1), finding] : findings;
}

export function findingText({ sha256, first, copy, outcome }: StoreFinding): string {
  const places = copy === null ? first : `${first} in the first place, ${copy} in the copy`;
  return `${sha256}: ${places}; ${outcome}`;
}
