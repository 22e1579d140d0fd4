import { createHmac, createSecretKey } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import type { HiddenFacts } from '../../domain/grant-facts';
import type { KeyedHash } from '../../domain/permutation';
import { fingerprintOf, KEY_REFERENCE, MAX_KEY_TEXT, readKey } from '../../domain/scheme-key';
import type { Findings } from './findings';

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The keys of hidden sequences, by the references that the blocks name. An auditor need not have them: without a key the
 * numbers are not computed again, and the report says so.
 */
export class AuditKeys {
  private readonly found = new Map<string, KeyedHash | string>();

  constructor(
    private readonly env: Environment,
    private readonly findings: Findings,
  ) {}

  /** Null where the key is not here or is another one. Which of the two is no matter of the database: it is a note. */
  of(hidden: HiddenFacts): KeyedHash | null {
    const { key, space, fingerprint } = hidden;
    let found = this.found.get(key);
    if (found === undefined) this.found.set(key, (found = readHash(key, this.env)));
    const problem = typeof found === 'string' ? found : otherKey(found, fingerprint);
    if (problem === null) return found as KeyedHash;
    this.findings.note(
      `The numbers of ${space} are hidden by ${key}, and ${problem}: that its serials are those of their blocks was not ` +
        'checked, only their form; all else was.',
    );
    return null;
  }
}

function otherKey(hash: KeyedHash, fingerprint: string | undefined): string | null {
  const found = fingerprintOf(hash);
  return found === fingerprint ? null : `the key there has the fingerprint ${found}, not ${fingerprint}`;
}

/** The reference is what stands in the database, whoever wrote it there. */
function readHash(reference: string, env: Environment): KeyedHash | string {
  if (!KEY_REFERENCE.test(reference)) return 'that is no place of a key';
  const text = reference.startsWith('file:') ? readText(reference.slice(5)) : env[reference.slice(4)];
  if (!text) return 'the key is not here';
  const bytes = readKey(text);
  if (bytes === null) return 'what lies there is no key';
  const key = createSecretKey(bytes);
  return (message) => createHmac('sha256', key).update(message).digest();
}

function readText(path: string): string | undefined {
  try {
    const stat = statSync(path);
    return stat.isFile() && stat.size <= MAX_KEY_TEXT ? readFileSync(path, 'latin1') : undefined;
  } catch {
    return undefined;
  }
}
