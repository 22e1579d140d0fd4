import { long } from './call';
import type { Database } from './database';

const PAGE_ROWS = 5_000;

export interface KeptContent {
  readonly sha256: string;
  readonly until: Date;
}

/**
 * Until when each content of capsules is kept, as the policy stands: of one capsule, or of all; in order, after the given digest.
 * What several capsules have is kept for the longest of them. One whose product has no end is in no line.
 */
export async function* keptContents(
  db: Database,
  capsule: string | null,
  after: string | null,
  pageRows = PAGE_ROWS,
): AsyncGenerator<KeptContent> {
  for (let last = after ?? ''; ;) {
    const rows = await long<KeptContent>(
      db,
      `select f.sha256, max(e.kept_until) as until from archive_ends(?) e join capsule_files f on f.capsule_id = e.capsule_id
       where f.sha256 collate "C" > ? group by f.sha256 order by f.sha256 collate "C" limit ${pageRows}`,
      [capsule, last],
    );
    yield* rows;
    if (rows.length < pageRows) return;
    last = rows.at(-1)!.sha256;
  }
}
