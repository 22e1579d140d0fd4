import { UnitrailError } from '../../domain/errors';
import { errorCodeOf } from './durable-file';

/** The code of an answer of the server, or of the connection, without its message: that may show a key's id. */
export function bucketErrorCode(error: unknown): string {
  const code = errorCodeOf(error);
  if (code !== undefined) return code;
  const { name = 'Error', message = '' } = error as Partial<Error>;
  // The library wraps errors of the connection that are of another realm: then their code is in its words alone.
  return name === 'Error' ? (/\b(E[A-Z]{4,})\b/.exec(message)?.[1] ?? 'unknown error') : name;
}

export function httpStatusOf(error: unknown): number | undefined {
  const { $metadata: metadata } = error as { $metadata?: { httpStatusCode?: number } };
  return metadata?.httpStatusCode;
}

/** How servers other than Amazon's say that an object is locked (MinIO by the first); Amazon's own word is "access denied". */
const lockCodes: ReadonlySet<string> = new Set(['InvalidRequest', 'ObjectLocked', 'RetentionPolicyNotMet']);

/**
 * The server knows who asks, and does not do it with this object. Credentials that it does not take are another matter, and so are
 * an account that is closed and a method that it does not have. An invalid request is about a lock only where a bucket can lock.
 */
export function isRefusal(error: unknown, canLock: boolean): boolean {
  const code = bucketErrorCode(error);
  const known = causes.find(({ codes }) => codes.has(code));
  if (known !== undefined) return known === refused;
  return httpStatusOf(error) === 403 || (canLock && lockCodes.has(code));
}

/** Asks the server, and says of one that does not do it: the bucket can't be used, and why. */
export async function askingBucket<Result>(place: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof UnitrailError) throw error;
    throw bucketUnavailable(place, error);
  }
}

function bucketUnavailable(place: string, error: unknown): UnitrailError {
  const reason = bucketErrorCode(error);
  return new UnitrailError(
    'STORE_UNAVAILABLE',
    `The content store ${place} can't be used: ${causeOf(error, reason)}.`,
    { place, reason, isOfAll: isOfAll(error, reason) },
  );
}

/** Of a gateway whose server is away, or of a server that asks for patience: about no object alone. */
const statusesOfAll: readonly (number | undefined)[] = [502, 503, 504, 507];

/** Whether it says so of the whole bucket. Rights may be missing for one object, and a server break off at one that it can't read. */
function isOfAll(error: unknown, reason: string): boolean {
  const known = causes.find(({ codes }) => codes.has(reason));
  if (known === undefined) return statusesOfAll.includes(httpStatusOf(error));
  return known !== refused && known !== brokenOff && known !== tooLarge;
}

function causeOf(error: unknown, reason: string): string {
  const known = causes.find(({ codes }) => codes.has(reason));
  if (known) return `${known.text} (${reason}). ${known.mend}`;
  const status = httpStatusOf(error);
  if (status === 507) return `${full.text} (507). ${full.mend}`;
  if (status === 403) return `${refused.text} (${reason}, 403). ${refused.mend}`;
  if (status !== undefined && status >= 500)
    return `its server fails (${reason}, ${status}). Look at the server`;
  if (/certificate|CERT|SSL|TLS/i.test(reason))
    return `its server's certificate does not hold (${reason}). ${certificates}`;
  return `${reason}. Look at the server, and at UNITRAIL_STORE`;
}

const certificates = 'A certificate authority of your own is named in NODE_EXTRA_CA_CERTS';

interface Cause {
  readonly text: string;
  readonly mend: string;
  readonly codes: ReadonlySet<string>;
}

const refused: Cause = {
  text: 'the credentials do not allow it',
  mend: 'docs/store.md lists the rights that are needed',
  codes: new Set(['AccessDenied', 'Forbidden']),
};

const closed: Cause = {
  text: 'its account, or all of it, is closed',
  mend: 'Ask those who run the server',
  codes: new Set(['AllAccessDisabled', 'AccountProblem']),
};

const silent = {
  text: 'nothing answers there',
  mend: 'Look at the network, the server and the endpoint in UNITRAIL_STORE',
};

const brokenOff: Cause = {
  ...silent,
  codes: new Set(['ECONNRESET', 'ETIMEDOUT', 'EPIPE', 'TimeoutError', 'RequestTimeout', 'NetworkingError']),
};

const full: Cause = {
  text: 'it has no room',
  mend: 'Give it room, or raise its quota',
  codes: new Set([
    'QuotaExceeded',
    'InsufficientStorage',
    'XMinioStorageFull',
    'XMinioAdminBucketQuotaExceeded',
    'InsufficientCapacity',
    'OverQuota',
    'QuotaExceededException',
  ]),
};

/** Of one object: others are smaller. */
const tooLarge: Cause = {
  text: 'its server takes no object of that size',
  mend: 'Raise its limit',
  codes: new Set(['EntityTooLarge']),
};

const causes: readonly Cause[] = [
  refused,
  closed,
  full,
  tooLarge,
  brokenOff,
  {
    ...silent,
    codes: new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH']),
  },
  {
    text: 'there is no such bucket',
    mend: 'Make it, or name another one in UNITRAIL_STORE',
    codes: new Set(['NoSuchBucket']),
  },
  {
    text: 'no credentials were found',
    mend: 'Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name a profile= of the credentials file',
    codes: new Set(['CredentialsProviderError']),
  },
  {
    text: 'the server does not take the credentials',
    mend: 'Look at AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or at the profile, and at this machine’s clock',
    codes: new Set([
      'InvalidAccessKeyId',
      'XAdminUserNotFound',
      'SignatureDoesNotMatch',
      'ExpiredToken',
      'InvalidToken',
      'RequestTimeTooSkewed',
      'TokenRefreshRequired',
      'AuthorizationHeaderMalformed',
      'InvalidSecurity',
      'NotSignedUp',
    ]),
  },
  {
    text: 'the bucket is in another region',
    mend: 'Name it in UNITRAIL_STORE, as region=',
    codes: new Set(['PermanentRedirect', 'TemporaryRedirect', 'IllegalLocationConstraintException']),
  },
];
