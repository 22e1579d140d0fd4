import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export const goldenFolder = join(__dirname, '..', 'golden');

/** Each format version that was ever written has one. */
export const goldenCapsules = readdirSync(goldenFolder).filter((name) => /^capsule-\d+$/.test(name));

export const goldenKeys = readFileSync(join(goldenFolder, 'keys.txt'), 'utf8');
