import { retentionText, type RetentionReport } from '../../domain/retention';

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
