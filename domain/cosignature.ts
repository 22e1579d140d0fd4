/** What a witness says of a checkpoint (c2sp.org/tlog-cosignature, cosignature/v1): that it was, at a time, the largest one seen. */
import type { NoteKey, SignedNote } from './signed-note';

type Verify = (publicKey: Uint8Array, text: string, signature: Uint8Array) => boolean;

const TIME_BYTES = 8;
const SIGNATURE_BYTES = 64;
/** The last second that a date can tell. */
const LAST_SECOND = 8_640_000_000_000;

/** The newest signature of the witness that holds, as seconds since 1970 and as bytes; null where there is none. */
export function cosignatureBy(
  { text, signatures }: SignedNote,
  { name, keyId, publicKey }: NoteKey,
  verify: Verify,
): { readonly time: number; readonly signature: Uint8Array } | null {
  const own = signatures.filter((one) => one.name === name && one.keyId === keyId);
  const good = own.flatMap(({ signature }) => {
    if (signature.length !== TIME_BYTES + SIGNATURE_BYTES) return [];
    const time = timeOf(signature);
    const isGood =
      time <= LAST_SECOND && verify(publicKey, cosignedMessage(time, text), signature.subarray(TIME_BYTES));
    return isGood ? [{ time, signature }] : [];
  });
  return good.sort((a, b) => b.time - a.time)[0] ?? null;
}

function cosignedMessage(time: number, text: string): string {
  return `cosignature/v1\ntime ${time}\n${text}`;
}

function timeOf(signature: Uint8Array): number {
  return Number(new DataView(signature.buffer, signature.byteOffset).getBigUint64(0));
}
