import { datePartsOf, type GrantFacts } from '../../domain/grant-facts';
import type { Scheme } from '../../domain/plant';
import { parsePattern, renderSerial } from '../../domain/serial-scheme';
import { hashBy } from '../support/hidden-keys';
import { fitsAi21, fitsCode39, previewScheme, type PreviewQuestion } from '../../domain/scheme-preview';

const facts: GrantFacts = { ...datePartsOf(Date.UTC(2026, 10, 18, 12)), country: 'DE', product: 'EUDV' };
const preview = (pattern: string, more: Partial<Scheme> = {}, asked: Partial<PreviewQuestion> = {}) => {
  const scheme: Scheme = { name: 'S', version: 2, kind: 'serial', pattern, trial: false, ...more };
  const skip = more.skip && { skip: more.skip };
  return previewScheme({ scheme, facts: { ...facts, ...skip }, ...asked });
};

describe('the preview of a scheme', () => {
  it('shows first, next and last serial, and how many are left', () => {
    expect(preview('EUDV{yy}{ww}-{seq:6}', {}, { nextNumber: 25 })).toMatchObject({
      ...{ scheme: 'S/2', pattern: 'EUDV{yy}{ww}-{seq:6}', trial: false },
      words: ['EUDV', 'year, 2 digits', 'ISO week', '-', 'number, 6 of 0–9'],
      ...{ counter: 'week', scope: '2026W47' },
      ...{ first: 'EUDV2647-000001', next: 'EUDV2647-000025', last: 'EUDV2647-999999' },
      ...{ capacity: 999_999, left: 999_975, skippedShare: 0, length: 15 },
      noticed: { substitutions: 0, swaps: 0 },
      fits: { gs1Ai21: true, code39: true },
    });
  });

  it('shows no next serial where the database was not asked, or where none is left', () => {
    expect(preview('X{seq:2}')).toMatchObject({ next: null, left: null });
    expect(preview('X{seq:2}', {}, { nextNumber: 99 })).toMatchObject({ next: 'X99', left: 1 });
    expect(preview('X{seq:2}', {}, { nextNumber: 100 })).toMatchObject({ next: null, left: 0, last: 'X99' });
  });

  it('passes over the numbers that are skipped, and tells their share', () => {
    const shown = preview('X{seq:2}', { skip: ['1', '9'] }, { nextNumber: 9 });
    // Without 1 and 9: eight digits at two places, and never 00.
    expect(shown).toMatchObject({ first: 'X02', next: 'X20', last: 'X88', skippedShare: 1 - 63 / 99 });
    const star = preview('EUDV-{seq:8}{check:37-2}', { skip: ['*'] });
    expect(star.skippedShare).toBeCloseTo(1 / 37, 2);
    expect(preview('X{seq:2}', { skip: [...'0123456789'] })).toMatchObject({
      ...{ first: null, next: null, last: null, skippedShare: 1 },
      warnings: expect.arrayContaining([expect.stringContaining('every number that was tried is skipped')]),
    });
  });

  it.each([
    ['gs1', 8 / 9],
    ['luhn', 44 / 45],
    ['damm', 1],
    ['37,36', 629 / 630],
    ['1271-36', 1],
  ])('promises of errors what %s can see', (check, swaps) => {
    const { noticed } = preview(`X{seq:5}{check:${check}}`);
    expect(noticed.substitutions).toBe(1);
    expect(noticed.swaps).toBeCloseTo(swaps, 10);
  });

  it('says what a planner may overlook', () => {
    const about = (...args: Parameters<typeof preview>) => preview(...args).warnings.join('\n');
    expect(about('X{seq:3}', {}, { need: 1000 })).toContain(
      '999 serials are left for ever, and 1000 are needed',
    );
    expect(about('X{seq:3}', {}, { need: 999 })).not.toContain('are needed');
    expect(about('X{seq:3}{check:37-2}', { skip: ['*'] }, { need: 990 })).toContain(
      'about 974 serials are left',
    );
    expect(about('X{seq:3}')).toContain('it has no check characters');
    expect(about('X{seq:3}{check:damm}')).not.toContain('it has no check characters');
    expect(about('X{seq:3:0O12}')).toContain('0 and O may be taken for each other');
    expect(about('X{seq:3}{check:37,36}')).toContain('0 and O, 1 and I may be taken for each other');
    expect(about('X{seq:3}{check:37,36}', { skip: ['O', 'I'] })).not.toContain('taken for each other');
    expect(about('X{seq:3:base32}')).not.toContain('taken for each other');
    expect(about('X{yy}-{seq:3}')).toContain('come round after 100 years');
    expect(about('X{yyyy}-{seq:3}')).not.toContain('come round');
    expect(about('X{seq:3}')).toContain('can count what was made');
  });
});

describe('the preview of a hidden sequence', () => {
  const hidden = { key: 'env:A_KEY' };
  const inSpace = { ...facts, hidden: { ...hidden, space: 'S' } };
  const about = (pattern: string, asked: Partial<PreviewQuestion> = {}) =>
    preview(pattern, { hidden }, { facts: inSpace, nextNumber: 2, ...asked });
  const hash = hashBy('a key of the test');

  it('shows its serials where the key is here, and no longer says that numbers run on', () => {
    const shown = about('X{seq:4}{tag:3}', { hash });
    const at = (number: number) =>
      renderSerial(parsePattern(shown.pattern), { facts: inSpace, number, hash });
    expect(shown).toMatchObject({ first: at(1), next: at(2), last: at(9999), left: 9998 });
    expect(shown.hidden).toEqual({ key: 'env:A_KEY', keyIsHere: true, guessChance: 1 / 32_768 });
    expect(shown.warnings.join()).not.toMatch(/run on|not here|made-up/);
  });

  it('shows all but its serials where the key is not here', () => {
    expect(about('X{seq:4}{tag:3}')).toMatchObject({
      ...{ first: null, next: null, last: null, capacity: 9999, left: 9998, length: 8 },
      fits: { gs1Ai21: true, code39: true },
      warnings: expect.arrayContaining([
        "the numbers are hidden, and can't be shown: the key is not here (env:A_KEY)",
      ]),
    });
    const skips = preview(
      'X{seq:2}',
      { hidden, skip: ['1', '9'] },
      { facts: { ...inSpace, skip: ['1', '9'] } },
    );
    expect(skips.skippedShare).toBe(1 - 63 / 99);
  });

  it('warns where serials are guessed too easily', () => {
    expect(about('X{seq:4}{tag:2}').warnings.join()).toContain('1 time in 1024: a {tag:3} behind the rest');
    expect(about('X{seq:4}').warnings.join()).toContain('a made-up serial is that of a unit every time');
    expect(about('X{seq:8:base32}', { need: 1_000_000 }).warnings.join()).not.toContain('made-up');
  });
});

it.each([
  ['EUDV2647-000001', true, true],
  ['A'.repeat(21), false, true],
  ['EUDV 1', false, true],
  ['eudv1', true, false],
  ['A*1', true, false],
])('%j fits GS1 AI 21: %s, Code 39: %s', (serial, ai21, code39) => {
  expect([fitsAi21(serial), fitsCode39(serial)]).toEqual([ai21, code39]);
});
