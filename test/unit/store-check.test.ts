import { counted, nothingChecked, type StoreFinding, type StoreReport } from '../../domain/store-check';

const finding = (name: string, outcome: StoreFinding['outcome']): StoreFinding => ({
  ...{ sha256: name, first: 'damaged', copy: outcome === 'lost' ? 'damaged' : 'whole', outcome },
});
const reportOf = (findings: readonly StoreFinding[]): StoreReport => findings.reduce(counted, nothingChecked);
const many = (count: number, outcome: StoreFinding['outcome']): StoreFinding[] =>
  Array.from({ length: count }, (_none, at) => finding(`${outcome}-${at}`, outcome));

test('a report names what is lost, however much was mended before it', () => {
  const { findings, ...counts } = reportOf([...many(150, 'mended'), ...many(3, 'lost')]);
  expect(counts).toEqual({ checked: 153, mended: 150, lost: 3 });
  expect(findings).toEqual([...many(97, 'mended'), ...many(3, 'lost')]);
});

test('and grows no longer than a hundred', () => {
  expect(reportOf([...many(150, 'lost'), ...many(3, 'mended')]).findings).toEqual(many(100, 'lost'));
});
