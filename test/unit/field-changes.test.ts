import { fieldChanges } from '../../cli/field-changes';

test('only the values that differ are named, by their place in the entry', () => {
  const before = {
    name: 'a',
    limits: [
      { low: 1, high: 2 },
      { low: 3, high: 4 },
    ],
    gone: true,
  };
  const after = {
    name: 'a',
    limits: [
      { low: 1, high: 2.5 },
      { low: 3, high: 4 },
    ],
    size: { width: 7 },
  };
  expect(fieldChanges(before, after)).toEqual([
    { field: 'limits[0].high', before: 2, after: 2.5 },
    { field: 'gone', before: true, after: undefined },
    { field: 'size', before: undefined, after: { width: 7 } },
  ]);
});

test('a list that became longer shows what was added, and one that became a map shows both', () => {
  expect(fieldChanges({ steps: ['flash'] }, { steps: ['flash', 'test'] })).toEqual([
    { field: 'steps[1]', before: undefined, after: 'test' },
  ]);
  expect(fieldChanges({ lots: ['A'] }, { lots: { A: 1 } })).toEqual([
    { field: 'lots', before: ['A'], after: { A: 1 } },
  ]);
});

test('entries that say the same have no change', () => {
  expect(fieldChanges({ a: [1, { b: null }] }, { a: [1, { b: null }] })).toEqual([]);
});
