import { UnitrailError } from './errors';
import { parseMac } from './mac-address';
import type { MacAddress } from './brands';

/** What became of a unit that was made before Unitrail: left the house, was given a number and stayed, or never was one. */
export const ADOPTED_STATES = ['shipped', 'used', 'void'] as const;
export type AdoptedState = (typeof ADOPTED_STATES)[number];

/** One row of a file, as it is kept: what a file does not say stays unknown. */
export interface AdoptedUnit {
  readonly chipFamily: string | null;
  readonly chipUid: string | null;
  /** Everything else, as text under its heading. */
  readonly facts: Readonly<Record<string, string>>;
  readonly macs: readonly MacAddress[];
  readonly row: number;
  readonly serial: string;
  readonly state: AdoptedState;
}

/** Facts that every unit has, however its file spells their headings: `unit show` tells which of them are unknown. */
export const USUAL_FACTS = ['product', 'batch', 'shippedAt', 'buyer', 'firmware'] as const;

const MAX_SERIAL_LENGTH = 64;
const MAX_MACS = 16;
/** What a spreadsheet makes of long numbers before it saves them as text. */
const ROUNDED = /^[0-9]+([.,][0-9]+)?E[+-]?[0-9]+$/i;

/** What is allowed instead of the serial, or null where it is good. Wider than what is issued: it was given by others. */
export function oldSerialProblem(serial: string): string | null {
  if (serial.length > MAX_SERIAL_LENGTH || !/^[!-~]([ -~]*[!-~])?$/.test(serial) || serial.includes('|'))
    return `1 to ${MAX_SERIAL_LENGTH} printable ASCII characters without "|", no blank at the ends`;
  return ROUNDED.test(serial) ? 'a number that no spreadsheet has rounded' : null;
}

export function readAdoptedState(text: string): AdoptedState | null {
  const name = text.trim().toLowerCase() || ADOPTED_STATES[0];
  return ADOPTED_STATES.find((state) => state === name) ?? null;
}

/** The addresses of a cell, with `,` `;` or blanks between them; a text where one of them is none, or stands there twice. */
export function readMacs(text: string): readonly MacAddress[] | { readonly allowed: string } {
  const typed = text.split(/[,;\s]+/).filter((one) => one !== '');
  if (typed.length > MAX_MACS) return { allowed: `at most ${MAX_MACS} MAC addresses` };
  const macs = typed.map(readMac);
  const wrong = typed[macs.indexOf(null)];
  if (wrong !== undefined)
    return { allowed: `MAC addresses such as 70:B3:D5:00:00:04, separated; ${wrong} is none` };
  const twice = macs.find((mac, at) => macs.indexOf(mac) !== at);
  return twice ? { allowed: `each MAC address once; ${twice} stands there twice` } : (macs as MacAddress[]);
}

function readMac(text: string): MacAddress | null {
  try {
    return parseMac(text);
  } catch (error) {
    if (error instanceof UnitrailError) return null;
    throw error;
  }
}

/** As devices are read: hexadecimal digits without separators, in upper case; another text as it is. Null where it is none. */
export function readOldChipUid(text: string): string | null {
  if (!/^[!-~]([ -~]{0,126}[!-~])?$/.test(text) || text.includes('|')) return null;
  return /^[0-9a-f]+(?:[ :-][0-9a-f]+)*$/i.test(text) ? text.replace(/[ :-]/g, '').toUpperCase() : text;
}
