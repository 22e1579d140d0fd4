import { UnitrailError } from '../domain/errors';

/** One thing that the doctor looked at. */
export interface Finding {
  readonly check: string;
  /** warn: it works, and somebody should know. fail: something can't work like this. */
  readonly status: 'ok' | 'warn' | 'fail';
  readonly found: string;
  /** What to do about it. */
  readonly mend?: string;
}

export function ok(check: string, found: string): Finding {
  return { check, status: 'ok', found };
}

export function warn(check: string, found: string, mend: string): Finding {
  return { check, status: 'warn', found, mend };
}

export function failed(check: string, found: string, mend: string): Finding {
  return { check, status: 'fail', found, mend };
}

/** A look that breaks off is a finding as well. */
export async function looked(
  check: string,
  look: () => Promise<readonly Finding[]>,
  mend: string,
): Promise<readonly Finding[]> {
  try {
    return await look();
  } catch (error) {
    const known = error instanceof UnitrailError || error instanceof Error;
    return [failed(check, known ? error.message : 'it can not be looked at', mend)];
  }
}
