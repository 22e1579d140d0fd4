/** Where contents are kept, as UNITRAIL_STORE and UNITRAIL_STORE_COPY say it. */
export type StorePlace = FolderPlace | BucketPlace;

export interface FolderPlace {
  readonly kind: 'folder';
  readonly folder: string;
}

/** A bucket of a server that speaks S3. Credentials are never here: they come from the environment or a named profile. */
export interface BucketPlace {
  readonly kind: 'bucket';
  readonly bucket: string;
  /** Before each key; empty, or with a slash at its end. */
  readonly prefix: string;
  /** Null: Amazon's own, by region. */
  readonly endpoint: string | null;
  readonly region: string;
  /** Of the file of shared credentials, where the environment's own are not meant. */
  readonly profile: string | null;
  /** How contents are locked in a bucket that can lock. */
  readonly lock: 'governance' | 'compliance';
}

export interface StoreSetting {
  readonly first: StorePlace;
  /** Where each content is kept once more. */
  readonly copy: StorePlace | null;
}

const SCHEME = 's3://';
/** Servers of other makers ask for one, and do not care which. */
const ANY_REGION = 'us-east-1';
const bucketAllowed =
  's3://BUCKET/PREFIX?region=R, with endpoint=URL (https, or http on this machine only) for a server that is not Amazon’s, and profile=NAME and lock=governance|compliance where wanted; credentials never stand in it';

export function isBucketText(text: string): boolean {
  return text.startsWith(SCHEME);
}

/** The place, or in words what is wrong with it: `"x" is not allowed; y`. A value that may hold a secret is not repeated. */
export function readBucketPlace(text: string): BucketPlace | string {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (!url || url.username || url.password || url.hash) return notAllowed('(hidden)', bucketAllowed);
  const given = Object.fromEntries(url.searchParams);
  const problem =
    unknownOption(url.searchParams) ??
    wrongBucket(url.hostname, url.port) ??
    wrongPrefix(url.pathname) ??
    wrongEndpoint(given.endpoint) ??
    wrongWord('region', given.region) ??
    wrongWord('profile', given.profile) ??
    wrongLock(given.lock);
  if (problem !== null) return problem;
  if (!given.region && !given.endpoint)
    return 'region= (missing) is not allowed; the region of the bucket, or endpoint=URL of another server';
  const prefix = url.pathname.replace(/^\/+|\/+$/g, '');
  return {
    kind: 'bucket',
    bucket: url.hostname,
    prefix: prefix === '' ? '' : `${prefix}/`,
    endpoint: given.endpoint ?? null,
    region: given.region ?? ANY_REGION,
    profile: given.profile ?? null,
    lock: given.lock === 'compliance' ? 'compliance' : 'governance',
  };
}

/** As messages name it: nothing in it is secret. */
export function placeText(place: StorePlace): string {
  if (place.kind === 'folder') return place.folder;
  const { bucket, prefix, endpoint, region } = place;
  return `${SCHEME}${bucket}/${prefix} ${endpoint === null ? `in ${region}` : `at ${endpoint}`}`;
}

/** Content lies there by this name, below the folder or the prefix. */
export function contentPath(sha256: string): string {
  return `sha256/${sha256.slice(0, 2)}/${sha256}`;
}

/** Two copies in one place are one. */
export function isSamePlace(one: StorePlace, other: StorePlace): boolean {
  if (one.kind === 'folder' || other.kind === 'folder') return placeText(one) === placeText(other);
  const server = ({ endpoint, region }: BucketPlace): string => endpoint ?? region;
  return one.bucket === other.bucket && one.prefix === other.prefix && server(one) === server(other);
}

const options: ReadonlySet<string> = new Set(['endpoint', 'region', 'profile', 'lock']);

function unknownOption(given: URLSearchParams): string | null {
  const names = [...given.keys()];
  const wrong = names.find((name, at) => !options.has(name) || names.indexOf(name) !== at);
  if (wrong === undefined) return null;
  // Only the name: whoever puts a secret there has put it into the value.
  return notAllowed(`the option "${wrong.slice(0, 40)}"`, `each of ${[...options].join(', ')} once`);
}

function wrongBucket(bucket: string, port: string): string | null {
  if (/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(bucket) && port === '') return null;
  return notAllowed(`the bucket "${bucket.slice(0, 70)}"`, '3 to 63 of a-z, 0-9, "." and "-"');
}

function wrongPrefix(path: string): string | null {
  if (/^[A-Za-z0-9._/-]{0,200}$/.test(path) && !path.split('/').some((part) => /^\.\.?$/.test(part)))
    return null;
  return notAllowed(`the prefix "${path.slice(0, 60)}"`, 'up to 200 of A-Z, a-z, 0-9, ".", "_", "-" and "/"');
}

function wrongEndpoint(text: string | undefined): string | null {
  if (text === undefined) return null;
  const allowed = 'https://HOST:PORT, or http on this machine only (127.0.0.1, [::1], localhost)';
  const url = URL.canParse(text) ? new URL(text) : null;
  if (!url || url.username || url.password) return notAllowed('endpoint= (hidden)', allowed);
  const isBare = url.pathname === '/' && !url.search && !url.hash;
  const isHere = /^(127(\.\d+){3}|\[::1\]|localhost)$/.test(url.hostname);
  if (isBare && (url.protocol === 'https:' || (url.protocol === 'http:' && isHere))) return null;
  return notAllowed(`endpoint="${text.slice(0, 80)}"`, allowed);
}

function wrongWord(name: string, text: string | undefined): string | null {
  if (text === undefined || /^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$/.test(text)) return null;
  return notAllowed(`${name}="${text.slice(0, 60)}"`, 'letters, digits, "_" and "-"');
}

function wrongLock(text: string | undefined): string | null {
  if (text === undefined || text === 'governance' || text === 'compliance') return null;
  return notAllowed(`lock="${text.slice(0, 40)}"`, 'governance or compliance');
}

function notAllowed(what: string, allowed: string): string {
  return `${what} is not allowed; ${allowed}`;
}
