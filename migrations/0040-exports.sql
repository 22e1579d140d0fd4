-- Why: what has shipped reaches its buyer, whole and once. An item (a sealed record, what was said of it afterwards, the last
-- word about a number that came to no shipped unit) belongs to exactly one export of the buyer's sequence. An export takes
-- what has none yet, under the lock that gives it its number: there is no watermark, because transactions commit out of order.
insert into event_types (type, stream_kind, appender, nature, part) values
  ('exportOpened',    'export', 'function', 'other', null),
  ('exportMade',      'export', 'function', 'other', null),
  ('exportDelivered', 'export', 'function', 'other', null);

create table exports (
  id text not null,
  buyer text not null,
  -- sequence: numbered, without a hole. reissue: past records anew, in other columns. extract: by date. Only the first counts.
  kind text not null,
  number integer,
  -- Who asked: under one request there is one export.
  request text not null,
  as_of timestamptz not null,
  -- How the files look, pinned: what the plant file says later changes nothing.
  look text not null,
  -- The export of the sequence before this one, and the one that a reissue tells again.
  predecessor text,
  reissue_of text,
  -- The time of an extract.
  sealed_from timestamptz,
  sealed_to timestamptz,
  records integer not null,
  amendments integer not null,
  numbers integer not null,
  state text not null default 'opened',
  opened_at timestamptz not null default clock_timestamp(),
  made_at timestamptz,
  delivered_at timestamptz,
  -- The signed manifest, byte for byte.
  manifest text,
  constraint exports_pkey primary key (id),
  constraint exports_number unique (buyer, number),
  constraint exports_request unique (buyer, request),
  constraint exports_predecessor_once unique (predecessor),
  constraint exports_buyer foreign key (buyer) references buyers (id),
  constraint exports_predecessor foreign key (predecessor) references exports (id),
  constraint exports_reissue_of foreign key (reissue_of) references exports (id),
  constraint exports_kind check (kind in ('sequence', 'reissue', 'extract')),
  constraint exports_numbered check ((kind = 'sequence') = (number is not null)),
  constraint exports_chain check ((predecessor is not null) = coalesce(number > 1, false)),
  constraint exports_of_another check ((kind = 'reissue') = (reissue_of is not null)),
  constraint exports_time check ((kind = 'extract') = (sealed_from is not null and sealed_to is not null)),
  constraint exports_some check (records >= 0 and amendments >= 0 and numbers >= 0
    and (kind <> 'sequence' or records + amendments + numbers > 0)),
  constraint exports_state check (state in ('opened', 'made', 'delivered')),
  constraint exports_made check ((state = 'opened') = (manifest is null) and (manifest is null) = (made_at is null)),
  constraint exports_delivered check ((state = 'delivered') = (delivered_at is not null))
);
create index exports_reissue_of on exports (reissue_of);

-- The membership, for ever. The order of the key is the order in which an export tells them: byte by byte, so that whoever
-- checks it needs no locale of ours. `unit_id` has no foreign key: a million of them would be looked up for rows that this
-- very function has read.
create table export_items (
  export_id text not null,
  kind text not null,
  issuer text collate "C" not null,
  identifier text collate "C" not null,
  value text collate "C" not null,
  -- Of an amendment: its place in the unit's history. Otherwise 0.
  seq bigint not null default 0,
  unit_id uuid,
  -- Of a number: what became of it, as it was told.
  fate text,
  fate_at timestamptz,
  batch_id text,
  reason text,
  constraint export_items_pkey primary key (export_id, kind, issuer, identifier, value, seq),
  constraint export_items_export foreign key (export_id) references exports (id) deferrable initially deferred,
  constraint export_items_kind check (kind in ('record', 'amendment', 'number')),
  constraint export_items_unit check (kind = 'number' or (unit_id is not null and fate is null)),
  constraint export_items_fate check ((kind = 'number') = (fate is not null) and fate in ('scrapped', 'void', 'missing', 'unused'))
);
-- Each item is in one export. A number may be told twice, if it was missing: when it turns up it ships (and its record tells)
-- or is scrapped. Every other fate is the last one.
create unique index export_items_record on export_items (unit_id) where kind = 'record';
create unique index export_items_amendment on export_items (unit_id, seq) where kind = 'amendment';
create unique index export_items_fate_once on export_items (issuer, identifier, value, fate) where kind = 'number';

-- What an extract tells. It counts for nothing: the same record is in an export of the sequence, now or later.
create table extract_items (
  export_id text not null,
  kind text not null,
  issuer text collate "C" not null,
  identifier text collate "C" not null,
  value text collate "C" not null,
  seq bigint not null default 0,
  unit_id uuid not null,
  constraint extract_items_pkey primary key (export_id, kind, issuer, identifier, value, seq),
  constraint extract_items_export foreign key (export_id) references exports (id) deferrable initially deferred,
  constraint extract_items_kind check (kind in ('record', 'amendment'))
);

-- What was made, once; the bytes are in the content store.
create table export_files (
  export_id text not null,
  name text not null,
  size_bytes bigint not null,
  sha256 text not null,
  rows integer not null,
  constraint export_files_pkey primary key (export_id, name),
  constraint export_files_export foreign key (export_id) references exports (id),
  constraint export_files_name check (name ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,199}$'),
  constraint export_files_numbers check (size_bytes >= 0 and rows >= 0),
  constraint export_files_sha256 check (sha256 ~ '^[0-9a-f]{64}$')
);

-- Keys that ever signed a manifest: a buyer who checks an old one has to find its key.
create table export_keys (
  id text not null,
  public_key text not null,
  first_used_at timestamptz not null default clock_timestamp(),
  constraint export_keys_pkey primary key (id),
  constraint export_keys_public_key unique (public_key),
  constraint export_keys_id check (id = left(encode(sha256(decode(public_key, 'base64')), 'hex'), 16))
);

-- Each try to deliver, with its cause where it failed. One without an end was cut off, or is under way.
create table deliveries (
  id bigint generated always as identity,
  export_id text not null,
  target text not null,
  started_at timestamptz not null default clock_timestamp(),
  ended_at timestamptz,
  -- copied: handed out beside the buyer's own way, which is still to be gone.
  outcome text,
  code text,
  message text,
  constraint deliveries_pkey primary key (id),
  constraint deliveries_export foreign key (export_id) references exports (id),
  constraint deliveries_outcome check (outcome in ('delivered', 'copied', 'failed')),
  constraint deliveries_end check ((ended_at is null) = (outcome is null) and (coalesce(outcome, '') = 'failed') = (code is not null))
);
create index deliveries_export_id on deliveries (export_id);

create index unit_events_amendments on unit_events (stream, seq) where type in ('recordCorrected', 'unitReturned');
create index identifiers_of_nobody on identifiers (block_id) where unit_id is null and adopted_unit is null;

create trigger export_items_append_only before update or delete on export_items for each row execute function refuse_change();
create trigger export_items_no_truncate before truncate on export_items execute function refuse_change();
create trigger extract_items_append_only before update or delete on extract_items for each row execute function refuse_change();
create trigger extract_items_no_truncate before truncate on extract_items execute function refuse_change();
create trigger export_files_append_only before update or delete on export_files for each row execute function refuse_change();
create trigger export_files_no_truncate before truncate on export_files execute function refuse_change();
create trigger export_keys_append_only before update or delete on export_keys for each row execute function refuse_change();
create trigger export_keys_no_truncate before truncate on export_keys execute function refuse_change();
create trigger exports_never_deleted before delete on exports for each row execute function refuse_change();
create trigger exports_no_truncate before truncate on exports execute function refuse_change();
create trigger deliveries_never_deleted before delete on deliveries for each row execute function refuse_change();
create trigger deliveries_no_truncate before truncate on deliveries execute function refuse_change();

-- Opened, made, delivered: an export only ever goes on, and what it is stays what it was opened as.
create function refuse_export_change() returns trigger
language plpgsql as $$
declare
  was exports := old;
begin
  was.state := new.state;
  if old.state = 'opened' then was.manifest := new.manifest; was.made_at := new.made_at; end if;
  if new.state = 'delivered' then was.delivered_at := new.delivered_at; end if;
  if new is distinct from was or (old.state, new.state) not in (('opened', 'made'), ('made', 'delivered')) then
    raise exception using errcode = '42501', message = format('export %s can not become that', old.id);
  end if;
  return new;
end $$;
create trigger exports_go_on before update on exports for each row execute function refuse_export_change();

create function refuse_delivery_change() returns trigger
language plpgsql as $$
begin
  if old.ended_at is not null
     or (new.id, new.export_id, new.target, new.started_at) is distinct from (old.id, old.export_id, old.target, old.started_at) then
    raise exception using errcode = '42501', message = format('delivery %s can not become that', old.id);
  end if;
  return new;
end $$;
create trigger deliveries_end_once before update on deliveries for each row execute function refuse_delivery_change();

-- Sealed records that are in no export yet, and whose they are: those of the buyer to whom they were shipped.
create view unexported_records as
select s.buyer, u.issuer, r.serial, r.unit_id
from records r join units u on u.id = r.unit_id join shipments s on s.id = u.shipment_id
where not exists (select from export_items x where x.kind = 'record' and x.unit_id = r.unit_id);

-- What was said of a unit after its record was sealed.
create view unexported_amendments as
select s.buyer, u.issuer, u.serial, u.id as unit_id, e.seq
from unit_events e join units u on u.id = substr(e.stream, 6)::uuid join shipments s on s.id = u.shipment_id
where e.type in ('recordCorrected', 'unitReturned') and u.state = 'Shipped'
  and not exists (select from export_items x where x.kind = 'amendment' and x.unit_id = u.id and x.seq = e.seq);

-- The buyer of the batch's unit that shipped first. Of batches whose orders name no buyer.
create view buyers_by_shipment as
select distinct on (b.id) b.id as batch_id, s.buyer
from batches b join units u on u.batch_id = b.id and u.state = 'Shipped' join shipments s on s.id = u.shipment_id
where b.buyer is null
order by b.id, s.closed_at, s.id;

-- Numbers that came to no shipped unit, with their fate. A buyer's own number is told to that buyer, every other one to the
-- buyer of the batch (or, where its order named none, to the buyer whom its first units went to); numbers of trials are nobody's. Of a buyer's list, what was given back at the end of a batch is unused.
create view unexported_numbers as
select n.buyer, n.issuer, n.identifier, n.value, n.unit_id, n.fate, n.fate_at, n.batch_id, n.reason
from (
  select coalesce(own.id, b.buyer, first.buyer) as buyer, i.issuer, i.kind as identifier, i.value, u.id as unit_id,
    lower(u.state) as fate, e.at as fate_at, b.id as batch_id, e.body::jsonb ->> 'code' as reason
  from units u join batches b on b.id = u.batch_id join identifiers i on i.unit_id = u.id and i.kind in ('serial', 'mac')
  left join buyers own on own.id = u.issuer left join buyers_by_shipment first on first.batch_id = b.id
  cross join lateral (select v.at, v.body from unit_events v where v.stream = 'unit:' || u.id and v.type in ('scrapped', 'missing', 'voided')
                      order by v.seq desc limit 1) as e
  where u.state in ('Scrapped', 'Missing', 'Void') and not b.trial
  union all
  select coalesce(own.id, b.buyer, first.buyer), i.issuer, i.kind, i.value, null, 'void', e.at, b.id, e.body::jsonb ->> 'why'
  from identifiers i join blocks k on k.id = i.block_id join batches b on b.id = k.batch_id
  join unit_events e on e.stream = 'batch:' || b.id and e.key = concat_ws('/', 'void', k.id, i.ordinal)
  left join buyers own on own.id = i.issuer left join buyers_by_shipment first on first.batch_id = b.id
  where i.unit_id is null and i.adopted_unit is null and i.state = 'void' and not b.trial
  union all
  select l.issuer, l.issuer, 'serial', v.value, null, 'unused', e.at, k.batch_id, null
  from batch_controls c join blocks k on k.batch_id = c.batch_id join number_lists l on l.space_id = k.space_id
  join unit_events e on e.stream = 'batch:' || c.batch_id and e.key = 'returned'
  join listed_numbers v on v.space_id = k.space_id and v.position >= lower(k.numbers) and v.position < upper(k.numbers)
  where c.cancelled and not exists (select from identifiers i where i.issuer = l.issuer and i.kind = 'serial' and i.value = v.value)
) as n
where n.buyer is not null and not exists (
  select from export_items x where x.kind = 'number' and (x.issuer, x.identifier, x.value, x.fate) = (n.issuer, n.identifier, n.value, n.fate));

-- Waits for whoever opens another export of the buyer. Not "for update": shipments refer to the buyer, and would wait too.
create function lock_buyer(p_buyer text) returns void
language plpgsql as $$
begin
  perform 1 from buyers where id = p_buyer for no key update;
  if not found then perform refuse('UT009', format('there is no buyer %s', p_buyer)); end if;
end $$;

-- The export that was opened under the request, or null. Another kind under the same request is another request.
create function export_of_request(p_buyer text, p_request text, p_kind text) returns exports
language plpgsql as $$
declare
  e exports;
begin
  perform check_word('request', p_request);
  select * into e from exports where buyer = p_buyer and request = p_request;
  if e.kind <> p_kind then
    perform refuse('UT003', format('request %s has opened export %s, a %s', p_request, e.id, e.kind));
  end if;
  return e;
end $$;

create function tell_opened(e exports) returns void
language plpgsql as $$
begin
  perform append_to_stream('export:' || e.id, 'exportOpened', 'opened', format(
    '{"amendments":%s,"asOf":%s,"buyer":%s,"from":%s,"kind":%s,"lookSha256":%s,"number":%s,"numbers":%s,"of":%s,"predecessor":%s,"records":%s,"to":%s}',
    e.amendments, told_time(e.as_of), to_json(e.buyer), told_time(e.sealed_from), to_json(e.kind),
    to_json(encode(sha256(convert_to(e.look, 'UTF8')), 'hex')), coalesce(e.number::text, 'null'), e.numbers, coalesce(to_json(e.reissue_of)::text, 'null'),
    coalesce(to_json(e.predecessor)::text, 'null'), e.records, told_time(e.sealed_to)));
end $$;

-- RFC 3339 in UTC with milliseconds, as JSON; null where there is none.
create function told_time(p_at timestamptz) returns text
language sql immutable as $$
  select coalesce(to_char(p_at at time zone 'UTC', '"\""YYYY-MM-DD"T"HH24:MI:SS.MS"Z\""'), 'null')
$$;

-- Opens the next export of the buyer's sequence, with all of its items that have none yet; null where there are none.
-- A repeat finds the one that it opened, as it was opened. The look says which reports of numbers the buyer wants.
create function open_export(p_buyer text, p_request text, p_as_of timestamptz, p_look text) returns text
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  include jsonb := check_body(p_look) -> 'include';
  e exports;
begin
  perform check_office();
  perform lock_buyer(p_buyer);
  e := export_of_request(p_buyer, p_request, 'sequence');
  if e.id is not null then return e.id; end if;
  select id, number into e.predecessor, e.number from exports where buyer = p_buyer and number is not null order by number desc limit 1;
  e.number := coalesce(e.number, 0) + 1;
  e.id := p_buyer || '-' || lpad(e.number::text, greatest(6, length(e.number::text)), '0');
  -- In order: what is due is then known before the first row is written. Looked up row by row, the search for items that are
  -- there would read what this very statement writes, which takes hours where the table was empty a moment ago.
  insert into export_items (export_id, kind, issuer, identifier, value, unit_id)
  select e.id, 'record', r.issuer, 'serial', r.serial, r.unit_id from unexported_records r where r.buyer = p_buyer order by r.issuer, r.serial;
  get diagnostics e.records = row_count;
  insert into export_items (export_id, kind, issuer, identifier, value, seq, unit_id)
  select e.id, 'amendment', a.issuer, 'serial', a.serial, a.seq, a.unit_id from unexported_amendments a
  -- A unit that shipped while this ran: its record is in the next export, and so is what was said of it.
  where a.buyer = p_buyer and exists (select from export_items r where r.kind = 'record' and r.unit_id = a.unit_id)
  order by a.issuer, a.serial, a.seq;
  get diagnostics e.amendments = row_count;
  insert into export_items (export_id, kind, issuer, identifier, value, unit_id, fate, fate_at, batch_id, reason)
  select e.id, 'number', n.issuer, n.identifier, n.value, n.unit_id, n.fate, n.fate_at, n.batch_id, n.reason
  from unexported_numbers n
  where n.buyer = p_buyer and coalesce((include ->> case n.fate when 'unused' then 'unused' else 'scrapped' end)::boolean, true)
  order by n.issuer, n.identifier, n.value;
  get diagnostics e.numbers = row_count;
  if e.records + e.amendments + e.numbers = 0 then return null; end if;
  insert into exports (id, buyer, kind, number, request, as_of, look, predecessor, records, amendments, numbers)
  values (e.id, p_buyer, 'sequence', e.number, p_request, p_as_of, p_look, e.predecessor, e.records, e.amendments, e.numbers)
  returning * into e;
  perform tell_opened(e);
  return e.id;
end $$;

-- Tells the items of an export of the sequence again, in another look, outside the sequence.
create function open_reissue(p_export text, p_request text, p_as_of timestamptz, p_look text) returns text
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  original exports;
  e exports;
begin
  perform check_office();
  perform check_body(p_look);
  select * into original from exports where id = p_export;
  if not found then perform refuse('UT009', format('there is no export %s', p_export)); end if;
  if original.kind <> 'sequence' then
    perform refuse('UT021', format('export %s is a %s: only an export of the sequence is issued again', p_export, original.kind));
  end if;
  perform lock_buyer(original.buyer);
  e := export_of_request(original.buyer, p_request, 'reissue');
  if e.id is not null then return e.id; end if;
  insert into exports (id, buyer, kind, request, as_of, look, reissue_of, records, amendments, numbers)
  values (p_export || '-r' || (select count(*) + 1 from exports where reissue_of = p_export), original.buyer, 'reissue', p_request, p_as_of,
    p_look, p_export, original.records, original.amendments, original.numbers)
  returning * into e;
  perform tell_opened(e);
  return e.id;
end $$;

-- What was shipped to the buyer in a time, and what was said of that since, outside the sequence.
create function open_extract(p_buyer text, p_request text, p_from timestamptz, p_to timestamptz, p_as_of timestamptz, p_look text)
returns text
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  e exports;
begin
  perform check_office();
  perform check_body(p_look);
  perform lock_buyer(p_buyer);
  e := export_of_request(p_buyer, p_request, 'extract');
  if e.id is not null then return e.id; end if;
  if (p_from < p_to) is not true then perform refuse('UT007', 'an extract begins before it ends'); end if;
  select p_buyer || '-x' || lpad((count(*) + 1)::text, 4, '0') into e.id from exports where buyer = p_buyer and kind = 'extract';
  insert into extract_items (export_id, kind, issuer, identifier, value, unit_id)
  select e.id, 'record', u.issuer, 'serial', r.serial, r.unit_id
  from records r join units u on u.id = r.unit_id join shipments s on s.id = u.shipment_id
  where s.buyer = p_buyer and r.sealed_at >= p_from and r.sealed_at < p_to order by u.issuer, r.serial;
  get diagnostics e.records = row_count;
  insert into extract_items (export_id, kind, issuer, identifier, value, seq, unit_id)
  select e.id, 'amendment', x.issuer, 'serial', x.value, v.seq, x.unit_id
  from extract_items x join unit_events v on v.stream = 'unit:' || x.unit_id and v.type in ('recordCorrected', 'unitReturned')
  where x.export_id = e.id;
  get diagnostics e.amendments = row_count;
  insert into exports (id, buyer, kind, request, as_of, look, sealed_from, sealed_to, records, amendments, numbers)
  values (e.id, p_buyer, 'extract', p_request, p_as_of, p_look, p_from, p_to, e.records, e.amendments, 0)
  returning * into e;
  perform tell_opened(e);
  return e.id;
end $$;

-- Books what was made: the signed manifest says which files. The first one counts, for ever: a repeat is answered false, and
-- the caller delivers what is on record. Exports of the sequence are made in its order: each names the one before.
create function export_made(p_export text, p_manifest text, p_public_key text) returns boolean
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  m jsonb := check_body(p_manifest);
  key_id text := left(encode(sha256(decode(p_public_key, 'base64')), 'hex'), 16);
  digest text := encode(sha256(convert_to(p_manifest, 'UTF8')), 'hex');
  e exports;
  before exports;
begin
  perform check_office();
  select * into e from exports where id = p_export for update;
  if not found then perform refuse('UT009', format('there is no export %s', p_export)); end if;
  if e.state <> 'opened' then return false; end if;
  select * into before from exports where id = e.predecessor;
  if before.state = 'opened' then
    perform refuse('40001', format('export %s waits for %s, which is not made yet', e.id, before.id));
  end if;
  if (m ->> 'format', m ->> 'export', m ->> 'buyer', m ->> 'kind', m -> 'number', m #>> '{reissueOf}', m #>> '{predecessor,export}',
      m #>> '{predecessor,manifestSha256}', m -> 'counts', m #>> '{signature,keyId}')
     is distinct from
     ('unitrail.export/1', e.id, e.buyer, e.kind, coalesce(to_jsonb(e.number), 'null'), e.reissue_of, before.id,
      encode(sha256(convert_to(before.manifest, 'UTF8')), 'hex'),
      jsonb_build_object('units', e.records, 'amendments', e.amendments, 'numbers', e.numbers), key_id) then
    perform refuse('UT002', format('the manifest of export %s does not say what its row says', e.id));
  end if;
  insert into export_keys (id, public_key) values (key_id, p_public_key) on conflict (id) do nothing;
  insert into export_files (export_id, name, size_bytes, sha256, rows)
  select e.id, f ->> 'name', whole(f, 'sizeBytes'), f ->> 'sha256', whole(f, 'rows') from jsonb_array_elements(m -> 'files') as f;
  update exports set state = 'made', made_at = clock_timestamp(), manifest = p_manifest where id = e.id;
  return append_to_stream('export:' || e.id, 'exportMade', 'made',
    format('{"files":%s,"keyId":%s,"manifestSha256":%s}', jsonb_array_length(m -> 'files'), to_json(key_id), to_json(digest)));
end $$;

-- Each try is on record before anything is sent.
create function begin_delivery(p_export text, p_target text) returns bigint
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  delivery bigint;
begin
  perform check_office();
  perform check_word('target', p_target);
  if not exists (select from exports where id = p_export and state <> 'opened') then
    perform refuse('UT009', format('there is no export %s that is made', p_export));
  end if;
  insert into deliveries (export_id, target) values (p_export, p_target) returning id into delivery;
  return delivery;
end $$;

-- What came of it. A repeat changes nothing; the first delivery is the one that counts.
create function end_delivery(p_delivery bigint, p_outcome text, p_code text, p_message text) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  d deliveries;
begin
  perform check_office();
  update deliveries set ended_at = clock_timestamp(), outcome = p_outcome, code = p_code, message = left(p_message, 2000)
  where id = p_delivery and ended_at is null returning * into d;
  if not found or p_outcome <> 'delivered' then return; end if;
  update exports set state = 'delivered', delivered_at = d.ended_at where id = d.export_id and state = 'made';
  if not found then return; end if;
  perform append_to_stream('export:' || d.export_id, 'exportDelivered', 'delivered',
    format('{"delivery":%s,"target":%s}', d.id, to_json(d.target)));
end $$;

grant select on exports, export_items, extract_items, export_files, export_keys, deliveries, unexported_records, unexported_amendments,
  unexported_numbers to unitrail_office, unitrail_desk, unitrail_auditor, unitrail_retention;
grant execute on function open_export(text, text, timestamptz, text), open_reissue(text, text, timestamptz, text),
  open_extract(text, text, timestamptz, timestamptz, timestamptz, text), export_made(text, text, text),
  begin_delivery(text, text), end_delivery(bigint, text, text, text) to unitrail_office;
