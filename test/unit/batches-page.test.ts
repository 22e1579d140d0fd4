import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isShown, situationsOf } from '../support/situations';

/** What docs/batches.md promises is shown by a test. */
const rows = situationsOf(readFileSync(join(__dirname, '../../docs/batches.md'), 'utf8'));

test('the table of situations has all of them', () => expect(rows.length).toBeGreaterThanOrEqual(9));

test.each(rows)('$situation: $name', (row) => expect(isShown(row)).toBe(true));

test('a name that no test has is noticed', () => {
  expect(isShown({ ...rows[0]!, name: 'three batches of one product at once' })).toBe(false);
});
