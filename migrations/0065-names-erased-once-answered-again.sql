-- Why: a worker that lost the answer of erase_names asked again, was told that nothing had been left to erase, and the run's report
-- said that no names went. A repeat answers what the run has erased; what may go only since then is the next run's, as one run tells
-- of its names once.
create or replace function erase_names(p_run text) returns integer
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  r retention_runs;
  numbers text[];
  told text;
begin
  perform check_sees_holds();
  perform pg_advisory_xact_lock_shared(hashtext('unitrail.legal-holds'));
  perform pg_advisory_xact_lock(hashtext('unitrail.plant'));
  r := run_under_way(p_run);
  if not r.clock_trusted then return 0; end if;
  select e.body into told from unit_events e where e.stream = 'retention:' || p_run and e.key = 'names';
  if found then return jsonb_array_length(told::jsonb -> 'operators'); end if;
  numbers := array(select erasable_names(least(r.as_of, clock_timestamp())));
  if cardinality(numbers) = 0 then return 0; end if;
  update operators set name = null, erased_at = clock_timestamp() where number = any (numbers);
  perform append_to_stream('retention:' || p_run, 'namesErased', 'names', format('{"operators":%s}', to_json(numbers)));
  return cardinality(numbers);
end $$;
