import { randomBytes } from 'node:crypto';
import { isPlaceholder, PLACEHOLDER_ALLOWED } from '../domain/decision';
import { wrongOption } from '../domain/wrong-option';

/** `--note`: the reason of a hold or of its end, which stands in the history of every unit. */
export function readNote(text: string): string {
  return readReason('--note', text);
}

export function readReason(option: string, text: string): string {
  if (isPlaceholder(text)) throw wrongOption(option, text, PLACEHOLDER_ALLOWED);
  if (text.trim() === text && /^[^\p{Cc}\p{Cs}|]{1,200}$/u.test(text)) return text;
  throw wrongOption(option, text, '1 to 200 characters on one line, without "|" and control characters');
}

/** The id of a hold or a recall. */
export function readHoldId(text: string, option = '--hold'): string {
  if (/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(text)) return text;
  throw wrongOption(option, text, '1 to 64 of A–Z a–z 0–9 . _ -, the first a letter or digit');
}

export function newHoldId(prefix: string): string {
  return `${prefix}-${randomBytes(4).toString('hex')}`;
}
