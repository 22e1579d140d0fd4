import { Context } from '@temporalio/activity';
import { checkStore } from '../adapters/store/check-store';
import type { Sides } from '../adapters/store/open-store';
import type { ContentStore } from '../adapters/store/port';
import type { Database } from '../adapters/postgres/database';
import { questionsOfSearch } from '../adapters/postgres/wanted-contents';
import { UnitrailError } from '../domain/errors';
import {
  findingText,
  troublesOf,
  type StoreCheckPart,
  type StoreFinding,
  type StoreReport,
} from '../domain/store-check';
import { aliveAt } from './act';
import { protectArchive, protectBegin, type ProtectPoint } from './protect-archive';

export interface CheckStoreActivityDeps {
  readonly db: Database;
  readonly store: ContentStore;
  /** Each place by itself, without a cache. */
  readonly sides: () => Sides;
  readonly workFolder: string;
  /** Hears of each content that was mended. */
  readonly onMended?: ((contents: number) => void) | undefined;
  /** Hears of each that was erased before, and was removed again. */
  readonly onRemoved?: ((contents: number) => void) | undefined;
}

/** A step ends after this time or this many contents, whichever is first: what a killed worker has to do again is bounded. */
const STEP_MS = 10 * 60_000;
const STEP_CONTENTS = 5_000;

/** The search for bit rot, in steps. Safe to run twice: what was mended is whole. */
export function createCheckStoreActivities({
  db,
  store,
  sides,
  workFolder,
  onMended,
  onRemoved,
}: CheckStoreActivityDeps) {
  return {
    /** Reads on from there, and mends. A repeat goes on where the try before it told that it was. */
    async checkStorePart(begin: StoreCheckPart): Promise<StoreCheckPart> {
      const { info, cancellationSignal: signal } = Context.current();
      let part = (info.heartbeatDetails as StoreCheckPart | undefined) ?? begin;
      const ends = { at: Date.now() + STEP_MS, contents: begin.report.checked + STEP_CONTENTS };
      const isEnough = (now: StoreCheckPart): boolean => {
        onMended?.(now.report.mended - part.report.mended);
        // One that a worker of an earlier version has begun counts none.
        onRemoved?.(now.report.removed - (part.report.removed ?? 0));
        part = now;
        return now.report.checked >= ends.contents || Date.now() >= ends.at;
      };
      const deps = { ...sides(), ...questionsOfSearch(db), workFolder };
      return aliveAt(
        () => part,
        () => checkStore(deps, part, { signal, refusesEmpty: true, isEnough }),
      );
    },

    /**
     * Extends the locks of what is archived, where the policy has grown; says how many contents are locked. A repeat goes on
     * where the try before it told that it was.
     */
    async protectArchive(): Promise<number> {
      const { info, cancellationSignal: signal } = Context.current();
      let point = (info.heartbeatDetails as ProtectPoint | undefined) ?? protectBegin;
      const work = () =>
        protectArchive({ db, store }, null, { signal, begin: point, onPoint: (now) => (point = now) });
      return aliveAt(() => point, work);
    },

    /** Fails where something is whole nowhere, or can't be mended: somebody has to be called. */
    async endStoreCheck({ report }: { report: StoreReport }): Promise<void> {
      const { lost } = report;
      const unmended = troublesOf(report) - lost;
      if (lost > 0)
        throw new UnitrailError(
          'CONTENT_LOST',
          `${lost} contents are whole in no place, and only a backup brings them back: ${named(report, 'lost')}.${unmended > 0 ? ` ${unmended} others can't be mended.` : ''} \`unitrail store check\` lists them.`,
          { lost, unmended },
        );
      if (unmended > 0)
        throw new UnitrailError(
          'CONTENT_UNMENDED',
          `${unmended} contents are not whole in each place, and can't be made so: ${named(report, 'unmended', 'unreadable')}. Look at the disk or the server of that place; \`unitrail store check\` mends them then.`,
          { unmended },
        );
    },
  };
}

/** Ten of them at most. */
function named({ findings }: StoreReport, ...outcomes: readonly StoreFinding['outcome'][]): string {
  const these = findings.filter(({ outcome }) => outcomes.includes(outcome));
  return these.slice(0, 10).map(findingText).join('; ');
}
