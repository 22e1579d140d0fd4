-- Why: a sealed record never changes again. What turns out to be wrong in it, and a unit that comes back, are further events
-- of the unit. They move nothing and reopen nothing; each waits for the log as a statement of its own.
insert into event_types (type, stream_kind, appender, nature, part) values
  ('recordCorrected',     'unit', 'function', 'other',  null),
  ('unitReturned',        'unit', 'function', 'other',  null);
insert into transitions (type, from_state, from_step, to_state, to_step, opens_attempt) values
  ('recordCorrected', 'Shipped', null, 'Shipped', null, false),
  ('unitReturned',    'Shipped', null, 'Shipped', null, false);

-- What a leaf of the log says of one event: all that is needed to recompute its hash, but for the event before it.
create function statement_of(e unit_events) returns text
language sql immutable as $$
  select '{"body":' || e.body || ',"format":"unitrail.statement/1","hash":"' || encode(e.hash, 'hex') || '","header":'
    || to_json(e.header)::text || '}'
$$;

-- A correction names the record by its digest, and its field; the right value is what the body says. A return names its RMA.
create function check_amendment(u units, p_type text, p_body jsonb) returns void
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
  if not exists (select from records r where r.unit_id = u.id and r.sha256 = p_body ->> 'record') then
    perform refuse('UT002', format('unit %s has no record %s', u.serial, p_body ->> 'record'));
  end if;
  if p_body ? 'event' and not coalesce(whole(p_body, 'event') between 1 and u.seq, false) then
    perform refuse('UT009', format('unit %s has no event %s', u.serial, p_body ->> 'event'));
  end if;
end $$;

-- Appends the correction or the return, and queues its leaf. Returns whether it is new: a repeat changes nothing.
create function amend_unit(p_unit uuid, p_type text, p_key text, p_body text, p_salt bytea) returns boolean
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
  perform check_amendment(u, p_type, body);
  u := advance_unit(u, p_type, key_of_event, p_body);
  select * into e from unit_events where stream = 'unit:' || u.id and seq = u.seq;
  insert into log_queue (format, stream, seq, sha256, salt)
  values ('unitrail.statement/1', e.stream, e.seq, encode(sha256(convert_to(statement_of(e), 'UTF8')), 'hex'), p_salt);
  return true;
end $$;
-- The desk may record these two events, and append no other.
grant execute on function amend_unit(uuid, text, text, text, bytea) to unitrail_desk;
