/** What goes wrong on the way to a buyer's server, in the words of the catalogue: what, where, and what to do. */
import { UnitrailError, type ErrorCode } from '../../domain/errors';
import type { SftpTarget } from '../../domain/export-settings';
import { plainText } from '../../domain/plain-text';
import type { HostKey } from './host-key';

/** The answers of SFTP version 3, and two of later versions that some servers give all the same. */
export const status = {
  endOfFile: 1,
  noSuchFile: 2,
  permissionDenied: 3,
  failure: 4,
  unsupported: 8,
  writeProtected: 12,
  noSpace: 14,
  quotaExceeded: 15,
} as const;

/** The server answered, and said no. Whoever asked knows what it means. */
export class ServerRefusal extends Error {
  override readonly name = 'ServerRefusal';

  constructor(
    readonly status: number,
    said: string,
  ) {
    super(plainText(said, 200));
  }

  is(...statuses: readonly number[]): boolean {
    return statuses.includes(this.status);
  }
}

export function placeOf({ host, port }: SftpTarget): string {
  return `${host}:${port}`;
}

export function away(target: SftpTarget, what: string): UnitrailError {
  return problem(
    'SFTP_UNREACHABLE',
    target,
    `The server ${what}. Nothing is lost: the delivery is tried again and goes on where it stopped.`,
  );
}

export function hostKeyMismatch(target: SftpTarget, shown: HostKey): UnitrailError {
  return problem(
    'SFTP_HOST_KEY_MISMATCH',
    target,
    `The server shows the host key ${shown.fingerprint} (${shown.type}), and sftp.hostKeys pins ${target.hostKeys.join(', ')}. ` +
      'It was not logged in to. Ask the buyer, by another way than this connection, whether the server has a new key; pin it only then.',
    { field: 'sftp.hostKeys', shown: shown.fingerprint, type: shown.type, pinned: target.hostKeys },
  );
}

export function loginRefused(target: SftpTarget): UnitrailError {
  const by = target.key === undefined ? 'password' : 'key';
  const advice = by === 'key' ? 'that the buyer has its public part' : 'that it is the present one';
  return problem(
    'SFTP_LOGIN_REFUSED',
    target,
    `The server does not let the user ${plainText(target.user, 100)} in by the ${by} at ${target[by]}. ` +
      `Check the user's name, the secret behind the reference, and ${advice}. It is not tried again by itself: that could lock the user out.`,
    { field: `sftp.${by}`, user: target.user },
  );
}

export function refused(
  target: SftpTarget,
  what: string,
  advice: string,
  refusal?: ServerRefusal,
): UnitrailError {
  return problem(
    'SFTP_REFUSED',
    target,
    `The server ${what}${said(refusal)}. ${advice}`,
    refusal && { status: refusal.status },
  );
}

export function full(target: SftpTarget, what: string, refusal?: ServerRefusal): UnitrailError {
  return problem(
    'SFTP_FULL',
    target,
    `${what}${said(refusal)}. Ask the buyer to make room or to raise the quota; the delivery is tried again by itself.`,
    refusal && { status: refusal.status },
  );
}

/** A name under which something else lies than what we would put there. */
export interface Sides {
  readonly name: string;
  readonly ours: string;
  readonly theirs: string;
}

export function conflict(target: SftpTarget, sides: readonly Sides[]): UnitrailError {
  const told = sides.map(({ name, ours, theirs }) => `${name} (ours: ${ours}; there: ${theirs})`).join(', ');
  return problem(
    'SFTP_FILE_CONFLICT',
    target,
    `In ${target.folder} lies something else under the name of a file of ours: ${told}. Nothing was overwritten. ` +
      'Find out with the buyer what it is; once it is moved away, deliver again.',
    { conflicts: sides },
  );
}

function said(refusal: ServerRefusal | undefined): string {
  return refusal ? ` (it says "${refusal.message}", status ${refusal.status})` : '';
}

function problem(
  code: ErrorCode,
  target: SftpTarget,
  message: string,
  detail: Readonly<Record<string, unknown>> = {},
): UnitrailError {
  return new UnitrailError(code, `SFTP ${placeOf(target)}: ${message}`, {
    host: target.host,
    port: target.port,
    folder: target.folder,
    ...detail,
  });
}
