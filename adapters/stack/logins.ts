/**
 * The passwords of the embedded Postgres, by login name, in a file that only this user can read.
 * They are made here and never leave the machine; given servers have logins of their own.
 */
import { randomBytes } from 'node:crypto';
import { UnitrailError } from '../../domain/errors';
import { withFileLock } from './file-lock';
import { readTextIfAny, writeFileAtomic } from './files';
import type { StackHome } from './home';

export const databaseName = 'unitrail';
export const ownerLogin = 'unitrail_owner';
export const superuserLogin = 'postgres';

type Passwords = Record<string, string>;

const loginPattern = /^[A-Za-z_][A-Za-z0-9_.-]{0,62}$/;
const lockTimeoutMs = 30_000;

function unreadable(home: StackHome, reason: string): UnitrailError {
  return new UnitrailError(
    'CONFIGURATION_INVALID',
    `${home.logins} can't be read (${reason}). It holds the passwords of the embedded Postgres: restore it, or ` +
      `delete ${home.path} to begin with an empty database.`,
  );
}

async function readPasswords(home: StackHome): Promise<Passwords> {
  const text = await readTextIfAny(home.logins);
  if (text === null) return {};
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed === 'object' && parsed !== null) return parsed as Passwords;
  } catch {
    // The text is not named in the error: it holds secrets.
  }
  throw unreadable(home, 'it is no JSON object');
}

async function addPassword(home: StackHome, login: string): Promise<string> {
  return withFileLock(`${home.logins}.lock`, { timeoutMs: lockTimeoutMs }, async () => {
    const passwords = await readPasswords(home);
    const known = passwords[login];
    if (known !== undefined) return known;
    const password = randomBytes(24).toString('base64url');
    await writeFileAtomic(home.logins, `${JSON.stringify({ ...passwords, [login]: password }, null, 2)}\n`);
    return password;
  });
}

function checkLogin(login: string): void {
  if (loginPattern.test(login)) return;
  throw new UnitrailError(
    'INPUT_INVALID',
    `login: ${JSON.stringify(login.slice(0, 80))} is no login name. Allowed are 1 to 63 letters, digits, ` +
      '"_", "." and "-", not beginning with a digit.',
  );
}

/** A repeat gives the same password, from every process. */
export async function passwordOf(home: StackHome, login: string): Promise<string> {
  checkLogin(login);
  const passwords = await readPasswords(home);
  return Object.hasOwn(passwords, login) ? passwords[login]! : addPassword(home, login);
}

export async function hasPasswords(home: StackHome): Promise<boolean> {
  return (await readTextIfAny(home.logins)) !== null;
}

/** Makes up and stores a password for a login that is not known yet; making the role is the caller's job. */
export async function loginUrl(
  home: StackHome,
  port: number,
  login: string,
  database = databaseName,
): Promise<string> {
  const password = await passwordOf(home, login);
  return `postgres://${encodeURIComponent(login)}:${password}@127.0.0.1:${port}/${database}`;
}
