import fc from 'fast-check';
import { reworkSteps } from '../../domain/decision';
import {
  endStates,
  steps,
  stepNumber,
  transition,
  transitions,
  unitStates,
  type Step,
  type UnitState,
} from '../../domain/unit-lifecycle';

interface Place {
  readonly state: UnitState | 'None';
  readonly step: Step;
}

interface Told extends Place {
  readonly type: string;
  readonly before: Place;
  /** Null where the event was refused. */
  readonly opened: Step | null;
  readonly allowed: boolean;
}

const types = [...new Set(transitions.map(({ type }) => type))];
const nothing: Place = { state: 'None', step: 'assign' };

const setbacks = ['held', 'missing', 'scrapped', 'voided', 'unpacked'];

/** Mostly an event that leads on, or no unit would ever come far; sometimes one that is allowed, sometimes any at all. */
const choice = fc.record({
  mode: fc.constantFrom('any', 'allowed', 'onward', 'onward', 'onward', 'onward'),
  pick: fc.nat(9_999),
  reworkTo: fc.constantFrom(...reworkSteps),
});
const stories = fc.array(choice, { maxLength: 60 }).map(tell);

function tell(choices: readonly { mode: string; pick: number; reworkTo: Step }[]): Told[] {
  let place = nothing;
  return choices.map(({ mode, pick, reworkTo }) => {
    const before = place;
    // A rework names an earlier step or the same one, as the database demands.
    const named = stepNumber(reworkTo) <= stepNumber(before.step) ? reworkTo : undefined;
    const possible = mode === 'any' ? types : typesFrom(before, named, mode === 'onward');
    const type = (possible.length > 0 ? possible : types)[pick % (possible.length || types.length)]!;
    const answer = transition(before, type, named);
    if (!answer.ok) return { ...before, type, before, opened: null, allowed: false };
    place = { state: answer.state, step: answer.step };
    return { ...place, type, before, opened: answer.opensAttempt ? answer.step : null, allowed: true };
  });
}

function typesFrom(place: Place, named: Step | undefined, onward: boolean): string[] {
  return types.filter((type) => {
    const answer = transition(place, type, named);
    if (!answer.ok || !onward) return answer.ok;
    return !setbacks.includes(type) && (answer.state !== place.state || answer.step !== place.step);
  });
}

/** What happened while the step was under way: a result that comes late moves nothing. */
const moving = (story: readonly Told[]) =>
  story.filter(({ allowed, before }) => allowed && before.state !== 'AwaitingEngineer');

function holds(property: (story: readonly Told[]) => void): void {
  fc.assert(fc.property(stories, property), { numRuns: 400 });
}

describe('a unit, whatever is told of it,', () => {
  it('never leaves an end state', () => {
    holds((story) => {
      const end = story.findIndex(({ state }) => endStates.includes(state as UnitState));
      if (end < 0) return;
      expect(new Set(story.slice(end).map(({ state }) => state)).size).toBe(1);
      expect(new Set(story.slice(end).map(({ step }) => step)).size).toBe(1);
    });
  });

  it('stays as it is where an event is refused, and is told why', () => {
    holds((story) => {
      for (const { allowed, type, state, step, before } of story) {
        if (allowed) continue;
        expect({ state, step }).toEqual(before);
        expect(transition(before, type)).toMatchObject({ ok: false, why: expect.stringContaining(type) });
      }
    });
  });

  it('begins with its claim and with nothing else', () => {
    holds((story) => {
      const first = story.find(({ allowed }) => allowed);
      if (first) expect(first).toMatchObject({ type: 'claimed', state: 'InProgress', step: 'assign' });
      expect(story.filter(({ allowed, type }) => allowed && type === 'claimed').length).toBeLessThanOrEqual(
        1,
      );
    });
  });

  it('opens an attempt whenever it enters a step, and only of that step', () => {
    holds((story) => {
      for (const { allowed, before, step, opened } of story) {
        if (!allowed) continue;
        if (step !== before.step || before.state === 'None') expect(opened).toBe(step);
        if (opened !== null) expect(opened).toBe(step);
      }
    });
  });

  it('goes on by one step at a time, and back by a rework alone', () => {
    holds((story) => {
      for (const { allowed, type, before, step } of story) {
        if (!allowed) continue;
        const moved = stepNumber(step) - stepNumber(before.step);
        if (type === 'reworked') expect(moved).toBeLessThanOrEqual(0);
        else expect([0, 1]).toContain(moved);
      }
    });
  });

  it('comes to no label before a test passed that is newer than its last flash', () => {
    holds((story) => {
      let [flashed, passed] = [-1, -1];
      moving(story).forEach(({ type, step, before }, at) => {
        if (type === 'flashed' && before.state === 'InProgress') flashed = at;
        if (type === 'testPassed' && before.state === 'InProgress') passed = at;
        if (stepNumber(step) < stepNumber('label')) return;
        expect(flashed).toBeGreaterThanOrEqual(0);
        expect(passed).toBeGreaterThan(flashed);
      });
    });
  });

  it('prints and verifies labels in the label step alone, except for results that come late', () => {
    const late: readonly Place['state'][] = ['AwaitingEngineer', 'Scrapped', 'Missing'];
    const ofLabel = [
      'labelIntended',
      'printIntended',
      'printed',
      'printAbsent',
      'printFound',
      'labelVerified',
    ];
    holds((story) => {
      for (const { allowed, type, before, state } of story) {
        if (!allowed || !ofLabel.includes(type)) continue;
        if (late.includes(before.state)) expect(state).toBe(before.state);
        else expect(before).toEqual({ state: 'InProgress', step: 'label' });
      }
    });
  });

  it('is ready only by a QC that no rework has undone, and ships only out of a carton', () => {
    holds((story) => {
      let passed = false;
      for (const { allowed, type, before, state } of story) {
        if (!allowed) continue;
        if (type === 'qualityPassed' && before.state === 'InProgress') passed = true;
        if (type === 'reworked') passed = false;
        if (['ReadyToShip', 'Packed', 'Shipped'].includes(state)) expect(passed).toBe(true);
        if (state === 'Shipped' && before.state !== 'Shipped') expect(before.state).toBe('Packed');
      }
    });
  });

  it('is not moved by a quality hold', () => {
    holds((story) => {
      for (const { type, state, step, before } of story) {
        if (type === 'holdOpened' || type === 'holdReleased') expect({ state, step }).toEqual(before);
      }
    });
  });
});

describe('the table of transitions', () => {
  it('has one answer to every event from every place', () => {
    const keys = transitions.map(({ type, fromState, fromStep }) => `${type} ${fromState} ${fromStep}`);
    expect(new Set(keys).size).toBe(keys.length);
  });

  it('leads to every state and every step', () => {
    const found = fc.sample(stories, { numRuns: 2_000, seed: 47 }).flat();
    expect(new Set(found.map(({ state }) => state))).toEqual(new Set(['None', ...unitStates]));
    expect(new Set(found.map(({ step }) => step))).toEqual(new Set(steps));
  });

  it('leaves no place but an end without a way on', () => {
    for (const state of unitStates.filter((one) => !endStates.includes(one))) {
      const leading = transitions.filter((one) => one.fromState === state && one.toState !== state);
      expect({ state, ways: leading.length > 0 }).toEqual({ state, ways: true });
    }
  });

  it('refuses a rework that names no step', () => {
    const place: Place = { state: 'AwaitingEngineer', step: 'qc' };
    expect(transition(place, 'reworked')).toEqual({ ok: false, why: 'reworked has to name a step' });
  });
});
