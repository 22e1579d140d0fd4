import { UnitrailError } from './errors';
import { checkDigit } from './gs1';

/**
 * Check characters: what is added to an identifier so that a slip of the hand is noticed. One table, one entry for each
 * scheme; a pattern of serial-scheme.ts names them as `{check:37-2}`. Where letters count, 0–9 are the values 0 to 9 and
 * A–Z the values 10 to 35. What is said here of the errors that pass is enumerated by test/unit/check-characters.test.ts.
 */
export interface CheckScheme {
  readonly name: string;
  /** As its source calls it. */
  readonly title: string;
  /** What it is computed over. */
  readonly alphabet: string;
  /** What its check characters may be. */
  readonly outputs: string;
  /** How many check characters it gives. */
  readonly width: 1 | 2;
  /** The share of swapped neighbours that pass unseen. One wrong character never does, with any of them. */
  readonly unseenSwaps: number;
  /** The check characters of a body. @throws UnitrailError INPUT_INVALID where the body is not of its alphabet. */
  compute(body: string): string;
  /** Whether the text is a body followed by its check characters. */
  verify(text: string): boolean;
}

export const DIGITS = '0123456789';
export const ALPHANUMERICS = `${DIGITS}ABCDEFGHIJKLMNOPQRSTUVWXYZ`;

export const checkSchemes = [
  scheme({ name: 'gs1', title: 'GS1 mod 10', alphabet: DIGITS, check: checkDigit, unseenSwaps: 10 / 90 }),
  scheme({ name: 'luhn', title: 'Luhn mod 10', alphabet: DIGITS, check: luhn(DIGITS), unseenSwaps: 2 / 90 }),
  scheme({
    name: 'luhn36',
    title: 'Luhn mod 36',
    alphabet: ALPHANUMERICS,
    check: luhn(ALPHANUMERICS),
    unseenSwaps: 2 / 1260,
  }),
  scheme({ name: 'damm', title: 'Damm', alphabet: DIGITS, check: damm }),
  scheme({ ...pure(11, 2, `${DIGITS}X`), alphabet: DIGITS }),
  scheme({ ...pure(37, 2, `${ALPHANUMERICS}*`), alphabet: ALPHANUMERICS }),
  scheme({ ...hybrid(ALPHANUMERICS), alphabet: ALPHANUMERICS, unseenSwaps: 2 / 1260 }),
  scheme({ ...pure(97, 10, DIGITS), alphabet: DIGITS, width: 2 }),
  scheme({ ...pure(1271, 36, ALPHANUMERICS), alphabet: ALPHANUMERICS, width: 2 }),
] as const satisfies readonly CheckScheme[];

export const CHECK_NAMES = checkSchemes.map(({ name }) => name);

export function findCheckScheme(name: string): CheckScheme | undefined {
  return checkSchemes.find((one) => one.name === name);
}

interface Parts {
  readonly name: string;
  readonly title: string;
  readonly alphabet: string;
  readonly outputs?: string;
  readonly width?: 1 | 2;
  /** Pairs of different characters in either order, of all such pairs: 90 of digits, 1260 of letters and digits. */
  readonly unseenSwaps?: number;
  readonly check: (body: string) => string;
}

function scheme({ check, outputs, width = 1, unseenSwaps = 0, ...known }: Parts): CheckScheme {
  const { name, alphabet } = known;
  const isBody = (text: string) => text !== '' && [...text].every((one) => alphabet.includes(one));
  const compute = (body: string): string => {
    if (isBody(body)) return check(body);
    throw new UnitrailError(
      'INPUT_INVALID',
      `check ${name}: ${JSON.stringify(body.slice(0, 40))} is not allowed; one or more of ${alphabet}`,
    );
  };
  const verify = (text: string): boolean => {
    const body = text.slice(0, -width);
    return isBody(body) && check(body) === text.slice(-width);
  };
  return { ...known, outputs: outputs ?? alphabet, width, unseenSwaps, compute, verify };
}

/** ISO/IEC 7064, pure systems: Σ valueᵢ · radixⁱ ≡ 1 (mod modulus), i from 0 at the last check character. */
function pure(modulus: number, radix: number, outputs: string) {
  const check = (body: string): string => {
    const sum = [...body].reduce((total, one) => ((total + valueOf(one)) * radix) % modulus, 0);
    const twoCharacters = modulus > outputs.length;
    if (!twoCharacters) return outputs[(modulus + 1 - sum) % modulus]!;
    const rest = (modulus + 1 - ((sum * radix) % modulus)) % modulus;
    return `${outputs[Math.floor(rest / radix)]}${outputs[rest % radix]}`;
  };
  return { name: `${modulus}-${radix}`, title: `ISO/IEC 7064 MOD ${modulus}-${radix}`, outputs, check };
}

/** ISO/IEC 7064, hybrid systems: a product mod M + 1 between sums mod M, which never becomes 0. */
function hybrid(alphabet: string) {
  const modulus = alphabet.length;
  const check = (body: string): string => {
    const product = [...body].reduce((carried, one) => {
      const sum = (carried + valueOf(one)) % modulus;
      return ((sum === 0 ? modulus : sum) * 2) % (modulus + 1);
    }, modulus);
    return alphabet[(modulus + 1 - product) % modulus]!;
  };
  const name = `${modulus + 1},${modulus}`;
  return { name, title: `ISO/IEC 7064 MOD ${name}`, check };
}

/** ISO/IEC 7812-1, annex B, for any even number of characters: every second from the right is doubled, its digits added. */
function luhn(alphabet: string) {
  const base = alphabet.length;
  return (body: string): string => {
    const sum = [...body].reverse().reduce((total, one, at) => {
      const value = valueOf(one) * (at % 2 === 0 ? 2 : 1);
      return total + Math.floor(value / base) + (value % base);
    }, 0);
    return alphabet[(base - (sum % base)) % base]!;
  };
}

/** H. M. Damm, Total anti-symmetrische Quasigruppen, Marburg 2004: the quasigroup of order 10. */
const QUASIGROUP = [
  '0317598642',
  '7092154863',
  '4206871359',
  '1750983426',
  '6123045978',
  '3674209581',
  '5869720134',
  '8945362017',
  '9438617205',
  '2581436790',
];

function damm(body: string): string {
  return [...body].reduce((state, one) => QUASIGROUP[Number(state)]![Number(one)]!, '0');
}

function valueOf(character: string): number {
  return Number.parseInt(character, 36);
}
