import {
  CAPSULES_A_RUN,
  retentionText,
  takenByRun,
  type CapsuleReport,
  type CapsuleStep,
  type RetentionReport,
} from '../../domain/retention';

const report = (changes: Partial<RetentionReport>): RetentionReport => ({
  ...{ run: 'R-1', asOf: '2026-11-27T08:00:00.000Z', dryRun: false, clockTrusted: true, clockDoubt: null },
  ...{ due: [], blocked: [], capsules: [], erased: [], names: [] },
  ...changes,
});

test('what a run leaves to be erased by the next ones is counted', () => {
  expect(retentionText(report({ erasedLater: 11_500 }))).toContain(
    "- 11500 more capsules are past their archive's end: the next runs go on with them.",
  );
  expect(retentionText(report({}))).not.toContain('more capsules');
});

const held = { code: 'NOT_ALLOWED', message: 'A unit of it is on legal hold LH-1.' };
const capsule = (
  name: string,
  step: CapsuleStep,
  problem: CapsuleReport['problem'] = null,
): CapsuleReport => ({
  ...{ capsule: name, buyer: 'acme', units: 1, step, problem },
});

test('a dry run names what a run would take in its order: what is left and free, what it plans, and held ones while there is room', () => {
  const [free, waiting] = [capsule('free', 'made'), capsule('held', 'planned', held)];
  const due = (count: number) => Array.from({ length: count }, (_, at) => capsule(`due-${at}`, 'due'));
  const names = (count: number) => takenByRun([free, waiting], due(count)).map((one) => one.capsule);
  expect(names(2)).toEqual(['free', 'due-0', 'due-1', 'held']);
  const full = names(CAPSULES_A_RUN);
  expect([full.length, full[0], full.at(-1)]).toEqual([CAPSULES_A_RUN, 'free', `due-${CAPSULES_A_RUN - 2}`]);
});

test.each<[what: string, clockTrusted: boolean, one: CapsuleReport, words: string]>([
  ['is due', true, capsule('c', 'due'), 'would be planned and moved'],
  ['is planned', true, capsule('c', 'planned'), 'planned, would be moved'],
  ['is made', true, capsule('c', 'made'), 'made, would be moved'],
  [
    'is planned, by a clock that is not trusted,',
    false,
    capsule('c', 'planned'),
    'planned, would be made and stay in the database',
  ],
  [
    'is made, by a clock that is not trusted,',
    false,
    capsule('c', 'made'),
    'made, would stay in the database',
  ],
  ['is held', true, capsule('c', 'planned', held), `planned; **NOT_ALLOWED**: ${held.message}`],
  [
    'is held, by a clock that is not trusted,',
    false,
    capsule('c', 'made', held),
    `made; **NOT_ALLOWED**: ${held.message}`,
  ],
])('of a capsule that %s a dry run says what a run would do with it', (_what, clockTrusted, one, words) => {
  const text = retentionText(report({ dryRun: true, run: null, clockTrusted, capsules: [one] }));
  expect(text.split('\n').at(-1)).toBe(`- c: 1 units, ${words}`);
});

test.each([true, false])(
  'of a capsule that is not erased it is told that it stays (dry run: %s)',
  (dryRun) => {
    const one = { capsule: 'acme-EUDV-2026-11-1', keptUntil: '2036-12-08T00:00:00.000Z' };
    const told = (problem: typeof held | null) =>
      retentionText(report({ dryRun, erased: [{ ...one, problem }] }));
    expect(told(held)).toContain(
      '- acme-EUDV-2026-11-1: stays, although it was to be kept until 2036-12-08T00:00:00.000Z; **NOT_ALLOWED**: A unit of it is on legal hold LH-1.',
    );
    expect(told(null)).toContain(
      `- acme-EUDV-2026-11-1: ${dryRun ? 'would be ' : ''}erased, kept until 2036`,
    );
  },
);

test('a dry run counts what earlier runs have left in the content store, and says whether a run would remove it', () => {
  const told = (changes: Partial<RetentionReport>) => retentionText(report({ dryRun: true, ...changes }));
  expect(told({ erasedInStore: 7 })).toContain(
    '- 7 contents that earlier runs decided to erase are in the content store yet, and would be removed, but for what is held, needed or locked by now.',
  );
  expect(told({ erasedInStore: 7, clockTrusted: false })).toMatch(
    /^- 7 contents .* and would stay there\.$/m,
  );
  expect(told({})).not.toContain('content store');
});
