import { PUBLIC_KEY } from './number-lease';
import { parseNoteKey } from './signed-note';
import { wrongOption } from './wrong-option';

const LOG_KEY_ALLOWED = 'a public key of a log: <name>+<id>+<base64>, as `unitrail keys` prints it';
const EXPORT_KEY_ALLOWED = 'a public key of Ed25519 in base64, as `unitrail keys` prints it';

/** Public keys as they are typed. */
export interface GivenKeys {
  readonly logKeys?: readonly string[] | undefined;
  readonly exportKeys?: readonly string[] | undefined;
}

/**
 * What is no key would be told of what it is to judge: as a log, or files, that somebody else has signed.
 * @throws UnitrailError INPUT_INVALID
 */
export function requireKeys(
  { logKeys = [], exportKeys = [] }: GivenKeys,
  sha256: (bytes: Uint8Array) => Uint8Array,
): void {
  const noLogKey = logKeys.find((text) => parseNoteKey(text, sha256) === null);
  if (noLogKey !== undefined) throw wrongOption('--log-key', noLogKey, LOG_KEY_ALLOWED);
  const noExportKey = exportKeys.find((text) => !PUBLIC_KEY.test(text));
  if (noExportKey !== undefined) throw wrongOption('--export-key', noExportKey, EXPORT_KEY_ALLOWED);
}
