import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import fc from 'fast-check';

import { summariseEvent, toldEventTypes } from '../../domain/event-summary';
import { actorText, plainText } from '../../domain/plain-text';
import { shippedEvents } from '../support/unit-facts';

/** The catalogue as the database has it. */
function unitEventTypes(): string[] {
  const folder = join(__dirname, '..', '..', 'migrations');
  const files = readdirSync(folder).filter((name) => /^[0-9].*[.]sql$/.test(name));
  const sql = files.map((name) => readFileSync(join(folder, name), 'utf8')).join('\n');
  return [...sql.matchAll(/^ {2}\('(\w+)', +'unit', +'\w+', +'(?:intent|result|other)'/gm)].map(
    ([, type]) => type!,
  );
}

describe('the summary of an event', () => {
  it('is known for every event type that a unit can have', () => {
    expect(unitEventTypes().length).toBeGreaterThan(30);
    expect([...toldEventTypes].sort()).toEqual(unitEventTypes().sort());
  });

  it.each([
    [
      'claimed',
      { serial: 'EUDV2647-000001', index: 1, batch: 'B1', order: 'PO-1' },
      'Serial EUDV2647-000001 claimed as no. 1 of batch B1, order PO-1',
    ],
    ['assigned', { macs: ['70:B3:D5:00:00:04'] }, 'Identity confirmed, MAC 70:B3:D5:00:00:04'],
    ['assigned', { macs: [] }, 'Identity confirmed, no MAC address'],
    ['flashIntended', { place: { station: 'line-1', slot: 2 } }, 'Flashing begins at line-1/2'],
    [
      'flashed',
      { attempt: 2, try: 3, firmwareVersion: '1.4.2' },
      'Firmware 1.4.2 and identity written and read back (attempt 2, try 3)',
    ],
    [
      'testFailed',
      { results: [{ name: 'vcc', value: 3.5, unit: 'V', low: 3.2, high: 3.4, verdict: 'FAIL' }] },
      'Final test failed: vcc 3.5 V, allowed 3.2 to 3.4',
    ],
    [
      'testErred',
      { results: [{ name: 'vcc', value: null, verdict: 'ERROR' }] },
      'The station could not measure: vcc not measured',
    ],
    [
      'held',
      { step: 'test', code: 'TEST_FAILED', message: 'missed' },
      'Held at test for an engineer: TEST_FAILED: missed',
    ],
    [
      'retried',
      { step: 'label', by: '17', label: 'found', note: 'seen it' },
      'Retry of label by operator 17, the label is on the unit: seen it',
    ],
    [
      'reworked',
      { step: 'flash', by: '17', reason: 'new reel' },
      'Rework from flash by operator 17: new reel; an earlier label is void',
    ],
    ['scrapped', { by: '17', reason: 'burnt' }, 'Scrapped by operator 17: burnt'],
    [
      'shipped',
      { buyer: 'acme', destination: 'DE', shipment: 'SH-1', carton: '1' },
      'Shipped to acme, DE, in shipment SH-1, carton 1',
    ],
  ])('tells %s in plain words', (type, body, told) => {
    expect(summariseEvent(type, body)).toBe(told);
  });

  it('counts what was measured in a passed test', () => {
    const passed = shippedEvents.find(({ type }) => type === 'testPassed')!;
    expect(summariseEvent('testPassed', passed.body)).toBe(
      'Final test passed at line-1/3: 1 measurement within limits (attempt 2)',
    );
  });

  it('is one line that a terminal can print, whatever the body holds', () => {
    const anything = fc.dictionary(
      fc.constantFrom('by', 'place', 'results', 'macs', 'code', 'message', 'note', 'serial'),
      fc.jsonValue(),
    );
    fc.assert(
      fc.property(fc.constantFrom(...toldEventTypes), anything, (type, body) => {
        const told = summariseEvent(type, body as Record<string, unknown>);
        expect(told).not.toBe('');
        // eslint-disable-next-line no-control-regex
        expect(told).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e]/);
      }),
    );
  });

  it('names a type that it does not know', () => {
    expect(summariseEvent('invented', {})).toBe('invented');
    expect(summariseEvent('toString', {})).toBe('toString');
  });
});

describe('text from outside', () => {
  it('shows control characters instead of obeying them', () => {
    expect(plainText('a\u001db\u001b[2Jc\u0085\u202ed')).toBe('a␝b␛[2Jc��d');
  });

  it('is cut with a mark where it is too long', () => {
    expect(plainText('abcdef', 4)).toBe('abc…');
  });

  it.each([
    ['17', 'operator 17'],
    [17, 'operator 17'],
    ['A-17', 'operator A-17'],
    ['station label-1', 'station label-1'],
    ['planner', 'planner'],
    ['', null],
    [undefined, null],
  ])('names the actor %j as %j', (by, text) => {
    expect(actorText(by)).toBe(text);
  });
});
