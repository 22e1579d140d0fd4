import { UnitrailError } from './errors';

/** A file of an export as its receiver gets it. */
export interface DeliveryFile {
  readonly name: string;
  readonly sizeBytes: number;
  readonly sha256: string;
}

/** `resumed`: an upload that broke off was gone on with. `already there`: nothing was sent. */
export type DeliveredHow = 'sent' | 'resumed' | 'already there';

/** `digest`: the server's bytes were read back and hashed. `size`: it does not let us, or the file is too large for it. */
export type DeliveryCheck = 'digest' | 'size';

export interface DeliveredFile {
  readonly name: string;
  readonly how: DeliveredHow;
  readonly checked: DeliveryCheck;
  /** By this delivery. */
  readonly sentBytes: number;
}

const OWN_NAME = /^[A-Za-z0-9][A-Za-z0-9._ ()+=@,-]{0,199}$/;
const OWN_NAME_ALLOWED =
  'a name of 1 to 200 characters that begins with a letter or digit and holds only those, blanks and . _ ( ) + = @ , -';

/** More than any export has: a list that is longer is a mistake. */
export const MOST_FILES = 1_000;

/** What has not all arrived yet lies under this name. A receiver who takes what is complete leaves such names alone. */
export function partName(name: string): string {
  return `.${name}.part`;
}

/**
 * Names that stay in their folder on every server, each once; servers on Windows know no capitals.
 * @throws UnitrailError INPUT_INVALID
 */
export function requireOwnNames(files: readonly DeliveryFile[]): void {
  if (files.length === 0 || files.length > MOST_FILES)
    throw wrongFiles('files', files.length, `1 to ${MOST_FILES} of them, the manifest last`);
  const seen = new Set<string>();
  files.forEach(({ name, sizeBytes }, at) => {
    if (!OWN_NAME.test(name)) throw wrongFiles(`files[${at}].name`, name, OWN_NAME_ALLOWED);
    if (seen.has(name.toLowerCase()))
      throw wrongFiles(`files[${at}].name`, name, 'each name once, capitals aside');
    if (!Number.isSafeInteger(sizeBytes) || sizeBytes < 0)
      throw wrongFiles(`files[${at}].sizeBytes`, sizeBytes, 'a whole number of bytes');
    seen.add(name.toLowerCase());
  });
}

function wrongFiles(field: string, value: unknown, allowed: string): UnitrailError {
  return new UnitrailError('INPUT_INVALID', `${field}: ${JSON.stringify(value)} is not allowed; ${allowed}`, {
    field,
    value,
  });
}

/**
 * Where an upload that broke off goes on. Writes are on their way side by side, so that within the last `underWayBytes`
 * a later one may have arrived and an earlier one not: those are sent again. Zero: from the beginning.
 */
export function resumeFrom(partBytes: number, sizeBytes: number, underWayBytes: number): number {
  // Longer than the file: not our upload of it.
  return partBytes > sizeBytes ? 0 : Math.max(0, partBytes - underWayBytes);
}
