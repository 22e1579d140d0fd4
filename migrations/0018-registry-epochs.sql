-- Why: a database that was restored from a backup would hand out numbers again that were issued after the backup was made.
-- The highest numbers are kept in a small file outside the database as well; one that lags behind it issues nothing until
-- a person has moved its counters past the file. Each such step opens a new epoch of the registry.
alter table event_types drop constraint event_types_stream_kind;
alter table event_types add constraint event_types_stream_kind
  check (stream_kind in ('unit', 'batch', 'order', 'shipment', 'export', 'retention', 'list', 'registry'));
insert into event_types (type, stream_kind, appender, nature, part) values
  ('registryAdvanced', 'registry', 'function', 'other', null);

-- `registry` tells this registry from every other one: a file of another plant's must not be compared with it.
create table registry_epochs (
  epoch integer not null,
  registry uuid not null,
  opened_at timestamptz not null default clock_timestamp(),
  constraint registry_epochs_pkey primary key (epoch)
);
insert into registry_epochs (epoch, registry) values (1, gen_random_uuid());
create trigger registry_epochs_append_only before update or delete on registry_epochs for each row execute function refuse_change();
create trigger registry_epochs_no_truncate before truncate on registry_epochs execute function refuse_change();

-- Moves counters past numbers that were issued by a later state of this registry, and opens the next epoch. The numbers in
-- between are granted to nobody, now or later. p_spaces: [{kind, name, scope, issuer, first, last, next}]. Returns the epoch.
create function advance_registry(p_spaces jsonb, p_epoch integer, p_by text, p_reason text) returns integer
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  present registry_epochs;
  s record;
  space number_spaces;
  passed jsonb := '[]';
  opened integer;
begin
  perform check_word('by', p_by), check_word('reason', p_reason);
  lock table registry_epochs in share row exclusive mode;
  select * into present from registry_epochs order by epoch desc limit 1;
  if p_epoch > present.epoch + 100 then
    perform refuse('UT007', format('epoch: %s is not allowed; at most %s', p_epoch, present.epoch + 100));
  end if;
  for s in
    select v ->> 'kind' as kind, v ->> 'name' as name, v ->> 'scope' as scope, v ->> 'issuer' as issuer, whole(v, 'first') as first,
      whole(v, 'last') as last, whole(v, 'next') as next
    from jsonb_array_elements(p_spaces) as v order by 1, 2, 3
  loop
    if not exists (select from issuers where id = s.issuer) then
      perform refuse('UT009', format('%s %s %s: there is no issuer %s; apply the plant file first', s.kind, s.name, s.scope, s.issuer));
    end if;
    if s.next is null or (s.next between s.first and s.last + 1) is not true then
      perform refuse('UT007', format('%s %s %s: next is not a number from %s to %s', s.kind, s.name, s.scope, s.first, s.last + 1));
    end if;
    perform find_space(s.kind, s.name, s.scope, s.issuer, s.first, s.last);
    select * into space from number_spaces where kind = s.kind and name = s.name and scope = s.scope for update;
    continue when space.next_number >= s.next;
    if s.next > space.last_number + 1 then
      perform refuse('UT007', format('%s %s %s has numbers up to %s only', s.kind, s.name, s.scope, space.last_number));
    end if;
    passed := passed || jsonb_build_object('space', concat_ws(' ', s.kind, s.name, nullif(s.scope, '')), 'from', space.next_number, 'to', s.next - 1);
    update number_spaces set next_number = s.next where id = space.id;
  end loop;
  opened := greatest(present.epoch, coalesce(p_epoch, 0)) + 1;
  insert into registry_epochs (epoch, registry) values (opened, present.registry);
  perform append_to_stream('registry:' || present.registry, 'registryAdvanced', 'epoch/' || opened,
    format('{"by":%s,"epoch":%s,"passed":%s,"reason":%s}', to_json(p_by), opened, canonical_passed(passed), to_json(p_reason)));
  return opened;
end $$;

-- RFC 8785 text of what was passed over: keys in order, no blanks.
create function canonical_passed(p_passed jsonb) returns text
language sql immutable as $$
  select coalesce('[' || string_agg(format('{"from":%s,"space":%s,"to":%s}', v ->> 'from', to_json(v ->> 'space'), v ->> 'to'), ',' order by n) || ']', '[]')
  from jsonb_array_elements(p_passed) with ordinality as given(v, n)
$$;

grant select on registry_epochs to unitrail_office, unitrail_desk, unitrail_auditor, unitrail_retention;
grant execute on function advance_registry(jsonb, integer, text, text) to unitrail_desk;
