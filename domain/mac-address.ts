import type { MacAddress } from './brands';
import { UnitrailError } from './errors';

/**
 * A block that the IEEE assigned, as a range of EUI-48 or of EUI-64: MA-L (24 bits), MA-M (28) or MA-S (36). An EUI-64 is
 * a number of its own from the block's 64-bit range: making one of an EUI-48 by inserting FF-FE is deprecated.
 */
export interface MacBlock {
  /** `70:B3:D5:00:00:00/36`, and with eight octets where it is a range of EUI-64. */
  readonly text: string;
  readonly eui: Eui;
  readonly prefixBits: 24 | 28 | 36;
  /** The hexadecimal digits that all its addresses begin with: 64 bits are more than a double holds. */
  readonly prefix: string;
  /** Addresses in the block: 2^40 at most, so that an offset within it is exact. */
  readonly size: number;
}

export const EUIS = [48, 64] as const;
export type Eui = (typeof EUIS)[number];

/** A block without the addresses at its ends that are never given to a unit. */
export interface MacRange {
  readonly block: MacBlock;
  readonly reserveFirst: number;
  readonly reserveLast: number;
}

export const MAC_RUN_LENGTHS = [1, 2, 4, 8] as const;
export type MacRunLength = (typeof MAC_RUN_LENGTHS)[number];

const BITS_A_DIGIT = 4;
const GROUP_BIT = 0x01;
/** Set in a CID as well, which names a company and makes no addresses: its first octet ends in A. */
const LOCAL_BIT = 0x02;
export const MAC_BLOCK_ALLOWED =
  'the first address of an IEEE block and /24 (MA-L), /28 (MA-M) or /36 (MA-S), such as 70:B3:D5:00:00:00/36, ' +
  'neither multicast nor locally administered (as a CID is), all bits after the prefix 0';

/** Reads what people type and devices print: colons, hyphens or neither, either case. */
export function parseMac(text: string): MacAddress {
  const octets =
    /^(?:[0-9A-F]{2}(?:([:-])(?:[0-9A-F]{2}\1){4}(?:[0-9A-F]{2}\1[0-9A-F]{2}\1)?[0-9A-F]{2}|[0-9A-F]{10}(?:[0-9A-F]{4})?))$/i;
  if (!octets.test(text)) {
    throw new UnitrailError(
      'INPUT_INVALID',
      `mac: ${JSON.stringify(text.slice(0, 40))} is not allowed; six octets in hexadecimal (EUI-64: eight), such as 70:B3:D5:00:00:04`,
    );
  }
  return formatMac(text.replace(/[:-]/g, ''));
}

/** The one spelling of 12 (EUI-48) or 16 (EUI-64) hexadecimal digits. */
export function formatMac(digits: string): MacAddress {
  if (!/^(?:[0-9A-F]{12}|[0-9A-F]{16})$/i.test(digits)) {
    throw new UnitrailError('INTERNAL', `${JSON.stringify(digits)} is neither an EUI-48 nor an EUI-64.`);
  }
  return (digits.toUpperCase().match(/../g) ?? []).join(':') as MacAddress;
}

/** @throws UnitrailError INPUT_INVALID where the text names no block that MAC addresses may come from. */
export function parseMacBlock(text: string): MacBlock {
  const block = readBlock(text);
  if (block === null) {
    throw new UnitrailError(
      'INPUT_INVALID',
      `block: ${JSON.stringify(text.slice(0, 40))} is not allowed; ${MAC_BLOCK_ALLOWED}`,
    );
  }
  return block;
}

/** Null where `parseMacBlock` would refuse. */
export function readBlock(text: string): MacBlock | null {
  const match = /^((?:[0-9A-F]{2}:){5}[0-9A-F]{2}(:00:00)?)\/(24|28|36)$/.exec(text);
  if (!match) return null;
  const digits = match[1]!.replaceAll(':', '');
  const prefixBits = Number(match[3]) as MacBlock['prefixBits'];
  const [prefix, rest] = [
    digits.slice(0, prefixBits / BITS_A_DIGIT),
    digits.slice(prefixBits / BITS_A_DIGIT),
  ];
  const firstOctet = Number.parseInt(digits.slice(0, 2), 16);
  if ((firstOctet & (GROUP_BIT | LOCAL_BIT)) !== 0 || /[^0]/.test(rest)) return null;
  const eui = match[2] === undefined ? 48 : 64;
  return { text, eui, prefixBits, prefix, size: 2 ** (eui - prefixBits) };
}

/** An EUI-48 is never an EUI-64: only blocks of one kind can overlap. */
export function blocksOverlap(one: MacBlock, other: MacBlock): boolean {
  return (
    one.eui === other.eui && (one.prefix.startsWith(other.prefix) || other.prefix.startsWith(one.prefix))
  );
}

/** @throws UnitrailError SCHEME_EXHAUSTED beyond the block's end. */
export function macAt(block: MacBlock, offset: number): MacAddress {
  if (!Number.isInteger(offset) || offset < 0 || offset >= block.size) {
    throw new UnitrailError(
      'SCHEME_EXHAUSTED',
      `offset: ${offset} is not allowed; the block ${block.text} has the offsets 0 to ${block.size - 1}`,
    );
  }
  const digits = (block.eui - block.prefixBits) / BITS_A_DIGIT;
  return formatMac(block.prefix + offset.toString(16).padStart(digits, '0'));
}

/** Where the address stands in the block; null where it is not in it. */
export function offsetOf(block: MacBlock, mac: MacAddress): number | null {
  const digits = mac.replaceAll(':', '');
  if (digits.length * BITS_A_DIGIT !== block.eui || !digits.startsWith(block.prefix)) return null;
  return Number.parseInt(digits.slice(block.prefix.length), 16);
}

/** Contiguous addresses whose first is a multiple of their number: what a chip with several interfaces derives. */
export function macRun(block: MacBlock, offset: number, count: MacRunLength): MacAddress[] {
  if (offset % count !== 0) {
    throw new UnitrailError(
      'INTERNAL',
      `offset: ${offset} is not allowed; a run of ${count} begins at a multiple of ${count}`,
    );
  }
  return Array.from({ length: count }, (_, index) => macAt(block, offset + index));
}

/** The offsets that may be given to units: from `first` up to `end`, which is not one of them. */
export function offsetsOf({ block, reserveFirst, reserveLast }: MacRange): { first: number; end: number } {
  return { first: reserveFirst, end: Math.min(block.size - reserveLast, disguised(block)) };
}

/**
 * The aligned runs that fit between the reserved ends: run k begins at `firstOffset + k * count`, and the last one ends
 * before `end`.
 */
export function macRuns(
  range: MacRange,
  count: MacRunLength,
): { firstOffset: number; end: number; runs: number } {
  const { first, end } = offsetsOf(range);
  const firstOffset = Math.ceil(first / count) * count;
  return { firstOffset, end, runs: Math.max(0, Math.floor((end - firstOffset) / count)) };
}

/**
 * Where the EUI-64 begin whose fourth and fifth octets are FF:FE or FF:FF: they read like an EUI-48 in disguise, which
 * is why nobody may assign them. They are the last ones of each MA-L; a block without any gives its size.
 */
function disguised({ eui, prefix, size }: MacBlock): number {
  const [oui, mark] = [6, 'FFFE'];
  const known = prefix.slice(oui);
  if (eui === 48 || !mark.startsWith(known)) return size;
  return Number.parseInt(mark.slice(known.length).padEnd(10 - known.length, '0'), 16);
}
