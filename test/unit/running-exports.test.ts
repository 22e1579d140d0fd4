import { buyerOf } from '../../activities/running-exports';

test.each<[unknown, string | null]>([
  [{ buyer: 'acme' }, 'acme'],
  [{ buyer: 'acme-eu', note: 'once more' }, 'acme-eu'],
  [{ buyer: 17 }, null],
  [{ batch: 'acme' }, null],
  ['acme', null],
  [null, null],
  [undefined, null],
])('the input %j of an export is of the buyer %j', (input, buyer) => {
  expect(buyerOf(input)).toBe(buyer);
});
