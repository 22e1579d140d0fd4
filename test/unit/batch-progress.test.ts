import { batchDetails, durationText, paceText, type BatchReport } from '../../domain/batch-report';
import { outcomeOf, type BatchStatus } from '../../cli/batch-progress';
import { firstPassText, lineText, outcomeText, progressText } from '../../cli/batch-text';

const ended = new Date('2026-11-22T12:00:00Z');
const report: BatchReport = {
  ...{
    batch: 'B-1',
    quantity: 24,
    claimed: 24,
    inProgress: 24,
    ready: 0,
    shipped: 0,
    scrapped: 0,
    missing: 0,
  },
  ...{ void: 0, held: [], passed: 0, judged: 0, perHour: null },
  ...{ paused: false, cancelled: false, ended: false, window: null, priority: 0 },
};
const fresh: BatchStatus = {
  batch: 'B-1',
  order: 'PO-1',
  product: 'EUDV',
  quantity: 24,
  firmware: '1.4.2',
  buyer: 'acme',
  destination: 'DE',
  trial: false,
  openedAt: ended,
  completedAt: null,
  shipment: null,
  shippedAt: null,
  claimed: 24,
  inProgress: 24,
  held: 0,
  ready: 0,
  shipped: 0,
  counts: [{ state: 'InProgress', step: 'flash', units: 24 }],
  firstPass: { passed: 0, judged: 0, yield: null },
  heldUnits: [],
  report,
};

test.each([
  ['units that move', {}, 'under way'],
  ['an end whose shipment is being closed', { completedAt: ended, inProgress: 0, ready: 24 }, 'under way'],
  ['a closed shipment', { completedAt: ended, inProgress: 0, shippedAt: ended, shipped: 24 }, 'shipped'],
  [
    'a closed shipment and a unit that was held back',
    { completedAt: ended, inProgress: 1, shippedAt: ended, shipped: 23 },
    'under way',
  ],
  ['units that are all scrapped', { completedAt: ended, inProgress: 0 }, 'nothing left'],
  ['a held unit', { completedAt: ended, held: 1 }, 'waits for a person'],
  [
    'a unit on quality hold',
    { completedAt: ended, counts: [{ state: 'OnHold', step: 'ship', units: 1 }] },
    'waits for a person',
  ],
  ['a trial', { completedAt: ended, inProgress: 0, ready: 24, trial: true }, 'ready'],
  ['no destination yet', { completedAt: ended, inProgress: 0, ready: 24, destination: null }, 'ready'],
])('a batch with %s is %s', (_, changes, outcome) => {
  expect(outcomeOf({ ...fresh, ...(changes as Partial<BatchStatus>) })).toBe(outcome);
});

test.each<[what: string, changes: Partial<BatchStatus>, words: string]>([
  [
    'a held unit',
    { held: 1 },
    '1 held: its shipment waits for a decision: unitrail unit retry|rework|scrap SERIAL --by OPERATOR --note TEXT (rework: --step STEP as well).',
  ],
  [
    'a unit on quality hold',
    { counts: [{ state: 'OnHold', step: 'ship', units: 1 }] },
    'units on hold: its shipment waits for a decision: unitrail unit release SERIAL --by OPERATOR --note TEXT.',
  ],
])('of %s the batch names the command that goes on, with all that it needs', (_, changes, words) => {
  expect(outcomeText({ ...fresh, completedAt: ended, ...changes })).toBe(
    `Batch B-1 has ended but for ${words}`,
  );
});

test('the line of a batch names what is done, what moves and what went wrong', () => {
  const counts = [{ state: 'Scrapped', step: 'test', units: 2 }] as const;
  expect(lineText({ ...fresh, claimed: 20, inProgress: 8, held: 1, ready: 9, counts })).toBe(
    '9 of 24 ready, 8 in progress, 1 held, 2 scrapped, 4 not begun',
  );
  expect(lineText({ ...fresh, inProgress: 0, shipped: 24, counts: [] })).toBe('24 of 24 shipped');
  expect(progressText({ ...fresh, ready: 12 })).toBe(
    '████████████░░░░░░░░░░░░ 12 of 24 ready, 24 in progress (flash 24)',
  );
});

test('the yield is rounded down: only a batch without any failure has 100 %', () => {
  expect(firstPassText({ ...fresh, firstPass: { passed: 999, judged: 1000, yield: 0.999 } })).toBe(
    '999 of 1000 units (99 %) without a hold, retry or rework',
  );
  expect(firstPassText(fresh)).toBe('no unit judged yet');
});

test('the page of a batch tells bar, states, causes, yield, rate, estimate and what people set', () => {
  const page = batchDetails({
    ...report,
    ...{
      quantity: 100,
      claimed: 60,
      inProgress: 8,
      ready: 48,
      scrapped: 1,
      perHour: 20,
      passed: 45,
      judged: 50,
    },
    held: [
      { code: 'TEST_FAILED', units: 2 },
      { code: 'PRINT_UNKNOWN', units: 1 },
    ],
    ...{ window: 80, priority: 2 },
  });
  expect(page.split('\n')).toEqual([
    '### Batch B-1',
    '',
    '`████████████░░░░░░░░░░░░` **48 of 100 ready**',
    '',
    '- 8 in progress, 40 not begun, 1 scrapped',
    '- held: 2 TEST_FAILED, 1 PRINT_UNKNOWN',
    '- first pass: 45 of 50 (90 %)',
    '- rate: 20 units an hour, about 2 h 24 min left',
    '- set: window 80, priority 2',
  ]);
});

test('a batch that is paused or cancelled has only what is under way before it', () => {
  const half = { ...report, quantity: 100, claimed: 50, inProgress: 10, perHour: 60 };
  expect(paceText(half)).toBe('60 units an hour, about 1 h 0 min left');
  expect(paceText({ ...half, paused: true })).toBe('60 units an hour, about 10 min left');
  expect(paceText({ ...half, cancelled: true, inProgress: 0 })).toBe('60 units an hour');
  expect(paceText({ ...half, perHour: null })).toBe('');
  expect([0.2, 59.1, 1_441].map(durationText)).toEqual(['1 min', '1 h 0 min', '1 d 0 h']);
});
