import { fold } from '../../tools/audit/fold';
import { newUnit } from '../../tools/audit/folded-unit';
import { brokenRules } from '../../tools/audit/step-order';
import type { Facts, ReadEvent } from '../../tools/audit/stored-event';

const id = '00000000-0000-4000-8000-000000000001';
const image = 'f'.repeat(64);

type Told = [type: string, facts?: Facts];

/** Parts of the steps, with the intent that opens a try of each. */
const intents: Record<string, string> = {
  flashIntended: 'flash',
  testIntended: 'test',
  requestIntended: 'provision.request',
  certificateIntended: 'provision.certificate',
  installIntended: 'provision.install',
  labelIntended: 'label.print',
  verifyIntended: 'label.verify',
  qualityIntended: 'qc',
};

/** Folds the events in order and names those that break a rule. Intents get the key of the next try by themselves. */
function brokenIn(story: readonly Told[]): string[] {
  const unit = newUnit(id);
  const tries = new Map<string, number>();
  const broken: string[] = [];
  story.forEach(([type, facts = {}], at) => {
    const part = intents[type];
    const attempt =
      unit.row.attempts[{ flash: 1, test: 2, provision: 3, label: 4, qc: 5 }[part?.split('.')[0] ?? ''] ?? 0];
    const opened = `${part}/${attempt}`;
    if (part) tries.set(opened, (tries.get(opened) ?? 0) + 1);
    const key = part ? `${id}/${opened}/${tries.get(opened)}` : `${at}`;
    const event = eventOf(at + 1, type, key, facts);
    if (brokenRules(unit, event).length > 0) broken.push(type);
    fold(unit, event);
  });
  return broken;
}

function eventOf(seq: number, type: string, key: string, facts: Facts): ReadEvent {
  const at = new Date(Date.UTC(2026, 10, 23, 8, 0, seq)).toISOString();
  const bytes = Buffer.alloc(32);
  return {
    stream: `unit:${id}`,
    seq,
    type,
    key,
    header: '',
    body: '',
    prev: bytes,
    hash: bytes,
    at,
    facts,
    login: 'any',
  };
}

const first = { attempt: 1, try: 1 };
const claimed: Told[] = [
  ['claimed', { serial: 'EUDV2647-000001', firmwareSha256: image, index: 1 }],
  ['assigned', { macs: [] }],
];
const flashed: Told[] = [
  ['flashIntended'],
  ['boardBound', { ...first, chipUid: 'A1', chipFamily: 'virt32' }],
  ['flashed', { ...first, firmwareSha256: image }],
];
const tested: Told[] = [
  ['testIntended'],
  ['testPassed', { ...first, firmwareSha256: image, verdict: 'PASS' }],
];
const provisioned: Told[] = [
  ['requestIntended'],
  ['requestRead', first],
  ['certificateIntended'],
  ['certificateIssued', { ...first, certificateSha256: 'c' }],
  ['installIntended'],
  ['provisioned', { ...first, certificateSha256: 'c' }],
];
const labelled: Told[] = [
  ['labelIntended'],
  ['printIntended', { ...first, print: 1 }],
  ['printed', { ...first, print: 1 }],
  ['verifyIntended'],
  ['labelVerified', { ...first, print: 1 }],
];
const checked: Told[] = [['qualityIntended'], ['qualityPassed', first]];
const shipped: Told[] = [
  ['packed', { shipment: 'SH-1' }],
  ['shipped', { shipment: 'SH-1' }],
];
const whole = [...claimed, ...flashed, ...tested, ...provisioned, ...labelled, ...checked, ...shipped];

function without(...types: string[]): Told[] {
  return whole.filter(([type]) => !types.includes(type));
}

function instead(type: string, ...told: Told[]): Told[] {
  return whole.flatMap((event) => (event[0] === type ? told : [event]));
}

test('the plain way from claim to shipment breaks no rule', () => {
  expect(brokenIn(whole)).toEqual([]);
});

test('a label before a passed test is found', () => {
  expect(brokenIn(without('testIntended', 'testPassed'))).toEqual(
    expect.arrayContaining(['labelIntended', 'printIntended']),
  );
});

test('a label after a test of other firmware is found, although the test is newer', () => {
  const story = instead('testPassed', [
    'testPassed',
    { ...first, firmwareSha256: '0'.repeat(64), verdict: 'PASS' },
  ]);
  expect(brokenIn(story)).toEqual(['testPassed', 'labelIntended', 'printIntended']);
});

test('a passed test with a measurement that failed is found', () => {
  const results = [{ name: 'vcc_3v3', verdict: 'FAIL' }];
  const story = instead('testPassed', [
    'testPassed',
    { ...first, firmwareSha256: image, verdict: 'PASS', results },
  ]);
  expect(brokenIn(story)).toEqual(['testPassed']);
});

test('a confirmed print that names no number is found', () => {
  expect(brokenIn(instead('printed', ['printed', first]))).toEqual(['printed', 'labelVerified']);
});

test('a label before the certificate is installed is found', () => {
  expect(brokenIn(without('installIntended', 'provisioned'))).toEqual(
    expect.arrayContaining(['labelIntended', 'printIntended']),
  );
});

test('a certificate that was not issued to the unit is found', () => {
  expect(brokenIn(instead('provisioned', ['provisioned', { ...first, certificateSha256: 'd' }]))).toEqual([
    'provisioned',
  ]);
});

test('QC without a verified label is found', () => {
  expect(brokenIn(without('verifyIntended', 'labelVerified'))).toEqual(
    expect.arrayContaining(['qualityPassed']),
  );
});

test('packing and shipping without QC are found', () => {
  expect(brokenIn(without('qualityIntended', 'qualityPassed'))).toEqual(['packed', 'shipped']);
});

test('a second board in the same unit is found', () => {
  const second: Told = ['boardBound', { ...first, chipUid: 'B2', chipFamily: 'virt32' }];
  expect(brokenIn(instead('boardBound', flashed[1]!, second))).toEqual(['boardBound']);
});

test('a second print while one is open, and a number that was used, are found', () => {
  const again = (print: number): Told => ['printIntended', { ...first, print }];
  expect(brokenIn(instead('printed', again(2), ['printed', { ...first, print: 2 }]))).toEqual([
    'printIntended',
    'labelVerified',
  ]);
  const absentAndReused = instead('printed', ['printAbsent', { print: 1 }], again(1), [
    'printed',
    { ...first, print: 1 },
  ]);
  expect(brokenIn(absentAndReused)).toEqual(['printIntended']);
});

test('a print whose absence is known gives its number away for ever, and the next is allowed', () => {
  const story = instead(
    'printed',
    ['printAbsent', { print: 1 }],
    ['printIntended', { ...first, print: 2 }],
    ['printed', { ...first, print: 2 }],
  ).map((event): Told => (event[0] === 'labelVerified' ? ['labelVerified', { ...first, print: 2 }] : event));
  expect(brokenIn(story)).toEqual([]);
});

test('the result of a try that a newer one has fenced is found', () => {
  const story = instead('testIntended', ['testIntended'], ['testIntended']);
  expect(brokenIn(story)).toEqual(['testPassed']);
});

test('a result without an intent is found', () => {
  expect(brokenIn(without('testIntended'))).toEqual(['testPassed']);
});

test('a rework voids the label: shipping on the old QC is found', () => {
  const story: Told[] = [...whole.slice(0, -2), ['reworked', { step: 'label' }], ...shipped];
  expect(brokenIn(story)).toEqual(['packed', 'shipped']);
});

test('a new intent and packing on a quality hold are found, and allowed again after its release', () => {
  const hold: Told = ['holdOpened', { hold: 'Q1', reason: 'capacitors' }];
  const release: Told = ['holdReleased', { hold: 'Q1' }];
  expect(brokenIn(instead('testIntended', hold, ['testIntended']))).toEqual(
    expect.arrayContaining(['testIntended', 'packed']),
  );
  expect(brokenIn(instead('testIntended', hold, release, ['testIntended']))).toEqual([]);
});

test('nothing that moves a unit follows its shipment', () => {
  const story: Told[] = [
    ...whole,
    ['reworked', { step: 'label' }],
    ['scrapped'],
    ['holdOpened', { hold: 'Q1' }],
  ];
  expect(brokenIn(story)).toEqual(['reworked', 'scrapped', 'holdOpened']);
});
