import { UnitrailError } from '../../domain/errors';
import { CapsuleTable } from '../../tools/audit/capsule-table';
import { Findings } from '../../tools/audit/findings';

const file = { sha256: 'a'.repeat(64), sizeBytes: 1_000 };

test.each([
  ['says so', new UnitrailError('STORE_UNAVAILABLE', 'away')],
  ['breaks off', new Error('ECONNRESET')],
])('a store that %s while a table is read is no finding about the capsule', async (_how, error) => {
  const findings = new Findings();
  const table = new CapsuleTable('acme-1', () => Promise.reject(error), file, findings);
  await expect(table.compare('{}')).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
  expect(findings.report({}).violations).toEqual([]);
});

test('a table that is not there is one', async () => {
  const findings = new Findings();
  await new CapsuleTable('acme-1', () => Promise.resolve(null), file, findings).compare('{}');
  expect(findings.report({}).violations).toMatchObject([{ invariant: 'A19' }]);
});
