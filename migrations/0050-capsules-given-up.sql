-- Why: until its first unit is removed here, a capsule is only a copy. One whose file was damaged, or whose name another
-- capsule has at the buyer's (after a restore of an older database), would wait for ever. It is given up instead: it stays on
-- record under its name, and its units are planned anew, into a capsule of the next number.
insert into event_types (type, stream_kind, appender, nature, part) values
  ('capsuleAbandoned', 'retention', 'function', 'other', null);

alter table capsules add column abandoned_at timestamptz;
-- abandoned: it was made and given up, and nothing of it had been removed here.
alter table capsules drop constraint capsules_state;
alter table capsules add constraint capsules_state check (state in ('planned', 'made', 'abandoned', 'moved', 'erased'));
alter table capsules add constraint capsules_abandoned check ((state = 'abandoned') = (abandoned_at is not null));

create or replace function refuse_capsule_change() returns trigger
language plpgsql as $$
declare
  was capsules := old;
begin
  was.state := new.state;
  if old.state = 'planned' then was.manifest := new.manifest; was.events_manifest := new.events_manifest; was.made_at := new.made_at; end if;
  -- Until it is moved, each run looks anew whether there is a server to bring it to.
  if old.delivery <> 'delivered' and old.buyer is not null and old.state = 'made' then was.delivery := new.delivery; end if;
  if new.state = 'abandoned' then was.abandoned_at := new.abandoned_at; end if;
  if new.state = 'moved' then was.moved_at := new.moved_at; end if;
  if new.state = 'erased' then was.erased_at := new.erased_at; end if;
  if new is distinct from was
     or (old.state, new.state) not in (('planned', 'made'), ('made', 'made'), ('made', 'abandoned'), ('made', 'moved'), ('moved', 'erased')) then
    raise exception using errcode = '42501', message = format('capsule %s can not become that', old.id);
  end if;
  return new;
end $$;

-- A unit leaves a capsule only in the transaction that gives the capsule up, and never once its bytes are gone here.
create function refuse_capsule_unit_removal() returns trigger
language plpgsql as $$
begin
  if (to_jsonb(old) ->> 'retired_at') is not null
     or not exists (select from capsules c where c.id = old.capsule_id and c.abandoned_at = now()) then
    raise exception using errcode = '42501', message = format('DELETE of %s is refused: capsule %s is not being given up', tg_table_name, old.capsule_id);
  end if;
  return old;
end $$;
drop trigger capsule_units_never_deleted on capsule_units;
create trigger capsule_units_leave before delete on capsule_units for each row execute function refuse_capsule_unit_removal();
drop trigger capsule_statements_append_only on capsule_statements;
create trigger capsule_statements_append_only before update on capsule_statements for each row execute function refuse_change();
create trigger capsule_statements_leave before delete on capsule_statements for each row execute function refuse_capsule_unit_removal();

-- Gives a capsule up, for a reason that stays on record. False where units of it have moved, or all: then nothing but a backup
-- of the store has their bytes.
create function abandon_capsule(p_capsule text, p_run text, p_code text, p_reason text) returns boolean
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  c capsules;
begin
  perform check_office();
  perform run_under_way(p_run);
  perform check_word('code', p_code);
  if coalesce(p_reason, '') = '' then perform refuse('UT007', 'reason: why it is given up is missing'); end if;
  select * into c from capsules where id = p_capsule for update;
  if not found or c.state = 'planned' then perform refuse('UT009', format('there is no capsule %s that is made', p_capsule)); end if;
  if c.state = 'abandoned' then return true; end if;
  if c.state <> 'made' or exists (select from capsule_units u where u.capsule_id = c.id and u.retired_at is not null) then return false; end if;
  update capsules set state = 'abandoned', abandoned_at = now() where id = c.id;
  delete from capsule_statements where capsule_id = c.id;
  delete from capsule_units where capsule_id = c.id;
  perform append_to_stream('retention:' || p_run, 'capsuleAbandoned', 'abandoned/' || c.id, format('{"capsule":%s,"code":%s,"reason":%s,"units":%s}',
    to_json(c.id), to_json(p_code), to_json(left(p_reason, 2000)), c.units));
  return true;
end $$;

-- What came of a try to bring it to its buyer. No target: the plant file names no server, and somebody hands it out. As long as
-- it is not moved that is no last word: a server may be named later, or no more.
create or replace function capsule_delivered(p_capsule text, p_run text, p_target text, p_code text, p_message text) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  c capsules;
begin
  perform check_office();
  perform run_under_way(p_run);
  select * into c from capsules where id = p_capsule for update;
  if not found or c.state in ('planned', 'abandoned') then perform refuse('UT009', format('there is no capsule %s that is made', p_capsule)); end if;
  if c.buyer is null or c.state <> 'made' or c.delivery = 'delivered' or (c.delivery = 'none' and p_target is null) then return; end if;
  insert into capsule_deliveries (capsule_id, target, code, message) values (c.id, coalesce(p_target, 'none'), p_code, left(p_message, 2000));
  update capsules set delivery = case when p_code is not null then 'due' when p_target is null then 'none' else 'delivered' end where id = c.id;
  if p_code is not null then return; end if;
  perform append_to_stream('retention:' || p_run, 'capsuleDelivered', concat_ws('/', case when p_target is null then 'none' else 'delivered' end, c.id),
    format('{"capsule":%s,"target":%s}', to_json(c.id), json_or_null(p_target)));
end $$;

-- As before; a capsule that was given up is none that anybody reads back.
create or replace function copy_verified(p_capsule text, p_run text, p_place text, p_manifest_sha256 text) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  c capsules;
begin
  perform check_office();
  perform run_under_way(p_run);
  perform check_word('place', p_place);
  select * into c from capsules where id = p_capsule for update;
  if not found or c.state in ('planned', 'abandoned') then perform refuse('UT009', format('there is no capsule %s that is made', p_capsule)); end if;
  if p_manifest_sha256 is distinct from encode(sha256(convert_to(c.events_manifest, 'UTF8')), 'hex') then
    perform refuse('UT002', format('capsule %s: the copy at %s has another manifest', c.id, p_place));
  end if;
  insert into capsule_copies (capsule_id, place, run_id, manifest_sha256) values (c.id, p_place, p_run, p_manifest_sha256) on conflict do nothing;
  if not found then return; end if;
  perform append_to_stream('retention:' || p_run, 'copyVerified', concat_ws('/', 'verified', c.id, p_place),
    format('{"capsule":%s,"manifestSha256":%s,"place":%s}', to_json(c.id), to_json(p_manifest_sha256), to_json(p_place)));
end $$;

grant execute on function abandon_capsule(text, text, text, text) to unitrail_office;
