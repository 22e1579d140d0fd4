import { utils } from 'ssh2';
import { UnitrailError } from '../../domain/errors';
import type { SftpTarget } from '../../domain/export-settings';
import { readSecret } from '../keys/secret-text';

/** Where references to secrets are looked up: the process's environment. */
export type Secrets = Readonly<Record<string, string | undefined>>;

/** By which the user is let in. It is read for each connection, and goes nowhere else. */
export type Credentials =
  { readonly privateKey: string; readonly passphrase?: string } | { readonly password: string };

const KEY_ALLOWED = 'a private key as `ssh-keygen -t ed25519` writes it (OpenSSH, or RSA or EC in PEM)';
const TEXT_ALLOWED = 'a password or passphrase of one line';
const MOST_KEY_TEXT = 16_384;
const MOST_TEXT = 1_024;

/** @throws UnitrailError CONFIGURATION_INVALID, with the field and the reference, and never with what lies there. */
export async function readCredentials(target: SftpTarget, secrets: Secrets): Promise<Credentials> {
  const { key, password, passphrase } = target;
  if ((key === undefined) === (password === undefined))
    throw wrong(
      'sftp',
      `${key === undefined ? '(neither)' : '(both)'} is not allowed; either key or password`,
    );
  if (password !== undefined) return { password: await readLine('sftp.password', password, secrets) };
  const privateKey = await readText('sftp.key', key!, secrets, MOST_KEY_TEXT, KEY_ALLOWED);
  const opened =
    passphrase === undefined ? undefined : await readLine('sftp.passphrase', passphrase, secrets);
  requireKey(key!, privateKey, opened);
  return { privateKey, ...(opened !== undefined && { passphrase: opened }) };
}

/** Asked here: the library would say it in words of its own, and only after the connection is there. */
function requireKey(reference: string, text: string, passphrase: string | undefined): void {
  const parsed = utils.parseKey(text, passphrase);
  if (parsed instanceof Error) {
    const locked = /passphrase|decrypt|integrity/i.test(parsed.message);
    const more = locked ? '; it is locked, and sftp.passphrase does not open it' : '';
    throw wrong('sftp.key', `what lies at ${reference} is not allowed; ${KEY_ALLOWED}${more}`);
  }
  if (!(Array.isArray(parsed) ? parsed[0] : parsed)?.isPrivateKey())
    throw wrong('sftp.key', `the public key at ${reference} is not allowed; ${KEY_ALLOWED}`);
}

/** The line's end is the editor's, not the password's. */
async function readLine(field: string, reference: string, secrets: Secrets): Promise<string> {
  const text = (await readText(field, reference, secrets, MOST_TEXT, TEXT_ALLOWED)).replace(/\r?\n$/, '');
  if (text !== '' && !/[\r\n\0]/.test(text)) return text;
  throw wrong(field, `what lies at ${reference} is not allowed; ${TEXT_ALLOWED}`);
}

async function readText(
  field: string,
  reference: string,
  secrets: Secrets,
  maxText: number,
  allowed: string,
): Promise<string> {
  const text = await readSecret(secrets, reference, { maxText, allowed });
  if (text === null) throw wrong(field, `${reference} (missing) is not allowed; ${allowed}`);
  if (text.length > maxText) throw wrong(field, `${reference} (too long) is not allowed; ${allowed}`);
  // A file's bytes come one by one.
  return reference.startsWith('file:') ? Buffer.from(text, 'latin1').toString('utf8') : text;
}

function wrong(field: string, problem: string): UnitrailError {
  return new UnitrailError('CONFIGURATION_INVALID', `${field}: ${problem}`, { field });
}
