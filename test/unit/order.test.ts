import { UnitrailError } from '../../domain/errors';
import { canonicalOrder, parseOrder } from '../../domain/order';

const smallest = {
  batch: 'B2647-01',
  order: 'PO-4711',
  product: 'EUDV',
  quantity: 24,
  firmware: '1.4.2',
  boardBatch: 'PB-118',
  boardLot: 'PCB-2646-17',
  components: { U1: ['MCU-LOT-7731'] },
};

const full = {
  ...smallest,
  orderQuantity: 2000,
  buyer: 'acme',
  destination: 'DE',
  buyerPart: 'AC-77-B',
  components: { U1: ['MCU-LOT-7731', '0012'], U7: ['RADIO-LOT-0092'] },
  serials: 'scheme',
  attributes: { revision: 'C', note: 'first run, Gebäude 3' },
  cartonSize: 10,
  palletSize: 24,
  ship: 'byHand',
  priority: -9,
  trial: true,
};

describe('an order', () => {
  it('is completed with its defaults', () => {
    expect(parseOrder(smallest)).toEqual({ ...smallest, serials: 'scheme', attributes: {}, trial: false });
  });

  it('keeps every field as it was written', () => {
    expect(parseOrder(full)).toEqual(full);
  });

  it('has one text, whatever the order of its fields and whether defaults are written out', () => {
    const reversed = Object.fromEntries(Object.entries(smallest).reverse());
    const spelledOut = { ...reversed, trial: false, serials: 'scheme' };
    expect(canonicalOrder(parseOrder(spelledOut))).toBe(canonicalOrder(parseOrder(smallest)));
    expect(canonicalOrder(parseOrder(smallest))).toMatch(/^\{"attributes":\{\},"batch":"B2647-01",/);
  });

  it.each([1, 1_000_000])('may be for %d units', (quantity) => {
    expect(parseOrder({ ...smallest, quantity }).quantity).toBe(quantity);
  });

  const identifier = '1 to 64 of A–Z a–z 0–9 . _ -, the first a letter or digit';
  const quoted = `put it in quotes, a bare number would lose its zeros; ${identifier}`;
  const amount = 'a whole number from 1 to 1000000';
  const line = '1 to 256 characters on one line, no blank at either end, no control characters';
  const knownFields =
    'the fields here are batch, order, orderQuantity, product, quantity, buyer, destination, buyerPart, firmware, ' +
    'boardBatch, boardLot, components, serials, attributes, cartonSize, palletSize, ship, priority, trial';

  it.each<[string, Record<string, unknown>, string, string, string]>([
    ['no unit', { quantity: 0 }, 'quantity', '0', amount],
    ['ten million units', { quantity: 10_000_000 }, 'quantity', '10000000', amount],
    ['half a unit', { quantity: 1.5 }, 'quantity', '1.5', amount],
    ['a quantity that is text', { quantity: '24' }, 'quantity', '"24"', amount],
    ['no batch id', { batch: undefined }, 'batch', '(missing)', identifier],
    ['a batch id with a bar', { batch: 'B|1' }, 'batch', '"B|1"', identifier],
    ['a batch id that reads as an option', { batch: '-x' }, 'batch', '"-x"', identifier],
    ['a batch id that is a path', { batch: '..' }, 'batch', '".."', identifier],
    ['a batch id with a control character', { batch: 'B\u0007' }, 'batch', '"B\\u0007"', identifier],
    ['a batch id that is a number', { batch: 2407 }, 'batch', '2407', quoted],
    ['a firmware that is a number', { firmware: 1.4 }, 'firmware', '1.4', quoted],
    ['a lot that is a number', { components: { U1: [12] } }, 'components.U1[0]', '12', quoted],
    [
      'a position without lots',
      { components: { U1: [] } },
      'components.U1',
      'an empty list',
      'a list of 1 to 16',
    ],
    ['a lot twice', { components: { U1: ['A', 'A'] } }, 'components.U1', 'a list of 2', 'each entry once'],
    ['a lot outside a list', { components: { U1: 'A' } }, 'components.U1', '"A"', 'a list of 1 to 16'],
    [
      'a position with a blank',
      { components: { 'U 1': ['A'] } },
      'components."U 1"',
      '"U 1"',
      'as a name here: 1 to 32',
    ],
    ['an unknown country', { destination: 'XK' }, 'destination', '"XK"', 'a country by ISO 3166-1 alpha-2'],
    [
      'a country in lower case',
      { destination: 'de' },
      'destination',
      '"de"',
      'a country by ISO 3166-1 alpha-2',
    ],
    ['an attribute on two lines', { attributes: { a: 'x\ny' } }, 'attributes.a', '"x\\ny"', line],
    ['an attribute that is a number', { attributes: { a: 7 } }, 'attributes.a', '7', 'put it in quotes'],
    ['a list of serials without a name', { serials: 'my list' }, 'serials', '"my list"', '1 to 64 of'],
    ['a priority of ten', { priority: 10 }, 'priority', '10', 'a whole number from -9 to 9'],
    ['a trial that is text', { trial: 'yes' }, 'trial', '"yes"', 'true or false'],
    ['an unknown field', { colour: 'red' }, 'colour', '"red"', knownFields],
    [
      'a ceiling below the batch',
      { orderQuantity: 23 },
      'orderQuantity',
      '23',
      'a whole number from 24 (the quantity of',
    ],
  ])('with %s is refused by field, value and what is allowed', (_name, change, field, value, allowed) => {
    expect(refusalOf({ ...smallest, ...change })).toContain(
      `\n  ${field}: ${value} is not allowed; ${allowed}`,
    );
  });

  it('is refused once, with everything that is wrong', () => {
    const message = refusalOf({
      ...smallest,
      quantity: 0,
      destination: 'ZZ',
      colour: 'red',
      batch: undefined,
    });
    expect(message.split('\n')).toHaveLength(5);
    expect(message).toMatch(/^The order is not valid:/);
  });

  it('is refused with twenty lines and a count, however much is wrong', () => {
    const unknown = Object.fromEntries(Array.from({ length: 50 }, (_, at) => [`field${at}`, at]));
    expect(refusalOf({ ...smallest, ...unknown })).toMatch(/\n {2}and 30 more$/);
  });

  it.each([null, 'text', 7, [], undefined])('is not made of %j', (input) => {
    expect(refusalOf(input)).toContain(`document: `);
  });

  it('is refused where a name would change what a plain object is', () => {
    const input: unknown = JSON.parse(JSON.stringify(smallest).replace('"U1":', '"__proto__":'));
    expect(refusalOf(input)).toContain('components.__proto__: a list of 1 is not allowed; any other name');
  });

  it('is refused without repeating what may be a secret, or more than the beginning of a value', () => {
    const message = refusalOf({ ...smallest, password: 'hunter2', product: 'P'.repeat(5000) });
    expect(message).toContain('password: (hidden) is not allowed');
    expect(message).not.toContain('hunter2');
    expect(message).not.toContain('P'.repeat(100));
  });
});

function refusalOf(input: unknown): string {
  try {
    parseOrder(input);
  } catch (error) {
    if (error instanceof UnitrailError && error.code === 'ORDER_INVALID') return error.message;
    throw error;
  }
  throw new Error('the order was taken');
}
