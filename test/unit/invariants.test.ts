import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { invariants } from '../../tools/audit/invariants';

test('docs/invariants.md lists every invariant of the auditor, in its words', () => {
  const page = readFileSync(join(__dirname, '..', '..', 'docs', 'invariants.md'), 'utf8');
  const listed = [...page.matchAll(/^\| (A\d+) \| (.+?) \|$/gm)].map(([, number, text]) => [number, text]);
  expect(listed).toEqual(Object.entries(invariants));
});
