-- Why: a person may have typed a further identifier wrongly. It can be withdrawn: its value stays in the registry as void, is
-- the unit's no more and never another one's. And a unit has a few of a kind, not as many as somebody likes to record.
insert into event_types (type, stream_kind, appender, nature, part) values
  ('identifierWithdrawn', 'unit', 'function', 'other', null);

-- Where a further identifier can be recorded, it can be withdrawn. Nothing moves.
insert into transitions (type, from_state, from_step, to_state, to_step, opens_attempt)
select 'identifierWithdrawn', from_state, from_step, to_state, to_step, opens_attempt from transitions where type = 'identified';

-- The event's key. It begins as that of a recording does, whose form nobody else may use.
create function key_of_withdrawal(p_unit uuid, p_kind text, p_issuer text, p_value text) returns text
language sql immutable as $$
  select concat_ws('/', p_unit, 'identified', 'withdrawn', p_kind, p_issuer, p_value)
$$;

-- As before; and what was withdrawn may become void, because its unit's history says so.
create or replace function refuse_identifier_change() returns trigger
language plpgsql as $$
begin
  if old.adopted_unit is not null
     or (new.issuer, new.kind, new.value, new.unit_id, new.block_id, new.ordinal, new.adopted_unit)
     is distinct from (old.issuer, old.kind, old.value, old.unit_id, old.block_id, old.ordinal, old.adopted_unit)
     or not exists (select from identifier_effects where from_state = old.state and to_state = new.state)
       and not ((old.state, new.state) = ('applied', 'void') and exists (
         select from unit_events where stream = 'unit:' || old.unit_id and type = 'identifierWithdrawn'
           and key = key_of_withdrawal(old.unit_id, old.kind, old.issuer, old.value))) then
    raise exception using errcode = '42501', message = format('identifier %s %s can not become that', old.kind, old.value);
  end if;
  return new;
end $$;

-- As before; a value that was withdrawn is nobody's, and a unit has up to 8 of a kind.
create or replace function identify_unit(p_unit uuid, p_kind text, p_issuer text, p_value text, p_by text) returns boolean
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  u units;
  key_of_event text := concat_ws('/', p_unit, 'identified', p_kind, p_issuer, p_value);
  withdrawn_from text;
begin
  perform check_word('by', p_by), check_word('issuer', p_issuer), check_secondary(p_kind, p_issuer, p_value);
  u := lock_unit(p_unit);
  select owner.serial into withdrawn_from from identifiers i join units owner on owner.id = i.unit_id
  where i.issuer = p_issuer and i.kind = p_kind and i.value = p_value and i.state = 'void';
  if found then
    raise exception using errcode = 'UT010', constraint = p_kind,
      message = format('%s %s was withdrawn from unit %s: it is void, and can not be given to %s', p_kind, p_value, withdrawn_from, u.serial);
  end if;
  if exists (select from unit_events where stream = 'unit:' || u.id and key = key_of_event) then return false; end if;
  if (select count(*) from identifiers where unit_id = u.id and kind = p_kind and state <> 'void') >= 8 then
    perform refuse('UT007', format('value: %s is not allowed; unit %s has 8 of kind %s, which is the most', p_value, u.serial, p_kind));
  end if;
  u := advance_unit(u, 'identified', key_of_event, format('{"by":%s,"issuer":%s,"kind":%s,"value":%s}',
    to_json(p_by), to_json(p_issuer), to_json(p_kind), to_json(p_value)));
  perform bind_identifier(u, p_issuer, p_kind, p_value, null, null, 'applied');
  return true;
end $$;

-- Takes a further identifier from its unit for ever. Returns whether that is new: a repeat changes nothing.
create function withdraw_identifier(p_unit uuid, p_kind text, p_issuer text, p_value text, p_by text, p_reason text) returns boolean
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  u units;
  key_of_event text := key_of_withdrawal(p_unit, p_kind, p_issuer, p_value);
begin
  perform check_word('by', p_by), check_word('reason', p_reason);
  u := lock_unit(p_unit);
  if exists (select from unit_events where stream = 'unit:' || u.id and key = key_of_event) then return false; end if;
  if p_kind in ('imei', 'asset', 'certificate-serial') is not true or not exists (select from identifiers
       where issuer = p_issuer and kind = p_kind and value = p_value and unit_id = u.id) then
    perform refuse('UT009', format('unit %s has no %s %s of %s', u.serial, p_kind, p_value, p_issuer));
  end if;
  u := advance_unit(u, 'identifierWithdrawn', key_of_event, format('{"by":%s,"issuer":%s,"kind":%s,"reason":%s,"value":%s}',
    to_json(p_by), to_json(p_issuer), to_json(p_kind), to_json(p_reason), to_json(p_value)));
  update identifiers set state = 'void' where issuer = p_issuer and kind = p_kind and value = p_value;
  return true;
end $$;
grant execute on function withdraw_identifier(uuid, text, text, text, text, text) to unitrail_desk;
