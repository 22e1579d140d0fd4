import { writeCapsule } from '../adapters/capsule/write-capsule';
import { nodeCrypto } from '../adapters/capsule-reader/files';
import { readCapsuleKeys } from '../adapters/capsule-reader/keys';
import { verifyCapsule } from '../adapters/capsule-reader/verify-capsule';
import { openDatabase, type Database } from '../adapters/postgres/database';
import { fixedLogins } from '../adapters/postgres/logins';
import type { VerifyFiles } from '../activities/verify-capsule';
import type { Closer } from './close-all';
import type { Servers } from './servers';

/** What retention needs besides the office's own: who writes, who reads back, and the login that removes. */
export function retentionParts(servers: Servers, opened: Closer[]) {
  return { retentionDb: retentionPool(servers, opened), write: writeCapsule, verify: verifyFiles };
}

/** The second reader, with the keys that are known here on another way than the capsule. */
export const verifyFiles: VerifyFiles = (folder, { publicKeys, logKeys }) =>
  verifyCapsule(folder, { keys: readCapsuleKeys(publicKeys.join('\n'), nodeCrypto), logKeys });

/** The one login that may remove, opened when the first capsule is moved: an office without it does all else. */
function retentionPool(servers: Servers, opened: Closer[]): () => Promise<Database> {
  let pool: Database | undefined;
  opened.push(async () => pool?.destroy());
  return async () => {
    const url = await servers.loginUrl(fixedLogins.retention.name);
    return (pool ??= openDatabase(url, { applicationName: 'unitrail-retention', maxConnections: 2 }));
  };
}
