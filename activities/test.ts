import type { StationDevices } from '../adapters/devices/ports';
import type { Database } from '../adapters/postgres/database';
import { requestDigest } from '../adapters/postgres/ledger';
import { UnitrailError } from '../domain/errors';
import { judgeTest, type TestResult } from '../domain/judge-test';
import { lastLines } from '../domain/tool-output';
import { performAct, type Act } from './act';
import { requireOwnBoard, requireStillOwnBoard } from './own-board';
import type { Standing, StationInput } from './types';

/** Step 3. Measures the plan's vector and judges it against its limits. FAIL is the device's fault, ERROR the station's. */
export function createTestActivities(deps: { db: Database; devices: StationDevices }) {
  const { tester, device } = deps.devices;
  return {
    async test({ unitId, lease }: StationInput): Promise<Standing> {
      return performAct(deps.db, { unitId, part: 'test', intent: 'testIntended', lease }, async (act) => {
        const { unit, place } = act;
        await requireOwnBoard(act, deps.devices);
        const { testPlan, testPlanSha256 } = unit.recipe;
        const firmwareSha256 = await device.firmwareSha256(place);
        const measured = await tester.measure(
          place,
          testPlan.measurements.map((limit) => limit.name),
        );
        await requireStillOwnBoard(act, deps.devices);
        const { verdict, results } = judgeTest(testPlan.measurements, measured);
        const request = { chipUid: unit.chipUid, firmwareSha256, planSha256: testPlanSha256 };
        const body = { firmwareSha256, plan: testPlan.name, planSha256: testPlanSha256, verdict, results };
        if (verdict === 'PASS') return { type: 'testPassed', request, body };
        await act.note(verdict === 'FAIL' ? 'testFailed' : 'testErred', 'outcome', {
          ...body,
          request: requestDigest(request),
        });
        throw failureOf(act, verdict, results);
      });
    },
  };
}

function failureOf(act: Act, verdict: 'FAIL' | 'ERROR', results: readonly TestResult[]): UnitrailError {
  const wrong = results.filter((result) => result.verdict === verdict);
  const shown = wrong
    .map((r) => `${r.name} = ${r.value ?? 'not measured'} (${r.low} to ${r.high} ${r.unit})`)
    .join(', ');
  const detail = { results: wrong, output: lastLines(results.map(lineOf)) };
  return verdict === 'FAIL'
    ? new UnitrailError('TEST_FAILED', `Unit ${act.unit.serial} missed a limit: ${shown}.`, detail)
    : new UnitrailError(
        'TEST_ERROR',
        `The station could not measure unit ${act.unit.serial}: ${shown}.`,
        detail,
      );
}

/** The whole vector, as a tester would write it: what passed says as much about the cause as what did not. */
function lineOf({ name, value, unit, low, high, verdict }: TestResult): string {
  return `${verdict.padEnd(5)} ${name} = ${value ?? 'not measured'} ${unit} (${low} to ${high})`;
}
