import { refusal, type Problem } from '../../domain/refusal';
import type { Database } from './database';
import { mapped } from './errors';

/** Each serial names one unit, or the request is refused: nobody decides about a slip of the hand. */
export async function namedUnits(
  db: Database,
  serials: readonly string[] | undefined,
): Promise<string[] | null> {
  if (serials === undefined) return null;
  const answer = await mapped(
    db.raw<{ rows: { name: string; ids: string[] }[] }>(
      `select n.name, array_agg(u.id) filter (where u.id is not null) as ids
       from unnest(?::text[]) with ordinality as n(name, position)
       left join units u on u.serial = n.name or (u.issuer, u.serial) = (split_part(n.name, ':', 1), split_part(n.name, ':', 2))
       group by n.name, n.position order by n.position`,
      [[...serials]],
    ),
  );
  const problems = answer.rows.flatMap(({ name, ids }, at): Problem[] => {
    if (ids?.length === 1) return [];
    const allowed = ids ? `issuer:serial, because ${ids.length} units have it` : 'the serial of a unit';
    return [{ path: ['serials', at], value: name, allowed }];
  });
  if (problems.length > 0) throw refusal('INPUT_INVALID', 'The list of serials', problems);
  return answer.rows.flatMap(({ ids }) => ids ?? []);
}
