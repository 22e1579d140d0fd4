import { findCheckScheme } from './check-characters';

const luhn = findCheckScheme('luhn')!;

/**
 * An IMEI by 3GPP TS 23.003, 6.2.1: 15 digits, the last one a Luhn check digit (ISO/IEC 7812-1) over the others. It finds
 * every wrong digit, and every swap of two neighbours but 09 and 90.
 */
export function isImei(text: string): boolean {
  return /^[0-9]{15}$/.test(text) && luhn.verify(text);
}
