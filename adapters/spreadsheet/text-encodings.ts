import type { CsvStyle } from '../../domain/export-settings';

type Encoding = CsvStyle['encoding'];
type Encode = (text: string) => Uint8Array;

/** What windows-1252 has from 0x80 on, by WHATWG's table: five places hold control characters. */
const FROM_0X80 = '€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008dŽ\u008f\u0090‘’“”•–—˜™š›œ\u009džŸ';
const windowsCodes = new Map([...FROM_0X80].map((character, at) => [character, 0x80 + at]));
/** What is not the same in windows-1252 as in Unicode's first 256 places. */
const NOT_LATIN_1 = /[\u0080-\u009f]|[^\u0000-\u00ff]/gu; // eslint-disable-line no-control-regex

const encoders: Readonly<Record<Encoding, Encode>> = {
  'utf-8': (text) => Buffer.from(text, 'utf8'),
  'utf-8-bom': (text) => Buffer.from(text, 'utf8'),
  'utf-16le': (text) => Buffer.from(text, 'utf16le'),
  'windows-1252': (text) => Buffer.from(text.replace(NOT_LATIN_1, windowsCharacter), 'latin1'),
};
const marks: Readonly<Record<Encoding, readonly number[]>> = {
  'utf-8': [],
  'utf-8-bom': [0xef, 0xbb, 0xbf],
  'utf-16le': [0xff, 0xfe],
  'windows-1252': [],
};

/** The text's bytes. What windows-1252 lacks is written as `{U+1F642}`: nothing is lost without a word. */
export function encoderFor(encoding: Encoding): Encode {
  return encoders[encoding];
}

/** What stands before the text, so that Excel knows how to read it; empty where there is no such mark. */
export function byteOrderMark(encoding: Encoding): Uint8Array {
  return Uint8Array.from(marks[encoding]);
}

function windowsCharacter(character: string): string {
  const code = windowsCodes.get(character);
  if (code !== undefined) return String.fromCharCode(code);
  return `{U+${character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}}`;
}
