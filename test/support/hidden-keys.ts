import { createHmac } from 'node:crypto';
import type { KeyedHash } from '../../domain/permutation';

/** Keys of the tests, as a person would put them into the environment. */
export const keyTexts = {
  first: 'c0ffee00'.repeat(8),
  other: Buffer.alloc(48, 'another key of the tests ').toString('base64'),
};

export const hashBy =
  (key: string): KeyedHash =>
  (message) =>
    createHmac('sha256', key).update(message).digest();
