/** A whole number of the command line. */
export function wholeNumber(name: string, text: string, most: number): number {
  const value = Number(text);
  if (/^[1-9][0-9]{0,8}$/.test(text) && value <= most) return value;
  throw new Error(`--${name}: "${text}" is not allowed; a whole number from 1 to ${most}`);
}
