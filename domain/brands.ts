/**
 * Text that was checked once, at the edge. A branded value can't be made by accident: a function that takes
 * one needs no check of its own.
 */
import { UnitrailError, type ErrorCode } from './errors';
import { problemText } from './refusal';

declare const brand: unique symbol;
type Branded<Name extends string> = string & { readonly [brand]: Name };

/** A unit's serial: 1 to 20 of `A-Z 0-9 - .`, so that it fits GS1's AI (21), a file name and a subject name. */
export type Serial = Branded<'Serial'>;
/** An EUI-48 or EUI-64 as IEEE prints it, upper-case: `70:B3:D5:00:00:04`, `70:B3:D5:00:00:00:00:04`. */
export type MacAddress = Branded<'MacAddress'>;
/** 64 lower-case hex digits. */
export type Sha256Hex = Branded<'Sha256Hex'>;

const serialPattern = /^[A-Z0-9.-]{1,20}$/;
const macAddressPattern = /^[0-9A-F]{2}(:[0-9A-F]{2}){5}(:[0-9A-F]{2}:[0-9A-F]{2})?$/;
const sha256HexPattern = /^[0-9a-f]{64}$/;

export function isSerial(text: string): text is Serial {
  return serialPattern.test(text);
}

export function isMacAddress(text: string): text is MacAddress {
  return macAddressPattern.test(text);
}

export function isSha256Hex(text: string): text is Sha256Hex {
  return sha256HexPattern.test(text);
}

/** Throws SERIAL_MALFORMED. */
export function parseSerial(text: string, field = 'serial'): Serial {
  if (isSerial(text)) return text;
  throw malformed('SERIAL_MALFORMED', field, text, '1 to 20 of A-Z, 0-9, "-" and "."');
}

/** Throws INPUT_INVALID. */
export function parseMacAddress(text: string, field = 'mac'): MacAddress {
  if (isMacAddress(text)) return text;
  throw malformed(
    'INPUT_INVALID',
    field,
    text,
    'six pairs of upper-case hex digits (EUI-64: eight), such as 70:B3:D5:00:00:04',
  );
}

/** Throws INPUT_INVALID. */
export function parseSha256Hex(text: string, field = 'sha256'): Sha256Hex {
  if (isSha256Hex(text)) return text;
  throw malformed('INPUT_INVALID', field, text, 'a SHA-256 as 64 lower-case hex digits');
}

function malformed(code: ErrorCode, field: string, value: string, allowed: string): UnitrailError {
  return new UnitrailError(code, problemText({ path: [field], value, allowed }));
}
