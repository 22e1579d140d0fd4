-- Why: a number may be skipped by its scheme and taken by another as well. Two workers that see it one after the other give
-- different reasons, and the second one was refused for good (UT003), which failed its batch. It is void once, for the first.
create or replace function void_numbers(p_batch text, p_numbers jsonb) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  b batches;
  n record;
  block serial_block;
begin
  perform check_office();
  if jsonb_array_length(p_numbers) not between 1 and 100 then
    perform refuse('UT007', 'numbers: 1 to 100 at a time');
  end if;
  select * into b from batches where id = p_batch;
  if not found then perform refuse('UT009', format('there is no batch %s', p_batch)); end if;
  -- Claims take the same lock: a number is claimed or void, never both.
  perform 1 from orders where id = b.order_id for update;
  perform refuse_cancelled(p_batch);
  for n in select whole(v, 'block') as block, whole(v, 'ordinal')::integer as ordinal, v ->> 'value' as value, v ->> 'why' as why
           from jsonb_array_elements(p_numbers) as v order by 1, 2
  loop
    block := serial_block_of(p_batch, n.block, n.ordinal);
    perform check_word('value', n.value);
    if exists (select from identifiers where block_id = n.block and ordinal = n.ordinal and state <> 'void') then
      perform refuse('40001', format('number %s of block %s was claimed meanwhile', n.ordinal, n.block));
    end if;
    if n.why is null or n.why not in ('skipped', 'taken') then
      perform refuse('UT007', format('why: %s is not allowed; skipped or taken', n.why));
    end if;
    -- Void already, perhaps because another worker saw the other reason: the first one stands.
    continue when exists (select from unit_events v where v.stream = 'batch:' || p_batch and v.type = 'numberVoided'
      and v.key = format('void/%s/%s', n.block, n.ordinal) and v.body::jsonb ->> 'value' = n.value);
    perform append_to_stream('batch:' || p_batch, 'numberVoided', format('void/%s/%s', n.block, n.ordinal),
      format('{"block":%s,"ordinal":%s,"value":%s,"why":%s}', n.block, n.ordinal, to_json(n.value), to_json(n.why)));
    if n.why = 'skipped' then
      insert into identifiers (issuer, kind, value, unit_id, block_id, ordinal, state)
      values (block.issuer, 'serial', n.value, null, n.block, n.ordinal, 'void') on conflict do nothing;
      -- Its value is somebody's: the caller looks again, and says so.
      if not found then perform refuse('40001', format('serial %s of %s is taken', n.value, block.issuer)); end if;
    elsif not exists (select from identifiers i where i.issuer = block.issuer and i.kind = 'serial' and i.value = n.value
                        and (i.block_id, i.ordinal) is distinct from (n.block, n.ordinal)) then
      perform refuse('UT002', format('serial %s of %s is not taken', n.value, block.issuer));
    end if;
    perform move_numbers(n.block, 'reserved', 'void', 1, 'batch:' || p_batch, (select seq from streams where stream = 'batch:' || p_batch));
  end loop;
  perform replace_voids(p_batch);
end $$;
