import type { UnitFacts } from '../../domain/unit-facts';
import { outputOf } from '../../domain/tool-output';
import { unitDetails, type PageFacts } from '../../workflows/unit-details';

const evil =
  '`x` [free](http://evil.example) <img src=x onerror=alert(1)> **b** www.evil.example\n# heading\n```';

function factsOf(text: string, output: readonly string[] = []): UnitFacts {
  return {
    ...{ product: 'EUDV', productName: text, index: 1, firmware: text, chipUid: text },
    ...{ needsCertificate: false, labelInQuestion: null, failedTries: 9 },
    done: [{ step: 'flash', at: '2026-11-26T10:00:00.000Z', attempt: 2, station: text }],
    failure: { code: 'TEST_FAILED', message: text, at: '2026-11-26T11:00:00.000Z', station: text, output },
    tried: [{ at: '2026-11-26T11:00:00.000Z', what: text }],
  };
}

function pageOf(text: string, changes: Partial<PageFacts> = {}): PageFacts {
  return {
    ...{ namespace: 'default', batch: 'B2647-01', trial: false, repeats: 2, station: text, cancel: 'no' },
    standing: { unitId: 'u', serial: text, state: 'AwaitingEngineer', step: 'test', attempt: 1, seq: 9 },
    facts: factsOf(text),
    done: factsOf(text).done,
    doing: { what: 'act', since: 0 },
    failure: { code: 'TEST_FAILED', message: text },
    hold: text,
    ...changes,
  };
}

/** Its lines without the fenced output, and without what stands in backticks. */
function outside(page: string): string[] {
  return page
    .replace(/^(`{3,})text\n[^]*?\n\1$/gm, '')
    .replace(/(?<!\\)`[^`\n]*`/g, '')
    .split('\n');
}

const headings = (page: string): string[] => outside(page).filter((line) => line.startsWith('#'));

describe('the page of a unit', () => {
  it('shows what a device, a tool or a person wrote, and obeys nothing of it', () => {
    const page = unitDetails(
      pageOf(evil, { facts: factsOf(evil, [evil, '```', '# not a heading', '</details>']) }),
    );
    const plain = unitDetails(pageOf('x', { facts: factsOf('x', ['x']) }));
    // Each of them was there to be obeyed: in name, firmware, station, message, hold, trial.
    expect(page.split('onerror=').length).toBeGreaterThan(7);
    expect(headings(page).slice(1)).toEqual(headings(plain).slice(1));
    expect(headings(page)).toHaveLength(headings(plain).length);
    const text = outside(page).join('\n');
    expect(text).not.toMatch(/(?<!\\)</);
    expect(text).not.toMatch(/https?:\/\//);
    expect(text).not.toMatch(/www\./);
    const targets = [...text.matchAll(/(?<!\\)\]\(([^)]*)\)/g)].map(([, target]) => target);
    expect(targets).toHaveLength(4);
    expect(targets.every((target) => target!.startsWith('/namespaces/default/workflows'))).toBe(true);
  });

  it('keeps output in its fence, as it was written', () => {
    const lines = ['OpenOCD: `target` halted', '```', '# <b>not</b> a heading'];
    const page = unitDetails(pageOf('x', { facts: factsOf('x', lines) }));
    expect(page).toContain(['````text', ...lines, '````'].join('\n'));
  });

  it('stays a page that is read at a glance, however much there is to say', () => {
    const much = evil.repeat(120);
    expect(much.length).toBeGreaterThan(10_000);
    const output = outputOf({ output: Array.from({ length: 400 }, () => much) });
    const page = unitDetails(pageOf(much, { facts: factsOf(much, output) }));
    expect(page.length).toBeLessThan(10_000);
    expect(page).toContain('#### What to do');
    expect(headings(page).slice(1)).toEqual(headings(unitDetails(pageOf('x'))).slice(1));
  });

  it('leaves out what does not hold: a unit that is ready waits for its carton alone', () => {
    const standing = { ...pageOf('EUDV1').standing, state: 'ReadyToShip', step: 'ship' } as const;
    const page = unitDetails(
      pageOf('EUDV1', { standing, failure: null, hold: null, done: [], facts: null, repeats: 0 }),
    );
    expect(headings(page)).toEqual(['### Unit EUDV1']);
    expect(page).toContain('It waits to be packed and shipped.');
    expect(page).not.toContain('retryStep');
  });
});
