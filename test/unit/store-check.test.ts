import { createCheckStoreActivities } from '../../activities/check-store';
import {
  counted,
  countsText,
  findingText,
  nothingChecked,
  outcomeOfLoss,
  toldOf,
  troublesOf,
  type StoreFinding,
  type StoreReport,
} from '../../domain/store-check';

const finding = (name: string, outcome: StoreFinding['outcome']): StoreFinding => ({
  ...{ sha256: name, first: 'damaged', copy: outcome === 'lost' ? 'damaged' : 'whole', outcome },
});
const reportOf = (findings: readonly StoreFinding[]): StoreReport => findings.reduce(counted, nothingChecked);
const many = (count: number, outcome: StoreFinding['outcome']): StoreFinding[] =>
  Array.from({ length: count }, (_none, at) => finding(`${outcome}-${at}`, outcome));

test('a report names what is lost, however much was mended before it', () => {
  const { findings, ...counts } = reportOf([...many(150, 'mended'), ...many(3, 'lost')]);
  expect(counts).toEqual({ checked: 153, mended: 150, lost: 3, removed: 0, locked: 0 });
  expect(findings).toEqual([...many(97, 'mended'), ...many(3, 'lost')]);
});

test('and then what can not be mended, which is to be brought back from nowhere', () => {
  const findings = [
    ...many(100, 'mended'),
    ...many(2, 'unmended'),
    ...many(99, 'lost'),
    ...many(1, 'unmended'),
  ];
  const report = reportOf(findings);
  expect(report).toMatchObject({ mended: 100, lost: 99, unmended: 3 });
  expect(report.findings).toEqual([...many(1, 'unmended'), ...many(99, 'lost')]);
  expect(countsText(report)).toBe('100 mended, 99 lost, 3 not to be mended');
});

test('the search fails by the name of what is lost, and of what can not be mended', async () => {
  const { endStoreCheck } = createCheckStoreActivities({} as never);
  const [mended, stuck] = [many(1, 'mended'), many(1, 'unmended')];
  const failing = (report: StoreReport) => expect(endStoreCheck({ report })).rejects;
  await endStoreCheck({ report: reportOf(mended) });
  await failing(reportOf([...mended, ...stuck])).toMatchObject({
    code: 'CONTENT_UNMENDED',
    message: expect.stringMatching(/^1 contents .*can't be made so: unmended-0: damaged in the first place/),
  });
  await failing(reportOf([...stuck, ...many(2, 'lost')])).toMatchObject({
    code: 'CONTENT_LOST',
    message: expect.stringMatching(/^2 contents .*lost-0: .*lost-1: .* 1 others can't be mended/),
  });
});

test('and grows no longer than a hundred', () => {
  expect(reportOf([...many(150, 'lost'), ...many(3, 'mended')]).findings).toEqual(many(100, 'lost'));
});

test('what was erased and is there again is counted, and said only where there is any', () => {
  const locked: StoreFinding = { ...finding('a', 'locked'), why: 'it is locked until 2040' };
  const report = reportOf([finding('b', 'removed'), finding('c', 'removed'), locked]);
  expect(report).toMatchObject({ checked: 3, mended: 0, lost: 0, removed: 2, locked: 1 });
  expect(countsText(report)).toBe(
    '0 mended, 0 lost, 2 erased before and removed again, 1 erased before and locked',
  );
  expect(countsText(nothingChecked)).toBe('0 mended, 0 lost');
  expect(findingText(locked)).toMatch(/erased before, and can not be removed yet: it is locked until 2040$/);
});

test('what can not be read, and is whole nowhere else, fails the search, and is not told as lost', async () => {
  const report = reportOf([
    { ...finding('a', 'unreadable'), first: 'unreadable', copy: null },
    finding('b', 'mended'),
  ]);
  expect(report).toMatchObject({ lost: 0, mended: 1, unreadable: 1 });
  expect([troublesOf(report), toldOf(report)]).toEqual([1, 2]);
  expect(countsText(report)).toBe('1 mended, 0 lost, 1 not to be read');
  expect(
    ['unreadable', 'missing', 'damaged', null].map((copy) => outcomeOfLoss('unreadable', copy as never)),
  ).toEqual(Array.from({ length: 4 }, () => 'unreadable'));
  expect([outcomeOfLoss('damaged', null), outcomeOfLoss('missing', 'damaged')]).toEqual(['lost', 'lost']);
  const { endStoreCheck } = createCheckStoreActivities({} as never);
  await expect(endStoreCheck({ report })).rejects.toMatchObject({
    code: 'CONTENT_UNMENDED',
    message: expect.stringContaining('a: unreadable; may come back'),
  });
});

test('a report that a worker of the version before has begun goes on', () => {
  const before = { checked: 2, mended: 2, lost: 0, findings: many(2, 'mended') };
  const report = counted(before as unknown as StoreReport, finding('a', 'removed'));
  expect(report).toMatchObject({ checked: 3, mended: 2, removed: 1, locked: 0 });
});
