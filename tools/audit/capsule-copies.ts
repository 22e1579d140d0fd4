import { grouped } from './grouped';
import type { ToldOfRun } from './retention-events';
import type { Snapshot } from './snapshot';
import { textFact } from './stored-event';
import { checkTime, isAfter } from './told-facts';
import type { CopyRow, Whole, WrongOfCapsule } from './whole-capsule';

const STORE = 'store';

export async function loadCopies(snapshot: Snapshot): Promise<Map<string, CopyRow[]>> {
  const rows = await snapshot.rows<CopyRow>(
    `select v.capsule_id as id, v.run_id as run, v.place, v.manifest_sha256 as sha256, v.verified_by as login, v.verified_at as at,
       not exists (select from pg_roles r where r.rolname = v.verified_by and not r.rolsuper
         and pg_has_role(r.oid, 'unitrail_retention', 'member')) as "isAnothers"
     from capsule_copies v order by v.capsule_id`,
  );
  return grouped(rows, ({ id }) => id);
}

/** A19. Who read which copy back, and that it was read back by another login before anything went. */
export function checkCopies({ copies, told, manifestSha256, members }: Whole, wrong: WrongOfCapsule): void {
  const verified = told.filter(({ type }) => type === 'copyVerified');
  const nameOf = (run: string, place: string | null): string => `copy at ${place} in run ${run}`;
  for (const copy of copies) {
    const name = nameOf(copy.run, copy.place);
    const event = verified.find(({ run, facts }) => nameOf(run, textFact(facts, 'place')) === name);
    if (event) checkCopy(copy, event, name, wrong);
    else wrong(`${name} read back`, 'the event that tells of it');
  }
  for (const { run, facts } of verified) {
    const name = nameOf(run, textFact(facts, 'place'));
    if (!copies.some((copy) => nameOf(copy.run, copy.place) === name))
      wrong(`no ${name}`, 'the one that its event tells of');
  }
  if (members.retired === 0) return;
  const good = copies.filter(
    ({ place, sha256, isAnothers }) => place === STORE && sha256 === manifestSha256 && isAnothers,
  );
  const first = good.map(({ at }) => at).sort()[0];
  if (first === undefined)
    wrong(`${members.retired} units moved, and no copy read back`, 'a copy that another login has read back');
  else if (members.firstRetired !== null && isAfter(first, members.firstRetired))
    wrong(`a unit retired at ${members.firstRetired}`, `a copy that was read back before, not at ${first}`);
  checkMoveBehindCopy(told, manifestSha256, wrong);
}

function checkCopy(
  { sha256, login, at }: CopyRow,
  event: ToldOfRun,
  name: string,
  wrong: WrongOfCapsule,
): void {
  const told = textFact(event.facts, 'manifestSha256');
  if (sha256 !== told) wrong(`${name} of ${sha256}`, `${told}, by its event`);
  if (login !== event.login) wrong(`${name} read back by ${login}`, `${event.login}, by its event`);
  checkTime(`${name} read back`, at, event, wrong);
}

/** What an earlier run read back does not count. */
function checkMoveBehindCopy(
  told: readonly ToldOfRun[],
  manifestSha256: string | null,
  wrong: WrongOfCapsule,
): void {
  const moved = told.find(({ type }) => type === 'capsuleMoved');
  if (!moved) return;
  const isBefore = told.some(
    ({ run, seq, type, facts }) =>
      type === 'copyVerified' &&
      run === moved.run &&
      seq < moved.seq &&
      facts.place === STORE &&
      facts.manifestSha256 === manifestSha256,
  );
  if (!isBefore) wrong(`moved in run ${moved.run}`, 'its copy in the store read back in that run before');
}
