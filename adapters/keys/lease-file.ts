import { UnitrailError } from '../../domain/errors';
import { leaseKind } from '../../domain/number-lease-schema';
import { readBounded } from '../plant/document-file';

/** Many times what the longest takes. */
const MAX_LEASE_FILE_BYTES = 64 * 1024;

/**
 * The value in a file of a lease or its return, of whatever form it is.
 * @throws UnitrailError INPUT_INVALID with one message that names the file and what is wrong with it
 */
export async function readLeaseFile(path: string): Promise<unknown> {
  const fail = (what: string, cause?: unknown) =>
    new UnitrailError(
      leaseKind.code,
      `The file can't be read: ${JSON.stringify(path)} ${what}.`,
      {},
      { cause },
    );
  const bytes = await readBounded(path, MAX_LEASE_FILE_BYTES, fail);
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw fail('is not JSON in UTF-8', cause);
  }
}
