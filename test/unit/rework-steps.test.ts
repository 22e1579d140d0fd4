import { changeProblem } from '../../domain/batch-control';
import { decisionProblem, type Decision } from '../../domain/decision';
import type { Standing, Step, UnitState } from '../../domain/unit-lifecycle';
import { toggleOf } from '../../workflows/batch-changes';
import { unitDetails, type PageFacts } from '../../workflows/unit-details';

const at = (step: Step, state: UnitState = 'AwaitingEngineer'): Standing => ({
  ...{ unitId: 'u', serial: 'EUDV2647-000001', seq: 5 },
  ...{ state, step, attempt: 1 },
});

const reworkFrom = (step: Step): Decision => ({ action: 'rework', by: '17', reason: 'worn', step });

test.each<[own: Step, from: Step, problem: RegExp | null]>([
  ['test', 'flash', null],
  ['test', 'test', null],
  ['ship', 'label', null],
  ['test', 'label', /step: "label" is not allowed: unit EUDV2647-000001 is at test; one of flash, test$/],
  ['assign', 'flash', /step: "flash" is not allowed: .* is at assign; retry it, or scrap it$/],
])('a rework at %s from %s goes back, never forward', (own, from, problem) => {
  const said = decisionProblem(at(own), reworkFrom(from));
  if (problem === null) expect(said).toBeNull();
  else expect(said).toMatch(problem);
});

test('the page of a unit names a rework only where there is something to go back to', () => {
  const page = (step: Step): string =>
    unitDetails({
      ...{ namespace: 'n', batch: 'B', standing: at(step), trial: false, facts: null, done: [] },
      ...{ doing: { what: 'reads', since: 0 }, failure: null, hold: null, repeats: 0, station: null },
      cancel: 'none',
    } satisfies PageFacts);
  expect(page('test')).toContain('- `rework` with');
  expect(page('assign')).not.toContain('`rework`');
  expect(page('assign')).toContain('- `scrap` with');
});

test.each([[['17']], [{ toString: () => '17' }], [true]])('by: %p is no text, and is refused', (by) => {
  expect(decisionProblem(at('test'), { ...reworkFrom('test'), by: by as never })).toMatch(/^by: /);
  expect(changeProblem({ action: 'pause', by: by as never })).toMatch(/^by: /);
});

test('an operator number that was written as a number is text in a batch’s history as well', () => {
  const change = toggleOf('pause', { by: 17 as never });
  expect(change).toEqual({ action: 'pause', by: '17' });
  expect(changeProblem(change)).toBeNull();
});
