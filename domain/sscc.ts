import { UnitrailError } from './errors';
import { checkDigit } from './gs1';

/** Extension digit, company prefix and serial reference are 17 digits together (GS1, AI 00). */
const BODY_DIGITS = 17;

/** The highest serial reference that fits beside a company prefix. */
export function lastSerialReference(companyPrefix: string): number {
  return 10 ** (BODY_DIGITS - 1 - companyPrefix.length) - 1;
}

/** The SSCC of a logistic unit: `0` + company prefix + serial reference + check digit. */
export function buildSscc(companyPrefix: string, serialReference: number): string {
  const reference = String(serialReference).padStart(BODY_DIGITS - 1 - companyPrefix.length, '0');
  const body = `0${companyPrefix}${reference}`;
  if (!/^[0-9]{17}$/.test(body)) {
    throw new UnitrailError(
      'SCHEME_EXHAUSTED',
      `company prefix ${companyPrefix} has no carton number ${serialReference}`,
    );
  }
  return body + checkDigit(body);
}
