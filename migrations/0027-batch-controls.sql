-- Why: people steer a batch while it runs. It is paused and goes on, it is cancelled, it gets further units for those that
-- were scrapped or are missing, its window and its priority change. Each is an event in the batch's stream; this table is
-- what the events add up to. A batch that nobody has touched has no row.
create table batch_controls (
  batch_id text not null,
  paused boolean not null default false,
  -- For ever: a cancelled batch claims no unit any more.
  cancelled boolean not null default false,
  -- Units under way at once; null: the workflow's own choice.
  window_size integer,
  -- Each step is worth ten minutes in the line for a slot.
  priority integer not null default 0,
  constraint batch_controls_pkey primary key (batch_id),
  constraint batch_controls_batch foreign key (batch_id) references batches (id),
  constraint batch_controls_window check (window_size between 1 and 1000),
  constraint batch_controls_priority check (priority between -9 and 9)
);
insert into event_types (type, stream_kind, appender, nature, part) values
  ('batchPaused',     'batch', 'function', 'other', null),
  ('batchResumed',    'batch', 'function', 'other', null),
  ('batchCancelled',  'batch', 'function', 'other', null),
  ('batchToppedUp',   'batch', 'function', 'other', null),
  ('windowSet',       'batch', 'function', 'other', null),
  ('prioritySet',     'batch', 'function', 'other', null),
  ('numbersReturned', 'batch', 'function', 'other', null);

-- What such a batch did not claim is planned no more.
create function claims_no_more(b batches) returns boolean
language sql stable as $$
  select is_of_lost_epoch(b) or exists (select from batch_controls c where c.batch_id = b.id and c.cancelled)
$$;

create or replace function order_room(o orders) returns bigint
language sql stable security definer set search_path = public, pg_temp as $$
  select o.quantity - o.alive
    - (select coalesce(sum(quantity), 0) from batches b where order_id = o.id and not claims_no_more(b))
    + (select count(*) from units join batches b on b.id = units.batch_id where b.order_id = o.id and not claims_no_more(b))
$$;

-- Locks the batch's order, as claims do, and answers what the batch's controls are. A cancelled batch has none any more.
create function lock_controls(p_batch text) returns batch_controls
language plpgsql as $$
declare
  c batch_controls;
begin
  perform 1 from orders where id = (select order_id from batches where id = p_batch) for update;
  if not found then perform refuse('UT009', format('there is no batch %s', p_batch)); end if;
  insert into batch_controls (batch_id) values (p_batch) on conflict do nothing;
  select * into c from batch_controls where batch_id = p_batch for update;
  return c;
end $$;

create function refuse_cancelled(p_batch text) returns void
language plpgsql as $$
begin
  if exists (select from batch_controls where batch_id = p_batch and cancelled) then
    perform refuse('UT020', format('batch %s was cancelled: it claims no further unit', p_batch));
  end if;
end $$;

-- A person's decision about the batch: p_body is {by, note?, window | priority}. Under one id there is one decision.
create function control_batch(p_batch text, p_type text, p_id text, p_body text) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  body jsonb := check_body(p_body);
  c batch_controls;
begin
  perform check_office();
  perform check_word('batch', p_batch), check_word('id', p_id), check_word('by', body ->> 'by');
  if p_type is null or p_type not in ('batchPaused', 'batchResumed', 'batchCancelled', 'windowSet', 'prioritySet') then
    perform refuse('UT007', format('%s controls no batch', p_type));
  end if;
  c := lock_controls(p_batch);
  if not append_to_stream('batch:' || p_batch, p_type, 'control/' || p_id, p_body) then return; end if;
  perform refuse_cancelled(p_batch);
  if p_type <> 'prioritySet' and exists (select from batches where id = p_batch and completed_at is not null) then
    perform refuse('UT021', format('batch %s has ended', p_batch));
  end if;
  case p_type
    when 'batchPaused' then c.paused := true;
    when 'batchResumed' then c.paused := false;
    when 'batchCancelled' then c.cancelled := true;
    when 'windowSet' then c.window_size := whole(body, 'window');
    when 'prioritySet' then c.priority := (body ->> 'priority')::integer;
  end case;
  if p_type = 'windowSet' and (c.window_size between 1 and 1000) is not true then
    perform refuse('UT007', format('window: %s is not allowed; 1 to 1000', body ->> 'window'));
  end if;
  update batch_controls set paused = c.paused, cancelled = c.cancelled, window_size = c.window_size, priority = c.priority
  where batch_id = p_batch;
end $$;

-- Further units, up to the order's ceiling: p_body is {by, note, quantity}. They get further blocks, which continue the
-- batch's first ones. A batch that has ended is open again.
create function top_up_batch(p_batch text, p_id text, p_body text) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  body jsonb := check_body(p_body);
  added bigint := whole(body, 'quantity');
  b batches;
  o orders;
  mac blocks;
begin
  perform check_office();
  perform check_word('batch', p_batch), check_word('id', p_id), check_word('by', body ->> 'by');
  perform lock_controls(p_batch);
  select * into b from batches where id = p_batch;
  select * into o from orders where id = b.order_id;
  if not append_to_stream('batch:' || p_batch, 'batchToppedUp', 'control/' || p_id, p_body) then return; end if;
  perform refuse_cancelled(p_batch);
  if is_of_lost_epoch(b) then
    perform refuse('UT014', format('batch %s was opened before the registry was advanced: open another one', p_batch));
  end if;
  if (added between 1 and 1000000 - b.quantity) is not true then
    perform refuse('UT007', format('quantity: %s is not allowed; 1 to %s', body ->> 'quantity', 1000000 - b.quantity));
  end if;
  if added > order_room(o) then
    perform refuse('UT008', format('quantity: %s is not allowed; at most %s: order %s of %s units has no room for more',
      added, greatest(order_room(o), 0), o.id, o.quantity));
  end if;
  update batches set quantity = quantity + added, completed_at = null where id = p_batch;
  perform replace_voids(p_batch);
  select k.* into mac from blocks k join number_spaces s on s.id = k.space_id
  where k.batch_id = p_batch and s.kind = 'mac' order by k.id limit 1;
  if found then
    perform grant_block(space_of_extra(mac, added::integer), p_batch, added::integer, mac.run_length, mac.scheme_version, mac.pattern, mac.date_parts);
  end if;
end $$;

-- The end of a cancelled batch: numbers that no unit has claimed go back, and are granted to nobody else. Answers how many.
create function return_numbers(p_batch text) returns bigint
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  returned text;
  c batch_controls;
  left_over jsonb;
  place record;
begin
  perform check_office();
  c := lock_controls(p_batch);
  if not c.cancelled then perform refuse('UT021', format('batch %s was not cancelled', p_batch)); end if;
  -- Behind the lock: a repeat that waited for it finds what the first one did.
  select body into returned from unit_events where stream = 'batch:' || p_batch and key = 'returned';
  if returned is not null then return (returned::jsonb ->> 'numbers')::bigint; end if;
  if exists (select from units where batch_id = p_batch and step = 'assign' and state in ('InProgress', 'AwaitingEngineer')) then
    perform refuse('40001', format('units of batch %s wait for their identity yet', p_batch));
  end if;
  select coalesce(jsonb_agg(jsonb_build_array(block, numbers) order by block), '[]') into left_over from (
    select m.block_id as block, sum(case 'reserved' when m.to_account then m.quantity when m.from_account then -m.quantity else 0 end) as numbers
    from movements m join blocks k on k.id = m.block_id where k.batch_id = p_batch group by m.block_id) as sums
  where numbers > 0;
  perform append_to_stream('batch:' || p_batch, 'numbersReturned', 'returned', format('{"blocks":%s,"numbers":%s}',
    replace(left_over::text, ' ', ''), (select coalesce(sum((v ->> 1)::bigint), 0) from jsonb_array_elements(left_over) as v)));
  for place in select (v ->> 0)::bigint as block, (v ->> 1)::integer as numbers from jsonb_array_elements(left_over) as v loop
    perform move_numbers(place.block, 'reserved', 'returned', place.numbers, 'batch:' || p_batch,
      (select seq from streams where stream = 'batch:' || p_batch));
  end loop;
  return (select coalesce(sum((v ->> 1)::bigint), 0) from jsonb_array_elements(left_over) as v);
end $$;

-- The end of a batch; a batch that was topped up after its end ends again. False, and nothing done, where there is something
-- left to do that came a moment ago: units that it was topped up by, or numbers of a cancelled one that have to go back.
create function complete_batch(p_batch text, p_summary text) returns boolean
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  rounds bigint;
begin
  perform check_office();
  perform 1 from orders where id = (select order_id from batches where id = p_batch) for update;
  if not found then perform refuse('UT009', format('there is no batch %s', p_batch)); end if;
  if exists (select from batch_controls where batch_id = p_batch and cancelled) then
    if not exists (select from unit_events where stream = 'batch:' || p_batch and key = 'returned') then return false; end if;
  elsif (select count(*) from units where batch_id = p_batch) < (select quantity from batches where id = p_batch) then
    return false;
  end if;
  select count(*) into rounds from unit_events where stream = 'batch:' || p_batch and type = 'batchToppedUp';
  if append_to_stream('batch:' || p_batch, 'batchCompleted', concat_ws('/', 'completed', nullif(rounds, 0)), p_summary) then
    update batches set completed_at = clock_timestamp() where id = p_batch;
  end if;
  return true;
end $$;

grant select on batch_controls to unitrail_office, unitrail_desk, unitrail_auditor, unitrail_retention;
grant execute on function control_batch(text, text, text, text), top_up_batch(text, text, text), return_numbers(text), complete_batch(text, text) to unitrail_office;
