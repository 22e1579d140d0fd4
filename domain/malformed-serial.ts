import { UnitrailError } from './errors';
import { parsePattern, serialParts, wrongCheck } from './serial-scheme';

/** A scheme of the plant, as far as its serials can be read. */
interface Readable {
  readonly name: string;
  readonly version: number;
  readonly pattern: string;
}

/**
 * Whoever types a serial from a label may mistype it: one whose check characters are wrong was never issued, and says
 * so. Null where some scheme may have issued it, or none has serials of this form.
 */
export function malformedSerial(typed: string, schemes: readonly Readable[]): UnitrailError | null {
  const text = typed.trim();
  // Also `issuer:serial`.
  const serial = text.slice(text.indexOf(':') + 1);
  const patterns = schemes.map((scheme) => ({ scheme, pattern: parsePattern(scheme.pattern) }));
  if (patterns.some(({ pattern }) => serialParts(pattern, serial) !== null)) return null;
  const reasons = patterns.flatMap(({ scheme: { name, version, pattern: language }, pattern }) => {
    const wrong = wrongCheck(pattern, serial);
    if (wrong === null) return [];
    return `${name}/${version} (${language}): {check:${wrong.scheme}} is ${wrong.found}, and the rest gives ${wrong.expected}`;
  });
  if (reasons.length === 0) return null;
  return new UnitrailError(
    'SERIAL_MALFORMED',
    `${JSON.stringify(serial)} is no serial: its check characters are wrong. ${reasons.join('; ')}. Read the label again.`,
  );
}
