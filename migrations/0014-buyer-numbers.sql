-- Why: a buyer may hand over the numbers that its units shall have. A list is a number space of its own whose values can't
-- be computed, so they are kept, each at its position: a claim takes what stands there. The namespace is the buyer's: the
-- same number of two issuers is two identifiers.
alter table event_types drop constraint event_types_stream_kind;
alter table event_types add constraint event_types_stream_kind
  check (stream_kind in ('unit', 'batch', 'order', 'shipment', 'export', 'retention', 'list'));
insert into event_types (type, stream_kind, appender, nature, part) values
  ('numbersListed', 'list', 'function', 'other', null);

-- One imported list. Its space is of kind 'serial', has the list's name and the scope 'list:<issuer>' (two buyers may both
-- call a list "2026-04"), and the numbers 1 to count are the positions.
create table number_lists (
  space_id bigint not null,
  issuer text not null,
  name text not null,
  -- The buyer's mask at the import, by which every value was judged; null where the buyer had none.
  pattern text,
  source_name text not null,
  source_sha256 text not null,
  -- Which part of the file was read (sheet, column, separator): other numbers may come from another part of it.
  source_part text not null,
  imported_by text not null,
  imported_at timestamptz not null default clock_timestamp(),
  stream text not null generated always as ('list:' || issuer || '/' || name) stored,
  seq bigint not null default 1,
  constraint number_lists_pkey primary key (space_id),
  constraint number_lists_name unique (issuer, name),
  constraint number_lists_stream unique (stream, seq),
  constraint number_lists_space_issuer unique (space_id, issuer),
  constraint number_lists_space foreign key (space_id) references number_spaces (id),
  constraint number_lists_issuer foreign key (issuer) references issuers (id),
  -- The event that tells of the list closes it. Without one the transaction can't commit: there is no half a list.
  constraint number_lists_event foreign key (stream, seq) references unit_events (stream, seq) deferrable initially deferred,
  constraint number_lists_name_form check (name ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$'),
  constraint number_lists_sha256 check (source_sha256 ~ '^[0-9a-f]{64}$')
);

-- Text only, so that no zero is lost. Characters and length are those of GS1 AI 21: what can't be printed on a label is no
-- serial. (The registry's own form, printable ASCII without '|', is wider.)
create table listed_numbers (
  space_id bigint not null,
  position bigint not null,
  value text not null,
  issuer text not null,
  constraint listed_numbers_pkey primary key (space_id, position),
  constraint listed_numbers_value unique (issuer, value),
  -- One foreign key instead of two: a list may have a million rows.
  constraint listed_numbers_list foreign key (space_id, issuer) references number_lists (space_id, issuer),
  constraint listed_numbers_position check (position between 1 and 1000000),
  constraint listed_numbers_form check (value ~ '^[!"%&''()*+,./0-9:;<=>?A-Z_a-z-]{1,20}$')
);

create trigger number_lists_append_only before update or delete on number_lists for each row execute function refuse_change();
create trigger number_lists_no_truncate before truncate on number_lists execute function refuse_change();
create trigger listed_numbers_append_only before update or delete on listed_numbers for each row execute function refuse_change();
create trigger listed_numbers_no_truncate before truncate on listed_numbers execute function refuse_change();

-- An import is one transaction: open, add in chunks, close. Returns the new list's space, or null where this very part of
-- this very file was imported under the name before. Imports of one buyer go one after the other: each then sees what the
-- other listed, and can say where.
create function open_number_list(p_issuer text, p_name text, p_pattern text, p_source_name text, p_source_sha256 text,
                                 p_source_part text, p_by text) returns bigint
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  known number_lists;
  space bigint;
begin
  perform check_word('issuer', p_issuer), check_word('list', p_name), check_word('source', p_source_name),
    check_word('part', p_source_part), check_word('by', p_by);
  begin
    perform pg_advisory_xact_lock(hashtext('unitrail.list:' || p_issuer));
  exception when lock_not_available then
    perform refuse('UT025', format('another import of numbers of %s runs; nothing of this one was done. Start it again when that one has ended', p_issuer));
  end;
  if not exists (select from issuers where id = p_issuer and kind = 'buyer') then
    perform refuse('UT009', format('there is no buyer %s', p_issuer));
  end if;
  select * into known from number_lists where issuer = p_issuer and name = p_name;
  if found then
    if (known.source_sha256, known.source_part) is distinct from (p_source_sha256, p_source_part) then
      perform refuse('UT007', format('list: %s is not allowed; %s imported it before from other content (sha256 %s, %s; now %s, %s)',
        p_name, known.imported_by, known.source_sha256, known.source_part, p_source_sha256, p_source_part));
    end if;
    return null;
  end if;
  insert into number_spaces (kind, name, scope, issuer, first_number, last_number, next_number)
  values ('serial', p_name, 'list:' || p_issuer, p_issuer, 1, 1, 1) returning id into space;
  insert into number_lists (space_id, issuer, name, pattern, source_name, source_sha256, source_part, imported_by)
  values (space, p_issuer, p_name, p_pattern, p_source_name, p_source_sha256, p_source_part, p_by);
  return space;
end $$;

-- The list that this transaction has opened: a list is visible to others only together with the event that closed it.
create function open_list(p_space bigint) returns number_lists
language plpgsql as $$
declare
  l number_lists;
begin
  select * into l from number_lists
  where space_id = p_space and not exists (select from streams where streams.stream = number_lists.stream);
  if not found then perform refuse('UT009', format('no list %s is being imported', p_space)); end if;
  return l;
end $$;

-- Adds values at the positions from p_first on. Answers those that it left out, because the number is taken: by a row of
-- this import ('import', with its position), by another list ('list', with name and position) or by a unit ('unit'). An
-- import that left out any has holes, and can't be closed.
create function add_listed_numbers(p_space bigint, p_first bigint, p_values text[])
returns table (place integer, taken_by text, taken_list text, taken_position bigint)
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  l number_lists := open_list(p_space);
begin
  if p_first is null or coalesce(cardinality(p_values), 0) not between 1 and 10000 then
    perform refuse('UT007', 'values: 1 to 10000 at a time, with the position of the first');
  end if;
  insert into listed_numbers (space_id, position, value, issuer)
  select p_space, p_first + n - 1, v, l.issuer from unnest(p_values) with ordinality as given(v, n)
  where not exists (select from identifiers i where i.issuer = l.issuer and i.kind = 'serial' and i.value = v)
  on conflict (issuer, value) do nothing;
  return query
    select given.n::integer,
      case when other.space_id is null then 'unit' when other.space_id = p_space then 'import' else 'list' end,
      other_list.name, other.position
    from unnest(p_values) with ordinality as given(v, n)
    left join listed_numbers other on other.issuer = l.issuer and other.value = given.v
    left join number_lists other_list on other_list.space_id = other.space_id
    where (other.space_id, other.position) is distinct from (p_space, p_first + given.n - 1)
    order by given.n;
end $$;

-- Tells of the list and closes it. Returns how many numbers it has.
create function close_number_list(p_space bigint) returns bigint
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  l number_lists := open_list(p_space);
  numbers bigint;
  highest bigint;
begin
  select count(*), max(position) into numbers, highest from listed_numbers where space_id = p_space;
  if numbers = 0 or numbers <> highest then
    perform refuse('UT007', format('list %s of %s is empty or has holes: %s numbers up to position %s', l.name, l.issuer,
      numbers, coalesce(highest, 0)));
  end if;
  update number_spaces set last_number = numbers where id = p_space;
  perform append_to_stream(l.stream, 'numbersListed', 'listed',
    format('{"by":%s,"count":%s,"first":%s,"last":%s,"part":%s,"pattern":%s,"sha256":%s,"source":%s}', to_json(l.imported_by),
      numbers, (select to_json(value) from listed_numbers where space_id = p_space and position = 1),
      (select to_json(value) from listed_numbers where space_id = p_space and position = numbers), to_json(l.source_part),
      coalesce(to_json(l.pattern)::text, 'null'), to_json(l.source_sha256), to_json(l.source_name)));
  return numbers;
end $$;

grant select on number_lists, listed_numbers to unitrail_office, unitrail_desk, unitrail_auditor, unitrail_retention;
grant execute on function open_number_list(text, text, text, text, text, text, text),
  add_listed_numbers(bigint, bigint, text[]), close_number_list(bigint) to unitrail_desk;
