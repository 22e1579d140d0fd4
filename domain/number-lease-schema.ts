import type { z } from 'zod';
import * as field from './fields';
import { LEASE_ID, MOST_LEASED, type LeaseReturn, type NumberLease } from './number-lease';
import { parseShape } from './parsing';
import { refusal, type Problem } from './refusal';

const title = 'The file';
export const leaseKind = { code: 'INPUT_INVALID', title } as const;

const number = () => field.wholeNumber(0, Number.MAX_SAFE_INTEGER);
const site = () => field.patternText(/^[A-Z0-9]{1,8}$/, "a site's name, 1 to 8 of A–Z 0–9");
const leaseId = () => field.patternText(LEASE_ID, '1 to 64 of A–Z a–z 0–9 . _ -');
const signature = () =>
  field.patternText(/^[A-Za-z0-9+/]{86}==$/, 'an Ed25519 signature of 64 bytes in base64');
const moment = () =>
  field.patternText(
    /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/,
    'a time in UTC such as 2026-11-26T15:40:00.000Z',
  );

const leaseSchema = field.fields({
  format: field.oneOf(['unitrail.lease/1']),
  lease: leaseId(),
  lessor: site(),
  lessee: site(),
  issuer: field.loginName(),
  numbers: field.fields({
    kind: field.oneOf(['serial', 'mac']),
    name: field.identifier(),
    version: field.wholeNumber(1, 9999),
    pattern: field.patternText(/^[!-~]{1,200}$/, 'the pattern of a scheme, or the block of a pool'),
    scope: field.patternText(/^[A-Za-z0-9/._-]{0,80}$/, "the scope of the scheme's counter"),
    definitionSha256: field.sha256(),
    hiddenBy: field.patternText(/^[0-9a-f]{16}$/, "a key's fingerprint of 16 digits, or null").nullable(),
  }),
  first: number(),
  last: number(),
  grantedAt: moment(),
  signature: signature(),
}) satisfies z.ZodType<NumberLease>;

const returnSchema = field.fields({
  format: field.oneOf(['unitrail.lease-return/1']),
  lease: leaseId(),
  leaseSha256: field.sha256(),
  lessor: site(),
  lessee: site(),
  counts: field.fields({ leased: number(), granted: number(), unused: number() }),
  unused: field.fields({ first: number(), last: number() }).nullable(),
  returnedAt: moment(),
  signature: signature(),
}) satisfies z.ZodType<LeaseReturn>;

/** @throws UnitrailError INPUT_INVALID with every problem in one message. */
export function parseLease(input: unknown): NumberLease {
  const lease: NumberLease = parseShape(leaseKind, leaseSchema, input);
  const { first, last } = lease;
  if (last < first || last - first >= MOST_LEASED)
    throw refusal(leaseKind.code, title, [
      {
        path: ['last'],
        value: last,
        allowed: `a number from first, ${first}, on; at most ${MOST_LEASED} in all`,
      },
    ]);
  return lease;
}

/** @throws UnitrailError INPUT_INVALID with every problem in one message. */
export function parseLeaseReturn(input: unknown): LeaseReturn {
  const told: LeaseReturn = parseShape(leaseKind, returnSchema, input);
  const { counts, unused } = told;
  const left = unused === null ? 0 : unused.last - unused.first + 1;
  const problems: Problem[] = [];
  if (counts.unused !== left || left < 0)
    problems.push({
      path: ['counts', 'unused'],
      value: counts.unused,
      allowed: `${left}, the numbers of unused`,
    });
  if (counts.granted + counts.unused !== counts.leased)
    problems.push({
      path: ['counts', 'leased'],
      value: counts.leased,
      allowed: 'granted and unused together',
    });
  if (problems.length > 0) throw refusal(leaseKind.code, title, problems);
  return told;
}
