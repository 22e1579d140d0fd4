import { readSerialNumber, SERIAL_NUMBER_ALLOWED } from './certificate-serial';
import { UnitrailError } from './errors';
import { isImei } from './imei';
import { problemText } from './refusal';

/** What others number a unit by: recorded once, never changed, and good to find it. */
export const secondaryKinds = ['imei', 'asset', 'certificate-serial'] as const;
export type SecondaryKind = (typeof secondaryKinds)[number];

export interface SecondaryIdentifier {
  readonly kind: SecondaryKind;
  readonly issuer: string;
  readonly value: string;
}

export const secondaryKindNames: Readonly<Record<SecondaryKind, string>> = {
  imei: 'IMEI',
  asset: 'asset number',
  'certificate-serial': 'certificate serial number',
};

/** Null for a text that can be no identifier of the kind; else its one spelling. */
const readers: Readonly<Record<SecondaryKind, (text: string) => string | null>> = {
  imei: (text) => ifFits(isImei, text.replace(/[ -]/g, '')),
  // As the buyer writes it: case and leading zeros are a part of it.
  asset: (text) => ifFits((typed) => /^[ -~]{1,64}$/.test(typed) && !typed.includes('|'), text.trim()),
  'certificate-serial': (text) =>
    readSerialNumber(text.replace(/^serial(?:number)?[=:] ?/i, '').replace(/[: ]/g, '')),
};

const allowed: Readonly<Record<SecondaryKind, string>> = {
  imei: '15 digits, the last of them the right check digit (Luhn), such as 490154203237518',
  asset: '1 to 64 printable ASCII characters without "|"',
  'certificate-serial': SERIAL_NUMBER_ALLOWED,
};

/** One namespace for all; a buyer's asset numbers are its own, so their issuer is the buyer. */
const issuers: Readonly<Partial<Record<SecondaryKind, string>>> = {
  imei: 'gsma',
  'certificate-serial': 'device-ca',
};

export function readSecondary(kind: SecondaryKind, text: string): string | null {
  return readers[kind](text);
}

/** @throws UnitrailError INPUT_INVALID with what is allowed, also where no issuer is given and none follows from the unit. */
export function parseSecondary(
  kind: SecondaryKind,
  { value: text, issuer }: { value: string; issuer: string | undefined },
  buyer: string | null,
): SecondaryIdentifier {
  const value = readSecondary(kind, text);
  if (value === null) throw refused('value', text, allowed[kind]);
  const namespace = issuer ?? issuers[kind] ?? buyer;
  if (namespace === null)
    throw refused('issuer', undefined, 'the buyer whose number it is: the unit has none yet');
  return { kind, issuer: namespace, value };
}

function refused(option: string, value: unknown, what: string): UnitrailError {
  return new UnitrailError('INPUT_INVALID', problemText({ path: [`--${option}`], value, allowed: what }));
}

function ifFits(fits: (text: string) => boolean, text: string): string | null {
  return fits(text) ? text : null;
}
