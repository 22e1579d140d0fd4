import { changeProblem } from '../../domain/batch-control';
import { decisionProblem, type Decision } from '../../domain/decision';
import { parseResolveRequest } from '../../domain/resolve-request';

const standing = {
  unitId: 'u',
  serial: 'EUDV1',
  state: 'AwaitingEngineer',
  step: 'test',
  attempt: 1,
} as const;
const of = (decision: Decision): string | null => decisionProblem(standing, decision);
const where = { lastSeen: 'rack 4', lastSeenAt: '2026-01-31T14:30:00Z' };

describe('the dots of an example that was pasted as it stands', () => {
  const refused = (text: string): string =>
    `note or reason: ${JSON.stringify(text)} is not allowed; the reason in words, in place of the dots`;

  it.each(['…', '...', ' … ', '..', '……'])('are no reason and no note: %j', (dots) => {
    expect(of({ action: 'retry', by: '17', note: dots })).toBe(refused(dots));
    expect(of({ action: 'rework', by: '17', reason: dots, step: 'flash' })).toBe(refused(dots));
    expect(of({ action: 'scrap', by: '17', reason: dots })).toBe(refused(dots));
    expect(of({ action: 'missing', by: '17', reason: dots, ...where })).toBe(refused(dots));
    expect(changeProblem({ action: 'cancel', by: '17', note: dots })).toContain('in place of the dots');
    expect(() => parseResolveRequest({ action: 'scrap', by: '17', note: dots.trim(), batch: 'B' })).toThrow(
      'in place of the dots',
    );
  });

  it('are no place either', () => {
    const missing = { action: 'missing', by: '17', reason: 'gone', ...where, lastSeen: '…' } as const;
    expect(of(missing)).toContain('lastSeen: "…" is not allowed');
    const found = { action: 'found', by: '17', place: '...' } as const;
    expect(decisionProblem({ ...standing, state: 'Missing' }, found)).toContain(
      'place: "..." is not allowed',
    );
  });

  it.each(['a … b', 'burnt...', '?', '.'])('within words are none of ours: %j', (text) => {
    expect(of({ action: 'scrap', by: '17', reason: text })).toBeNull();
    expect(changeProblem({ action: 'pause', by: '17', note: text })).toBeNull();
  });
});
