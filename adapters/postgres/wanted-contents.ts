import { parseSha256Hex, type Sha256Hex } from '../../domain/brands';
import { long } from './call';
import type { Database } from './database';

const PAGE_ROWS = 20_000;

/**
 * What the content store has to have by the database, in order, after the given digest: the files of capsules that are not
 * erased, of exports, and images and SBOMs of the plant in force. What was decided to be erased is not asked for, unless a
 * capsule has it or an export was made with the same bytes since.
 */
export async function* wantedContents(db: Database, after: Sha256Hex | null): AsyncGenerator<Sha256Hex> {
  for (let last: string = after ?? ''; ;) {
    const rows = await long<{ sha256: string }>(
      db,
      `select sha256 from (
         select f.sha256 from capsule_files f join capsules c on c.id = f.capsule_id where c.state in ('made', 'moved')
         union select f.sha256 from export_files f join exports x on x.id = f.export_id
           where not exists (select from erased_contents e where e.sha256 = f.sha256 and x.made_at < e.decided_at)
         union select r.value #>> array[k.kind, 'sha256']
           from (select document::jsonb as d from plant_versions order by id desc limit 1) p,
             jsonb_array_elements(p.d -> 'firmwareReleases') r, (values ('image'), ('sbom')) k(kind)) w
       where sha256 collate "C" > ? order by sha256 collate "C" limit ${PAGE_ROWS}`,
      [last],
    );
    for (const { sha256 } of rows) yield parseSha256Hex(sha256);
    if (rows.length < PAGE_ROWS) return;
    last = rows.at(-1)!.sha256;
  }
}

/**
 * Whether the content was erased for good, and nothing needs it by now: what lies there all the same was brought back.
 * By the office or the desk.
 */
export async function isErased(db: Database, sha256: Sha256Hex): Promise<boolean> {
  const [answer] = await long<{ erased: boolean }>(db, 'select is_erased(?) as erased', [sha256]);
  return answer!.erased;
}

/** What the search for bit rot asks of the database. */
export function questionsOfSearch(db: Database) {
  return {
    wanted: (after: Sha256Hex | null) => wantedContents(db, after),
    isErased: (sha256: Sha256Hex) => isErased(db, sha256),
  };
}
