import { randomBytes } from 'node:crypto';
import { readDocumentFile } from '../adapters/plant/document-file';
import { fixedLogins, nameBuyerLogins, type Login } from '../adapters/postgres/logins';
import { readTextIfAny, writeFileAtomic } from '../adapters/stack/files';
import type { RunningStack } from '../adapters/stack/running-stack';
import { UnitrailError } from '../domain/errors';
import { parsePlant, plantKind, stationLogin } from '../domain/plant';

interface LoginName extends Omit<Login, 'password'> {
  /** Whose it is, of a buyer's. */
  readonly buyer?: string;
}

export interface MadeLogin extends LoginName, Login {
  /** Where the password comes from. */
  readonly source: 'as in the file' | 'new' | 'kept in the home';
}

const MAX_PLANT_FILE_BYTES = 4 * 1024 * 1024;
const PASSWORD_BYTES = 24;

/** Who gets a login in an installation with this plant. */
export interface LoginsOfPlant {
  readonly named: readonly LoginName[];
  /** Their names are the database's to give. */
  readonly buyers: readonly string[];
}

/** The files that the plant names need not be here. */
export async function loginsOfPlant(path: string): Promise<LoginsOfPlant> {
  const { value, locate } = await readDocumentFile(path, plantKind, MAX_PLANT_FILE_BYTES);
  const { stations, buyers } = parsePlant(value, locate);
  const named = [
    ...Object.values(fixedLogins),
    ...stations.map(({ id }) => ({ name: stationLogin(id), group: 'unitrail_station' }) as const),
  ];
  return { named, buyers: buyers.map(({ id }) => id) };
}

export async function allLogins({ named, buyers }: LoginsOfPlant, ownerUrl: string): Promise<LoginName[]> {
  const ofBuyers = await nameBuyerLogins(ownerUrl, buyers);
  return [...named, ...ofBuyers.map((one) => ({ ...one, group: 'unitrail_buyer' }) as const)];
}

/** The embedded servers have a file of their own. */
export async function passwordsOfStack(
  logins: readonly LoginName[],
  stack: RunningStack,
): Promise<MadeLogin[]> {
  return Promise.all(
    logins.map(async (login) => {
      const password = decodeURIComponent(new URL(await stack.loginUrl(login.name)).password);
      return { ...login, password, source: 'kept in the home' as const };
    }),
  );
}

/**
 * The passwords of the logins file, completed with random ones. The file is written before the database learns them: a
 * crash in between leaves passwords that the next run sets, and never a login whose password nobody has.
 */
export async function passwordsOfFile(
  logins: readonly LoginName[],
  file: string | null,
  ownerUrl: string,
): Promise<MadeLogin[]> {
  if (file === null) {
    throw new UnitrailError(
      'CONFIGURATION_INVALID',
      'UNITRAIL_LOGINS: (missing) is not allowed with --logins; the path of the file that holds the logins’ URLs, or where they shall be written',
    );
  }
  const urls = await readUrls(file);
  const made = logins.map((login): MadeLogin => {
    const url = urls[login.name];
    return url === undefined
      ? { ...login, password: randomBytes(PASSWORD_BYTES).toString('base64url'), source: 'new' }
      : { ...login, password: passwordIn(url, login.name, file), source: 'as in the file' };
  });
  const fresh = made
    .filter(({ source }) => source === 'new')
    .map(({ name, password }) => [name, urlOf(ownerUrl, name, password)]);
  if (fresh.length > 0) await writeUrls(file, { ...urls, ...Object.fromEntries(fresh) });
  return made;
}

async function readUrls(file: string): Promise<Record<string, unknown>> {
  const text = await readFileText(file);
  if (text === null) return {};
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      return value as Record<string, unknown>;
  } catch {
    // Told below, without the text: it holds passwords.
  }
  throw new UnitrailError(
    'CONFIGURATION_INVALID',
    `UNITRAIL_LOGINS: ${file} is no JSON object of login names and URLs`,
  );
}

async function readFileText(file: string): Promise<string | null> {
  try {
    return await readTextIfAny(file);
  } catch (cause) {
    throw cannotUse(file, 'read', cause);
  }
}

async function writeUrls(file: string, urls: Readonly<Record<string, unknown>>): Promise<void> {
  try {
    await writeFileAtomic(file, `${JSON.stringify(urls, null, 2)}\n`);
  } catch (cause) {
    throw cannotUse(file, 'written', cause);
  }
}

function cannotUse(file: string, verb: 'read' | 'written', cause: unknown): UnitrailError {
  const code = (cause as NodeJS.ErrnoException).code ?? 'unknown reason';
  return new UnitrailError(
    'CONFIGURATION_INVALID',
    `UNITRAIL_LOGINS: ${file} can't be ${verb} (${code})`,
    {},
    { cause },
  );
}

/** The URL itself is never shown. */
function passwordIn(url: unknown, login: string, file: string): string {
  const parsed = typeof url === 'string' && URL.canParse(url) ? new URL(url) : null;
  if (parsed && decodeURIComponent(parsed.username) === login && parsed.password)
    return decodeURIComponent(parsed.password);
  throw new UnitrailError(
    'CONFIGURATION_INVALID',
    `UNITRAIL_LOGINS: the URL of ${login} in ${file} is not allowed; postgres://${login}:password@host:port/database`,
  );
}

function urlOf(ownerUrl: string, login: string, password: string): string {
  const url = new URL(ownerUrl);
  url.username = login;
  url.password = password;
  return url.href;
}
