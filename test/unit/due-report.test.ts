import {
  dueReport,
  inTurns,
  retentionText,
  type CapsuleReport,
  type DueGroup,
  type RetentionReport,
} from '../../domain/retention';

const report: RetentionReport = {
  ...{ run: 'R-1', asOf: '2026-11-27T08:00:00.000Z', dryRun: false, clockTrusted: true, clockDoubt: null },
  ...{ due: [], blocked: [], capsules: [], erased: [], names: [] },
};

test('groups beside those that a report tells are counted', () => {
  expect(retentionText({ ...report, dueLater: 14_500 })).toContain(
    '- 14500 more groups of buyer, product and month are due.',
  );
  expect(retentionText(report)).not.toContain('more groups');
});

const group = (changes: Partial<DueGroup>): DueGroup => ({
  ...{ buyer: 'acme', product: 'EUDV', month: '2026-11', units: 2, held: 0, undelivered: 0, ready: 2 },
  ...changes,
});
const many = (count: number): DueGroup[] => Array.from({ length: count }, () => group({}));

test('of more groups than a report holds it tells those first of which something is kept back, and who is blocked by any', () => {
  const held = group({ buyer: 'cobalt', held: 1 });
  const undelivered = group({ buyer: 'delta', undelivered: 2 });
  const told = dueReport([...many(600), held, undelivered]);
  expect(told).toMatchObject({ dueLater: 102, blocked: [{ buyer: 'delta', undelivered: 2 }] });
  expect(told.due.slice(0, 3)).toEqual([held, undelivered, group({})]);
  expect(told.due).toHaveLength(500);
  const late = Array.from({ length: 501 }, (_, at) => group({ buyer: `b${at}`, undelivered: 1 }));
  expect(dueReport(late).blocked).toHaveLength(501);
});

test('as many groups as a report holds are told as they are, and none is counted', () => {
  const groups = [...many(499), group({ held: 1 })];
  expect(dueReport(groups)).toEqual({ due: groups, blocked: [] });
});

test('buyers take turns for the capsules of a run, each with its oldest first, and so do units without a buyer', () => {
  const capsule = (name: string, buyer: string | null): CapsuleReport => ({
    ...{ capsule: name, buyer, units: 1, step: 'planned', problem: null },
  });
  const acme = ['acme-1', 'acme-2', 'acme-3'].map((name) => capsule(name, 'acme'));
  const all = [...acme, capsule('own-1', null), capsule('delta-1', 'delta'), capsule('own-2', null)];
  expect(inTurns(all).map((one) => one.capsule)).toEqual([
    ...['acme-1', 'own-1', 'delta-1', 'acme-2', 'own-2', 'acme-3'],
  ]);
});
