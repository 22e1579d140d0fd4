-- Why: others number a unit as well: its modem's IMEI, the buyer's asset number, a certificate's serial number. Each is
-- recorded once, belongs to one unit for ever, and finds it.
alter table identifiers drop constraint identifiers_kind;
alter table identifiers add constraint identifiers_kind check (kind in
  ('serial', 'mac', 'chip-uid', 'certificate', 'imei', 'asset', 'certificate-serial'));

insert into issuers (id, kind) values ('gsma', 'registry') on conflict (id) do nothing;

insert into event_types (type, stream_kind, appender, nature, part) values
  ('identified',          'unit', 'function', 'other',  null);

-- From its confirmed identity on (a unit that is void has none), and until it leaves the house. Nothing moves.
insert into transitions (type, from_state, from_step, to_state, to_step, opens_attempt)
select 'identified', state, step, state, null, false
from (values ('InProgress', array['flash', 'test', 'provision', 'label', 'qc']),
             ('AwaitingEngineer', array['flash', 'test', 'provision', 'label', 'qc', 'ship']),
             ('ReadyToShip', array['ship']),
             ('Packed', array['ship'])) as places(state, steps), unnest(places.steps) as step;

-- A repeat is found by the event's key, so nobody may take it for another event. As before, with `identified`.
create or replace function check_key(u units, p_type event_types, p_key text, p_body jsonb, p_of_try boolean) returns void
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
    fits := split_part(p_key, '/', 1) <> u.id::text or split_part(p_key, '/', 2) not in ('claimed', 'shipped', 'identified')
      and not exists (select from event_types where event_types.part = split_part(p_key, '/', 2));
  end if;
  if not fits then
    perform refuse('UT007', format('key %s is not one that %s may have', p_key, p_type.type));
  end if;
end $$;

-- 3GPP TS 23.003: 15 digits, the last one a Luhn check digit. Once more in domain/imei.ts.
create function is_imei(p_value text) returns boolean
language sql immutable as $$
  select case when p_value ~ '^[0-9]{15}$' then (
    select sum(case when place % 2 = 1 then digit else digit * 2 - 9 * (digit > 4)::integer end) % 10 = 0
    from (select place, substr(p_value, 16 - place, 1)::integer as digit from generate_series(1, 15) as place) digits)
  else false end
$$;

-- The value as its kind is spelled, in a namespace that is allowed for the kind.
create function check_secondary(p_kind text, p_issuer text, p_value text) returns void
language plpgsql stable as $$
declare
  kind_of_issuer text;
begin
  if not coalesce(case p_kind
       when 'imei' then is_imei(p_value)
       when 'asset' then p_value ~ '^[ -~]{1,64}$' and p_value = btrim(p_value) and p_value !~ '\|'
       when 'certificate-serial' then p_value ~ '^([0-9a-f]{2}){1,20}$' and p_value !~ '^00|^[89a-f][0-9a-f]{39}$'
     end, false) then
    perform refuse('UT007', format('%s is no value of kind %s', p_value, p_kind));
  end if;
  select kind into kind_of_issuer from issuers where id = p_issuer;
  if not coalesce(case p_kind
       when 'imei' then p_issuer = 'gsma'
       when 'asset' then kind_of_issuer = 'buyer'
       when 'certificate-serial' then kind_of_issuer = 'authority'
     end, false) then
    perform refuse('UT009', format('%s gives no identifiers of kind %s', p_issuer, p_kind));
  end if;
end $$;

-- Records a further identifier of a unit, as a person read it. Returns whether it is new: a repeat changes nothing.
create function identify_unit(p_unit uuid, p_kind text, p_issuer text, p_value text, p_by text) returns boolean
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  u units;
  key_of_event text := concat_ws('/', p_unit, 'identified', p_kind, p_issuer, p_value);
begin
  perform check_word('by', p_by), check_word('issuer', p_issuer), check_secondary(p_kind, p_issuer, p_value);
  u := lock_unit(p_unit);
  if exists (select from unit_events where stream = 'unit:' || u.id and key = key_of_event) then return false; end if;
  u := advance_unit(u, 'identified', key_of_event, format('{"by":%s,"issuer":%s,"kind":%s,"value":%s}',
    to_json(p_by), to_json(p_issuer), to_json(p_kind), to_json(p_value)));
  perform bind_identifier(u, p_issuer, p_kind, p_value, null, null, 'applied');
  return true;
end $$;
-- The desk may record this one event, and append no other.
grant execute on function identify_unit(uuid, text, text, text, text) to unitrail_desk;
