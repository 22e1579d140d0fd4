import { wrongOption } from '../domain/wrong-option';

/** Reads a whole number as it was typed: a refusal names the word, which `Number` would make NaN of. */
export function wholeNumber(name: string, least: number, most: number): (text: string) => number {
  return (text) => {
    const number = Number(text);
    if (/^-?[0-9]{1,9}$/.test(text) && number >= least && number <= most) return number;
    throw wrongOption(name, text, `a whole number from ${least} to ${most}`);
  };
}
