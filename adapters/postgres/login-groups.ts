import type { Database } from './database';
import { mapped } from './errors';

/** The groups of ours that each login is a direct member of. A login that does not exist is not in the map. */
export async function groupsOf(db: Database, logins: readonly string[]): Promise<Map<string, string[]>> {
  const answer = await mapped(
    db.raw<{ rows: { login: string; groups: string[] }[] }>(
      `select l.rolname::text as login, coalesce(array_agg(g.rolname::text order by g.rolname) filter (where g.oid is not null), '{}') as groups
       from pg_roles l
       left join pg_auth_members m on m.member = l.oid
       left join pg_roles g on g.oid = m.roleid and g.rolname like 'unitrail\\_%' and not g.rolcanlogin
       where l.rolcanlogin and l.rolname = any (?) group by l.rolname`,
      [[...logins]],
    ),
  );
  return new Map(answer.rows.map(({ login, groups }) => [login, groups]));
}

/** The logins of buyers; none where the schema does not know them yet. */
export async function loginsOfBuyers(db: Database): Promise<string[]> {
  const { rows } = await mapped(
    db.raw<{ rows: { known: boolean }[] }>(`select to_regclass('buyer_logins') is not null as known`),
  );
  return rows[0]!.known ? mapped(db('buyer_logins').orderBy('login').pluck<string[]>('login')) : [];
}
