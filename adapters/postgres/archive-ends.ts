import { long } from './call';
import type { Database } from './database';

export interface KeptContent {
  readonly sha256: string;
  readonly until: Date;
}

/**
 * Until when each content of capsules is kept, as the policy stands: of one capsule, or of all. What several capsules have is kept
 * for the longest of them. One whose product has no end is in no line.
 */
export async function keptContents(db: Database, capsule: string | null): Promise<KeptContent[]> {
  return long<KeptContent>(
    db,
    `select f.sha256, max(e.kept_until) as until from archive_ends(?) e join capsule_files f on f.capsule_id = e.capsule_id
     group by f.sha256 order by f.sha256`,
    [capsule],
  );
}
