/** Characters that a terminal obeys instead of showing, and marks that turn the reading direction. */
// eslint-disable-next-line no-control-regex
const UNSHOWABLE = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufffe\uffff]/g;

/**
 * Text from outside (a label, a device, a person) on one line that is safe to print: C0 controls become their
 * pictures (GS is shown as ␝), the other unshowable characters the replacement character.
 */
export function plainText(text: string, maxLength = 500): string {
  const shown = text.replace(UNSHOWABLE, picture);
  return shown.length <= maxLength ? shown : `${shown.slice(0, maxLength - 1)}…`;
}

function picture(character: string): string {
  const code = character.charCodeAt(0);
  if (code < 0x20) return String.fromCharCode(0x2400 + code);
  return code === 0x7f ? '\u2421' : '\ufffd';
}

/** An operator number as a person reads it; stations and programs already say what they are. */
export function actorText(by: unknown): string | null {
  if (typeof by === 'number') return `operator ${by}`;
  if (typeof by !== 'string' || by === '') return null;
  return /^(?=.*[0-9])[0-9A-Za-z-]{1,16}$/.test(by) ? `operator ${by}` : plainText(by, 100);
}
