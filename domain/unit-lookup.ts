import { UnitrailError } from './errors';
import { formatMac } from './mac-address';
import { problemText } from './refusal';
import {
  readSecondary,
  secondaryKindNames,
  secondaryKinds,
  type SecondaryKind,
} from './secondary-identifier';

/** One reading of what a person typed: which kind of identifier it may be, and its value as we keep it. */
export interface Reading {
  readonly kind: 'serial' | 'mac' | 'chip-uid' | 'certificate' | SecondaryKind | 'unit-id';
  readonly value: string;
  /** Whose namespace; absent: anybody's. */
  readonly issuer?: string;
}

export const kindNames: Readonly<Record<Reading['kind'], string>> = {
  serial: 'serial',
  mac: 'MAC address',
  'chip-uid': 'chip UID',
  certificate: 'certificate fingerprint',
  ...secondaryKindNames,
  'unit-id': 'unit id',
};

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
/**
 * Six octets, or the eight of an EUI-64: colons or hyphens between them, dots between groups of four digits as routers
 * print it, blanks, or nothing.
 */
const MAC =
  /^[0-9a-f]{2}(?:(?:[:-][0-9a-f]{2}){5}|(?: [0-9a-f]{2}){5}|[0-9a-f]{10}|(?:[:-][0-9a-f]{2}){7}|(?: [0-9a-f]{2}){7}|[0-9a-f]{14})$|^[0-9a-f]{4}(?:\.[0-9a-f]{4}){2,3}$/i;
const HEX_GROUPS = /^[0-9a-f]+(?:[ :-][0-9a-f]+)*$/i;

/**
 * Everything that the text may mean. A serial may look like a MAC address and a buyer's serial like anything, so all
 * readings are looked for.
 * @throws UnitrailError INPUT_INVALID for a text that can be no identifier.
 */
export function readingsOf(text: string): Reading[] {
  const typed = text.trim();
  if (!/^[ -~]{1,200}$/.test(typed)) {
    const allowed =
      'a serial, a MAC address, a chip UID, a certificate fingerprint (SHA-256), an IMEI, an asset number, a certificate serial number or a unit id';
    throw new UnitrailError('INPUT_INVALID', problemText({ path: ['id'], value: text, allowed }));
  }
  return [
    ...serialReadings(typed),
    ...hexReadings(typed),
    ...secondaryReadings(typed),
    ...(UUID.test(typed) ? [unitId(typed)] : []),
  ];
}

/** As it is, and `issuer:serial`. Serials keep their case: a buyer's may differ in nothing else. */
function serialReadings(typed: string): Reading[] {
  const plain: Reading = { kind: 'serial', value: typed };
  const at = typed.indexOf(':');
  if (at <= 0 || at === typed.length - 1) return [plain];
  return [plain, { kind: 'serial', issuer: typed.slice(0, at), value: typed.slice(at + 1) }];
}

/** As it is, and `issuer:value`: two buyers may have the same asset number. */
function secondaryReadings(typed: string): Reading[] {
  const at = typed.indexOf(':');
  const ways = [
    { text: typed },
    ...(at > 0 ? [{ text: typed.slice(at + 1), issuer: typed.slice(0, at) }] : []),
  ];
  return secondaryKinds.flatMap((kind) =>
    ways.flatMap(({ text, ...issuer }): Reading[] => {
      const value = readSecondary(kind, text);
      return value === null ? [] : [{ kind, value, ...issuer }];
    }),
  );
}

function hexReadings(typed: string): Reading[] {
  // openssl writes `sha256 Fingerprint=AA:BB:…`
  const bare = typed.replace(/^sha-?256(?: fingerprint)?[=:] ?/i, '');
  const digits = HEX_GROUPS.test(bare) ? bare.replace(/[ :-]/g, '') : '';
  return [
    ...(MAC.test(typed) ? [mac(typed)] : []),
    { kind: 'chip-uid', value: typed } as const,
    ...(digits !== '' && digits.toUpperCase() !== typed ? [chipUid(digits)] : []),
    ...(digits.length === 64 ? [{ kind: 'certificate', value: digits.toLowerCase() } as const] : []),
  ];
}

function mac(typed: string): Reading {
  return { kind: 'mac', value: formatMac(typed.replace(/[^0-9a-f]/gi, '')) };
}

function chipUid(digits: string): Reading {
  return { kind: 'chip-uid', value: digits.toUpperCase() };
}

function unitId(typed: string): Reading {
  return { kind: 'unit-id', value: typed.toLowerCase() };
}
