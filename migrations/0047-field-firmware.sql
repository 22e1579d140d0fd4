-- Why: years after a unit has shipped it is the device that says what it runs. What devices report comes in files, and is kept
-- for ever beside the sealed record, which never changes. It is no event of the unit: a fleet reports each week, and a
-- unit's own history says how it was made, and may lie in the archive by then.
alter table event_types drop constraint event_types_stream_kind;
alter table event_types add constraint event_types_stream_kind check (stream_kind in ('unit', 'batch', 'order', 'shipment',
  'export', 'retention', 'list', 'registry', 'history', 'lease', 'recall', 'field'));
insert into event_types (type, stream_kind, appender, nature, part) values
  ('fieldFirmwareReported', 'field', 'function', 'other', null);

-- One file of reports: all of it in one transaction, or nothing.
create table field_imports (
  id bigint generated always as identity,
  source_name text not null,
  source_sha256 text not null,
  source_part text not null,
  imported_by text not null,
  imported_at timestamptz not null default clock_timestamp(),
  stream text not null generated always as ('field:' || id) stored,
  seq bigint not null default 1,
  constraint field_imports_pkey primary key (id),
  constraint field_imports_source unique (source_sha256, source_part),
  constraint field_imports_stream unique (stream, seq),
  -- The event that tells of it closes it. Without one the transaction can't commit.
  constraint field_imports_event foreign key (stream, seq) references unit_events (stream, seq) deferrable initially deferred,
  constraint field_imports_sha256 check (source_sha256 ~ '^[0-9a-f]{64}$')
);

-- What one device said at one moment. The newest of a unit is the one with the latest time, of two at one time the one that
-- came later: nothing is ever replaced.
create table field_reports (
  import_id bigint not null,
  position bigint not null,
  unit_id uuid not null,
  version text not null,
  firmware_sha256 text,
  reported_at timestamptz not null,
  source text not null,
  source_row bigint not null,
  constraint field_reports_pkey primary key (import_id, position),
  constraint field_reports_once unique (unit_id, reported_at, source),
  constraint field_reports_import foreign key (import_id) references field_imports (id),
  constraint field_reports_unit foreign key (unit_id) references units (id),
  constraint field_reports_version check (version ~ '^[!-{}~]([ -{}~]{0,62}[!-{}~])?$'),
  constraint field_reports_sha256 check (firmware_sha256 ~ '^[0-9a-f]{64}$'),
  constraint field_reports_source check (length(source) between 1 and 64 and source !~ '[|[:cntrl:]]'),
  constraint field_reports_time check (reported_at = date_trunc('milliseconds', reported_at))
);
create index field_reports_newest on field_reports (unit_id, reported_at desc, import_id desc, position desc);
create index field_reports_by_version on field_reports (version, unit_id);

create trigger field_imports_append_only before update or delete on field_imports for each row execute function refuse_change();
create trigger field_imports_no_truncate before truncate on field_imports execute function refuse_change();
create trigger field_reports_append_only before update or delete on field_reports for each row execute function refuse_change();
create trigger field_reports_no_truncate before truncate on field_reports execute function refuse_change();

-- What the digest of an import is made of, a line a report.
create function field_report_line(r field_reports) returns text
language sql immutable as $$
  select concat_ws('|', r.unit_id, r.version, coalesce(r.firmware_sha256, '-'),
    to_char(r.reported_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), r.source, r.source_row)
$$;

-- An import is one transaction: open, add in chunks, close. Null where this part of this file is on record.
create function open_field_import(p_source_name text, p_source_sha256 text, p_source_part text, p_by text) returns bigint
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  import bigint;
begin
  perform check_word('source', p_source_name), check_word('part', p_source_part), check_word('by', p_by);
  begin
    perform pg_advisory_xact_lock(hashtext('unitrail.field'));
  exception when lock_not_available then
    perform refuse('UT025', 'another import of reports runs; nothing of this one was done. Start it again when that one has ended');
  end;
  if exists (select from field_imports where source_sha256 = p_source_sha256 and source_part = p_source_part) then
    return null;
  end if;
  insert into field_imports (source_name, source_sha256, source_part, imported_by)
  values (p_source_name, p_source_sha256, p_source_part, p_by) returning id into import;
  return import;
end $$;

-- The import that this transaction has opened: others see it only together with the event that closed it.
create function check_field_import(p_import bigint) returns void
language plpgsql as $$
begin
  if not exists (select from field_imports i where i.id = p_import
                 and not exists (select from streams s where s.stream = i.stream)) then
    perform refuse('UT009', format('no reports %s are being imported', p_import));
  end if;
end $$;

-- Only what has left the house reports from the field, and not before the day on which it left, nor from the future.
create function check_field_report(p_unit uuid, p_at timestamptz) returns void
language plpgsql stable as $$
declare
  serial text;
  state text;
  left_at timestamptz;
begin
  select u.serial, u.state, s.closed_at into serial, state, left_at
  from units u left join shipments s on s.id = u.shipment_id where u.id = p_unit;
  if not found then perform refuse('UT009', format('there is no unit %s', p_unit)); end if;
  if state <> 'Shipped' then
    perform refuse('UT021', format('unit %s is %s: only what has shipped reports from the field', serial, state));
  end if;
  if p_at is null or p_at > clock_timestamp() or p_at < date_trunc('day', left_at, 'UTC') then
    perform refuse('UT007', format('unit %s: %s is not between its shipping and now', serial, p_at));
  end if;
end $$;

-- Adds reports at the positions from p_first on: [{unit, version, sha256, at, source, row}]. One that says what was said of that
-- unit, time and source before is not added again. Answers those, with what is on record.
create function add_field_reports(p_import bigint, p_first bigint, p_reports jsonb)
returns table (place integer, version text, firmware_sha256 text, source_name text, source_row bigint)
language plpgsql security definer set search_path = public, pg_temp set enable_seqscan = off as $$
begin
  perform check_field_import(p_import);
  if p_first is null or p_first < 1 or coalesce(jsonb_typeof(p_reports), '') <> 'array'
     or jsonb_array_length(p_reports) not between 1 and 5000 then
    perform refuse('UT007', 'reports: 1 to 5000 at a time, with the position of the first');
  end if;
  perform check_field_report((r ->> 'unit')::uuid, (r ->> 'at')::timestamptz) from jsonb_array_elements(p_reports) as r;
  insert into field_reports (import_id, position, unit_id, version, firmware_sha256, reported_at, source, source_row)
  select p_import, p_first - 1 + row_number() over (order by n), unit, g.version, g.sha256, g.at, g.source, g.row
  from (select distinct on (unit, at, source) r.n, r.unit, r.version, r.sha256, r.at, r.source, r.row
        from field_reports_in(p_reports) r order by unit, at, source, n) g
  where not exists (select from field_reports k where k.unit_id = g.unit and k.reported_at = g.at and k.source = g.source);
  return query
    select r.n, k.version, k.firmware_sha256, i.source_name, k.source_row
    from field_reports_in(p_reports) r
    cross join lateral (select * from field_reports f
                        where f.unit_id = r.unit and f.reported_at = r.at and f.source = r.source limit 1) k
    join field_imports i on i.id = k.import_id
    where (k.import_id, k.source_row) is distinct from (p_import, r.row)
    order by 1;
end $$;

create function field_reports_in(p_reports jsonb)
returns table (n integer, unit uuid, version text, sha256 text, at timestamptz, source text, "row" bigint)
language sql immutable as $$
  select given.n::integer, (r ->> 'unit')::uuid, r ->> 'version', r ->> 'sha256', (r ->> 'at')::timestamptz, r ->> 'source', whole(r, 'row')
  from jsonb_array_elements(p_reports) with ordinality as given(r, n)
$$;

-- Tells of the import and closes it. Returns how many reports are new.
create function close_field_import(p_import bigint) returns bigint
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  i field_imports;
  rows bigint;
  highest bigint;
  digest text;
begin
  perform check_field_import(p_import);
  select * into i from field_imports where id = p_import;
  select count(*), max(position),
    encode(sha256(string_agg(sha256(convert_to(field_report_line(r), 'UTF8')), ''::bytea order by position)), 'hex')
  into rows, highest, digest from field_reports r where r.import_id = p_import;
  if rows = 0 or rows <> highest then
    perform refuse('UT007', format('the reports are none or have holes: %s up to position %s', rows, coalesce(highest, 0)));
  end if;
  perform append_to_stream(i.stream, 'fieldFirmwareReported', 'reported',
    format('{"by":%s,"count":%s,"part":%s,"rowsSha256":%s,"sha256":%s,"source":%s}', to_json(i.imported_by), rows,
      to_json(i.source_part), to_json(digest), to_json(i.source_sha256), to_json(i.source_name)));
  return rows;
end $$;

grant select on field_imports, field_reports to unitrail_office, unitrail_desk, unitrail_auditor, unitrail_retention;
grant execute on function open_field_import(text, text, text, text), add_field_reports(bigint, bigint, jsonb),
  close_field_import(bigint) to unitrail_desk;
