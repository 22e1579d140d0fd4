-- Why: one way to write history. The function checks who appends what, whether the unit may do that now, keeps the
-- hash chain, and projects the event to the unit, its identifiers and the ledger, in one round trip.
--
-- SQLSTATEs of a refusal (mapped in adapters/postgres/errors.ts):
--   42501 the login may not do that          UT001 no such transition from here
--   UT002 a rule of the order of steps       UT003 the same key with another request
--   UT004 an older try than the newest       UT005 a lease that is not held
--   UT006 a quality hold is open             UT007 malformed stream, type, key or body
--   UT008 the order's quantity is exceeded   UT009 no such unit, batch, slot or shipment
--   UT010 an identifier belongs to another   UT011 the number space is exhausted
--   UT012 the batch was opened with other content
--   UT013 another board than the one that is bound to the unit
--   UT014 a batch of an epoch of the registry that was lost
--   UT020 a batch that was cancelled         UT021 a batch that has ended
--   UT025 another import runs for longer than one waits

create function refuse(p_sqlstate text, p_message text) returns void
language plpgsql as $$
begin
  raise exception using errcode = p_sqlstate, message = p_message;
end $$;

create function step_number(p_step text) returns integer
language sql immutable as $$
  select array_position(array['assign', 'flash', 'test', 'provision', 'label', 'qc', 'ship'], p_step)
$$;

-- Names and values that stand in a header or a body field of the chain: no separator, no control characters.
create function check_word(p_name text, p_value text) returns void
language plpgsql immutable as $$
begin
  if p_value is null or p_value = '' or length(p_value) > 256 or p_value ~ '[|[:cntrl:]]' then
    perform refuse('UT007', format('%s is empty, longer than 256 characters, or holds "|" or a control character', p_name));
  end if;
end $$;

-- A body is one JSON object of bounded size. Whatever else it is, the answer is the same SQLSTATE.
create function check_body(p_body text) returns jsonb
language plpgsql immutable as $$
declare
  max_bytes constant integer := 262144;
  body jsonb;
begin
  if p_body is null or octet_length(p_body) > max_bytes then
    perform refuse('UT007', format('the body is missing or longer than %s bytes', max_bytes));
  end if;
  begin
    body := p_body::jsonb;
  exception when data_exception or program_limit_exceeded then
    perform refuse('UT007', 'the body is not JSON, or nested too deep');
  end;
  if jsonb_typeof(body) <> 'object' then
    perform refuse('UT007', format('the body is a JSON %s, not an object', jsonb_typeof(body)));
  end if;
  return body;
end $$;

-- A whole number of a body, or null where it is missing, text, negative, a fraction or too large: a comparison with it
-- must then be refused, so it is always compared by "is distinct from" or after a check for null.
create function whole(p_body jsonb, p_name text) returns bigint
language sql immutable as $$
  select case when jsonb_typeof(p_body -> p_name) = 'number' and p_body ->> p_name ~ '^[0-9]{1,15}$'
    then (p_body ->> p_name)::bigint end
$$;

create function has_role(p_role text) returns boolean
language sql stable as $$
  select pg_has_role(session_user, p_role, 'usage')
$$;

create function check_appender(p_type event_types) returns void
language plpgsql stable as $$
begin
  if (p_type.appender in ('office', 'both') and has_role('unitrail_office'))
     or (p_type.appender in ('station', 'both') and has_role('unitrail_station')) then
    return;
  end if;
  perform refuse('42501', format('login %s may not append %s', session_user, p_type.type));
end $$;

-- The chain itself: header, hash, row. Called only after every check.
create function chain_event(p_stream text, p_seq bigint, p_prev bytea, p_type text, p_key text, p_body text)
returns unit_events
language plpgsql as $$
declare
  e unit_events;
begin
  e.stream := p_stream;
  e.seq := p_seq;
  e.type := p_type;
  e.key := p_key;
  e.body := p_body;
  e.prev := p_prev;
  e.at := date_trunc('milliseconds', clock_timestamp());
  e.header := concat_ws('|', 'v1', p_stream, p_seq, p_type, p_key, session_user,
    to_char(e.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'));
  e.hash := sha256(p_prev || sha256(convert_to(e.header, 'UTF8')) || sha256(convert_to(p_body, 'UTF8')));
  insert into unit_events (stream, seq, type, key, header, body, prev, hash, at)
  values (e.stream, e.seq, e.type, e.key, e.header, e.body, e.prev, e.hash, e.at);
  return e;
end $$;

-- Streams that are not units: the owner's functions append, under the lock of the stream's head. What they write follows
-- from their arguments, so a repeat has the same body. Returns whether the event is new.
create function append_to_stream(p_stream text, p_type text, p_key text, p_body text) returns boolean
language plpgsql as $$
declare
  s streams;
  known unit_events;
  e unit_events;
begin
  perform check_word('stream', p_stream), check_word('key', p_key), check_body(p_body);
  insert into streams (stream, seq, head) values (p_stream, 0, decode(repeat('00', 32), 'hex'))
  on conflict (stream) do nothing;
  select * into s from streams where stream = p_stream for update;
  select * into known from unit_events where stream = p_stream and key = p_key;
  if found then
    if known.type <> p_type or known.body <> p_body then perform refuse_other_request(known); end if;
    return false;
  end if;
  e := chain_event(p_stream, s.seq + 1, s.head, p_type, p_key, p_body);
  update streams set seq = e.seq, head = e.hash where stream = p_stream;
  return true;
end $$;

create function refuse_other_request(p_known unit_events) returns void
language plpgsql as $$
begin
  perform refuse('UT003', format('key %s of stream %s was used for %s with another request',
    p_known.key, p_known.stream, p_known.type));
end $$;

-- A repeat is compared by the request, not by the outcome: a test measured twice gives other values. An engineer's
-- decision is its own request: under one id there is one decision.
create function check_same_request(p_known unit_events, p_type text, p_body jsonb) returns void
language plpgsql as $$
begin
  if p_known.type <> p_type or (p_known.body::jsonb ->> 'request') is distinct from (p_body ->> 'request')
     or p_known.key like 'decision/%' and p_known.body::jsonb <> p_body then
    perform refuse_other_request(p_known);
  end if;
end $$;

-- A station acts on a unit only under a lease of one of its own slots, with the newest fence.
create function check_lease(p_unit uuid, p_place jsonb) returns void
language plpgsql as $$
begin
  perform 1 from slots join stations on stations.id = slots.station
  where slots.station = p_place ->> 'station' and slots.slot = whole(p_place, 'slot')
    and slots.unit_id = p_unit and slots.state = 'leased' and slots.fence = whole(p_place, 'fence')
    and stations.login = session_user and to_jsonb(stations.virtual) = p_place -> 'virtual';
  if not found then
    perform refuse('UT005', format('login %s holds no lease on unit %s at %s/%s with fence %s', session_user, p_unit,
      p_place ->> 'station', p_place ->> 'slot', p_place ->> 'fence'));
  end if;
end $$;

-- The highest try of the present attempt fences the older ones.
create function check_try(u units, p_part text, p_body jsonb) returns void
language plpgsql as $$
declare
  present smallint := u.attempts[step_number(split_part(p_part, '.', 1))];
  newest smallint;
begin
  select max(try) into newest from tries where unit_id = u.id and part = p_part and attempt = present;
  if newest is null or whole(p_body, 'try') is distinct from newest or whole(p_body, 'attempt') is distinct from present then
    perform refuse('UT004', format('%s of unit %s: attempt %s, try %s is not the newest (attempt %s, try %s)', p_part,
      u.serial, p_body ->> 'attempt', p_body ->> 'try', present, coalesce(newest, 0)));
  end if;
end $$;

-- Repeats are found by their keys, so nobody may take a key that belongs to another event: a result has its attempt's,
-- what a try notes stands under its own try, and everything else stays outside both.
create function check_key(u units, p_type event_types, p_key text, p_body jsonb, p_of_try boolean) returns void
language plpgsql as $$
declare
  part text := coalesce(p_type.part, p_body ->> 'part');
  of_attempt text := concat_ws('/', u.id, part, whole(p_body, 'attempt'));
  fits boolean;
begin
  if p_type.type = 'printFound' then
    -- A person's answer is the result of the attempt that the person's retry opens.
    fits := p_key = concat_ws('/', u.id, part, u.attempts[step_number('label')] + (u.state <> 'InProgress')::integer);
  elsif p_type.nature = 'result' then
    fits := p_key = of_attempt;
  elsif p_of_try then
    fits := starts_with(p_key, concat_ws('/', of_attempt, whole(p_body, 'try'), ''));
  else
    fits := split_part(p_key, '/', 1) <> u.id::text or split_part(p_key, '/', 2) not in ('claimed', 'shipped')
      and not exists (select from event_types where event_types.part = split_part(p_key, '/', 2));
  end if;
  if not fits then
    perform refuse('UT007', format('key %s is not one that %s may have', p_key, p_type.type));
  end if;
end $$;

create function check_not_held(u units, p_what text) returns void
language plpgsql as $$
declare
  reason_of_hold text;
begin
  select reason into reason_of_hold from holds where unit_id = u.id and released_seq is null limit 1;
  if found then
    perform refuse('UT006', format('unit %s is on quality hold (%s): %s is refused', u.serial, reason_of_hold, p_what));
  end if;
end $$;

-- What the unit is built to, pinned when it was claimed.
create function recipe_of(u units) returns jsonb
language sql stable as $$
  select body::jsonb from recipes where sha256 = u.recipe_sha256
$$;

-- A fact of the event that is on record under this key of the unit, such as `provision.request/1`.
create function recorded_fact(u units, p_key text, p_fact text) returns text
language sql stable as $$
  select body::jsonb ->> p_fact from unit_events where stream = 'unit:' || u.id and key = concat_ws('/', u.id, p_key)
$$;

-- The device asks before the CA signs, the number is on record before it is signed, and what is installed was issued
-- in the same attempt. Steps 4.1 to 4.3 of docs/lifecycle.md.
create function check_certificate(u units, p_type text, p_body jsonb) returns void
language plpgsql as $$
declare
  attempt text := u.attempts[step_number('provision')];
  asked text := 'provision.request/' || attempt;
  issued text := 'provision.certificate/' || attempt;
  intended text := concat_ws('/', issued, whole(p_body, 'try'));
begin
  if exists (select from revocations where certificate_sha256 = coalesce(p_body ->> 'certificateSha256',
       recorded_fact(u, issued, 'certificateSha256'))) then
    perform refuse('UT002', format('unit %s: its certificate was revoked', u.serial));
  end if;
  if p_type = 'certificateIntended' then
    perform check_word('keySha256', p_body ->> 'keySha256'), check_word('serialNumber', p_body ->> 'serialNumber');
  end if;
  if p_type = 'certificateIntended' and recorded_fact(u, asked, 'keySha256') is distinct from p_body ->> 'keySha256' then
    perform refuse('UT002', format('unit %s: no certificate for a key that the device did not ask with', u.serial));
  end if;
  if p_type = 'certificateIssued' and (p_body ->> 'keySha256', p_body ->> 'serialNumber') is distinct from
     (recorded_fact(u, intended, 'keySha256'), recorded_fact(u, intended, 'serialNumber')) then
    perform refuse('UT002', format('unit %s: the certificate is not the one that was intended', u.serial));
  end if;
  if p_type in ('installIntended', 'provisioned') and recorded_fact(u, issued, 'certificateSha256') is null then
    perform refuse('UT002', format('unit %s: no certificate was issued in this attempt', u.serial));
  end if;
  if p_type = 'provisioned' and p_body ->> 'certificateSha256' is distinct from u.certificate_sha256 then
    perform refuse('UT002', format('unit %s: the certificate in it is not the one that was issued to it', u.serial));
  end if;
end $$;

create function check_test(u units, p_type text, p_body jsonb) returns void
language plpgsql as $$
declare
  verdicts constant jsonb := '{"testPassed":"PASS","testFailed":"FAIL","testErred":"ERROR"}';
begin
  if p_body ->> 'verdict' is distinct from verdicts ->> p_type
     or p_body ->> 'planSha256' is distinct from recipe_of(u) ->> 'testPlanSha256' then
    perform refuse('UT002', format('unit %s: %s needs its verdict and the plan that is pinned', u.serial, p_type));
  end if;
  if p_type = 'testPassed' and (u.flashed_sha256 is null or p_body ->> 'firmwareSha256' is distinct from u.flashed_sha256) then
    perform refuse('UT002', format('unit %s: a test counts only for the firmware that is in the unit', u.serial));
  end if;
end $$;

-- Why the unit may not leave the house, or null. Invariants I4 and I5 of docs/lifecycle.md.
create function obstacle_to_shipping(u units, p_shipment text) returns text
language plpgsql stable as $$
begin
  return case
    when not coalesce(u.qc_seq > greatest(u.flashed_seq, u.tested_seq, u.provisioned_seq, u.label_seq, u.rework_seq), false)
      then 'no shipment without a QC newer than its last change'
    when u.trial then 'a unit of a trial batch stays in the house'
    when u.simulated and not exists (select from shipments s join buyers b on b.id = s.buyer where s.id = p_shipment and b.test)
      then 'a simulated unit ships to a test buyer only'
  end;
end $$;

-- The order of steps, as rules of the database. Invariants I1 to I5 of docs/lifecycle.md.
create function check_rules(u units, p_type text, p_body jsonb) returns void
language plpgsql as $$
declare
  print bigint := whole(p_body, 'print');
  obstacle text;
begin
  case p_type
    when 'assigned' then
      if jsonb_array_length(p_body -> 'macs') is distinct from coalesce((recipe_of(u) #>> '{product,macs,count}')::integer, 0) then
        perform refuse('UT002', format('unit %s: it has not the number of MAC addresses that its recipe says', u.serial));
      end if;
    when 'boardBound' then
      perform check_word('chipUid', p_body ->> 'chipUid');
      if u.chip_uid <> p_body ->> 'chipUid' then
        perform refuse('UT013', format('unit %s is bound to chip %s, not %s', u.serial, u.chip_uid, p_body ->> 'chipUid'));
      end if;
      -- In another family's name the same UID would count as another chip.
      if p_body ->> 'chipFamily' is distinct from recipe_of(u) #>> '{product,chipFamily}' then
        perform refuse('UT002', format('unit %s: chips of family %s are not in its recipe', u.serial, p_body ->> 'chipFamily'));
      end if;
      if not exists (select from batches b where b.id = u.batch_id and b.board_batch = p_body ->> 'boardBatch'
           and b.board_lot = p_body ->> 'boardLot') then
        perform refuse('UT002', format('unit %s: boards of batch %s, lot %s are not those of its batch', u.serial,
          p_body ->> 'boardBatch', p_body ->> 'boardLot'));
      end if;
    when 'flashed' then
      if u.chip_uid is null or p_body ->> 'firmwareSha256' is distinct from u.firmware_sha256 then
        perform refuse('UT002', format('unit %s: flashed needs a bound board and the pinned firmware', u.serial));
      end if;
    when 'testPassed', 'testFailed', 'testErred' then
      perform check_test(u, p_type, p_body);
    when 'certificateIntended', 'certificateIssued', 'installIntended', 'provisioned' then
      perform check_certificate(u, p_type, p_body);
    when 'labelIntended', 'printIntended' then
      if not coalesce(u.tested_seq > u.flashed_seq and u.provisioned_seq > u.flashed_seq, false) then
        perform refuse('UT002', format('unit %s: no label before a passed test of the firmware that is in it', u.serial));
      end if;
      if p_type = 'printIntended' and (u.open_print is not null or print is distinct from u.prints + 1) then
        perform refuse('UT002', format('unit %s: print %s is refused while print %s is open (%s intended so far)',
          u.serial, p_body ->> 'print', coalesce(u.open_print::text, 'none'), u.prints));
      end if;
    when 'printAbsent', 'printFound' then
      -- That a print is gone which was known to be made is a person's word: it may lie somewhere.
      if print is distinct from u.open_print and not coalesce(p_type = 'printAbsent' and u.open_print is null
           and print = u.label_print and u.label_seq is null and p_body ->> 'by' is not null, false) or print is null then
        perform refuse('UT002', format('unit %s: print %s is not open', u.serial, p_body ->> 'print'));
      end if;
    when 'printed' then
      -- While a print is open no older one may answer for it: its fate would be lost.
      if coalesce(u.open_print, u.label_print) is null or print is distinct from coalesce(u.open_print, u.label_print) then
        perform refuse('UT002', format('unit %s: print %s was not intended', u.serial, p_body ->> 'print'));
      end if;
    when 'labelVerified' then
      if u.open_print is not null or u.label_print is null or print is distinct from u.label_print then
        perform refuse('UT002', format('unit %s: print %s is not the one on the unit', u.serial, p_body ->> 'print'));
      end if;
    when 'qualityIntended', 'qualityPassed' then
      if not coalesce(u.label_seq > greatest(u.flashed_seq, u.tested_seq, u.provisioned_seq, u.rework_seq), false) then
        perform refuse('UT002', format('unit %s: no QC without a verified label', u.serial));
      end if;
    when 'held', 'retried' then
      -- Decided about an attempt that is over by now: the unit moved on meanwhile.
      if p_body -> 'attempt' is not null and (p_body ->> 'step', whole(p_body, 'attempt')) is distinct from
         (u.step, u.attempts[step_number(u.step)]::bigint) then
        perform refuse('UT001', format('unit %s: %s of %s, attempt %s, but it is at %s, attempt %s', u.serial, p_type,
          p_body ->> 'step', p_body ->> 'attempt', u.step, u.attempts[step_number(u.step)]));
      end if;
      if p_type = 'held' then perform check_word('code', p_body ->> 'code'); end if;
      if p_type = 'retried' and step_number(u.step) > 4 and u.provisioned_seq is null then
        perform refuse('UT002', format('unit %s: its certificate was revoked while it was missing: rework it from provision or an earlier step, or scrap it', u.serial));
      end if;
    when 'scrapped' then
      if p_body ->> 'code' not in ('test', 'damaged', 'component', 'label', 'identity', 'process', 'lost', 'other') then
        perform refuse('UT007', format('unit %s: %s is no code of a scrap', u.serial, p_body ->> 'code'));
      end if;
    when 'reworked' then
      perform check_release(u, p_body);
      -- A rework voids the label, so the latest step to go back to is the label's.
      if not coalesce(step_number(p_body ->> 'step') between 2 and least(step_number(u.step), 5), false) then
        perform refuse('UT002', format('unit %s at %s can not be reworked from %s', u.serial, u.step, p_body ->> 'step'));
      end if;
    when 'holdOpened' then
      perform check_word('hold', p_body ->> 'hold'), check_word('reason', p_body ->> 'reason');
      if exists (select from holds where unit_id = u.id and hold_id = p_body ->> 'hold') then
        perform refuse('UT002', format('unit %s has or had a hold %s: a hold id is used once', u.serial, p_body ->> 'hold'));
      end if;
    when 'holdReleased' then
      if not exists (select from holds where unit_id = u.id and hold_id = p_body ->> 'hold' and released_seq is null) then
        perform refuse('UT002', format('unit %s has no open hold %s', u.serial, p_body ->> 'hold'));
      end if;
    when 'packed', 'shipped' then
      perform check_not_held(u, p_type);
      obstacle := obstacle_to_shipping(u, p_body ->> 'shipment');
      if obstacle is not null then perform refuse('UT002', format('unit %s: %s', u.serial, obstacle)); end if;
      if p_type = 'packed' then
        -- Locked against a closing that is under way: nothing is packed into a shipment that has left.
        perform 1 from shipments where id = p_body ->> 'shipment' and carton = p_body ->> 'carton' and closed_at is null for share;
        if not found then
          perform refuse('UT002', format('unit %s: shipment %s has no open carton %s', u.serial, p_body ->> 'shipment', p_body ->> 'carton'));
        end if;
      end if;
    else null;
  end case;
end $$;

-- A rework may pin the unit to another release: a recipe that differs from its own in nothing else.
create function check_release(u units, p_body jsonb) returns void
language plpgsql as $$
declare
  recipe jsonb;
begin
  if not p_body ?| array['recipeSha256', 'firmwareSha256', 'firmwareVersion'] then return; end if;
  select body::jsonb into recipe from recipes where sha256 = p_body ->> 'recipeSha256';
  if recipe is null or p_body ->> 'step' is distinct from 'flash' or recipe - 'firmware' is distinct from recipe_of(u) - 'firmware'
     or (recipe #>> '{firmware,sha256}', recipe #>> '{firmware,version}') is distinct from
        (p_body ->> 'firmwareSha256', p_body ->> 'firmwareVersion') then
    perform refuse('UT002', format('unit %s: another release needs a recipe that is its own in all but the firmware, and a rework from flash', u.serial));
  end if;
end $$;

-- A new identifier of the unit. A value that another unit has is a conflict that names it.
create function bind_identifier(u units, p_issuer text, p_kind text, p_value text, p_block bigint, p_ordinal integer, p_state text)
returns void
language plpgsql as $$
declare
  owner_serial text;
begin
  insert into identifiers (issuer, kind, value, unit_id, block_id, ordinal, state)
  values (p_issuer, p_kind, p_value, u.id, p_block, p_ordinal, p_state)
  on conflict (issuer, kind, value) do nothing;
  if found then return; end if;
  select units.serial into owner_serial from identifiers join units on units.id = identifiers.unit_id
  where identifiers.issuer = p_issuer and identifiers.kind = p_kind and identifiers.value = p_value
    and identifiers.unit_id <> u.id;
  if found then
    raise exception using errcode = 'UT010', constraint = p_kind,
      message = format('%s %s belongs to unit %s, not to %s', p_kind, p_value, owner_serial, u.serial);
  end if;
end $$;

create function move_numbers(p_block bigint, p_from text, p_to text, p_quantity integer, p_stream text, p_seq bigint) returns void
language sql as $$
  insert into movements (block_id, from_account, to_account, quantity, stream, seq)
  values (p_block, p_from, p_to, p_quantity, p_stream, p_seq)
$$;

-- MAC addresses of a unit: its run in the batch's block, by the unit's own ordinal.
create function bind_macs(u units, p_body jsonb, p_seq bigint) returns void
language plpgsql as $$
declare
  b blocks;
  mac record;
  place bigint;
begin
  if jsonb_array_length(p_body -> 'macs') = 0 then return; end if;
  select blocks.* into b from blocks join number_spaces on number_spaces.id = blocks.space_id
  where blocks.id = whole(p_body, 'macBlock') and blocks.batch_id = u.batch_id and number_spaces.kind = 'mac';
  if not found or jsonb_array_length(p_body -> 'macs') <> b.run_length then
    perform refuse('UT009', format('unit %s: no MAC block %s of its batch with that run', u.serial, p_body ->> 'macBlock'));
  end if;
  -- A batch that was topped up has further blocks: the unit's run lies behind those of the blocks before.
  select (u.batch_index - 1)::bigint * b.run_length - coalesce(sum(upper(k.numbers) - lower(k.numbers)), 0) into place
  from blocks k join number_spaces s on s.id = k.space_id where k.batch_id = u.batch_id and s.kind = 'mac' and k.id < b.id;
  if place not between 0 and upper(b.numbers) - lower(b.numbers) - b.run_length then
    perform refuse('UT009', format('unit %s: its MAC addresses are not in block %s', u.serial, b.id));
  end if;
  for mac in select value, ordinality from jsonb_array_elements_text(p_body -> 'macs') with ordinality loop
    perform bind_identifier(u, 'ieee', 'mac', mac.value, b.id, (place + mac.ordinality - 1)::integer, 'assigned');
  end loop;
  perform move_numbers(b.id, 'reserved', 'assigned', b.run_length, 'unit:' || u.id, p_seq);
end $$;

-- What the event does to identifiers that the unit already has, and the ledger's movement for it.
create function apply_identifier_effects(u units, p_type text, p_seq bigint) returns void
language plpgsql as $$
declare
  moved record;
begin
  for moved in
    with changed as (
      update identifiers i set state = e.to_state
      from identifier_effects e
      where e.type = p_type and i.unit_id = u.id and i.state = e.from_state
      returning i.block_id, e.from_state, e.to_state)
    select block_id, from_state, to_state, count(*)::integer as quantity from changed
    where block_id is not null group by block_id, from_state, to_state order by block_id
  loop
    perform move_numbers(moved.block_id, moved.from_state, moved.to_state, moved.quantity, 'unit:' || u.id, p_seq);
  end loop;
end $$;

create function record_lots(u units, p_components jsonb) returns void
language plpgsql as $$
begin
  if p_components is distinct from (select coalesce(jsonb_object_agg(position, to_jsonb(lots)), '{}') from batch_lots where batch_id = u.batch_id) then
    perform refuse('40001', format('unit %s: the lots in force changed while its board was read', u.serial));
  end if;
  delete from unit_lots where unit_id = u.id;
  -- What the event says, not the lots in force once more: they may change between two statements.
  insert into unit_lots (unit_id, position, lot)
  select u.id, c.key, l.lot from jsonb_each(p_components) as c, jsonb_array_elements_text(c.value) as l(lot);
end $$;

-- The facts of the event in the unit's row. The auditor folds the same events by code of its own.
create function project_facts(u units, p_type text, p_body jsonb, p_seq bigint) returns units
language plpgsql as $$
begin
  if p_body #>> '{place,virtual}' = 'true' then u.simulated := true; end if;
  case p_type
    when 'assigned' then
      perform bind_macs(u, p_body, p_seq);
    when 'boardBound' then
      u.chip_uid := p_body ->> 'chipUid';
      u.board_lot := p_body ->> 'boardLot';
      perform bind_identifier(u, p_body ->> 'chipFamily', 'chip-uid', u.chip_uid, null, null, 'applied');
      perform record_lots(u, p_body -> 'components');
    when 'flashed' then
      u.flashed_seq := p_seq;
      u.flashed_sha256 := p_body ->> 'firmwareSha256';
    when 'testPassed' then u.tested_seq := p_seq;
    when 'certificateIssued' then
      perform bind_identifier(u, 'device-ca', 'certificate', p_body ->> 'certificateSha256', null, null, 'applied');
      u.certificate_sha256 := p_body ->> 'certificateSha256';
      if u.state = 'Missing' then perform revoke_certificate(u, p_seq); end if;
    when 'provisioned' then u.provisioned_seq := p_seq;
    when 'printIntended' then
      u.prints := whole(p_body, 'print');
      u.open_print := u.prints;
    when 'printAbsent' then
      u.open_print := null;
      if u.label_print = whole(p_body, 'print') then u.label_print := null; end if;
    when 'printed', 'printFound' then
      u.label_print := whole(p_body, 'print');
      u.open_print := null;
    when 'labelVerified' then u.label_seq := p_seq;
    when 'qualityPassed' then u.qc_seq := p_seq;
    when 'held' then
      -- One that was packed is in no carton any more.
      u.failure_code := p_body ->> 'code'; u.carton := null; u.shipment_id := null;
    when 'retried', 'voided', 'found' then u.failure_code := null;
    when 'scrapped', 'missing' then
      -- It is in no carton any more, and what it last failed with is nothing to be mended.
      u.failure_code := null; u.carton := null; u.shipment_id := null;
      -- Whoever has it has its key: the certificate is void for ever, also where the unit is found again.
      if p_type = 'missing' and u.certificate_sha256 is not null then
        perform revoke_certificate(u, p_seq);
        u.provisioned_seq := null;
      end if;
    when 'reworked' then
      u.rework_seq := p_seq;
      if p_body ? 'recipeSha256' then
        u.recipe_sha256 := p_body ->> 'recipeSha256';
        u.firmware_sha256 := p_body ->> 'firmwareSha256';
        u.firmware_version := p_body ->> 'firmwareVersion';
      end if;
      u.failure_code := null;
      -- Every print so far is void, also one whose fate is not known: should it turn up, its number is an old one.
      u.open_print := null;
      u.label_print := null; u.label_seq := null; u.qc_seq := null; u.carton := null; u.shipment_id := null;
      if step_number(p_body ->> 'step') <= 3 then u.tested_seq := null; end if;
      if step_number(p_body ->> 'step') <= 4 then u.provisioned_seq := null; end if;
    when 'packed' then
      u.carton := p_body ->> 'carton';
      u.shipment_id := p_body ->> 'shipment';
    when 'unpacked' then u.carton := null; u.shipment_id := null;
    when 'holdOpened' then
      insert into holds (unit_id, hold_id, reason, opened_seq)
      values (u.id, p_body ->> 'hold', p_body ->> 'reason', p_seq);
    when 'holdReleased' then
      update holds set released_seq = p_seq where unit_id = u.id and hold_id = p_body ->> 'hold' and released_seq is null;
    else null;
  end case;
  return u;
end $$;

-- Scrapped, missing and void units free their place in the order; a found one takes it again.
create function count_alive(u units, p_to_state text) returns void
language plpgsql as $$
declare
  ended constant text[] := array['Scrapped', 'Missing', 'Void'];
  change integer := (u.state = any (ended))::integer - (p_to_state = any (ended))::integer;
  o orders;
begin
  if change = 0 then return; end if;
  select orders.* into o from orders join batches on orders.id = batches.order_id where batches.id = u.batch_id
  for no key update of orders;
  -- What open batches have planned is taken as well: they would be refused their last units.
  if change > 0 then
    if change > order_room(o) then
      perform refuse('UT008', format('the order of unit %s is full: other units took its place; scrap it', u.serial));
    end if;
  end if;
  update orders set alive = alive + change where id = o.id;
end $$;

create function save_unit(u units) returns void
language sql as $$
  update units set state = u.state, step = u.step, attempts = u.attempts, chip_uid = u.chip_uid,
    recipe_sha256 = u.recipe_sha256, firmware_version = u.firmware_version, firmware_sha256 = u.firmware_sha256,
    certificate_sha256 = u.certificate_sha256, board_lot = u.board_lot, flashed_sha256 = u.flashed_sha256,
    flashed_seq = u.flashed_seq, tested_seq = u.tested_seq, provisioned_seq = u.provisioned_seq,
    label_seq = u.label_seq, qc_seq = u.qc_seq, rework_seq = u.rework_seq, prints = u.prints,
    open_print = u.open_print, label_print = u.label_print, failure_code = u.failure_code,
    simulated = u.simulated, carton = u.carton, shipment_id = u.shipment_id,
    seq = u.seq, head = u.head, updated_at = u.updated_at
  where id = u.id
$$;

-- The lease ends in the transaction of the event that ends its use: no separate release can be lost. The fence rises,
-- so that no older act can still touch the board while it is taken out.
create function end_lease(p_unit uuid) returns void
language sql as $$
  update slots set state = 'uncleared', fence = fence + 1 where unit_id = p_unit and state = 'leased'
$$;

-- Transition, chain and projection of one event of a locked unit, after the checks of who and under what.
create function advance_unit(u units, p_type text, p_key text, p_body text) returns units
language plpgsql as $$
declare
  body jsonb := p_body::jsonb;
  t transitions;
  e unit_events;
  number_of_step integer;
begin
  select * into t from transitions
  where type = p_type and from_state = u.state and (from_step is null or from_step = u.step)
  order by from_step nulls last limit 1;
  if not found then
    perform refuse('UT001', format('unit %s: %s is not allowed in state %s at step %s', u.serial, p_type, u.state, u.step));
  end if;
  perform check_rules(u, p_type, body);
  e := chain_event('unit:' || u.id, u.seq + 1, u.head, p_type, p_key, p_body);
  perform count_alive(u, t.to_state);
  u := project_facts(u, p_type, body, e.seq);
  perform apply_identifier_effects(u, p_type, e.seq);
  u.state := t.to_state;
  u.step := case when t.to_step = '*' then body ->> 'step' else coalesce(t.to_step, u.step) end;
  if t.opens_attempt then
    number_of_step := step_number(u.step);
    u.attempts[number_of_step] := u.attempts[number_of_step] + 1;
  end if;
  u.seq := e.seq; u.head := e.hash; u.updated_at := e.at;
  perform save_unit(u);
  if p_type in ('provisioned', 'qualityPassed', 'held', 'scrapped', 'missing') then perform end_lease(u.id); end if;
  return u;
end $$;

-- Locks are taken in this order: unit, slot request, slot, order. (Closing a shipment locks it before the units that are in
-- it; packing waits for it with a unit that is not.) Not "for update": that would also stop every row that refers to the
-- unit, such as the slot that another transaction hands to it.
create function lock_unit(p_unit uuid) returns units
language plpgsql as $$
declare
  u units;
begin
  select * into u from units where id = p_unit for no key update;
  if not found then perform refuse('UT009', format('there is no unit %s', p_unit)); end if;
  return u;
end $$;

-- Where the unit stands, as every activity hands it back to the workflow.
create type unit_standing as (unit_id uuid, serial text, state text, step text, attempt integer, seq bigint, head bytea);

create function standing(u units) returns unit_standing
language sql immutable as $$
  select row(u.id, u.serial, u.state, u.step, u.attempts[step_number(u.step)]::integer, u.seq, u.head)::unit_standing
$$;

create function append_event(p_stream text, p_type text, p_key text, p_body text) returns unit_standing
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  kind event_types;
  u units;
  known unit_events;
  body jsonb := check_body(p_body);
  by_station boolean;
  of_try boolean;
begin
  perform check_word('stream', p_stream), check_word('type', p_type), check_word('key', p_key);
  select * into kind from event_types where type = p_type;
  if not found or kind.stream_kind <> 'unit' or p_stream !~ '^unit:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then
    perform refuse('UT007', format('%s is no event of stream %s', p_type, p_stream));
  end if;
  perform check_appender(kind);
  u := lock_unit(substr(p_stream, 6)::uuid);
  select * into known from unit_events where stream = p_stream and key = p_key;
  if found then
    perform check_same_request(known, p_type, body);
    return standing(u);
  end if;
  if kind.nature = 'intent' then
    perform refuse('UT007', format('%s opens a try: call begin_act', p_type));
  end if;
  by_station := kind.appender = 'station' or kind.appender = 'both' and not has_role('unitrail_office');
  of_try := by_station or p_type in ('certificateIssued', 'stepFailed');
  if by_station then perform check_lease(u.id, body -> 'place'); end if;
  if of_try then perform check_try(u, coalesce(kind.part, body ->> 'part'), body); end if;
  perform check_key(u, kind, p_key, body, of_try);
  return standing(advance_unit(u, p_type, p_key, p_body));
end $$;

-- Opens a try of a device act: answers "done" where the act has its result or the unit has moved on, else counts the
-- try, raises the slot's fence above every older try, and records the intent. One call a (run, activity, attempt).
create type act_opening as (done boolean, attempt integer, try integer, fence bigint, at timestamptz, unit unit_standing);

create function begin_act(p_unit uuid, p_type text, p_caller text, p_station text, p_slot integer, p_body text) returns act_opening
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  kind event_types;
  u units;
  opening act_opening;
  key_of_attempt text;
  newest integer;
  mine integer;
  body jsonb := check_body(p_body);
  of_slot record;
begin
  perform check_word('type', p_type), check_word('caller', p_caller);
  select * into kind from event_types where type = p_type and nature = 'intent';
  if not found then perform refuse('UT007', format('%s opens no try', p_type)); end if;
  perform check_appender(kind);
  if body ->> 'caller' is distinct from p_caller then
    perform refuse('UT007', format('the body of %s names another caller than %s', p_type, p_caller));
  end if;
  u := lock_unit(p_unit);
  opening.attempt := u.attempts[step_number(split_part(kind.part, '.', 1))];
  key_of_attempt := concat_ws('/', u.id, kind.part, opening.attempt);
  opening.done := u.state <> 'InProgress' or u.step <> split_part(kind.part, '.', 1)
    or exists (select from unit_events where stream = 'unit:' || u.id and key = key_of_attempt);
  if opening.done then
    opening.unit := standing(u);
    return opening;
  end if;
  perform check_not_held(u, p_type);
  if kind.appender = 'station' then
    update slots set fence = fence + 1
    from stations where stations.id = slots.station and stations.login = session_user
      and slots.station = p_station and slots.slot = p_slot and slots.unit_id = u.id and slots.state = 'leased'
      and u.step = any (stations.steps)
    returning slots.fence, jsonb_build_object('station', station, 'slot', slot, 'virtual', virtual) as place into of_slot;
    -- The place in history is the lease's, not what the caller makes of it: it decides whether the unit is simulated.
    if not found or body -> 'place' is distinct from of_slot.place then
      perform refuse('UT005', format('login %s holds no lease on unit %s at %s/%s', session_user, u.serial, p_station, p_slot));
    end if;
    opening.fence := of_slot.fence;
  end if;
  select coalesce(max(try), 0), coalesce(max(try) filter (where caller = p_caller), 0) into newest, mine from tries
  where unit_id = u.id and part = kind.part and attempt = opening.attempt;
  if mine > 0 then
    -- The same caller again: its answer was lost on the way. An older caller is fenced.
    if mine < newest then perform refuse('UT004', format('%s of unit %s: a newer try has begun', kind.part, u.serial)); end if;
    opening.try := mine;
    opening.unit := standing(u);
    opening.at := u.updated_at;
    return opening;
  end if;
  opening.try := newest + 1;
  insert into tries (unit_id, part, attempt, try, caller)
  values (u.id, kind.part, opening.attempt, opening.try, p_caller);
  u := advance_unit(u, p_type, concat_ws('/', key_of_attempt, opening.try), p_body);
  opening.unit := standing(u);
  opening.at := u.updated_at;
  return opening;
end $$;

-- The registry and the audit trail refuse to be rewritten, whoever asks. (No application role has the right to try;
-- this stops the owner's own functions from a mistake, and an owner who is in a hurry.)
create function refuse_change() returns trigger
language plpgsql as $$
begin
  raise exception using errcode = '42501', message = format('%s of %s is refused: it is append-only', tg_op, tg_table_name);
end $$;

create trigger unit_events_append_only before update or delete on unit_events for each row execute function refuse_change();
create trigger unit_events_no_truncate before truncate on unit_events execute function refuse_change();
create trigger movements_append_only before update or delete on movements for each row execute function refuse_change();
create trigger movements_no_truncate before truncate on movements execute function refuse_change();
create trigger identifiers_never_deleted before delete on identifiers for each row execute function refuse_change();
create trigger identifiers_no_truncate before truncate on identifiers execute function refuse_change();
create trigger blocks_append_only before update or delete on blocks for each row execute function refuse_change();
create trigger blocks_no_truncate before truncate on blocks execute function refuse_change();
create trigger units_never_deleted before delete on units for each row execute function refuse_change();
create trigger units_no_truncate before truncate on units execute function refuse_change();
create trigger tries_append_only before update or delete on tries for each row execute function refuse_change();
create trigger tries_no_truncate before truncate on tries execute function refuse_change();
create trigger recipes_append_only before update or delete on recipes for each row execute function refuse_change();
create trigger recipes_no_truncate before truncate on recipes execute function refuse_change();
create trigger plant_versions_append_only before update or delete on plant_versions for each row execute function refuse_change();
create trigger plant_versions_no_truncate before truncate on plant_versions execute function refuse_change();
-- A slot that came back with a fence of 0 would take every old act for a new one.
create trigger slots_never_deleted before delete on slots for each row execute function refuse_change();
create trigger slots_no_truncate before truncate on slots execute function refuse_change();

-- An identifier keeps its owner and its place for ever; only its state moves, and only along a known effect.
create function refuse_identifier_change() returns trigger
language plpgsql as $$
begin
  if (new.issuer, new.kind, new.value, new.unit_id, new.block_id, new.ordinal)
     is distinct from (old.issuer, old.kind, old.value, old.unit_id, old.block_id, old.ordinal)
     or not exists (select from identifier_effects where from_state = old.state and to_state = new.state) then
    raise exception using errcode = '42501', message = format('identifier %s %s can not become that', old.kind, old.value);
  end if;
  return new;
end $$;
create trigger identifiers_keep_owner before update on identifiers for each row execute function refuse_identifier_change();

-- Who a unit is, what it is built to, what batch it belongs to and whether it is a trial or simulated never changes back.
create function refuse_unit_change() returns trigger
language plpgsql as $$
begin
  if (new.id, new.batch_id, new.batch_index, new.issuer, new.serial, new.product, new.trial)
     is distinct from (old.id, old.batch_id, old.batch_index, old.issuer, old.serial, old.product, old.trial)
     -- Only the event of a rework pins a unit to something else.
     or (new.recipe_sha256, new.firmware_version, new.firmware_sha256)
        is distinct from (old.recipe_sha256, old.firmware_version, old.firmware_sha256)
        and new.rework_seq is distinct from new.seq
     or (old.simulated and not new.simulated) or old.state in ('Shipped', 'Scrapped', 'Void') and new.state <> old.state
     or new.seq <= old.seq then
    raise exception using errcode = '42501', message = format('unit %s can not become that', old.serial);
  end if;
  return new;
end $$;
create trigger units_keep_identity before update on units for each row execute function refuse_unit_change();
