-- Why: retention trusted a clock that had jumped by less than a hundred days, held less than a legal hold is about, and left files
-- behind, or removed some too early, at the end of an archive. All of it is judged here, from what is on record.

-- 2. Legal holds.
-- Units that still have another release in the flash than the one they are pinned to: those that were reworked, and not flashed since.
create index units_flashed_otherwise on units (flashed_sha256) where flashed_sha256 <> firmware_sha256;

-- Units that somebody holds, by whatever the hold is about: any unit that fits at the moment of looking. Rather one too many: a
-- hold costs disk, and what is gone can't be held.
create or replace view units_on_legal_hold as
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
-- In the flash, whatever the unit is pinned to.
select h.id, u.id from legal_holds h join recipes r on r.body::jsonb #>> '{firmware,version}' = h.value
join units u on u.flashed_sha256 = r.body::jsonb #>> '{firmware,sha256}' and u.flashed_sha256 <> u.firmware_sha256
where h.kind = 'firmware' and h.released_at is null
union all
-- What devices said after shipping that they ran, now or once.
select h.id, f.unit_id from legal_holds h join field_reports f on f.version = h.value where h.kind = 'firmware' and h.released_at is null
union all
-- In a shipment to the buyer, closed or not.
select h.id, u.id from legal_holds h join shipments s on s.buyer = h.value join units u on u.shipment_id = s.id
where h.kind = 'buyer' and h.released_at is null
union all
-- Made for the buyer, whatever became of it.
select h.id, u.id from legal_holds h join batches b on b.buyer = h.value join units u on u.batch_id = b.id
where h.kind = 'buyer' and h.released_at is null
union all
-- Under a number of the buyer's own.
select h.id, u.id from legal_holds h join units u on u.issuer = h.value where h.kind = 'buyer' and h.released_at is null
union all
-- Of batches that name no buyer: those of an order of which anything was made, packed or shipped for the buyer. What has shipped
-- to another one is not this buyer's.
select h.id, u.id from legal_holds h cross join lateral (
  select b.order_id from batches b where b.buyer = h.value
  union select b.order_id from shipments s join batches b on b.id = s.batch_id where s.buyer = h.value
  union select b.order_id from shipments s join units v on v.shipment_id = s.id join batches b on b.id = v.batch_id where s.buyer = h.value) o
join batches b on b.order_id = o.order_id and b.buyer is null join units u on u.batch_id = b.id and u.state <> 'Shipped'
where h.kind = 'buyer' and h.released_at is null;

-- 4. What was said of a unit whose history is in a capsule.
-- The key of such a statement is in its header, which is gone here: without it, what moved could be said once more under the same
-- key with other words, and a correction that was taken back could not be made again. Null: it had moved before this was kept.
alter table capsule_statements add column key text;
-- Of a correction: which field of the record.
alter table capsule_statements add column field text;
alter table capsule_statements disable trigger capsule_statements_append_only;
update capsule_statements s set key = e.key, field = e.body::jsonb ->> 'field'
from unit_events e where e.stream = 'unit:' || s.unit_id and e.seq = s.seq;
alter table capsule_statements enable trigger capsule_statements_append_only;

create function name_statement() returns trigger
language plpgsql as $$
begin
  select e.key, e.body::jsonb ->> 'field' into new.key, new.field from unit_events e
  where e.stream = 'unit:' || new.unit_id and e.seq = new.seq;
  return new;
end $$;
create trigger capsule_statements_named before insert on capsule_statements for each row execute function name_statement();

-- Whether it is on record in a capsule already: under the same key, or (where the key is not known any more) in the same words.
create function check_not_archived(u units, p_type text, p_key text, p_body jsonb) returns void
language plpgsql as $$
declare
  told capsule_statements;
begin
  select s.* into told from capsule_statements s
  where s.unit_id = u.id and (s.key = p_key
    or s.key is null and s.type = p_type and s.body_sha256 = encode(sha256(convert_to(p_body::text, 'UTF8')), 'hex'))
  limit 1;
  if not found then return; end if;
  if told.type <> p_type or told.body_sha256 <> encode(sha256(convert_to(p_body::text, 'UTF8')), 'hex') then
    perform refuse('UT003', format('unit %s: key %s was used with another request, which is in capsule %s', u.serial, p_key, told.capsule_id));
  end if;
  perform refuse('UT021', format('unit %s: that is on record already, in capsule %s', u.serial, told.capsule_id));
end $$;

create or replace function check_amendment(u units, p_type text, p_body jsonb) returns void
language plpgsql as $$
begin
  perform check_word('by', p_body ->> 'by'), check_word('reason', p_body ->> 'reason');
  if u.state <> 'Shipped' then
    perform refuse('UT021', format('unit %s is %s: only what has shipped is amended', u.serial, u.state));
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

create or replace function amend_unit(p_unit uuid, p_type text, p_key text, p_body text, p_salt bytea) returns boolean
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  u units;
  e unit_events;
  body jsonb := check_body(p_body);
  key_of_event text := 'amendment/' || p_key;
begin
  perform check_word('key', p_key);
  if p_type is null or p_type not in ('recordCorrected', 'unitReturned') then
    perform refuse('UT007', format('%s amends no unit', p_type));
  end if;
  u := lock_unit(p_unit);
  select * into e from unit_events where stream = 'unit:' || u.id and key = key_of_event;
  if found then
    if e.type <> p_type or e.body <> p_body then perform refuse_other_request(e); end if;
    return false;
  end if;
  perform check_not_archived(u, p_type, key_of_event, body);
  perform check_amendment(u, p_type, body);
  u := advance_unit(u, p_type, key_of_event, p_body);
  select * into e from unit_events where stream = 'unit:' || u.id and seq = u.seq;
  insert into log_queue (format, stream, seq, sha256, salt)
  values ('unitrail.statement/1', e.stream, e.seq, encode(sha256(convert_to(statement_of(e), 'UTF8')), 'hex'), p_salt);
  return true;
end $$;
