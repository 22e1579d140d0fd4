import type { Client } from 'pg';
import { audit } from '../../tools/audit/audit';
import type { Invariant } from '../../tools/audit/invariants';
import { tellStory, type Story } from './audit-story';
import { createTestDatabase, type TestDatabase } from './database';
import { openShopFloor } from './shop-floor';
import { tamper } from './tamper';
import type { WalkedUnit } from './walk-unit';

export interface Lie {
  readonly invariant: Invariant;
  readonly what: string;
  readonly tell: (superuser: Client, database: TestDatabase) => Promise<unknown>;
  /** Every subject that has to be named, and no other. */
  readonly subjects: () => string[];
}

export interface Truth {
  readonly story: () => Story;
  readonly base: () => TestDatabase;
  onACopy<T>(work: (copy: TestDatabase) => Promise<T>): Promise<T>;
}

export const unitName = ({ serial }: WalkedUnit): string => `unit ${serial}`;
export const streamOf = ({ unitId }: WalkedUnit): string => `unit:${unitId}`;

/** Makes the story once for the test file; each test takes a copy of it. */
export function tellTruth(): Truth {
  let base: TestDatabase;
  let story: Story;
  beforeAll(async () => {
    base = await createTestDatabase();
    const floor = openShopFloor(base);
    try {
      story = await tellStory(floor);
    } finally {
      await floor.close();
    }
  });
  afterAll(() => base?.drop());
  return { story: () => story, base: () => base, onACopy: (work) => withCopy(base, work) };
}

async function withCopy<T>(base: TestDatabase, work: (copy: TestDatabase) => Promise<T>): Promise<T> {
  const copy = await base.clone();
  try {
    return await work(copy);
  } finally {
    await copy.drop();
  }
}

/** One test a lie: the audit names its promise and its subjects, and nothing else. */
export function testLies({ onACopy }: Truth, lies: readonly Lie[]): void {
  test.each(lies)('$invariant names $what', async ({ invariant, tell, subjects }) => {
    await onACopy(async (copy) => {
      await tamper(copy, (superuser) => tell(superuser, copy));
      const report = await audit(copy.urlOf('auditor'));
      expect(report.violations.filter((violation) => violation.invariant !== invariant)).toEqual([]);
      expect(new Set(report.violations.map((violation) => violation.subject))).toEqual(new Set(subjects()));
      expect(report.ok).toBe(false);
    });
  });
}
