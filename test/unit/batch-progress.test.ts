import { outcomeOf, type BatchStatus } from '../../cli/batch-progress';
import { firstPassText, lineText, progressText } from '../../cli/batch-text';

const ended = new Date('2026-11-22T12:00:00Z');
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
