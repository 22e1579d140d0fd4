import { createHmac, createSecretKey } from 'node:crypto';
import type { KeyedHash } from '../../domain/permutation';
import { KEY_ALLOWED, MAX_KEY_TEXT, readKey, wrongKey } from '../../domain/scheme-key';
import { readSecret } from './secret-text';

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
      const text = await readSecret(env, reference, { maxText: MAX_KEY_TEXT, allowed: KEY_ALLOWED });
      return text === null ? null : keyedHash(text, reference);
    },
  };
}

function keyedHash(text: string, reference: string): KeyedHash {
  const bytes = readKey(text);
  if (bytes === null) throw wrongKey(`${reference}: (hidden) is not allowed; ${KEY_ALLOWED}`);
  const key = createSecretKey(bytes);
  return (message) => createHmac('sha256', key).update(message).digest();
}
