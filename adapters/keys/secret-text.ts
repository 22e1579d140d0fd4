import { open, stat } from 'node:fs/promises';
import { wrongKey } from '../../domain/scheme-key';

/** What of a secret has to be known to read it, and to say what is wrong with it. */
export interface SecretKind {
  /** A character more, and it is none. */
  readonly maxText: number;
  readonly allowed: string;
}

/**
 * What lies at `env:NAME` or `file:/PATH`; null where nothing does.
 * @throws UnitrailError CONFIGURATION_INVALID where a file can't be read. What is in it is never shown.
 */
export async function readSecret(
  env: Readonly<Record<string, string | undefined>>,
  reference: string,
  kind: SecretKind,
): Promise<string | null> {
  const place = reference.slice(reference.indexOf(':') + 1);
  return reference.startsWith('file:') ? readBounded(place, reference, kind) : env[place] || null;
}

/** A character too many is enough to know that it is no key: whatever else the path names is not read. */
async function readBounded(
  path: string,
  reference: string,
  { maxText, allowed }: SecretKind,
): Promise<string | null> {
  try {
    // Asked before it is opened: a pipe would wait for somebody who writes.
    if (!(await stat(path)).isFile()) throw wrongKey(`${reference}: it is no file; a file with ${allowed}`);
    const file = await open(path, 'r');
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(maxText + 1), 0, maxText + 1, 0);
      return buffer.toString('latin1', 0, bytesRead);
    } finally {
      await file.close();
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return null;
    if (code === 'EACCES' || code === 'ENOTDIR')
      throw wrongKey(`${reference}: it can't be read (${code}); a file with ${allowed}`);
    throw error;
  }
}
