-- Why: units were made before Unitrail came. Their numbers are adopted from a file, so that none of them is ever issued
-- again, and what is known of them is kept as it was handed over.
alter table event_types drop constraint event_types_stream_kind;
alter table event_types add constraint event_types_stream_kind
  check (stream_kind in ('unit', 'batch', 'order', 'shipment', 'export', 'retention', 'list', 'registry', 'history'));
insert into event_types (type, stream_kind, appender, nature, part) values
  ('historyAdopted', 'history', 'function', 'other', null);

-- One file that was adopted: all of it in one transaction, or nothing.
create table adoptions (
  id bigint generated always as identity,
  issuer text not null,
  -- Whose counters moved past the numbers; null where the numbers are of no scheme of ours.
  scheme text,
  source_name text not null,
  source_sha256 text not null,
  source_part text not null,
  imported_by text not null,
  imported_at timestamptz not null default clock_timestamp(),
  stream text not null generated always as ('history:' || id) stored,
  seq bigint not null default 1,
  constraint adoptions_pkey primary key (id),
  constraint adoptions_source unique (issuer, source_sha256, source_part),
  constraint adoptions_stream unique (stream, seq),
  constraint adoptions_issuer foreign key (issuer) references issuers (id),
  -- The event that tells of it closes it. Without one the transaction can't commit.
  constraint adoptions_event foreign key (stream, seq) references unit_events (stream, seq) deferrable initially deferred,
  constraint adoptions_sha256 check (source_sha256 ~ '^[0-9a-f]{64}$')
);

-- One row of a file, byte for byte as it was read (RFC 8785). Two rows may tell of one serial: then it is disputed, and both
-- stay. `state` and `serial` are those of the body.
create table adopted_units (
  id bigint generated always as identity,
  adoption_id bigint not null,
  position bigint not null,
  issuer text not null,
  serial text not null,
  state text not null,
  body text not null,
  constraint adopted_units_pkey primary key (id),
  constraint adopted_units_position unique (adoption_id, position),
  constraint adopted_units_adoption foreign key (adoption_id) references adoptions (id),
  constraint adopted_units_state check (state in ('shipped', 'used', 'void')),
  constraint adopted_units_serial check (serial ~ '^[ -~]{1,64}$' and serial = btrim(serial) and serial !~ '\|'),
  constraint adopted_units_size check (octet_length(body) <= 16384)
);
create index adopted_units_by_serial on adopted_units (serial, issuer);

create trigger adoptions_append_only before update or delete on adoptions for each row execute function refuse_change();
create trigger adoptions_no_truncate before truncate on adoptions execute function refuse_change();
create trigger adopted_units_append_only before update or delete on adopted_units for each row execute function refuse_change();
create trigger adopted_units_no_truncate before truncate on adopted_units execute function refuse_change();

-- Adopted numbers stand in the registry itself: whatever looks there for a number that is taken finds them.
alter table identifiers add column adopted_unit bigint;
alter table identifiers add constraint identifiers_adopted_unit foreign key (adopted_unit) references adopted_units (id);
create index identifiers_adopted_unit on identifiers (adopted_unit) where adopted_unit is not null;
alter table identifiers drop constraint identifiers_owner;
alter table identifiers add constraint identifiers_owner check (unit_id is not null or state = 'void' or adopted_unit is not null);
alter table identifiers add constraint identifiers_adopted
  check (adopted_unit is null or (unit_id is null and block_id is null and state in ('applied', 'shipped', 'void')));

-- As before; and what was adopted stays as it was told.
create or replace function refuse_identifier_change() returns trigger
language plpgsql as $$
begin
  if old.adopted_unit is not null
     or (new.issuer, new.kind, new.value, new.unit_id, new.block_id, new.ordinal, new.adopted_unit)
     is distinct from (old.issuer, old.kind, old.value, old.unit_id, old.block_id, old.ordinal, old.adopted_unit)
     or not exists (select from identifier_effects where from_state = old.state and to_state = new.state) then
    raise exception using errcode = '42501', message = format('identifier %s %s can not become that', old.kind, old.value);
  end if;
  return new;
end $$;

create or replace function refuse_owned(p_kind text, p_value text, p_owner uuid, p_for text) returns void
language plpgsql as $$
declare
  why text := coalesce(
    (select format('belongs to unit %s, not to %s', serial, p_for) from units where id = p_owner),
    (select format('belongs to %s, which was adopted and not built here, not to %s', a.serial, p_for)
     from identifiers i join adopted_units a on a.id = i.adopted_unit where i.kind = p_kind and i.value = p_value limit 1),
    format('is void, and can not be given to %s', p_for));
begin
  raise exception using errcode = 'UT010', constraint = p_kind, message = concat_ws(' ', p_kind, p_value, why);
end $$;

-- Moves counters forward; the numbers in between are granted to nobody, now or later. p_spaces: [{kind, name, scope, issuer,
-- first, last, next}]. Returns what was passed over: [{space, from, to}].
create function pass_numbers(p_spaces jsonb) returns jsonb
language plpgsql as $$
declare
  s record;
  space number_spaces;
  passed jsonb := '[]';
begin
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
  return passed;
end $$;

create or replace function advance_registry(p_spaces jsonb, p_epoch integer, p_by text, p_reason text) returns integer
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  present registry_epochs;
  passed jsonb;
  opened integer;
begin
  perform check_word('by', p_by), check_word('reason', p_reason);
  lock table registry_epochs in share row exclusive mode;
  select * into present from registry_epochs order by epoch desc limit 1;
  if p_epoch > present.epoch + 100 then
    perform refuse('UT007', format('epoch: %s is not allowed; at most %s', p_epoch, present.epoch + 100));
  end if;
  passed := pass_numbers(p_spaces);
  opened := greatest(present.epoch, coalesce(p_epoch, 0)) + 1;
  insert into registry_epochs (epoch, registry) values (opened, present.registry);
  perform append_to_stream('registry:' || present.registry, 'registryAdvanced', 'epoch/' || opened,
    format('{"by":%s,"epoch":%s,"passed":%s,"reason":%s}', to_json(p_by), opened, canonical_passed(passed), to_json(p_reason)));
  return opened;
end $$;

-- An import is one transaction: open, add in chunks, close. Returns the new adoption, or null where this very part of this
-- very file was adopted before. While it runs no block is granted: whether an address is free to grant must not change.
create function open_adoption(p_issuer text, p_scheme text, p_source_name text, p_source_sha256 text, p_source_part text, p_by text)
returns bigint
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  known adoptions;
  adoption bigint;
begin
  perform check_word('issuer', p_issuer), check_word('source', p_source_name), check_word('part', p_source_part), check_word('by', p_by);
  if p_scheme is not null then perform check_word('scheme', p_scheme); end if;
  begin
    perform pg_advisory_xact_lock(hashtext('unitrail.adoption')), lock_used_ranges(false);
  exception when lock_not_available then
    perform refuse('UT025', 'another import of units, or a grant of addresses, runs; nothing of this one was done. Start it again when that one has ended');
  end;
  if not exists (select from issuers where id = p_issuer and kind in ('manufacturer', 'buyer')) then
    perform refuse('UT009', format('there is no manufacturer and no buyer %s', p_issuer));
  end if;
  select * into known from adoptions
  where issuer = p_issuer and source_sha256 = p_source_sha256 and source_part = p_source_part;
  if not found then
    insert into adoptions (issuer, scheme, source_name, source_sha256, source_part, imported_by)
    values (p_issuer, p_scheme, p_source_name, p_source_sha256, p_source_part, p_by) returning id into adoption;
  elsif known.scheme is distinct from p_scheme then
    perform refuse('UT007', format('scheme: %s is not allowed; %s adopted this file before with %s', coalesce(p_scheme, '(none)'),
      known.imported_by, coalesce('scheme ' || known.scheme, 'no scheme')));
  end if;
  return adoption;
end $$;

-- The adoption that this transaction has opened: others see it only together with the event that closed it.
create function adoption_under_way(p_adoption bigint) returns adoptions
language plpgsql as $$
declare
  a adoptions;
begin
  select * into a from adoptions
  where id = p_adoption and not exists (select from streams where streams.stream = adoptions.stream);
  if not found then perform refuse('UT009', format('no file %s is being adopted', p_adoption)); end if;
  return a;
end $$;

-- A row as the importer writes it. Everything in it is text but the row's number: {chipFamily, chipUid, facts, macs, row, serial, state}.
create function check_adopted(p_body text) returns void
language plpgsql stable as $$
declare
  b jsonb := check_body(p_body);
begin
  if (select array_agg(key order by key collate "C") from jsonb_object_keys(b) as key)
       is distinct from array['chipFamily', 'chipUid', 'facts', 'macs', 'row', 'serial', 'state']
     or whole(b, 'row') is null or jsonb_typeof(b -> 'facts') <> 'object' or jsonb_typeof(b -> 'macs') <> 'array'
     or exists (select from jsonb_each(b -> 'facts') where jsonb_typeof(value) <> 'string')
     or exists (select from jsonb_array_elements_text(b -> 'macs') as mac
                where mac is null or mac !~ '^([0-9A-F]{2}:){5}(([0-9A-F]{2}:){2})?[0-9A-F]{2}$') then
    perform refuse('UT007', 'a row has serial, state, macs, chipUid, chipFamily and facts, each in its form');
  end if;
  if b ->> 'chipFamily' is not null and not exists (select from issuers where id = b ->> 'chipFamily' and kind = 'chip-family') then
    perform refuse('UT009', format('there is no chip family %s', b ->> 'chipFamily'));
  end if;
end $$;

-- What the row gives away for good. A chip's UID counts in its family: of one whose family is not known only the text is kept.
create function identifiers_of(p_issuer text, p_serial text, p_body jsonb) returns table (issuer text, kind text, value text)
language sql immutable as $$
  select p_issuer, 'serial', p_serial
  union all select 'ieee', 'mac', mac from jsonb_array_elements_text(p_body -> 'macs') as mac
  union all select p_body ->> 'chipFamily', 'chip-uid', p_body ->> 'chipUid'
    where p_body ->> 'chipFamily' is not null and p_body ->> 'chipUid' is not null
$$;

-- Adds rows at the positions from p_first on. Answers the identifiers that somebody has already: a row of this import
-- ('import'), one that was adopted before ('adopted'), a unit ('unit') or nobody any more ('void'). They are disputed.
create function add_adopted_units(p_adoption bigint, p_first bigint, p_bodies text[])
returns table (place integer, kind text, value text, taken_by text, taken_unit text, taken_row bigint, taken_source text)
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  a adoptions := adoption_under_way(p_adoption);
  last bigint := p_first + cardinality(p_bodies) - 1;
begin
  if p_first is null or coalesce(cardinality(p_bodies), 0) not between 1 and 5000 then
    perform refuse('UT007', 'rows: 1 to 5000 at a time, with the position of the first');
  end if;
  perform check_adopted(body) from unnest(p_bodies) as body;
  insert into adopted_units (adoption_id, position, issuer, serial, state, body)
  select a.id, p_first + n - 1, a.issuer, body::jsonb ->> 'serial', body::jsonb ->> 'state', body
  from unnest(p_bodies) with ordinality as given(body, n) order by n;
  insert into identifiers (issuer, kind, value, state, adopted_unit)
  select i.issuer, i.kind, i.value, case u.state when 'used' then 'applied' else u.state end, u.id
  from adopted_units u cross join lateral identifiers_of(u.issuer, u.serial, u.body::jsonb) i
  where u.adoption_id = a.id and u.position between p_first and last order by u.position
  on conflict on constraint identifiers_pkey do nothing;
  return query
    select (u.position - p_first + 1)::integer, i.kind, i.value,
      case when other.adoption_id = a.id then 'import' when other.id is not null then 'adopted'
           when owner.id is not null then 'unit' else 'void' end,
      owner.serial, whole(other.body::jsonb, 'row'), source.source_name
    from adopted_units u cross join lateral identifiers_of(u.issuer, u.serial, u.body::jsonb) i
    -- One look at the primary key for each: the planner knows nothing yet of rows of this transaction, and would read them all.
    cross join lateral (select r.adopted_unit, r.unit_id from identifiers r
                        where r.issuer = i.issuer and r.kind = i.kind and r.value = i.value limit 1) k
    left join adopted_units other on other.id = k.adopted_unit
    left join adoptions source on source.id = other.adoption_id
    left join units owner on owner.id = k.unit_id
    where u.adoption_id = a.id and u.position between p_first and last and k.adopted_unit is distinct from u.id
    order by 1, 2, 3;
end $$;

-- Of these addresses of a pool, given by offset, those that a batch may still get: they are in a block that was granted and no
-- unit has them yet, or they are not granted yet.
create function grantable_addresses(p_pool text, p_numbers bigint[]) returns table (number bigint, batch text)
language sql stable security definer set search_path = public, pg_temp as $$
  select n, b.batch_id
  from unnest(p_numbers) as n
  left join number_spaces s on s.kind = 'mac' and s.name = p_pool and s.scope = ''
  left join blocks b on b.space_id = s.id and b.numbers @> n
  where (s.id is null or n >= s.next_number or b.id is not null)
    and not exists (select from identifiers i where i.block_id = b.id and i.ordinal = n - lower(b.numbers))
$$;

-- Tells of the adoption and closes it. Returns which numbers its scheme passed over.
create function close_adoption(p_adoption bigint, p_spaces jsonb) returns jsonb
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  a adoptions := adoption_under_way(p_adoption);
  rows bigint;
  highest bigint;
  disputed bigint;
  digest text;
  passed jsonb;
begin
  select count(*), max(position), count(*) filter (where not exists (
      select from identifiers i where i.adopted_unit = u.id and i.kind = 'serial')),
    encode(sha256(string_agg(sha256(convert_to(u.body, 'UTF8')), ''::bytea order by u.position)), 'hex')
  into rows, highest, disputed, digest from adopted_units u where u.adoption_id = a.id;
  if rows = 0 or rows <> highest then
    perform refuse('UT007', format('the file is empty or has holes: %s rows up to position %s', rows, coalesce(highest, 0)));
  end if;
  if exists (select from jsonb_array_elements(p_spaces) as v
             where (v ->> 'kind', v ->> 'name', v ->> 'issuer') is distinct from ('serial', a.scheme, a.issuer)) then
    perform refuse('UT007', 'spaces: only counters of the scheme that the numbers are of');
  end if;
  passed := pass_numbers(p_spaces);
  perform append_to_stream(a.stream, 'historyAdopted', 'adopted',
    format('{"by":%s,"count":%s,"disputed":%s,"issuer":%s,"part":%s,"passed":%s,"rowsSha256":%s,"scheme":%s,"sha256":%s,"source":%s}',
      to_json(a.imported_by), rows, disputed, to_json(a.issuer), to_json(a.source_part), canonical_passed(passed), to_json(digest),
      coalesce(to_json(a.scheme)::text, 'null'), to_json(a.source_sha256), to_json(a.source_name)));
  return passed;
end $$;

-- The highest offset from p_start up to p_end (not included) in a block of addresses that was adopted; null where none was.
-- p_pattern: 70:B3:D5:00:00:00/36. All addresses of a length are spelled alike, so their order as text is that of the numbers.
create function adopted_address(p_pattern text, p_start bigint, p_end bigint) returns bigint
language plpgsql stable as $$
declare
  block text := replace(split_part(p_pattern, '/', 1), ':', '');
  fixed integer := split_part(p_pattern, '/', 2)::integer / 4;
  first text := left(block, fixed) || upper(lpad(to_hex(p_start), length(block) - fixed, '0'));
  last text := left(block, fixed) || upper(lpad(to_hex(p_end - 1), length(block) - fixed, '0'));
  found_value text;
begin
  select value into found_value from identifiers
  where issuer = 'ieee' and kind = 'mac' and adopted_unit is not null and length(value) = length(block) / 2 * 3 - 1
    and value between rtrim(regexp_replace(first, '(..)', '\1:', 'g'), ':') and rtrim(regexp_replace(last, '(..)', '\1:', 'g'), ':')
  order by value desc limit 1;
  return ('x' || lpad(substr(replace(found_value, ':', ''), fixed + 1), 16, '0'))::bit(64)::bigint;
end $$;

-- Moves the space's next number past what was used and past every address that was adopted, whatever the plant file declares
-- by now. It stays where it is when no block of this width is left: the grant then says so.
create function seek_numbers(p_space bigint, p_width bigint, p_run_length integer, p_pattern text) returns void
language plpgsql as $$
declare
  space number_spaces;
  start bigint;
  adopted bigint;
begin
  perform lock_used_ranges(true);
  loop
    if exists (select from used_ranges u join number_spaces s on s.kind = u.kind and s.name = u.name where s.id = p_space) then
      perform skip_used_ranges(p_space, p_width, p_run_length);
    end if;
    select * into space from number_spaces where id = p_space for update;
    start := ((space.next_number + p_run_length - 1) / p_run_length) * p_run_length;
    exit when space.kind <> 'mac' or start + p_width - 1 > space.last_number;
    adopted := adopted_address(p_pattern, start, start + p_width);
    exit when adopted is null;
    update number_spaces set next_number = adopted + 1 where id = p_space;
  end loop;
end $$;

-- A grant as before, from there.
create or replace function grant_block(p_space bigint, p_batch text, p_quantity integer, p_run_length integer, p_version integer,
                                       p_pattern text, p_date_parts text) returns bigint
language plpgsql as $$
begin
  perform seek_numbers(p_space, p_quantity::bigint * p_run_length, p_run_length, p_pattern);
  return grant_next_block(p_space, p_batch, p_quantity, p_run_length, p_version, p_pattern, p_date_parts);
end $$;

grant select on adoptions, adopted_units to unitrail_office, unitrail_desk, unitrail_auditor, unitrail_retention;
grant execute on function open_adoption(text, text, text, text, text, text), add_adopted_units(bigint, bigint, text[]),
  grantable_addresses(text, bigint[]), close_adoption(bigint, jsonb) to unitrail_desk;
