import { createHmac, createSecretKey } from 'node:crypto';
import { open, stat } from 'node:fs/promises';
import type { KeyedHash } from '../../domain/permutation';
import { KEY_ALLOWED, MAX_KEY_TEXT, readKey, wrongKey } from '../../domain/scheme-key';

/** The keys that hide sequences, as this process's environment has them. They are read when they are needed, and not kept. */
export interface SchemeKeys {
  /**
   * Null where nothing lies there.
   * @throws UnitrailError CONFIGURATION_INVALID where what lies there is no key. It is never shown.
   */
  find(reference: string): Promise<KeyedHash | null>;
}

export function createSchemeKeys(env: Readonly<Record<string, string | undefined>>): SchemeKeys {
  return {
    async find(reference) {
      const [kind, place] = [reference.slice(0, reference.indexOf(':')), afterColon(reference)];
      const text = kind === 'file' ? await readBounded(place, reference) : env[place] || null;
      return text === null ? null : keyedHash(text, reference);
    },
  };
}

function afterColon(reference: string): string {
  return reference.slice(reference.indexOf(':') + 1);
}

function keyedHash(text: string, reference: string): KeyedHash {
  const bytes = readKey(text);
  if (bytes === null) throw wrongKey(`${reference}: (hidden) is not allowed; ${KEY_ALLOWED}`);
  const key = createSecretKey(bytes);
  return (message) => createHmac('sha256', key).update(message).digest();
}

/** A character too many is enough to know that it is no key: whatever else the path names is not read. */
async function readBounded(path: string, reference: string): Promise<string | null> {
  try {
    // Asked before it is opened: a pipe would wait for somebody who writes.
    if (!(await stat(path)).isFile())
      throw wrongKey(`${reference}: it is no file; a file with ${KEY_ALLOWED}`);
    const file = await open(path, 'r');
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(MAX_KEY_TEXT + 1), 0, MAX_KEY_TEXT + 1, 0);
      return buffer.toString('latin1', 0, bytesRead);
    } finally {
      await file.close();
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return null;
    if (code === 'EACCES' || code === 'ENOTDIR')
      throw wrongKey(`${reference}: it can't be read (${code}); a file with ${KEY_ALLOWED}`);
    throw error;
  }
}
