import fc from 'fast-check';
import { CHECK_NAMES, checkSchemes, findCheckScheme, type CheckScheme } from '../../domain/check-characters';
import { hasCheckDigit } from '../../domain/gs1';

const named = (name: string): CheckScheme => findCheckScheme(name)!;
const anyScheme = fc.constantFrom(...checkSchemes);
/** A scheme with a body of its alphabet, as long as a serial may be. */
const bodies = anyScheme.chain((scheme) =>
  fc.record({
    scheme: fc.constant(scheme),
    body: fc.string({ unit: fc.constantFrom(...scheme.alphabet), minLength: 1, maxLength: 20 }),
  }),
);

describe('check characters', () => {
  it.each([
    ['gs1', '0950600013435', '2', 'a GTIN'],
    ['gs1', '10614141123456789', '7', 'an SSCC'],
    ['luhn', '7992739871', '3', "Luhn's usual example"],
    ['luhn', '49015420323751', '8', 'an IMEI (3GPP TS 23.003)'],
    ['damm', '572', '4', "Damm's own example"],
    ['11-2', '000000012146438', 'X', 'an ISNI (ISO 27729)'],
    ['11-2', '000000021825009', '7', 'an ORCID'],
    ['37-2', 'G123498654321', 'H', 'a donation number of ISBT 128'],
    ['37-2', 'EUDV2407000123', '*', 'a serial of the sample'],
    ['37,36', 'A12425GABC1234002', 'M', 'a GRid'],
    ['37,36', 'EUDV2407000123', 'K', 'a serial of the sample'],
    ['97-10', '794', '44', 'the example of ISO/IEC 7064'],
    ['1271-36', 'EUDV2407000123', '4Y', 'a serial of the sample'],
  ])('%s of %s is %s: %s', (name, body, characters) => {
    expect(named(name).compute(body)).toBe(characters);
    expect(named(name).verify(body + characters)).toBe(true);
  });

  it('are what the pattern language calls them, each once', () => {
    expect(CHECK_NAMES).toEqual([
      ...['gs1', 'luhn', 'luhn36', 'damm', '11-2', '37-2', '37,36', '97-10', '1271-36'],
    ]);
  });

  it('are verified as they are computed, and no others are', () => {
    fc.assert(
      fc.property(bodies, fc.nat(), ({ scheme, body }, pick) => {
        const good = scheme.compute(body);
        const other = [...scheme.outputs][pick % scheme.outputs.length]! + good.slice(1);
        expect(good).toHaveLength(scheme.width);
        expect(scheme.verify(body + good)).toBe(true);
        expect(scheme.verify(body + other)).toBe(other === good);
      }),
    );
  });

  it('of GS1 are the ones of the GS1 keys', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[0-9]{2,18}$/), (key) =>
        expect(named('gs1').verify(key)).toBe(hasCheckDigit(key)),
      ),
    );
  });

  it.each([
    ['luhn', 'EUDV1'],
    ['damm', ''],
    ['37-2', 'ab'],
    ['37-2', 'A*'],
    ['1271-36', 'A-1'],
  ])('of %s are not computed over %j', (name, body) => {
    expect(() => named(name).compute(body)).toThrow(
      expect.objectContaining({ code: 'INPUT_INVALID', message: expect.stringContaining(`check ${name}: `) }),
    );
    expect(named(name).verify(`${body}0`)).toBe(false);
  });

  it('of a text that is too short are not there', () => {
    for (const scheme of checkSchemes) expect(scheme.verify('00'.slice(0, scheme.width))).toBe(false);
  });
});

/**
 * All bodies of three characters. They bring each scheme into all of its states (one character reaches all 10 of Damm and
 * all 36 of MOD 37,36, two reach all 1271 remainders), followed by all pairs of characters: what is true of them is true
 * of longer ones, as far as it does not depend on the place in the body. That is the second enumeration's part.
 */
function shortBodies({ alphabet, compute }: CheckScheme): Map<string, string> {
  const table = new Map<string, string>();
  for (const x of alphabet) {
    for (const y of alphabet) for (const z of alphabet) table.set(x + y + z, compute(x + y + z));
  }
  return table;
}

interface Unseen {
  readonly errors: number;
  readonly unseen: number;
}

function unseenSubstitutions({ alphabet }: CheckScheme, table: ReadonlyMap<string, string>): Unseen {
  let [errors, unseen] = [0, 0];
  for (const [body, check] of table) {
    for (let at = 0; at < body.length; at++) {
      for (const other of alphabet) {
        if (other === body[at]) continue;
        errors++;
        if (table.get(body.slice(0, at) + other + body.slice(at + 1)) === check) unseen++;
      }
    }
  }
  return { errors, unseen };
}

/** Of neighbours that differ, also where the second is the check character, or the first of two. */
function unseenSwaps({ alphabet }: CheckScheme, table: ReadonlyMap<string, string>): Unseen {
  let [errors, unseen] = [0, 0];
  for (const [body, check] of table) {
    const text = body + check;
    for (let at = 0; at < text.length - 1; at++) {
      if (text[at] === text[at + 1]) continue;
      errors++;
      const swapped = swapAt(text, at);
      const [wrongBody, wrongCheck] = [swapped.slice(0, body.length), swapped.slice(body.length)];
      if (alphabet.includes(wrongBody.at(-1)!) && table.get(wrongBody) === wrongCheck) unseen++;
    }
  }
  return { errors, unseen };
}

function swapAt(text: string, at: number): string {
  return text.slice(0, at) + text[at + 1] + text[at] + text.slice(at + 2);
}

/** The shares that pass unseen, in percent, by shared figures (GS1, Luhn, ISO/IEC 7064). */
const swapsUnseen: Readonly<Record<string, number>> = {
  gs1: 11.1,
  luhn: 2.3,
  luhn36: 0.16,
  damm: 0,
  '11-2': 0,
  '37-2': 0,
  '37,36': 0.16,
  '97-10': 0,
  '1271-36': 0,
};

describe.each(CHECK_NAMES)('the errors that %s lets pass, enumerated', (name) => {
  const scheme = named(name);
  const table = shortBodies(scheme);

  it('are no wrong character in any state', () => {
    const { errors, unseen } = unseenSubstitutions(scheme, table);
    expect(errors).toBe(3 * scheme.alphabet.length ** 3 * (scheme.alphabet.length - 1));
    expect(unseen).toBe(0);
  });

  it('are as many swapped neighbours as the published figure says, none where it says none', () => {
    const { errors, unseen } = unseenSwaps(scheme, table);
    const percent = (100 * unseen) / errors;
    if (swapsUnseen[name] === 0) expect(unseen).toBe(0);
    else expect(Math.abs(percent - swapsUnseen[name]!)).toBeLessThan(0.1);
    expect(percent).toBeCloseTo(100 * scheme.unseenSwaps, 10);
  });

  it('are the same pairs at every place of a body of 18 characters', () => {
    const { alphabet, compute } = scheme;
    for (let at = 0; at < 17; at++) {
      const around = (pair: string) => compute('1'.repeat(at) + pair + '1'.repeat(16 - at));
      expect(unseenPairs(alphabet, around)).toBe(pairsOf(name));
      const checks = [...alphabet].map((one) => around(`${one}1`));
      expect(new Set(checks).size).toBe(alphabet.length);
    }
  });
});

/** 0 and 5 … 4 and 9; 0 and 9; 0 and Z; another pair in each state. */
function pairsOf(name: string): number {
  return { gs1: 5, luhn: 1, luhn36: 1, '37,36': 1 }[name] ?? 0;
}

function unseenPairs(alphabet: string, checkOf: (pair: string) => string): number {
  let count = 0;
  for (const one of alphabet) {
    for (const other of alphabet) if (one < other && checkOf(one + other) === checkOf(other + one)) count++;
  }
  return count;
}
