import type { MacAddress } from './brands';
import { UnitrailError } from './errors';

/** A block that the IEEE assigned: MA-L (24 bits), MA-M (28) or MA-S (36). */
export interface MacBlock {
  readonly text: string;
  readonly prefixBits: 24 | 28 | 36;
  /** The first address as a number: 48 bits fit a double exactly. */
  readonly first: number;
  /** Addresses in the block. */
  readonly size: number;
}

/** A block without the addresses at its ends that are never given to a unit. */
export interface MacRange {
  readonly block: MacBlock;
  readonly reserveFirst: number;
  readonly reserveLast: number;
}

export const MAC_RUN_LENGTHS = [1, 2, 4, 8] as const;
export type MacRunLength = (typeof MAC_RUN_LENGTHS)[number];

const GROUP_BIT = 0x01;
const LOCAL_BIT = 0x02;
export const MAC_BLOCK_ALLOWED =
  'the first address of an IEEE block and /24 (MA-L), /28 (MA-M) or /36 (MA-S), such as 70:B3:D5:00:00:00/36, ' +
  'neither multicast nor locally administered, all bits after the prefix 0';

/** Reads what people type and devices print: colons, hyphens or neither, either case. */
export function parseMac(text: string): MacAddress {
  const octets = /^(?:[0-9A-F]{2}(?:([:-])(?:[0-9A-F]{2}\1){4}[0-9A-F]{2}|[0-9A-F]{10}))$/i.test(text);
  if (!octets) {
    throw new UnitrailError(
      'INPUT_INVALID',
      `mac: ${JSON.stringify(text.slice(0, 40))} is not allowed; six octets in hexadecimal, such as 70:B3:D5:00:00:04`,
    );
  }
  return formatMac(Number.parseInt(text.replace(/[:-]/g, ''), 16));
}

export function formatMac(value: number): MacAddress {
  if (!Number.isInteger(value) || value < 0 || value >= 2 ** 48) {
    throw new UnitrailError('INTERNAL', `No EUI-48 has the value ${value}.`);
  }
  const hex = value.toString(16).toUpperCase().padStart(12, '0');
  return (hex.match(/../g) ?? []).join(':') as MacAddress;
}

export function macNumber(mac: MacAddress): number {
  return Number.parseInt(mac.replaceAll(':', ''), 16);
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
  const match = /^((?:[0-9A-F]{2}:){5}[0-9A-F]{2})\/(24|28|36)$/.exec(text);
  if (!match) return null;
  const first = macNumber(match[1] as MacAddress);
  const prefixBits = Number(match[2]) as MacBlock['prefixBits'];
  const size = 2 ** (48 - prefixBits);
  const firstOctet = Math.floor(first / 2 ** 40);
  if ((firstOctet & (GROUP_BIT | LOCAL_BIT)) !== 0 || first % size !== 0) return null;
  return { text, prefixBits, first, size };
}

export function blocksOverlap(one: MacBlock, other: MacBlock): boolean {
  return one.first < other.first + other.size && other.first < one.first + one.size;
}

/** @throws UnitrailError SCHEME_EXHAUSTED beyond the block's end. */
export function macAt(block: MacBlock, offset: number): MacAddress {
  if (!Number.isInteger(offset) || offset < 0 || offset >= block.size) {
    throw new UnitrailError(
      'SCHEME_EXHAUSTED',
      `offset: ${offset} is not allowed; the block ${block.text} has the offsets 0 to ${block.size - 1}`,
    );
  }
  return formatMac(block.first + offset);
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

/** The aligned runs that fit between the reserved ends: run k begins at `firstOffset + k * count`. */
export function macRuns(range: MacRange, count: MacRunLength): { firstOffset: number; runs: number } {
  const firstOffset = Math.ceil(range.reserveFirst / count) * count;
  const end = range.block.size - range.reserveLast;
  return { firstOffset, runs: Math.max(0, Math.floor((end - firstOffset) / count)) };
}
