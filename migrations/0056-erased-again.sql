-- Why: what was erased comes back where a person brings back what it lay in: an old folder that is named as the second copy, or a
-- place that is restored from its backup. The search for bit rot kept it in both places. It asks here, and removes it again.

-- What an export has is asked for by its content, as what a capsule has is.
create index export_files_sha256_index on export_files (sha256);

-- Whether the content was erased and removed, and nothing needs it by now: no capsule that is kept or on its way, no export that
-- was made since or is being made (its files lie there before they are on record), and nobody who holds what it tells of. Only of one content whose name the caller knows; it decides nothing.
create function is_erased(p_sha256 text) returns boolean
language plpgsql stable security definer set search_path = public, pg_temp as $$
declare
  decided timestamptz;
  over text[];
begin
  select e.decided_at into decided from erased_contents e where e.sha256 = p_sha256 and e.removed_at is not null;
  if not found or exists (select from exports x where x.state = 'opened') then return false; end if;
  -- The exports that the decision knew: they were over, or it had stayed.
  over := array(select f.export_id from export_files f join exports x on x.id = f.export_id where f.sha256 = p_sha256 and x.made_at < decided);
  if exists (select from needed_contents(over) n where n.sha256 = p_sha256) then return false; end if;
  if not exists (select from legal_holds h where h.released_at is null) then return true; end if;
  -- Which units a capsule had that was given up is in no table any more: a hold may be on one of them.
  if exists (select from capsule_files f join capsules c on c.id = f.capsule_id where f.sha256 = p_sha256 and c.state = 'abandoned')
    then return false; end if;
  return not exists (
      select from capsule_files f join capsule_units u on u.capsule_id = f.capsule_id join units_on_legal_hold h on h.unit_id = u.unit_id
      where f.sha256 = p_sha256)
    and not exists (
      select from exports x where x.id = any (over) and (
        exists (select from legal_holds h where h.kind = 'buyer' and h.value = x.buyer and h.released_at is null)
        or exists (select from export_items i join units_on_legal_hold h on h.unit_id = i.unit_id where i.export_id = coalesce(x.reissue_of, x.id))
        or exists (select from extract_items i join units_on_legal_hold h on h.unit_id = i.unit_id where i.export_id = x.id)));
end $$;
grant execute on function is_erased(text) to unitrail_office, unitrail_desk;
