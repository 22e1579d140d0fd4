import type { TestLimit } from './recipe';

/** FAIL is the device's fault, ERROR is the station's. */
export type Verdict = 'PASS' | 'FAIL' | 'ERROR';

export interface TestResult {
  readonly name: string;
  readonly value: number | null;
  readonly unit: string;
  readonly low: number;
  readonly high: number;
  readonly verdict: Verdict;
}

/** Judges a measured vector: the limits are stored with the result, so that it can be judged again for ever. */
export function judgeTest(
  limits: readonly TestLimit[],
  measured: readonly { name: string; value: number | null }[],
): { verdict: Verdict; results: TestResult[] } {
  const values = new Map(measured.map((measurement) => [measurement.name, measurement.value]));
  const results = limits.map((limit) => judgeOne(limit, values.get(limit.name) ?? null));
  return { verdict: worstOf(results), results };
}

function judgeOne(limit: TestLimit, value: number | null): TestResult {
  const { name, unit, low, high } = limit;
  // A value that is no number is no measurement: the station failed, and JSON could not keep it either.
  if (value === null || !Number.isFinite(value))
    return { name, unit, low, high, value: null, verdict: 'ERROR' };
  return { name, unit, low, high, value, verdict: value >= low && value <= high ? 'PASS' : 'FAIL' };
}

/** An ERROR anywhere makes the whole test an ERROR: a FAIL beside it may be the station's as well. */
function worstOf(results: readonly TestResult[]): Verdict {
  if (results.length === 0 || results.some((result) => result.verdict === 'ERROR')) return 'ERROR';
  return results.some((result) => result.verdict === 'FAIL') ? 'FAIL' : 'PASS';
}
