-- Why: what has shipped, and is in its buyer's hands, need not stay in the database for ten years. Its history and its record
-- move into capsules (files that anybody can read), and one function removes them here: after it has looked whether the
-- capsule's copies were read back by another login, whether the buyer has every record, and whether somebody holds a unit.
-- Units, identifiers, movements, the membership of exports and the digests of the leaves stay for ever.
insert into event_types (type, stream_kind, appender, nature, part) values
  ('retentionOpened',   'retention', 'function', 'other', null),
  ('capsulePlanned',    'retention', 'function', 'other', null),
  ('moveBlocked',       'retention', 'function', 'other', null),
  ('capsuleMade',       'retention', 'function', 'other', null),
  ('capsuleDelivered',  'retention', 'function', 'other', null),
  ('copyVerified',      'retention', 'function', 'other', null),
  ('capsuleMoved',      'retention', 'function', 'other', null),
  ('capsuleErased',     'retention', 'function', 'other', null),
  ('namesErased',       'retention', 'function', 'other', null),
  ('retentionEnded',    'retention', 'function', 'other', null),
  ('retentionApproved', 'retention', 'function', 'other', null),
  ('legalHoldAdded',    'retention', 'function', 'other', null),
  ('legalHoldReleased', 'retention', 'function', 'other', null);

-- One look at what is due. `as_of` is the time that it judges by; `opened_at` is what this database's clock said.
create table retention_runs (
  id text not null,
  request text not null,
  as_of timestamptz not null,
  opened_at timestamptz not null default clock_timestamp(),
  -- Who said that the clock is right although it had jumped.
  clock_confirmed_by text,
  -- False: the clock had jumped, and nothing is moved or erased.
  clock_trusted boolean not null,
  planned_at timestamptz,
  ended_at timestamptz,
  report text,
  constraint retention_runs_pkey primary key (id),
  constraint retention_runs_request unique (request),
  constraint retention_runs_end check ((ended_at is null) = (report is null))
);

create table capsules (
  id text not null,
  run_id text not null,
  -- Null: its units ended without shipping.
  buyer text,
  product text not null,
  month text not null,
  number integer not null,
  units integer not null,
  records integer not null,
  events bigint not null,
  sealed_from timestamptz,
  sealed_to timestamptz,
  -- planned: its units are named. made: its files are in the content store. moved: the database has its bytes no more.
  -- erased: nobody has them here.
  state text not null default 'planned',
  planned_at timestamptz not null default clock_timestamp(),
  made_at timestamptz,
  -- The signed manifests, byte for byte: of what the buyer gets, and of the events that only the manufacturer keeps. The
  -- second one names the first.
  manifest text,
  events_manifest text,
  -- due: to be brought to the buyer. delivered. none: there is no buyer, or the plant file names no server of the buyer's.
  delivery text not null default 'due',
  moved_at timestamptz,
  erased_at timestamptz,
  constraint capsules_pkey primary key (id),
  constraint capsules_number unique nulls not distinct (buyer, product, month, number),
  constraint capsules_run foreign key (run_id) references retention_runs (id),
  constraint capsules_buyer foreign key (buyer) references buyers (id),
  constraint capsules_month check (month ~ '^[0-9]{4}-[0-9]{2}$'),
  constraint capsules_counts check (units > 0 and records between 0 and units and events >= 0),
  constraint capsules_state check (state in ('planned', 'made', 'moved', 'erased')),
  constraint capsules_delivery check (delivery in ('due', 'delivered', 'none')),
  constraint capsules_made check ((state = 'planned') = (manifest is null) and (manifest is null) = (made_at is null)
    and (manifest is null) = (events_manifest is null)),
  constraint capsules_moved check ((state in ('moved', 'erased')) = (moved_at is not null)),
  constraint capsules_erased check ((state = 'erased') = (erased_at is not null))
);
create index capsules_run_id on capsules (run_id);

-- Which units are in which capsule, with their record and their history up to an event. What is said of one later stays here.
create table capsule_units (
  unit_id uuid not null,
  last_seq bigint not null,
  -- The hash of that event: what the capsule's history has to end with.
  head bytea not null,
  capsule_id text not null,
  issuer text collate "C" not null,
  serial text collate "C" not null,
  record_sha256 text,
  -- The start of the transaction that removed its bytes here.
  retired_at timestamptz,
  constraint capsule_units_pkey primary key (unit_id),
  constraint capsule_units_place unique (capsule_id, serial, issuer),
  constraint capsule_units_capsule foreign key (capsule_id) references capsules (id) deferrable initially deferred,
  constraint capsule_units_unit foreign key (unit_id) references units (id),
  constraint capsule_units_seq check (last_seq >= 1),
  constraint capsule_units_record check (record_sha256 ~ '^[0-9a-f]{64}$')
);
create index capsule_units_left on capsule_units (capsule_id, unit_id) where retired_at is null;

-- What was said of a unit after the sealing, once its bytes are gone here: so that nobody says it twice.
create table capsule_statements (
  unit_id uuid not null,
  seq bigint not null,
  capsule_id text not null,
  type text not null,
  body_sha256 text not null,
  constraint capsule_statements_pkey primary key (unit_id, seq),
  constraint capsule_statements_capsule foreign key (capsule_id) references capsules (id) deferrable initially deferred
);
create index capsule_statements_capsule_id on capsule_statements (capsule_id);

create table capsule_files (
  capsule_id text not null,
  name text not null,
  -- What it is in the capsule: records, proofs, events and so on.
  role text not null,
  -- Kept by the manufacturer alone: every stored event.
  own_only boolean not null,
  size_bytes bigint not null,
  sha256 text not null,
  constraint capsule_files_pkey primary key (capsule_id, name),
  constraint capsule_files_capsule foreign key (capsule_id) references capsules (id),
  constraint capsule_files_role unique (capsule_id, role),
  constraint capsule_files_name check (name ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,199}$'),
  constraint capsule_files_size check (size_bytes >= 0),
  constraint capsule_files_sha256 check (sha256 ~ '^[0-9a-f]{64}$')
);
create index capsule_files_sha256_index on capsule_files (sha256);

-- A copy that was read back as a whole: where, what it was, by whose login, when. Of each run anew: a disk forgets.
create table capsule_copies (
  capsule_id text not null,
  place text not null,
  run_id text not null,
  manifest_sha256 text not null,
  verified_by text not null default session_user,
  verified_at timestamptz not null default clock_timestamp(),
  constraint capsule_copies_pkey primary key (capsule_id, place, run_id),
  constraint capsule_copies_capsule foreign key (capsule_id) references capsules (id),
  constraint capsule_copies_run foreign key (run_id) references retention_runs (id),
  constraint capsule_copies_sha256 check (manifest_sha256 ~ '^[0-9a-f]{64}$')
);
create index capsule_copies_run_id on capsule_copies (run_id);

-- Each try to bring a capsule to its buyer.
create table capsule_deliveries (
  id bigint generated always as identity,
  capsule_id text not null,
  target text not null,
  ended_at timestamptz not null default clock_timestamp(),
  code text,
  message text,
  constraint capsule_deliveries_pkey primary key (id),
  constraint capsule_deliveries_capsule foreign key (capsule_id) references capsules (id)
);
create index capsule_deliveries_capsule_id on capsule_deliveries (capsule_id);

-- Stops what is not moved or erased yet. Released, it stays on record.
create table legal_holds (
  id text not null,
  kind text not null,
  value text not null,
  -- Of a hold on one unit.
  unit_id uuid,
  reason text not null,
  added_by text not null,
  added_at timestamptz not null default clock_timestamp(),
  released_by text,
  released_reason text,
  released_at timestamptz,
  constraint legal_holds_pkey primary key (id),
  constraint legal_holds_unit foreign key (unit_id) references units (id),
  constraint legal_holds_kind check (kind in ('unit', 'batch', 'lot', 'firmware', 'buyer') and (kind = 'unit') = (unit_id is not null)),
  constraint legal_holds_release check ((released_at is null) = (released_by is null) and (released_by is null) = (released_reason is null))
);
create index legal_holds_unit_id on legal_holds (unit_id);

-- Persons who have agreed to the retention terms of one version of the plant file.
create table retention_approvals (
  plant_version bigint not null,
  approved_by text not null,
  approved_at timestamptz not null default clock_timestamp(),
  constraint retention_approvals_pkey primary key (plant_version, approved_by),
  constraint retention_approvals_version foreign key (plant_version) references plant_versions (id)
);

-- Since when a person is in the plant file no more: from then on the time runs after which the name goes.
alter table operators add column left_at timestamptz;

-- Units that somebody holds, by whatever the hold is about.
create view units_on_legal_hold as
select h.id as hold_id, h.unit_id from legal_holds h where h.kind = 'unit' and h.released_at is null
union all
select h.id, u.id from legal_holds h join units u on u.batch_id = h.value where h.kind = 'batch' and h.released_at is null
union all
select h.id, l.unit_id from legal_holds h join unit_lots l on l.lot = h.value where h.kind = 'lot' and h.released_at is null
union all
select h.id, u.id from legal_holds h join units u on u.board_lot = h.value where h.kind = 'lot' and h.released_at is null
union all
select h.id, u.id from legal_holds h join units u on u.firmware_version = h.value where h.kind = 'firmware' and h.released_at is null
union all
select h.id, u.id from legal_holds h join shipments s on s.buyer = h.value join units u on u.shipment_id = s.id
where h.kind = 'buyer' and h.released_at is null
union all
-- Of one that never shipped, the buyer that its batch was made for.
select h.id, u.id from legal_holds h join batches b on b.buyer = h.value join units u on u.batch_id = b.id
where h.kind = 'buyer' and h.released_at is null and u.shipment_id is null;

create trigger retention_runs_never_deleted before delete on retention_runs for each row execute function refuse_change();
create trigger retention_runs_no_truncate before truncate on retention_runs execute function refuse_change();
create trigger capsules_never_deleted before delete on capsules for each row execute function refuse_change();
create trigger capsules_no_truncate before truncate on capsules execute function refuse_change();
create trigger capsule_units_never_deleted before delete on capsule_units for each row execute function refuse_change();
create trigger capsule_units_no_truncate before truncate on capsule_units execute function refuse_change();
create trigger capsule_statements_append_only before update or delete on capsule_statements for each row execute function refuse_change();
create trigger capsule_statements_no_truncate before truncate on capsule_statements execute function refuse_change();
create trigger capsule_files_append_only before update or delete on capsule_files for each row execute function refuse_change();
create trigger capsule_files_no_truncate before truncate on capsule_files execute function refuse_change();
create trigger capsule_copies_append_only before update or delete on capsule_copies for each row execute function refuse_change();
create trigger capsule_copies_no_truncate before truncate on capsule_copies execute function refuse_change();
create trigger capsule_deliveries_append_only before update or delete on capsule_deliveries for each row execute function refuse_change();
create trigger capsule_deliveries_no_truncate before truncate on capsule_deliveries execute function refuse_change();
create trigger legal_holds_never_deleted before delete on legal_holds for each row execute function refuse_change();
create trigger legal_holds_no_truncate before truncate on legal_holds execute function refuse_change();
create trigger retention_approvals_append_only before update or delete on retention_approvals for each row execute function refuse_change();
create trigger retention_approvals_no_truncate before truncate on retention_approvals execute function refuse_change();

create function refuse_run_change() returns trigger
language plpgsql as $$
begin
  if (new.id, new.request, new.as_of, new.opened_at, new.clock_confirmed_by, new.clock_trusted)
     is distinct from (old.id, old.request, old.as_of, old.opened_at, old.clock_confirmed_by, old.clock_trusted)
     or old.planned_at is not null and new.planned_at is distinct from old.planned_at or old.ended_at is not null then
    raise exception using errcode = '42501', message = format('retention run %s can not become that', old.id);
  end if;
  return new;
end $$;
create trigger retention_runs_go_on before update on retention_runs for each row execute function refuse_run_change();

-- Planned, made, moved, erased: a capsule only ever goes on, and its files are made once.
create function refuse_capsule_change() returns trigger
language plpgsql as $$
declare
  was capsules := old;
begin
  was.state := new.state;
  if old.state = 'planned' then was.manifest := new.manifest; was.events_manifest := new.events_manifest; was.made_at := new.made_at; end if;
  if old.delivery = 'due' and old.state = 'made' then was.delivery := new.delivery; end if;
  if new.state = 'moved' then was.moved_at := new.moved_at; end if;
  if new.state = 'erased' then was.erased_at := new.erased_at; end if;
  if new is distinct from was
     or (old.state, new.state) not in (('planned', 'made'), ('made', 'made'), ('made', 'moved'), ('moved', 'erased')) then
    raise exception using errcode = '42501', message = format('capsule %s can not become that', old.id);
  end if;
  return new;
end $$;
create trigger capsules_go_on before update on capsules for each row execute function refuse_capsule_change();

-- Only that its bytes went, and only by a login that may move them: a superuser has every role, and is none.
create function refuse_capsule_unit_change() returns trigger
language plpgsql as $$
declare
  was capsule_units := old;
begin
  was.retired_at := new.retired_at;
  if new is distinct from was or old.retired_at is not null or new.retired_at is distinct from now()
     or not exists (select from pg_roles r where r.rolname = session_user and not r.rolsuper and pg_has_role(r.oid, 'unitrail_retention', 'usage')) then
    raise exception using errcode = '42501', message = format('unit %s in capsule %s can not become that', old.serial, old.capsule_id);
  end if;
  return new;
end $$;
create trigger capsule_units_go_on before update on capsule_units for each row execute function refuse_capsule_unit_change();

create function refuse_hold_change() returns trigger
language plpgsql as $$
begin
  if old.released_at is not null or (new.id, new.kind, new.value, new.unit_id, new.reason, new.added_by, new.added_at)
     is distinct from (old.id, old.kind, old.value, old.unit_id, old.reason, old.added_by, old.added_at) then
    raise exception using errcode = '42501', message = format('legal hold %s can not become that', old.id);
  end if;
  return new;
end $$;
create trigger legal_holds_end_once before update on legal_holds for each row execute function refuse_hold_change();

-- Events and records are still append-only for everybody, the owner as well: a row goes only in the transaction that retires its unit.
create function refuse_unretired_events() returns trigger
language plpgsql as $$
declare
  kept record;
begin
  select g.stream, g.first into kept from (select stream, min(seq) as first, max(seq) as last from gone group by stream) g
  where g.stream !~ '^unit:[0-9a-f-]{36}$' or not exists (
    select from capsule_units c where c.unit_id = substr(g.stream, 6)::uuid and c.retired_at = now() and g.last <= c.last_seq) limit 1;
  if found then
    raise exception using errcode = '42501', message = format('DELETE of unit_events is refused: event %s of %s is append-only', kept.first, kept.stream);
  end if;
  return null;
end $$;
drop trigger unit_events_append_only on unit_events;
create trigger unit_events_append_only before update on unit_events for each row execute function refuse_change();
create trigger unit_events_retired after delete on unit_events referencing old table as gone
  for each statement execute function refuse_unretired_events();

create function refuse_unretired_records() returns trigger
language plpgsql as $$
begin
  if exists (select from gone g where not exists (
       select from capsule_units c where c.unit_id = g.unit_id and c.record_sha256 = g.sha256 and c.retired_at = now())) then
    raise exception using errcode = '42501', message = 'DELETE of records is refused: it is append-only';
  end if;
  return null;
end $$;
drop trigger records_append_only on records;
create trigger records_append_only before update on records for each row execute function refuse_change();
create trigger records_retired after delete on records referencing old table as gone
  for each statement execute function refuse_unretired_records();

-- A sealed record is here, or its digest is and a capsule has the bytes.
create view sealed_digests as
select unit_id, sha256 from records
union all
select unit_id, record_sha256 from capsule_units where record_sha256 is not null and retired_at is not null;

create or replace function check_sealed() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  if not exists (select from sealed_digests where unit_id = new.id) then
    raise exception using errcode = 'UT002', message = format('unit %s ships without a sealed record', new.serial);
  end if;
  return null;
end $$;

create or replace function check_amendment(u units, p_type text, p_body jsonb) returns void
language plpgsql as $$
declare
  told text;
begin
  perform check_word('by', p_body ->> 'by'), check_word('reason', p_body ->> 'reason');
  if u.state <> 'Shipped' then
    perform refuse('UT021', format('unit %s is %s: only what has shipped is amended', u.serial, u.state));
  end if;
  select s.capsule_id into told from capsule_statements s
  where s.unit_id = u.id and s.type = p_type and s.body_sha256 = encode(sha256(convert_to(p_body::text, 'UTF8')), 'hex');
  if found then
    perform refuse('UT021', format('unit %s: that is on record already, in capsule %s', u.serial, told));
  end if;
  if p_type = 'unitReturned' then
    perform check_word('rma', p_body ->> 'rma'), check_word('condition', p_body ->> 'condition');
    return;
  end if;
  perform check_word('field', p_body ->> 'field');
  if not p_body ? 'value' then perform refuse('UT007', 'value: the right value is missing'); end if;
  if not exists (select from sealed_digests r where r.unit_id = u.id and r.sha256 = p_body ->> 'record') then
    perform refuse('UT002', format('unit %s has no record %s', u.serial, p_body ->> 'record'));
  end if;
  if p_body ? 'event' and not coalesce(whole(p_body, 'event') between 1 and u.seq, false) then
    perform refuse('UT009', format('unit %s has no event %s', u.serial, p_body ->> 'event'));
  end if;
end $$;

-- An export that tells again what is in capsules would leave it out without a word.
create function refuse_archived_export() returns trigger
language plpgsql as $$
declare
  archived text;
begin
  select c.id into archived from capsules c where c.buyer = new.buyer and case new.kind
    when 'reissue' then exists (select from capsule_units u join export_items x on x.unit_id = u.unit_id and x.kind <> 'number'
      where u.capsule_id = c.id and u.retired_at is not null and x.export_id = new.reissue_of)
    else c.sealed_from < new.sealed_to and c.sealed_to >= new.sealed_from
      and exists (select from capsule_units u where u.capsule_id = c.id and u.retired_at is not null) end
  limit 1;
  if found then
    perform refuse('UT021', format('records of it are in the archive by now, in capsule %s: hand that out, or the files that were made', archived));
  end if;
  return new;
end $$;
create trigger exports_of_what_is_here before insert on exports for each row when (new.kind in ('reissue', 'extract'))
  execute function refuse_archived_export();
