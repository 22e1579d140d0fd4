/**
 * An IMEI by 3GPP TS 23.003, 6.2.1: 15 digits, the last one a Luhn check digit (ISO/IEC 7812-1) over the others. It finds
 * every wrong digit, and every swap of two neighbours but 09 and 90.
 */
export function isImei(text: string): boolean {
  if (!/^[0-9]{15}$/.test(text)) return false;
  const sum = [...text].reverse().reduce((total, digit, at) => total + weighed(Number(digit), at), 0);
  return sum % 10 === 0;
}

/** From the right, every second digit counts double, and a double of two digits counts as their sum. */
function weighed(digit: number, at: number): number {
  if (at % 2 === 0) return digit;
  return digit * 2 - (digit > 4 ? 9 : 0);
}
