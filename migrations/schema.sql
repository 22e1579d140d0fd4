-- What migrations/*.sql come to on PostgreSQL 15. Made by `npm run schema`: read it, don't edit it.
-- Roles belong to the server and stand in 0001-roles.sql; the migrations' own bookkeeping is left out.

SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

--
-- Name: btree_gist; Type: EXTENSION; Schema: -; Owner: -
--

CREATE EXTENSION IF NOT EXISTS btree_gist WITH SCHEMA public;

--
-- Name: EXTENSION btree_gist; Type: COMMENT; Schema: -; Owner: -
--

COMMENT ON EXTENSION btree_gist IS 'support for indexing common datatypes in GiST';

--
-- Name: unit_standing; Type: TYPE; Schema: public; Owner: -
--

CREATE TYPE public.unit_standing AS (
	unit_id uuid,
	serial text,
	state text,
	step text,
	attempt integer,
	seq bigint,
	head bytea
);

--
-- Name: act_opening; Type: TYPE; Schema: public; Owner: -
--

CREATE TYPE public.act_opening AS (
	done boolean,
	attempt integer,
	try integer,
	fence bigint,
	at timestamp with time zone,
	unit public.unit_standing
);

--
-- Name: asked_claim; Type: TYPE; Schema: public; Owner: -
--

CREATE TYPE public.asked_claim AS (
	index integer,
	block bigint,
	ordinal integer,
	value text
);

--
-- Name: fresh_unit; Type: TYPE; Schema: public; Owner: -
--

CREATE TYPE public.fresh_unit AS (
	index integer,
	id uuid,
	block bigint,
	ordinal integer,
	issuer text,
	serial text,
	at timestamp with time zone,
	header text,
	body text,
	hash bytea
);

--
-- Name: serial_block; Type: TYPE; Schema: public; Owner: -
--

CREATE TYPE public.serial_block AS (
	id bigint,
	space_id bigint,
	numbers int8range,
	issuer text
);

--
-- Name: slot_lease; Type: TYPE; Schema: public; Owner: -
--

CREATE TYPE public.slot_lease AS (
	station text,
	slot integer,
	fence bigint,
	virtual boolean,
	unit public.unit_standing
);

--
-- Name: abandon_capsule(text, text, text, text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.abandon_capsule(p_capsule text, p_run text, p_code text, p_reason text) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare
  c capsules;
begin
  perform check_office();
  perform run_under_way(p_run);
  perform check_word('code', p_code);
  if coalesce(p_reason, '') = '' then perform refuse('UT007', 'reason: why it is given up is missing'); end if;
  select * into c from capsules where id = p_capsule for update;
  if not found or c.state = 'planned' then perform refuse('UT009', format('there is no capsule %s that is made', p_capsule)); end if;
  if c.state = 'abandoned' then return true; end if;
  if c.state <> 'made' or exists (select from capsule_units u where u.capsule_id = c.id and u.retired_at is not null) then return false; end if;
  update capsules set state = 'abandoned', abandoned_at = now() where id = c.id;
  delete from capsule_statements where capsule_id = c.id;
  delete from capsule_units where capsule_id = c.id;
  perform append_to_stream('retention:' || p_run, 'capsuleAbandoned', 'abandoned/' || c.id, format('{"capsule":%s,"code":%s,"reason":%s,"units":%s}',
    to_json(c.id), to_json(p_code), to_json(left(p_reason, 2000)), c.units));
  return true;
end $$;

--
-- Name: accept_lease(text, text, text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.accept_lease(p_document text, p_public_key text, p_by text) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare
  d jsonb := check_lease(p_document);
  n jsonb := d -> 'numbers';
  space number_spaces;
  id_of_space bigint;
  other text;
begin
  perform pg_advisory_xact_lock(hashtext('unitrail.lease'));
  if is_known(d ->> 'lease', (select document from number_leases where id = d ->> 'lease'), p_document, 'a lease') then return false; end if;
  select scope into other from number_spaces s where kind = n ->> 'kind' and name = n ->> 'name' and scope not like 'lease:%'
    and not exists (select from number_lists where space_id = s.id) limit 1;
  if found then
    perform refuse('UT007', format('numbers.name: %s is not allowed; numbers that this site has no counter of its own for (it has %s): share a new %s',
      n ->> 'name', concat_ws(' ', n ->> 'name', nullif(other, '')), case n ->> 'kind' when 'mac' then 'pool' else 'scheme' end));
  end if;
  select id into other from number_leases where side = 'lessee' and (kind, name, scope) = (n ->> 'kind', n ->> 'name', n ->> 'scope')
    and numbers && int8range(whole(d, 'first'), whole(d, 'last') + 1) limit 1;
  if found then
    perform refuse('UT007', format('first: %s is not allowed; numbers that this site does not hold yet, and lease %s has some of %s to %s',
      whole(d, 'first'), other, whole(d, 'first'), whole(d, 'last')));
  end if;
  -- It may be there, from before a restore: then its counter is where that of the lost state was.
  id_of_space := find_space(n ->> 'kind', n ->> 'name', 'lease:' || (d ->> 'lease'), d ->> 'issuer', whole(d, 'first'), whole(d, 'last'));
  select * into space from number_spaces where id = id_of_space;
  if (space.first_number, space.last_number) is distinct from (whole(d, 'first'), whole(d, 'last')) then
    perform refuse('UT007', format('first: %s is not allowed; %s to %s, which lease %s had before', whole(d, 'first'), space.first_number,
      space.last_number, d ->> 'lease'));
  end if;
  perform record_lease(d, p_document, 'lessee', id_of_space, p_public_key, p_by);
  return true;
end $$;

--
-- Name: acquire_slot(uuid); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.acquire_slot(p_unit uuid) RETURNS public.slot_lease
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare
  u units;
  lease slot_lease;
begin
  u := lock_unit(p_unit);
  lease.unit := standing(u);
  if u.state <> 'InProgress' or u.step not in ('flash', 'test', 'provision', 'label', 'qc') then return lease; end if;
  perform check_not_held(u, 'a slot');
  select s.station, s.slot, s.fence, st.virtual into lease.station, lease.slot, lease.fence, lease.virtual
  from slots s join stations st on st.id = s.station
  where s.unit_id = p_unit and s.state = 'leased' and u.step = any (st.steps);
  if found then return lease; end if;
  if not exists (select from stations st join slots s on s.station = st.id and s.offered where u.step = any (st.steps)) then
    perform refuse('UT009', format('no station does %s: add one to the plant file', u.step));
  end if;
  -- Another station's slot: the lease is over, the agent of that station clears the board.
  perform end_lease(p_unit);
  if exists (select from slots where unit_id = p_unit) then return lease; end if;
  perform lock_line();
  insert into slot_requests as r (unit_id, step) values (p_unit, u.step)
  on conflict (unit_id) do update set seen_at = excluded.seen_at, step = excluded.step,
    requested_at = case when r.step = excluded.step then r.requested_at else excluded.requested_at end;
  perform hand_out_slots();
  select s.station, s.slot, s.fence, st.virtual into lease.station, lease.slot, lease.fence, lease.virtual
  from slots s join stations st on st.id = s.station where s.unit_id = p_unit and s.state = 'leased';
  return lease;
end $$;

--
-- Name: add_adopted_units(bigint, bigint, text[]); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.add_adopted_units(p_adoption bigint, p_first bigint, p_bodies text[]) RETURNS TABLE(place integer, kind text, value text, taken_by text, taken_unit text, taken_row bigint, taken_source text)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare
  a adoptions := adoption_under_way(p_adoption);
  last bigint := p_first + cardinality(p_bodies) - 1;
begin
  if p_first is null or coalesce(cardinality(p_bodies), 0) not between 1 and 5000 then
    perform refuse('UT007', 'rows: 1 to 5000 at a time, with the position of the first');
  end if;
  perform check_adopted(body) from unnest(p_bodies) as body;
  insert into adopted_units (adoption_id, position, issuer, serial, state, body)
  select a.id, p_first + n - 1, a.issuer, body::jsonb ->> 'serial', body::jsonb ->> 'state', body
  from unnest(p_bodies) with ordinality as given(body, n) order by n;
  insert into identifiers (issuer, kind, value, state, adopted_unit)
  select i.issuer, i.kind, i.value, case u.state when 'used' then 'applied' else u.state end, u.id
  from adopted_units u cross join lateral identifiers_of(u.issuer, u.serial, u.body::jsonb) i
  where u.adoption_id = a.id and u.position between p_first and last order by u.position
  on conflict on constraint identifiers_pkey do nothing;
  return query
    select (u.position - p_first + 1)::integer, i.kind, i.value,
      case when other.adoption_id = a.id then 'import' when other.id is not null then 'adopted'
           when owner.id is not null then 'unit' else 'void' end,
      owner.serial, whole(other.body::jsonb, 'row'), source.source_name
    from adopted_units u cross join lateral identifiers_of(u.issuer, u.serial, u.body::jsonb) i
    -- One look at the primary key for each: the planner knows nothing yet of rows of this transaction, and would read them all.
    cross join lateral (select r.adopted_unit, r.unit_id from identifiers r
                        where r.issuer = i.issuer and r.kind = i.kind and r.value = i.value limit 1) k
    left join adopted_units other on other.id = k.adopted_unit
    left join adoptions source on source.id = other.adoption_id
    left join units owner on owner.id = k.unit_id
    where u.adoption_id = a.id and u.position between p_first and last and k.adopted_unit is distinct from u.id
    order by 1, 2, 3;
end $$;

--
-- Name: add_cosignature(text, bigint, bytea, text, timestamp with time zone, text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.add_cosignature(p_origin text, p_size bigint, p_root bytea, p_witness text, p_signed_at timestamp with time zone, p_line text) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare
  most_waiting constant integer := 10000;
  kept bigint;
  waiting integer;
begin
  perform check_word('origin', p_origin), check_word('witness', p_witness);
  perform check_cosignature(p_witness, p_signed_at, p_line);
  if not exists (select from log_checkpoints c where c.origin = p_origin and c.size = p_size and c.root = p_root) then
    perform refuse('UT009', format('there is no checkpoint %s of %s with that root: it was not signed here', p_size, p_origin));
  end if;
  perform pg_advisory_xact_lock(hashtext('unitrail.log-cosignatures'));
  select min(s.id) into kept from log_cosignatures s
  where s.line = p_line and s.origin = p_origin and s.size = p_size and s.witness = p_witness;
  if exists (select from log_cosignatures_held h where h.cosignature_id = kept)
     or exists (select from log_cosignatures_waiting w where w.cosignature_id = kept) then
    return false;
  end if;
  select count(*) into waiting from (select from log_cosignatures_waiting limit most_waiting) as w;
  if waiting >= most_waiting then
    perform refuse('UT021', format(
      'nothing of %s was kept: %s lines wait to be verified, and that many may. The office verifies them with its next checkpoint; add it again then',
      left(p_witness, 300), waiting));
  end if;
  if kept is not null then
    insert into log_cosignatures_waiting (cosignature_id) values (kept);
    return false;
  end if;
  insert into log_cosignatures (origin, size, witness, signed_at, line) values (p_origin, p_size, p_witness, p_signed_at, p_line)
  returning id into kept;
  insert into log_cosignatures_waiting (cosignature_id) values (kept);
  return true;
end $$;

--
-- Name: add_field_reports(bigint, bigint, jsonb); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.add_field_reports(p_import bigint, p_first bigint, p_reports jsonb) RETURNS TABLE(place integer, version text, firmware_sha256 text, source_name text, source_row bigint)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    SET enable_seqscan TO 'off'
    AS $$
begin
  perform check_field_import(p_import);
  if p_first is null or p_first < 1 or coalesce(jsonb_typeof(p_reports), '') <> 'array'
     or jsonb_array_length(p_reports) not between 1 and 5000 then
    perform refuse('UT007', 'reports: 1 to 5000 at a time, with the position of the first');
  end if;
  perform check_field_report((r ->> 'unit')::uuid, (r ->> 'at')::timestamptz) from jsonb_array_elements(p_reports) as r;
  insert into field_reports (import_id, position, unit_id, version, firmware_sha256, reported_at, source, source_row)
  select p_import, p_first - 1 + row_number() over (order by n), unit, g.version, g.sha256, g.at, g.source, g.row
  from (select distinct on (unit, at, source) r.n, r.unit, r.version, r.sha256, r.at, r.source, r.row
        from field_reports_in(p_reports) r order by unit, at, source, n) g
  where not exists (select from field_reports k where k.unit_id = g.unit and k.reported_at = g.at and k.source = g.source);
  return query
    select r.n, k.version, k.firmware_sha256, i.source_name, k.source_row
    from field_reports_in(p_reports) r
    cross join lateral (select * from field_reports f
                        where f.unit_id = r.unit and f.reported_at = r.at and f.source = r.source limit 1) k
    join field_imports i on i.id = k.import_id
    where (k.import_id, k.source_row) is distinct from (p_import, r.row)
    order by 1;
end $$;

--
-- Name: add_legal_hold(text, text, text, uuid, text, text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.add_legal_hold(p_id text, p_kind text, p_value text, p_unit uuid, p_reason text, p_by text) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare
  h legal_holds;
begin
  perform check_word('id', p_id), check_word('value', p_value), check_word('reason', p_reason), check_word('by', p_by);
  perform pg_advisory_xact_lock(hashtext('unitrail.legal-holds'));
  select * into h from legal_holds where id = p_id;
  if found then
    if (h.kind, h.value, h.unit_id) is distinct from (p_kind, p_value, p_unit) then
      perform refuse('UT003', format('legal hold %s is on %s %s', p_id, h.kind, h.value));
    end if;
    return false;
  end if;
  insert into legal_holds (id, kind, value, unit_id, reason, added_by) values (p_id, p_kind, p_value, p_unit, p_reason, p_by);
  return append_to_stream('retention:hold-' || p_id, 'legalHoldAdded', 'added', format('{"by":%s,"kind":%s,"reason":%s,"unit":%s,"value":%s}',
    to_json(p_by), to_json(p_kind), to_json(p_reason), coalesce(to_json(p_unit)::text, 'null'), to_json(p_value)));
end $$;

--
-- Name: add_listed_numbers(bigint, bigint, text[]); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.add_listed_numbers(p_space bigint, p_first bigint, p_values text[]) RETURNS TABLE(place integer, taken_by text, taken_list text, taken_position bigint)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare
  l number_lists := open_list(p_space);
begin
  if p_first is null or coalesce(cardinality(p_values), 0) not between 1 and 10000 then
    perform refuse('UT007', 'values: 1 to 10000 at a time, with the position of the first');
  end if;
  insert into listed_numbers (space_id, position, value, issuer)
  select p_space, p_first + n - 1, v, l.issuer from unnest(p_values) with ordinality as given(v, n)
  where not exists (select from identifiers i where i.issuer = l.issuer and i.kind = 'serial' and i.value = v)
  on conflict (issuer, value) do nothing;
  return query
    select given.n::integer,
      case when other.space_id is null then 'unit' when other.space_id = p_space then 'import' else 'list' end,
      other_list.name, other.position
    from unnest(p_values) with ordinality as given(v, n)
    left join listed_numbers other on other.issuer = l.issuer and other.value = given.v
    left join number_lists other_list on other_list.space_id = other.space_id
    where (other.space_id, other.position) is distinct from (p_space, p_first + given.n - 1)
    order by given.n;
end $$;

--
-- Name: add_release(uuid, text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.add_release(p_unit uuid, p_recipe text) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare
  u units;
  digest text := encode(sha256(convert_to(p_recipe, 'UTF8')), 'hex');
begin
  perform check_office();
  u := lock_unit(p_unit);
  if check_body(p_recipe) - 'firmware' is distinct from recipe_of(u) - 'firmware' then
    perform refuse('UT002', format('unit %s: the recipe differs from its own in more than the firmware', u.serial));
  end if;
  insert into recipes (sha256, body) values (digest, p_recipe) on conflict (sha256) do nothing;
  return digest;
end $$;

--
-- Name: adopted_address(text, bigint, bigint); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.adopted_address(p_pattern text, p_start bigint, p_end bigint) RETURNS bigint
    LANGUAGE plpgsql STABLE
    AS $$
declare
  block text := replace(split_part(p_pattern, '/', 1), ':', '');
  fixed integer := split_part(p_pattern, '/', 2)::integer / 4;
  first text := left(block, fixed) || upper(lpad(to_hex(p_start), length(block) - fixed, '0'));
  last text := left(block, fixed) || upper(lpad(to_hex(p_end - 1), length(block) - fixed, '0'));
  found_value text;
begin
  select value into found_value from identifiers
  where issuer = 'ieee' and kind = 'mac' and adopted_unit is not null and length(value) = length(block) / 2 * 3 - 1
    and value between rtrim(regexp_replace(first, '(..)', '\1:', 'g'), ':') and rtrim(regexp_replace(last, '(..)', '\1:', 'g'), ':')
  order by value desc limit 1;
  return ('x' || lpad(substr(replace(found_value, ':', ''), fixed + 1), 16, '0'))::bit(64)::bigint;
end $$;

SET default_tablespace = '';

SET default_table_access_method = heap;

--
-- Name: adoptions; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.adoptions (
    id bigint NOT NULL,
    issuer text NOT NULL,
    scheme text,
    source_name text NOT NULL,
    source_sha256 text NOT NULL,
    source_part text NOT NULL,
    imported_by text NOT NULL,
    imported_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    stream text GENERATED ALWAYS AS (('history:'::text || id)) STORED NOT NULL,
    seq bigint DEFAULT 1 NOT NULL,
    CONSTRAINT adoptions_sha256 CHECK ((source_sha256 ~ '^[0-9a-f]{64}$'::text))
);

--
-- Name: adoption_under_way(bigint); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.adoption_under_way(p_adoption bigint) RETURNS public.adoptions
    LANGUAGE plpgsql
    AS $$
declare
  a adoptions;
begin
  select * into a from adoptions
  where id = p_adoption and not exists (select from streams where streams.stream = adoptions.stream);
  if not found then perform refuse('UT009', format('no file %s is being adopted', p_adoption)); end if;
  return a;
end $$;

--
-- Name: advance_registry(jsonb, integer, text, text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.advance_registry(p_spaces jsonb, p_epoch integer, p_by text, p_reason text) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare
  present registry_epochs;
  passed jsonb;
  opened integer;
begin
  perform check_word('by', p_by), check_word('reason', p_reason);
  lock table registry_epochs in share row exclusive mode;
  select * into present from registry_epochs order by epoch desc limit 1;
  if p_epoch > present.epoch + 100 then
    perform refuse('UT007', format('epoch: %s is not allowed; at most %s', p_epoch, present.epoch + 100));
  end if;
  passed := pass_numbers(p_spaces);
  opened := greatest(present.epoch, coalesce(p_epoch, 0)) + 1;
  insert into registry_epochs (epoch, registry) values (opened, present.registry);
  perform append_to_stream('registry:' || present.registry, 'registryAdvanced', 'epoch/' || opened,
    format('{"by":%s,"epoch":%s,"passed":%s,"reason":%s}', to_json(p_by), opened, canonical_passed(passed), to_json(p_reason)));
  return opened;
end $$;

--
-- Name: units; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.units (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    batch_id text NOT NULL,
    batch_index integer NOT NULL,
    issuer text NOT NULL,
    serial text NOT NULL,
    product text NOT NULL,
    recipe_sha256 text NOT NULL,
    firmware_version text NOT NULL,
    firmware_sha256 text NOT NULL,
    flashed_sha256 text,
    state text NOT NULL,
    step text NOT NULL,
    attempts smallint[] DEFAULT '{0,0,0,0,0,0,0}'::smallint[] NOT NULL,
    chip_uid text,
    certificate_sha256 text,
    board_lot text,
    flashed_seq bigint,
    tested_seq bigint,
    provisioned_seq bigint,
    label_seq bigint,
    qc_seq bigint,
    rework_seq bigint,
    prints integer DEFAULT 0 NOT NULL,
    open_print integer,
    label_print integer,
    failure_code text,
    simulated boolean DEFAULT false NOT NULL,
    trial boolean NOT NULL,
    carton text,
    shipment_id text,
    seq bigint NOT NULL,
    head bytea NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT units_label_after_test CHECK (((label_seq IS NULL) OR (tested_seq IS NOT NULL))),
    CONSTRAINT units_qc_after_label CHECK (((qc_seq IS NULL) OR ((label_seq IS NOT NULL) AND (qc_seq > label_seq)))),
    CONSTRAINT units_shipped_after_qc CHECK (((state <> 'Shipped'::text) OR ((qc_seq IS NOT NULL) AND (qc_seq > GREATEST(flashed_seq, tested_seq, provisioned_seq, label_seq, rework_seq))))),
    CONSTRAINT units_state CHECK ((state = ANY (ARRAY['InProgress'::text, 'AwaitingEngineer'::text, 'ReadyToShip'::text, 'Packed'::text, 'Shipped'::text, 'Scrapped'::text, 'Missing'::text, 'Void'::text]))),
    CONSTRAINT units_step CHECK ((step = ANY (ARRAY['assign'::text, 'flash'::text, 'test'::text, 'provision'::text, 'label'::text, 'qc'::text, 'ship'::text]))),
    CONSTRAINT units_trial_stays CHECK (((NOT trial) OR (state <> 'Shipped'::text)))
);

--
-- Name: advance_unit(public.units, text, text, text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.advance_unit(u public.units, p_type text, p_key text, p_body text) RETURNS public.units
    LANGUAGE plpgsql
    AS $$
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

--
-- Name: amend_unit(uuid, text, text, text, bytea); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.amend_unit(p_unit uuid, p_type text, p_key text, p_body text, p_salt bytea) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
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

--
-- Name: append_event(text, text, text, text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.append_event(p_stream text, p_type text, p_key text, p_body text) RETURNS public.unit_standing
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $_$
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
end $_$;

--
-- Name: append_to_stream(text, text, text, text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.append_to_stream(p_stream text, p_type text, p_key text, p_body text) RETURNS boolean
    LANGUAGE plpgsql
    AS $$
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

--
-- Name: apply_identifier_effects(public.units, text, bigint); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.apply_identifier_effects(u public.units, p_type text, p_seq bigint) RETURNS void
    LANGUAGE plpgsql
    AS $$
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

--
-- Name: apply_plant(text, text, jsonb); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.apply_plant(p_document text, p_difference text, p_changes jsonb) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare
  version bigint;
begin
  if not (has_role('unitrail_desk') or has_role('unitrail_office')) then
    perform refuse('42501', format('login %s may not change the plant', session_user));
  end if;
  perform pg_advisory_xact_lock(hashtext('unitrail.plant'));
  insert into plant_versions (document, sha256, difference)
  values (p_document, encode(sha256(convert_to(p_document, 'UTF8')), 'hex'), p_difference) returning id into version;
  insert into issuers (id, kind) select x ->> 'id', x ->> 'kind' from jsonb_array_elements(p_changes -> 'issuers') x
  on conflict (id) do nothing;
  insert into buyers (id, name, test) select x ->> 'id', x ->> 'name', (x ->> 'test')::boolean
  from jsonb_array_elements(p_changes -> 'buyers') x
  on conflict (id) do update set name = excluded.name, test = excluded.test;
  insert into operators (number, name) select x ->> 'number', x ->> 'name' from jsonb_array_elements(p_changes -> 'operators') x
  on conflict (number) do update set name = excluded.name where operators.erased_at is null;
  insert into stations (id, login, steps, virtual)
  select x ->> 'id', x ->> 'login', array(select jsonb_array_elements_text(x -> 'steps')), (x ->> 'virtual')::boolean
  from jsonb_array_elements(p_changes -> 'stations') x
  on conflict (id) do update set steps = excluded.steps;
  insert into slots (station, slot) select x ->> 'id', n
  from jsonb_array_elements(p_changes -> 'stations') x, generate_series(1, (x ->> 'slots')::integer) n
  on conflict (station, slot) do nothing;
  update slots set offered = wanted.offered
  from (select old.station, old.slot, coalesce(old.slot <= (x ->> 'slots')::integer, false) as offered
        from slots old left join jsonb_array_elements(p_changes -> 'stations') x on x ->> 'id' = old.station) wanted
  where slots.station = wanted.station and slots.slot = wanted.slot and slots.offered <> wanted.offered
    and jsonb_array_length(p_changes -> 'stations') > 0;
  return version;
end $$;

--
-- Name: approve_retention(bigint, text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.approve_retention(p_version bigint, p_by text) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare
  newest bigint;
  consents integer;
begin
  if not exists (select from operators where number = p_by and left_at is null and erased_at is null) then
    perform refuse('UT009', format('by: there is no operator %s in the plant file', p_by));
  end if;
  select max(id) into newest from plant_versions;
  if p_version is distinct from newest then
    perform refuse('UT021', format('version %s of the plant file is not the one in force, %s', p_version, newest));
  end if;
  insert into retention_approvals (plant_version, approved_by) values (p_version, p_by) on conflict do nothing;
  if found then
    perform append_to_stream('retention:plant-' || p_version, 'retentionApproved', 'approved/' || p_by,
      format('{"by":%s,"plantVersion":%s}', to_json(p_by), p_version));
  end if;
  select count(*) into consents from retention_approvals where plant_version = p_version;
  return consents;
end $$;

--
-- Name: archive_ends(text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.archive_ends(p_capsule text) RETURNS TABLE(capsule_id text, kept_until timestamp with time zone)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select c.id, k.until
  from (select m.product, m.buyer, archive_until(m.product, m.buyer) as until
        from (select distinct product, buyer from capsules
              where state in ('made', 'moved') and (p_capsule is null or id = p_capsule)) m) k
  join capsules c on c.product = k.product and c.buyer is not distinct from k.buyer and c.state in ('made', 'moved')
  where k.until is not null and (p_capsule is null or c.id = p_capsule)
  order by c.id
$$;

--
-- Name: archive_until(text, text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.archive_until(p_product text, p_buyer text) RETURNS timestamp with time zone
    LANGUAGE sql STABLE
    AS $$
  select case when bool_and(t.archive_years is not null) then
    clock_slack() + max(greatest(coalesce(last_placed(p_product), clock_timestamp()) + make_interval(years => t.archive_years), (t.support_ends + 1)::timestamp at time zone 'UTC'))
  end
  from versions_that_count() v left join lateral retention_terms(v.document, p_product, p_buyer) t on true
$$;

--
-- Name: begin_act(uuid, text, text, text, integer, text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.begin_act(p_unit uuid, p_type text, p_caller text, p_station text, p_slot integer, p_body text) RETURNS public.act_opening
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
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

--
-- Name: begin_delivery(text, text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.begin_delivery(p_export text, p_target text) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
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

--
-- Name: bind_identifier(public.units, text, text, text, bigint, integer, text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.bind_identifier(u public.units, p_issuer text, p_kind text, p_value text, p_block bigint, p_ordinal integer, p_state text) RETURNS void
    LANGUAGE plpgsql
    AS $$
declare
  known identifiers;
begin
  insert into identifiers (issuer, kind, value, unit_id, block_id, ordinal, state)
  values (p_issuer, p_kind, p_value, u.id, p_block, p_ordinal, p_state)
  on conflict (issuer, kind, value) do nothing;
  if found then return; end if;
  select * into known from identifiers where issuer = p_issuer and kind = p_kind and value = p_value;
  if known.unit_id is distinct from u.id then perform refuse_owned(p_kind, p_value, known.unit_id, u.serial); end if;
end $$;

--
-- Name: bind_macs(public.units, jsonb, bigint); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.bind_macs(u public.units, p_body jsonb, p_seq bigint) RETURNS void
    LANGUAGE plpgsql
    AS $$
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

--
-- Name: book_checkpoint(text, bigint, bytea, text, text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.book_checkpoint(p_origin text, p_size bigint, p_root bytea, p_note text, p_key text) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare
  known log_checkpoints;
begin
  perform check_office();
  perform check_word('origin', p_origin), check_word('key', p_key);
  if p_size > (select coalesce(max(index) + 1, 0) from log_leaves) then
    perform refuse('UT041', format('checkpoint %s of %s is of more leaves than there are', p_size, p_origin));
  end if;
  insert into log_keys (key) values (p_key) on conflict (key) do nothing;
  insert into log_checkpoints (origin, size, root, note, key) values (p_origin, p_size, p_root, p_note, p_key)
  on conflict (origin, size) do nothing;
  if found then return true; end if;
  select * into known from log_checkpoints where origin = p_origin and size = p_size;
  if known.root <> p_root then
    perform refuse('UT041', format('checkpoint %s of %s is booked with another root: the log has forked', p_size, p_origin));
  end if;
  return false;
end $$;

--
-- Name: buyer_of_session(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.buyer_of_session() RETURNS text
    LANGUAGE sql STABLE
    AS $$ select buyer from buyer_logins where login = session_user::text $$;

--
-- Name: buyer_record(text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.buyer_record(p_serial text) RETURNS TABLE(issuer text, serial text, product text, shipment text, shipped_at timestamp with time zone, destination text, carton text, format text, body text, sha256 text, sealed_at timestamp with time zone, export text)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET enable_bitmapscan TO 'off'
    SET enable_indexonlyscan TO 'off'
    SET enable_indexscan TO 'on'
    SET enable_nestloop TO 'on'
    SET max_parallel_workers_per_gather TO '0'
    SET jit TO 'off'
    SET plan_cache_mode TO 'force_generic_plan'
    SET debug_print_plan TO 'off'
    SET client_min_messages TO 'warning'
    AS $$
select r.issuer, r.serial, r.product, r.shipment, r.shipped_at, r.destination, r.carton, r.format, r.body, r.sha256, r.sealed_at, r.export
from records_of_session r where r.serial = p_serial $$;

--
-- Name: cancel_shipment(text, text, text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.cancel_shipment(p_shipment text, p_by text, p_reason text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare
  s shipments;
begin
  perform check_office();
  perform check_word('reason', p_reason);
  select * into s from shipments where id = p_shipment for update;
  if not found then perform refuse('UT009', format('there is no shipment %s', p_shipment)); end if;
  if s.cancelled then return; end if;
  if s.closed_at is not null then perform refuse('UT021', format('shipment %s has left', p_shipment)); end if;
  if exists (select from units where shipment_id = p_shipment) then
    perform refuse('UT021', format('shipment %s has units in it: take them out first', p_shipment));
  end if;
  update shipments set closed_at = clock_timestamp(), cancelled = true where id = p_shipment;
  perform append_to_stream('shipment:' || p_shipment, 'shipmentCancelled', 'cancelled',
    format('{"by":%s,"reason":%s}', json_or_null(p_by), to_json(p_reason)));
end $$;

--
-- Name: canonical_passed(jsonb); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.canonical_passed(p_passed jsonb) RETURNS text
    LANGUAGE sql IMMUTABLE
    AS $$
  select coalesce('[' || string_agg(format('{"from":%s,"space":%s,"to":%s}', v ->> 'from', to_json(v ->> 'space'), v ->> 'to'), ',' order by n) || ']', '[]')
  from jsonb_array_elements(p_passed) with ordinality as given(v, n)
$$;

--
-- Name: capsule_delivered(text, text, text, text, text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.capsule_delivered(p_capsule text, p_run text, p_target text, p_code text, p_message text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare
  c capsules;
begin
  perform check_office();
  perform run_under_way(p_run);
  select * into c from capsules where id = p_capsule for update;
  if not found or c.state = 'planned' or c.state = 'abandoned' and p_target is null then perform refuse('UT009', format('there is no capsule %s that is made', p_capsule)); end if;
  if c.buyer is null or c.delivery = 'delivered' then return; end if;
  if c.state <> 'made' then
    if p_target is not null then
      insert into capsule_deliveries (capsule_id, target, code, message) values (c.id, p_target, p_code, left(p_message, 2000));
    end if;
    return;
  end if;
  if c.delivery = 'none' and p_target is null then return; end if;
  insert into capsule_deliveries (capsule_id, target, code, message) values (c.id, coalesce(p_target, 'none'), p_code, left(p_message, 2000));
  update capsules set delivery = case when p_code is not null then 'due' when p_target is null then 'none' else 'delivered' end where id = c.id;
  if p_code is not null then return; end if;
  perform append_to_stream('retention:' || p_run, 'capsuleDelivered', concat_ws('/', case when p_target is null then 'none' else 'delivered' end, c.id),
    format('{"capsule":%s,"target":%s}', to_json(c.id), json_or_null(p_target)));
end $$;

--
-- Name: capsule_made(text, text, text, text, jsonb); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.capsule_made(p_capsule text, p_run text, p_manifest text, p_events_manifest text, p_files jsonb) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare
  c capsules;
begin
  perform check_office();
  perform run_under_way(p_run);
  select * into c from capsules where id = p_capsule for update;
  if not found then perform refuse('UT009', format('there is no capsule %s', p_capsule)); end if;
  if c.state <> 'planned' then return false; end if;
  perform check_body(p_manifest);
  if check_body(p_events_manifest) ->> 'manifestSha256' is distinct from encode(sha256(convert_to(p_manifest, 'UTF8')), 'hex') then
    perform refuse('UT002', format('capsule %s: the manifest of the events is that of other files', c.id));
  end if;
  insert into capsule_files (capsule_id, name, role, own_only, size_bytes, sha256)
  select c.id, f ->> 'name', f ->> 'role', (f ->> 'ownOnly')::boolean, whole(f, 'sizeBytes'), f ->> 'sha256' from jsonb_array_elements(p_files) f;
  update capsules set state = 'made', made_at = clock_timestamp(), manifest = p_manifest, events_manifest = p_events_manifest where id = c.id;
  return append_to_stream('retention:' || p_run, 'capsuleMade', 'made/' || c.id, format('{"capsule":%s,"files":%s,"manifestSha256":%s}',
    to_json(c.id), jsonb_array_length(p_files), to_json(encode(sha256(convert_to(p_events_manifest, 'UTF8')), 'hex'))));
end $$;

--
-- Name: capsule_made(text, text, text, text, jsonb, text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.capsule_made(p_capsule text, p_run text, p_manifest text, p_events_manifest text, p_files jsonb, p_public_key text) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare
  key_id text;
  events_sha256 text := encode(sha256(convert_to(p_events_manifest, 'UTF8')), 'hex');
  m jsonb;
  events jsonb;
  c capsules;
begin
  perform check_office();
  key_id := export_key_id(p_public_key);
  perform run_under_way(p_run);
  select * into c from capsules where id = p_capsule for update;
  if not found then perform refuse('UT009', format('there is no capsule %s', p_capsule)); end if;
  if c.state <> 'planned' then return false; end if;
  m := check_body(p_manifest);
  events := check_body(p_events_manifest);
  if events ->> 'manifestSha256' is distinct from encode(sha256(convert_to(p_manifest, 'UTF8')), 'hex') then
    perform refuse('UT002', format('capsule %s: the manifest of the events is that of other files', c.id));
  end if;
  if (m #>> '{signature,keyId}' = key_id and events #>> '{signature,keyId}' = key_id) is not true then
    perform refuse('UT002', format('capsule %s: its manifests do not say that key %s has signed them', c.id, key_id));
  end if;
  insert into export_keys (id, public_key) values (key_id, p_public_key) on conflict (id) do nothing;
  insert into capsule_files (capsule_id, name, role, own_only, size_bytes, sha256)
  select c.id, f ->> 'name', f ->> 'role', (f ->> 'ownOnly')::boolean, whole(f, 'sizeBytes'), f ->> 'sha256' from jsonb_array_elements(p_files) f;
  update capsules set state = 'made', made_at = clock_timestamp(), manifest = p_manifest, events_manifest = p_events_manifest where id = c.id;
  return append_to_stream('retention:' || p_run, 'capsuleMade', 'made/' || c.id, format('{"capsule":%s,"files":%s,"keyId":%s,"manifestSha256":%s}',
    to_json(c.id), jsonb_array_length(p_files), to_json(key_id), to_json(events_sha256)));
end $$;

--
-- Name: unit_events; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.unit_events (
    stream text NOT NULL,
    seq bigint NOT NULL,
    type text NOT NULL,
    key text NOT NULL,
    header text NOT NULL,
    body text NOT NULL,
    prev bytea NOT NULL,
    hash bytea NOT NULL,
    at timestamp with time zone NOT NULL,
    CONSTRAINT unit_events_hash CHECK ((hash = sha256(((prev || sha256(convert_to(header, 'UTF8'::name))) || sha256(convert_to(body, 'UTF8'::name))))))
);

--
-- Name: capsule_statement(public.unit_events); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.capsule_statement(e public.unit_events) RETURNS text
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select statement_of(e)
$$;

--
-- Name: chain_event(text, bigint, bytea, text, text, text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.chain_event(p_stream text, p_seq bigint, p_prev bytea, p_type text, p_key text, p_body text) RETURNS public.unit_events
    LANGUAGE plpgsql
    AS $$
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

--
-- Name: change_lots(text, text, text[], text, text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.change_lots(p_batch text, p_position text, p_lots text[], p_by text, p_change text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  perform check_word('batch', p_batch), check_word('position', p_position), check_word('by', p_by), check_word('change', p_change);
  if coalesce(cardinality(p_lots), 0) not between 1 and 16 then perform refuse('UT007', 'lots: 1 to 16 at a position'); end if;
  perform check_word('lot', lot) from unnest(p_lots) as lot;
  -- A repeat changes nothing: by now a later change may be in force.
  if not append_to_stream('batch:' || p_batch, 'lotsChanged', 'lots/' || p_change,
       format('{"by":%s,"lots":%s,"position":%s}', to_json(p_by), to_json(p_lots), to_json(p_position))) then
    return;
  end if;
  update batch_lots set lots = p_lots where batch_id = p_batch and position = p_position;
  if not found then
    perform refuse('UT009', format('batch %s has no position %s', p_batch, p_position));
  end if;
end $$;

--
-- Name: change_shipment(text, text, date, text, text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.change_shipment(p_shipment text, p_carrier text, p_ship_on date, p_by text, p_id text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare
  s shipments;
begin
  perform check_office();
  perform check_word('by', p_by), check_word('id', p_id);
  if p_carrier is not null then perform check_word('carrier', p_carrier); end if;
  perform 1 from shipments where id = p_shipment for no key update;
  if exists (select from unit_events where stream = 'shipment:' || p_shipment and key = 'changed/' || p_id) then return; end if;
  s := lock_open_shipment(p_shipment);
  s.carrier := coalesce(p_carrier, s.carrier);
  s.ship_on := coalesce(p_ship_on, s.ship_on);
  update shipments set carrier = s.carrier, ship_on = s.ship_on where id = p_shipment;
  perform append_to_stream('shipment:' || p_shipment, 'shipmentChanged', 'changed/' || p_id,
    format('{"by":%s,"carrier":%s,"shipOn":%s}', to_json(p_by), json_or_null(s.carrier), json_or_null(s.ship_on::text)));
end $$;

--
-- Name: check_adopted(text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.check_adopted(p_body text) RETURNS void
    LANGUAGE plpgsql STABLE
    AS $_$
declare
  b jsonb := check_body(p_body);
begin
  if (select array_agg(key order by key collate "C") from jsonb_object_keys(b) as key)
       is distinct from array['chipFamily', 'chipUid', 'facts', 'macs', 'row', 'serial', 'state']
     or whole(b, 'row') is null or jsonb_typeof(b -> 'facts') <> 'object' or jsonb_typeof(b -> 'macs') <> 'array'
     or exists (select from jsonb_each(b -> 'facts') where jsonb_typeof(value) <> 'string')
     or exists (select from jsonb_array_elements_text(b -> 'macs') as mac
                where mac is null or mac !~ '^([0-9A-F]{2}:){5}(([0-9A-F]{2}:){2})?[0-9A-F]{2}$') then
    perform refuse('UT007', 'a row has serial, state, macs, chipUid, chipFamily and facts, each in its form');
  end if;
  if b ->> 'chipFamily' is not null and not exists (select from issuers where id = b ->> 'chipFamily' and kind = 'chip-family') then
    perform refuse('UT009', format('there is no chip family %s', b ->> 'chipFamily'));
  end if;
end $_$;

--
-- Name: check_amendment(public.units, text, jsonb); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.check_amendment(u public.units, p_type text, p_body jsonb) RETURNS void
    LANGUAGE plpgsql
    AS $$
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

--
-- Name: event_types; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.event_types (
    type text NOT NULL,
    stream_kind text NOT NULL,
    appender text NOT NULL,
    nature text NOT NULL,
    part text,
    CONSTRAINT event_types_appender CHECK ((appender = ANY (ARRAY['office'::text, 'station'::text, 'both'::text, 'function'::text]))),
    CONSTRAINT event_types_nature CHECK ((nature = ANY (ARRAY['intent'::text, 'result'::text, 'other'::text]))),
    CONSTRAINT event_types_stream_kind CHECK ((stream_kind = ANY (ARRAY['unit'::text, 'batch'::text, 'order'::text, 'shipment'::text, 'export'::text, 'retention'::text, 'list'::text, 'registry'::text, 'history'::text, 'lease'::text, 'recall'::text, 'field'::text])))
);

--
-- Name: check_appender(public.event_types); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.check_appender(p_type public.event_types) RETURNS void
    LANGUAGE plpgsql STABLE
    AS $$
begin
  if (p_type.appender in ('office', 'both') and has_role('unitrail_office'))
     or (p_type.appender in ('station', 'both') and has_role('unitrail_station')) then
    return;
  end if;
  perform refuse('42501', format('login %s may not append %s', session_user, p_type.type));
end $$;

--
-- Name: check_body(text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.check_body(p_body text) RETURNS jsonb
    LANGUAGE plpgsql IMMUTABLE
    AS $$
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

--
-- Name: check_carton(public.units, text, text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.check_carton(u public.units, p_shipment text, p_carton text) RETURNS void
    LANGUAGE plpgsql
    AS $$
declare
  c cartons;
begin
  -- Locked against a closing that is under way.
  perform 1 from shipments where id = p_shipment and closed_at is null for share;
  if found then select * into c from cartons where sscc = p_carton and shipment_id = p_shipment; end if;
  if c.sscc is null then
    perform refuse('UT002', format('unit %s: shipment %s has no open carton %s', u.serial, p_shipment, p_carton));
  end if;
  if c.capacity is null then return; end if;
  perform 1 from cartons where sscc = p_carton for no key update;
  if (select count(*) from units where carton = p_carton) >= c.capacity then
    perform refuse('UT001', format('carton %s is full: %s units', p_carton, c.capacity));
  end if;
end $$;

--
-- Name: check_certificate(public.units, text, jsonb); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.check_certificate(u public.units, p_type text, p_body jsonb) RETURNS void
    LANGUAGE plpgsql
    AS $$
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

--
-- Name: check_cosignature(text, timestamp with time zone, text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.check_cosignature(p_witness text, p_signed_at timestamp with time zone, p_line text) RETURNS void
    LANGUAGE plpgsql STABLE
    AS $_$
declare
  parts constant text[] := regexp_match(p_witness, '^([^+[:space:]]{1,100})\+([0-9a-f]{8})\+([A-Za-z0-9+/]{44})$');
  public_key bytea;
  told text;
  signature bytea;
begin
  if p_signed_at is null or not isfinite(p_signed_at) then
    perform refuse('UT007', format('signedAt: %s is not allowed; a time', coalesce(p_signed_at::text, 'none')));
  end if;
  public_key := decode(parts[3], 'base64');
  if (get_byte(public_key, 0) = 4
      and encode(substr(sha256(convert_to(parts[1] || chr(10), 'UTF8') || public_key), 1, 4), 'hex') = parts[2]) is not true then
    perform refuse('UT007', format('witness: %s is not allowed; <name>+<id>+<base64> of a witness''s key, with a name of 1 to 100 characters', left(p_witness, 300)));
  end if;
  told := substr(p_line, length(parts[1]) + 4);
  if p_line = chr(8212) || ' ' || parts[1] || ' ' || told and told ~ '^[A-Za-z0-9+/]{102}==$' then
    signature := decode(told, 'base64');
  end if;
  if (encode(substr(signature, 1, 4), 'hex') = parts[2] and translate(encode(signature, 'base64'), chr(10), '') = told
      and ('x' || encode(substr(signature, 5, 8), 'hex'))::bit(64)::bigint = extract(epoch from p_signed_at)) is not true then
    perform refuse('UT007', format('line: %s is not allowed; "%s %s " and 104 characters of base64: the key''s id %s, the time %s and a signature',
      left(p_line, 300), chr(8212), parts[1], parts[2], extract(epoch from p_signed_at)::bigint));
  end if;
end $_$;

--
-- Name: check_field_import(bigint); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.check_field_import(p_import bigint) RETURNS void
    LANGUAGE plpgsql
    AS $$
begin
  if not exists (select from field_imports i where i.id = p_import
                 and not exists (select from streams s where s.stream = i.stream)) then
    perform refuse('UT009', format('no reports %s are being imported', p_import));
  end if;
end $$;

--
-- Name: check_field_report(uuid, timestamp with time zone); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.check_field_report(p_unit uuid, p_at timestamp with time zone) RETURNS void
    LANGUAGE plpgsql STABLE
    AS $$
declare
  serial text;
  state text;
  left_at timestamptz;
begin
  select u.serial, u.state, s.closed_at into serial, state, left_at
  from units u left join shipments s on s.id = u.shipment_id where u.id = p_unit;
  if not found then perform refuse('UT009', format('there is no unit %s', p_unit)); end if;
  if state <> 'Shipped' then
    perform refuse('UT021', format('unit %s is %s: only what has shipped reports from the field', serial, state));
  end if;
  if p_at is null or p_at > clock_timestamp() or p_at < date_trunc('day', left_at, 'UTC') then
    perform refuse('UT007', format('unit %s: %s is not between its shipping and now', serial, p_at));
  end if;
end $$;

--
-- Name: batches; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.batches (
    id text NOT NULL,
    order_id text NOT NULL,
    product text NOT NULL,
    quantity integer NOT NULL,
    buyer text,
    destination text,
    trial boolean NOT NULL,
    document text NOT NULL,
    sha256 text NOT NULL,
    recipe_sha256 text NOT NULL,
    workflow_id text NOT NULL,
    firmware_version text NOT NULL,
    board_batch text NOT NULL,
    board_lot text NOT NULL,
    opened_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    completed_at timestamp with time zone,
    CONSTRAINT batches_digest CHECK ((sha256 = encode(sha256(convert_to(document, 'UTF8'::name)), 'hex'::text))),
    CONSTRAINT batches_quantity CHECK (((quantity >= 1) AND (quantity <= 1000000)))
);

--
-- Name: check_fresh(public.batches, public.fresh_unit[]); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.check_fresh(b public.batches, p_fresh public.fresh_unit[]) RETURNS void
    LANGUAGE plpgsql
    AS $$
declare
  wrong fresh_unit;
begin
  select f.* into wrong from unnest(p_fresh) as f where (f.index between 1 and b.quantity) is not true or f.issuer is null limit 1;
  if found then
    if (wrong.index between 1 and b.quantity) is not true then
      perform refuse('UT009', format('batch %s has no unit %s (1 to %s)', b.id, wrong.index, b.quantity));
    end if;
    perform refuse('UT009', format('batch %s has no serial number %s in block %s', b.id, wrong.ordinal, wrong.block));
  end if;
  perform check_word('serial', f.serial) from unnest(p_fresh) as f;
end $$;

--
-- Name: check_included(uuid[]); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.check_included(p_units uuid[]) RETURNS void
    LANGUAGE plpgsql
    AS $$
declare
  missing text;
begin
  if to_regclass('public.log_leaves') is null then return; end if;
  select q.stream into missing from log_queue q left join log_leaves l on l.queue_id = q.id
  where q.stream = any (array(select 'unit:' || u from unnest(p_units) u))
    and not coalesce(l.index < (select max(size) from log_checkpoints), false) limit 1;
  if found then perform refuse('UT021', format('a leaf of %s is in no checkpoint of the log yet', missing)); end if;
end $$;

--
-- Name: check_key(public.units, public.event_types, text, jsonb, boolean); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.check_key(u public.units, p_type public.event_types, p_key text, p_body jsonb, p_of_try boolean) RETURNS void
    LANGUAGE plpgsql
    AS $$
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

--
-- Name: check_lease(text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.check_lease(p_document text) RETURNS jsonb
    LANGUAGE plpgsql IMMUTABLE
    AS $$
declare
  d jsonb := check_body(p_document);
begin
  perform check_word('lease', d ->> 'lease'), check_word('lessor', d ->> 'lessor'), check_word('lessee', d ->> 'lessee'),
    check_word('issuer', d ->> 'issuer'), check_word('name', d #>> '{numbers,name}'), check_word('pattern', d #>> '{numbers,pattern}');
  if d ->> 'format' is distinct from 'unitrail.lease/1' or whole(d, 'first') is null or whole(d, 'last') is null
     or whole(d, 'first') > whole(d, 'last') or whole(d -> 'numbers', 'version') is null then
    perform refuse('UT007', 'a lease has the format unitrail.lease/1, first, last and numbers, each in its form');
  end if;
  return d;
end $$;

--
-- Name: check_lease(uuid, jsonb); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.check_lease(p_unit uuid, p_place jsonb) RETURNS void
    LANGUAGE plpgsql
    AS $$
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

--
-- Name: check_listed_value(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.check_listed_value() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare
  listed bigint[] := array(select b.id from (select distinct block_id from issued) i join blocks b on b.id = i.block_id
    join number_lists n on n.space_id = b.space_id);
  wrong identifiers;
begin
  if listed = '{}' then return null; end if;
  select i.* into wrong from issued i join blocks b on b.id = i.block_id
  where i.block_id = any (listed) and i.kind = 'serial' and not exists (
    select from listed_numbers l where l.space_id = b.space_id and l.position = lower(b.numbers) + i.ordinal and l.value = i.value) limit 1;
  if found then
    perform refuse('UT002', format('serial %s does not stand at ordinal %s of block %s in its list', wrong.value, wrong.ordinal, wrong.block_id));
  end if;
  return null;
end $$;

--
-- Name: check_not_archived(public.units, text, text, jsonb); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.check_not_archived(u public.units, p_type text, p_key text, p_body jsonb) RETURNS void
    LANGUAGE plpgsql
    AS $$
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

--
-- Name: check_not_held(public.units, text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.check_not_held(u public.units, p_what text) RETURNS void
    LANGUAGE plpgsql
    AS $$
declare
  reason_of_hold text;
begin
  select reason into reason_of_hold from holds where unit_id = u.id and released_seq is null limit 1;
  if found then
    perform refuse('UT006', format('unit %s is on quality hold (%s): %s is refused', u.serial, reason_of_hold, p_what));
  end if;
end $$;

--
-- Name: check_office(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.check_office() RETURNS void
    LANGUAGE plpgsql STABLE
    AS $$
begin
  if not has_role('unitrail_office') then
    perform refuse('42501', format('login %s is not the office', session_user));
  end if;
end $$;

--
-- Name: check_pallet(text, text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.check_pallet(p_shipment text, p_pallet text) RETURNS void
    LANGUAGE plpgsql
    AS $$
declare
  p pallets;
begin
  -- Not against those that only refer to it: two that take its last place wait for each other.
  select * into p from pallets where sscc = p_pallet and shipment_id = p_shipment for no key update;
  if not found then perform refuse('UT009', format('shipment %s has no pallet %s', p_shipment, p_pallet)); end if;
  if (select count(*) from cartons where shipment_id = p_shipment and pallet = p_pallet) >= p.capacity then
    perform refuse('UT001', format('pallet %s is full: %s cartons', p_pallet, p.capacity));
  end if;
end $$;

--
-- Name: check_release(public.units, jsonb); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.check_release(u public.units, p_body jsonb) RETURNS void
    LANGUAGE plpgsql
    AS $$
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

--
-- Name: check_rules(public.units, text, jsonb); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.check_rules(u public.units, p_type text, p_body jsonb) RETURNS void
    LANGUAGE plpgsql
    AS $$
declare
  print bigint := whole(p_body, 'print');
  obstacle text;
begin
  -- The shipment before the order, as a closing locks them.
  if p_type = 'packed' then perform 1 from shipments where id = p_body ->> 'shipment' and closed_at is null for share; end if;
  if p_type in ('assigned', 'labelIntended', 'printIntended', 'packed', 'shipped') then
    obstacle := over_ordered(u, p_type);
    if obstacle is not null then
      perform refuse('UT008', format('unit %s is one too many: %s. Scrap it, or raise the quantity of the order', u.serial, obstacle));
    end if;
  end if;
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
        perform check_carton(u, p_body ->> 'shipment', p_body ->> 'carton');
        obstacle := label_difference(u, p_body -> 'label');
        if obstacle is not null then perform refuse('UT002', format('unit %s: %s', u.serial, obstacle)); end if;
      end if;
    when 'unpacked' then
      if p_body ->> 'shipment' is distinct from u.shipment_id then
        perform refuse('UT002', format('unit %s is in shipment %s, not in %s', u.serial, u.shipment_id, p_body ->> 'shipment'));
      end if;
    else null;
  end case;
end $$;

--
-- Name: check_same_request(public.unit_events, text, jsonb); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.check_same_request(p_known public.unit_events, p_type text, p_body jsonb) RETURNS void
    LANGUAGE plpgsql
    AS $$
begin
  if p_known.type <> p_type or (p_known.body::jsonb ->> 'request') is distinct from (p_body ->> 'request')
     or p_known.key like 'decision/%' and p_known.body::jsonb <> p_body then
    perform refuse_other_request(p_known);
  end if;
end $$;

--
-- Name: check_sealed(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.check_sealed() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  if not exists (select from sealed_digests where unit_id = new.id) then
    raise exception using errcode = 'UT002', message = format('unit %s ships without a sealed record', new.serial);
  end if;
  return null;
end $$;

--
-- Name: check_secondary(text, text, text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.check_secondary(p_kind text, p_issuer text, p_value text) RETURNS void
    LANGUAGE plpgsql STABLE
    AS $_$
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
end $_$;

--
-- Name: check_sees_holds(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.check_sees_holds() RETURNS void
    LANGUAGE plpgsql
    AS $$
begin
  if current_setting('transaction_isolation') <> 'read committed' then
    perform refuse('UT021', format('nothing is removed in a transaction that is %s: it has to be read committed, to see holds',
      current_setting('transaction_isolation')));
  end if;
end $$;

--
-- Name: check_sscc(text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.check_sscc(p_sscc text) RETURNS void
    LANGUAGE plpgsql
    AS $_$
begin
  if p_sscc !~ '^[0-9]{18}$' or p_sscc is null then perform refuse('UT007', format('%s is no SSCC', p_sscc)); end if;
  if exists (select from cartons where sscc = p_sscc) or exists (select from pallets where sscc = p_sscc) then
    perform refuse('UT003', format('SSCC %s is in use', p_sscc));
  end if;
end $_$;

--
-- Name: check_test(public.units, text, jsonb); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.check_test(u public.units, p_type text, p_body jsonb) RETURNS void
    LANGUAGE plpgsql
    AS $$
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

--
-- Name: check_try(public.units, text, jsonb); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.check_try(u public.units, p_part text, p_body jsonb) RETURNS void
    LANGUAGE plpgsql
    AS $$
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

--
-- Name: check_word(text, text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.check_word(p_name text, p_value text) RETURNS void
    LANGUAGE plpgsql IMMUTABLE
    AS $$
begin
  if p_value is null or p_value = '' or length(p_value) > 256 or p_value ~ '[|[:cntrl:]]' then
    perform refuse('UT007', format('%s is empty, longer than 256 characters, or holds "|" or a control character', p_name));
  end if;
end $$;

--
-- Name: claim_units(text, jsonb); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.claim_units(p_batch text, p_claims jsonb) RETURNS TABLE(batch_index integer, unit_id uuid, serial text, name text, state text)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    SET enable_seqscan TO 'off'
    AS $$
declare
  b batches;
  o orders;
  firmware text;
  claims asked_claim[];
  fresh fresh_unit[];
  claimed integer;
  asked integer[];
begin
  perform check_office();
  claims := read_claims(p_claims);
  asked := array(select c.index from unnest(claims) as c);
  if cardinality(asked) not between 1 and 100 or cardinality(asked) <> (select count(distinct i) from unnest(asked) as i) then
    perform refuse('UT007', 'claims: 1 to 100 units at a time, each with an index of its own');
  end if;
  select * into b from batches where id = p_batch;
  if not found then perform refuse('UT009', format('there is no batch %s', p_batch)); end if;
  select * into o from orders where id = b.order_id for update;
  select r.body::jsonb #>> '{firmware,sha256}' into firmware from recipes r where r.sha256 = b.recipe_sha256;
  fresh := fresh_units(b, firmware, claims);
  if cardinality(fresh) > 0 then
    perform refuse_cancelled(p_batch);
    perform check_fresh(b, fresh);
    -- Taken since the caller looked, by a claim or an import: it looks again, and books the number void.
    insert into identifiers (issuer, kind, value, unit_id, block_id, ordinal, state)
    select f.issuer, 'serial', f.serial, f.id, f.block, f.ordinal, 'assigned' from unnest(fresh) as f on conflict do nothing;
    get diagnostics claimed = row_count;
    if claimed < cardinality(fresh) then
      perform refuse('40001', (select format('serial %s of %s was taken meanwhile', f.serial, f.issuer) from unnest(fresh) as f
        where not exists (select from identifiers i where i.unit_id = f.id) limit 1));
    end if;
    insert into unit_events (stream, seq, type, key, header, body, prev, hash, at)
    select 'unit:' || f.id, 1, 'claimed', f.id || '/claimed', f.header, f.body, decode(repeat('00', 32), 'hex'), f.hash, f.at
    from unnest(fresh) as f;
    insert into units (id, batch_id, batch_index, issuer, serial, product, recipe_sha256, firmware_version, firmware_sha256,
                       state, step, attempts, trial, seq, head, updated_at)
    select f.id, p_batch, f.index, f.issuer, f.serial, b.product, b.recipe_sha256, b.firmware_version, firmware,
      'InProgress', 'assign', '{1,0,0,0,0,0,0}', b.trial, 1, f.hash, f.at from unnest(fresh) as f;
    insert into movements (block_id, from_account, to_account, quantity, stream, seq)
    select f.block, 'reserved', 'assigned', 1, 'unit:' || f.id, 1 from unnest(fresh) as f;
    if o.alive + claimed > o.quantity then
      perform refuse('UT008', format('order %s has a quantity of %s; %s units are alive or shipped, %s more are refused',
        o.id, o.quantity, o.alive, claimed));
    end if;
    update orders set alive = alive + claimed where id = o.id;
  end if;
  return query select x.batch_index, x.id, x.serial, spell_name(y.id is not null, x.issuer, x.serial), x.state
    from units x left join buyers y on y.id = x.issuer
    where x.batch_id = p_batch and x.batch_index = any (asked) order by x.batch_index;
end $$;

--
-- Name: claims_no_more(public.batches); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.claims_no_more(b public.batches) RETURNS boolean
    LANGUAGE sql STABLE
    AS $$
  select is_of_lost_epoch(b) or exists (select from batch_controls c where c.batch_id = b.id and c.cancelled)
$$;

--
-- Name: clock_doubt(timestamp with time zone, interval); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.clock_doubt(p_as_of timestamp with time zone, p_apart interval) RETURNS text
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare
  trusted bigint;
  step record;
begin
  if p_as_of is null then perform refuse('UT007', 'asOf is missing'); end if;
  if p_as_of > clock_timestamp() + interval '1 minute' then
    perform refuse('UT021', format('asOf %s is later than the clock of the database, %s: a clock is wrong. Nothing was done',
      told_time(p_as_of), told_time(clock_timestamp())));
  end if;
  if p_apart > interval '10 minutes' then
    return format('the clock of the database, %s, and that of the program that asks it are %s apart',
      trim(told_time(clock_timestamp()), '"'), date_trunc('seconds', p_apart));
  end if;
  select max(m.id) into trusted from clock_marks m join retention_runs r on r.id = m.run_id where r.clock_trusted;
  select s.* into step from (
    select t.at, lag(t.at) over (order by t.id) as before from (
      select m.id, m.at from clock_marks m where m.id >= coalesce(trusted, 0)
      -- Where nothing was marked yet: when somebody last said what the plant is.
      union all select 0, max(v.applied_at) from plant_versions v where not exists (select from clock_marks)
      union all select 9223372036854775807, clock_timestamp()) t) s
  where s.at - s.before > clock_slack() or s.before - s.at > interval '10 minutes'
  limit 1;
  if not found then return null; end if;
  return format('the clock of the database went from %s to %s at once', trim(told_time(step.before), '"'), trim(told_time(step.at), '"'));
end $$;

--
-- Name: clock_slack(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.clock_slack() RETURNS interval
    LANGUAGE sql IMMUTABLE
    AS $$
  select interval '7 days'
$$;

--
-- Name: close_adoption(bigint, jsonb); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.close_adoption(p_adoption bigint, p_spaces jsonb) RETURNS jsonb
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare
  a adoptions := adoption_under_way(p_adoption);
  rows bigint;
  highest bigint;
  disputed bigint;
  digest text;
  passed jsonb;
begin
  select count(*), max(position), count(*) filter (where not exists (
      select from identifiers i where i.adopted_unit = u.id and i.kind = 'serial')),
    encode(sha256(string_agg(sha256(convert_to(u.body, 'UTF8')), ''::bytea order by u.position)), 'hex')
  into rows, highest, disputed, digest from adopted_units u where u.adoption_id = a.id;
  if rows = 0 or rows <> highest then
    perform refuse('UT007', format('the file is empty or has holes: %s rows up to position %s', rows, coalesce(highest, 0)));
  end if;
  if exists (select from jsonb_array_elements(p_spaces) as v
             where (v ->> 'kind', v ->> 'name', v ->> 'issuer') is distinct from ('serial', a.scheme, a.issuer)) then
    perform refuse('UT007', 'spaces: only counters of the scheme that the numbers are of');
  end if;
  passed := pass_numbers(p_spaces);
  perform append_to_stream(a.stream, 'historyAdopted', 'adopted',
    format('{"by":%s,"count":%s,"disputed":%s,"issuer":%s,"part":%s,"passed":%s,"rowsSha256":%s,"scheme":%s,"sha256":%s,"source":%s}',
      to_json(a.imported_by), rows, disputed, to_json(a.issuer), to_json(a.source_part), canonical_passed(passed), to_json(digest),
      coalesce(to_json(a.scheme)::text, 'null'), to_json(a.source_sha256), to_json(a.source_name)));
  return passed;
end $$;

--
-- Name: close_field_import(bigint); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.close_field_import(p_import bigint) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare
  i field_imports;
  rows bigint;
  highest bigint;
  digest text;
begin
  perform check_field_import(p_import);
  select * into i from field_imports where id = p_import;
  select count(*), max(position),
    encode(sha256(string_agg(sha256(convert_to(field_report_line(r), 'UTF8')), ''::bytea order by position)), 'hex')
  into rows, highest, digest from field_reports r where r.import_id = p_import;
  if rows = 0 or rows <> highest then
    perform refuse('UT007', format('the reports are none or have holes: %s up to position %s', rows, coalesce(highest, 0)));
  end if;
  perform append_to_stream(i.stream, 'fieldFirmwareReported', 'reported',
    format('{"by":%s,"count":%s,"part":%s,"rowsSha256":%s,"sha256":%s,"source":%s}', to_json(i.imported_by), rows,
      to_json(i.source_part), to_json(digest), to_json(i.source_sha256), to_json(i.source_name)));
  return rows;
end $$;

--
-- Name: close_number_list(bigint); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.close_number_list(p_space bigint) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare
  l number_lists := open_list(p_space);
  numbers bigint;
  highest bigint;
begin
  select count(*), max(position) into numbers, highest from listed_numbers where space_id = p_space;
  if numbers = 0 or numbers <> highest then
    perform refuse('UT007', format('list %s of %s is empty or has holes: %s numbers up to position %s', l.name, l.issuer,
      numbers, coalesce(highest, 0)));
  end if;
  update number_spaces set last_number = numbers where id = p_space;
  perform append_to_stream(l.stream, 'numbersListed', 'listed',
    format('{"by":%s,"count":%s,"first":%s,"last":%s,"numbersSha256":%s,"part":%s,"pattern":%s,"sha256":%s,"source":%s}', to_json(l.imported_by),
      numbers, (select to_json(value) from listed_numbers where space_id = p_space and position = 1),
      (select to_json(value) from listed_numbers where space_id = p_space and position = numbers), to_json(digest_of_list(p_space)),
      to_json(l.source_part), coalesce(to_json(l.pattern)::text, 'null'), to_json(l.source_sha256), to_json(l.source_name)));
  return numbers;
end $$;

--
-- Name: close_shipment(text, text, boolean); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.close_shipment(p_shipment text, p_by text, p_even_empty boolean) RETURNS TABLE(unit_id uuid, serial text, obstacle text)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  return query select * from close_shipment(p_shipment, p_by, p_even_empty, null);
end $$;

--
-- Name: close_shipment(text, text, boolean, text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.close_shipment(p_shipment text, p_by text, p_even_empty boolean, p_id text) RETURNS TABLE(unit_id uuid, serial text, obstacle text)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare
  s shipments;
  u units;
  o orders;
  why text;
  shipped integer := 0;
  serials text[] := '{}';
  reasons text[] := '{}';
  told text;
  -- Orders for fewer than are alive, and how many more of each may ship.
  lowered text[] := '{}';
  room bigint[] := '{}';
  place integer;
begin
  perform check_office();
  if p_id is not null then perform check_word('id', p_id); end if;
  select * into s from shipments where id = p_shipment for update;
  if not found then perform refuse('UT009', format('there is no shipment %s', p_shipment)); end if;
  if s.closed_at is not null then return; end if;
  perform 1 from units where units.shipment_id = p_shipment and units.state = 'Packed' order by id for no key update;
  -- Until the end: an order is not lowered below what ships here. Claims and scraps don't wait for it, unless it was lowered.
  for o in select * from orders where id in (select b.order_id from units x join batches b on b.id = x.batch_id
      where x.shipment_id = p_shipment and x.state = 'Packed') order by id for key share loop
    continue when o.alive <= o.quantity;
    perform 1 from orders where id = o.id for no key update;
    lowered := lowered || o.id;
    room := room || o.quantity - (select count(*) from units x join batches b on b.id = x.batch_id
      where b.order_id = o.id and x.state = 'Shipped');
  end loop;
  for u in select * from units where units.shipment_id = p_shipment and units.state = 'Packed' order by id loop
    place := array_position(lowered, (select b.order_id from batches b where b.id = u.batch_id));
    why := obstacle_at_closing(u, p_shipment, coalesce(room[place] <= 0, false));
    if why is not null then
      perform advance_unit(u, 'unpacked', concat_ws('/', u.id, 'unpacked', p_shipment, u.seq + 1),
        format('{"reason":%s,"shipment":%s}', to_json(why), to_json(p_shipment)));
      serials := serials || u.serial;
      reasons := reasons || why;
    else
      perform advance_unit(u, 'shipped', concat_ws('/', u.id, 'shipped'),
        format('{"buyer":%s,"carton":%s,"destination":%s,"shipment":%s}', to_json(s.buyer), to_json(u.carton),
          to_json(s.destination), to_json(s.id)));
      shipped := shipped + 1;
      if place is not null then room[place] := room[place] - 1; end if;
    end if;
    unit_id := u.id; serial := u.serial; obstacle := why;
    return next;
  end loop;
  told := concat_ws(',', '"by":' || to_json(p_by)::text, case when serials <> '{}' then tell_taken_out(serials, reasons) end);
  if shipped = 0 and not p_even_empty then
    if serials <> '{}' then
      perform append_to_stream('shipment:' || p_shipment, 'shipmentEmptied',
        'emptied/' || coalesce(p_id, (select seq + 1 from streams where stream = 'shipment:' || p_shipment)::text), '{' || told || '}');
    end if;
    return;
  end if;
  update shipments set closed_at = clock_timestamp() where id = p_shipment;
  perform append_to_stream('shipment:' || p_shipment, 'shipmentClosed', 'closed',
    '{' || concat_ws(',', nullif(told, ''), '"units":' || shipped) || '}');
end $$;

--
-- Name: complete_batch(text, text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.complete_batch(p_batch text, p_summary text) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
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

--
-- Name: contents_held(text[], text[]); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.contents_held(p_contents text[], p_holds text[]) RETURNS SETOF text
    LANGUAGE plpgsql STABLE
    SET plan_cache_mode TO 'force_custom_plan'
    AS $$
declare
  erased text[];
  held text[];
  exported text[];
begin
  if cardinality(p_holds) = 0 then return; end if;
  erased := array(select distinct c.id from capsule_files k join capsules c on c.id = k.capsule_id
    where k.sha256 = any (p_contents) and c.state = 'erased');
  held := array(select distinct u.capsule_id from units_on_legal_hold h join capsule_units u on u.unit_id = h.unit_id
    where h.hold_id = any (p_holds) and u.capsule_id = any (erased));
  exported := array(select e.id from exports_held(array(select distinct f.export_id from export_files f where f.sha256 = any (p_contents)), p_holds) e (id));
  return query
    select k.sha256 from capsule_files k join capsules c on c.id = k.capsule_id
    where k.sha256 = any (p_contents) and (c.state = 'abandoned' or c.id = any (held))
    union select f.sha256 from export_files f where f.sha256 = any (p_contents) and f.export_id = any (exported);
end $$;

--
-- Name: contents_in_use(text[], text[]); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.contents_in_use(p_contents text[], p_over text[]) RETURNS SETOF text
    LANGUAGE plpgsql STABLE
    AS $$
declare
  -- Whose units somebody may have read for an export before they moved; a day is longer than any is made. After that it can't be made
  -- any more, and one that waits for a person keeps nothing back.
  being_told text[] := array(select c.id from capsules c where c.state = 'erased' and c.moved_at > clock_timestamp() - interval '1 day'
    and exists (select from exports x where x.state = 'opened' and x.buyer = c.buyer));
begin
  return query
    select k.sha256 from capsule_files k join capsules c on c.id = k.capsule_id
    where k.sha256 = any (p_contents) and (c.state not in ('erased', 'abandoned') or c.id = any (being_told)
      or c.state = 'abandoned' and (
        -- Nobody can have given it up.
        exists (select from capsule_units u where u.capsule_id = c.id)
        -- Its units may be those of one that is being written: the same units give the same bytes. What an erased one has as well is of others.
        or exists (select from capsules o where o.buyer is not distinct from c.buyer and o.product = c.product and o.state = 'planned')
          and not exists (select from capsule_files f join capsules e on e.id = f.capsule_id where f.sha256 = k.sha256 and e.state = 'erased')))
    union select f.sha256 from export_files f where f.sha256 = any (p_contents) and f.export_id <> all (p_over);
  if cardinality(being_told) = 0 then return; end if;
  return query
    select f.sha256 from export_files f join exports e on e.id = f.export_id
    where f.sha256 = any (p_contents) and exists (
      select from export_items i join capsule_units u on u.unit_id = i.unit_id
      where i.export_id = coalesce(e.reissue_of, e.id) and u.capsule_id = any (being_told)
      union all select from extract_items i join capsule_units u on u.unit_id = i.unit_id
      where i.export_id = coalesce(e.reissue_of, e.id) and u.capsule_id = any (being_told));
end $$;

--
-- Name: contents_over(timestamp with time zone); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.contents_over(p_as_of timestamp with time zone) RETURNS TABLE(sha256 text)
    LANGUAGE sql STABLE
    AS $$
  with over as materialized (select x.id from exports_over(p_as_of) x),
  needed as materialized (select n.sha256 from needed_contents(array(select o.id from over o)) n)
  select f.sha256 from (
    select k.sha256 from capsule_files k join capsules c on c.id = k.capsule_id
    -- One that was given up tells of units that are in others by now: it goes with the last of these.
    where (c.state = 'erased' or c.state = 'abandoned' and coalesce(archive_until(c.product, c.buyer) <= p_as_of, false) and not exists (
        select from capsules o where o.buyer is not distinct from c.buyer and o.product = c.product and o.state not in ('erased', 'abandoned')))
      and k.size_bytes > 0 and k.role not in ('page', 'schema', 'checkpoint') and (k.role <> 'parquet' or c.records > 0)
    union
    select e.sha256 from export_files e where e.export_id in (select o.id from over o) and (e.rows > 0 or e.name like '%.xlsx')) f
  where not exists (select from erased_contents d where d.sha256 = f.sha256)
    and not exists (select from needed n where n.sha256 = f.sha256)
$$;

--
-- Name: contents_removed(text, text[]); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.contents_removed(p_run text, p_contents text[]) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare
  gone text[];
begin
  perform run_under_way(p_run);
  with removed as (
    update erased_contents set removed_at = clock_timestamp() where sha256 = any (p_contents) and removed_at is null returning sha256)
  select array_agg(r.sha256 order by r.sha256) into gone from removed r;
  for nth in 1 .. coalesce(cardinality(gone), 0) by 1000 loop
    perform append_to_stream('retention:' || p_run, 'contentsRemoved', 'removed/' || gone[nth],
      format('{"contents":%s}', to_json(gone[nth : nth + 999])));
  end loop;
end $$;

--
-- Name: contents_to_remove(text, text[]); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.contents_to_remove(p_run text, p_contents text[]) RETURNS SETOF text
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare
  r retention_runs;
  holds text[];
  over text[];
  free text[];
begin
  perform check_sees_holds();
  select * into r from retention_runs where id = p_run;
  holds := array(select h.id from legal_holds h where h.released_at is null);
  over := exports_still_over(p_contents, least(r.as_of, clock_timestamp()));
  free := array(select e.sha256 from erased_contents e where e.sha256 = any (p_contents) and e.removed_at is null
    except select h.sha256 from contents_held(p_contents, holds) h (sha256));
  perform pg_advisory_xact_lock_shared(hashtext('unitrail.legal-holds'));
  r := run_under_way(p_run);
  if not r.clock_trusted then perform refuse('UT021', format('retention run %s: the clock is not trusted', p_run)); end if;
  return query
    select f.sha256 from unnest(free) f (sha256)
    except select u.sha256 from contents_in_use(free, over) u (sha256)
    except select h.sha256 from contents_held(free, array(select l.id from legal_holds l where l.released_at is null and l.id <> all (holds))) h (sha256)
    order by 1;
end $$;

--
-- Name: control_batch(text, text, text, text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.control_batch(p_batch text, p_type text, p_id text, p_body text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
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

--
-- Name: copy_verified(text, text, text, text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.copy_verified(p_capsule text, p_run text, p_place text, p_manifest_sha256 text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare
  c capsules;
begin
  perform check_office();
  perform run_under_way(p_run);
  perform check_word('place', p_place);
  select * into c from capsules where id = p_capsule for update;
  if not found or c.state in ('planned', 'abandoned') then perform refuse('UT009', format('there is no capsule %s that is made', p_capsule)); end if;
  if p_manifest_sha256 is distinct from encode(sha256(convert_to(c.events_manifest, 'UTF8')), 'hex') then
    perform refuse('UT002', format('capsule %s: the copy at %s has another manifest', c.id, p_place));
  end if;
  insert into capsule_copies (capsule_id, place, run_id, manifest_sha256) values (c.id, p_place, p_run, p_manifest_sha256) on conflict do nothing;
  if not found then return; end if;
  perform append_to_stream('retention:' || p_run, 'copyVerified', concat_ws('/', 'verified', c.id, p_place),
    format('{"capsule":%s,"manifestSha256":%s,"place":%s}', to_json(c.id), to_json(p_manifest_sha256), to_json(p_place)));
end $$;

--
-- Name: count_alive(public.units, text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.count_alive(u public.units, p_to_state text) RETURNS void
    LANGUAGE plpgsql
    AS $$
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

--
-- Name: count_recall(text, text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.count_recall(p_recall text, p_counts text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  if not exists (select from streams where stream = 'recall:' || p_recall) then
    perform refuse('UT009', format('there is no recall %s', p_recall));
  end if;
  perform append_to_stream('recall:' || p_recall, 'recallCounted',
    concat_ws('/', 'counted', left(encode(sha256(convert_to(p_counts, 'UTF8')), 'hex'), 16)), p_counts);
end $$;

--
-- Name: create_shipment(text, text, text, text, text, date, text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.create_shipment(p_shipment text, p_batch text, p_buyer text, p_destination text, p_carrier text, p_ship_on date, p_by text) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare
  s shipments;
begin
  perform check_office();
  perform check_word('shipment', p_shipment), check_word('destination', p_destination);
  if p_carrier is not null then perform check_word('carrier', p_carrier); end if;
  if p_by is not null then perform check_word('by', p_by); end if;
  if not exists (select from buyers where id = p_buyer) then perform refuse('UT009', format('there is no buyer %s', p_buyer)); end if;
  if p_batch is null and exists (select from batches where p_shipment = 'SH-' || id or starts_with(p_shipment, 'SH-' || id || '/')) then
    perform refuse('UT003', format('%s is a name of the shipment of a batch', p_shipment));
  end if;
  insert into shipments (id, batch_id, buyer, destination, carrier, ship_on)
  values (p_shipment, p_batch, p_buyer, p_destination, p_carrier, p_ship_on) on conflict (id) do nothing;
  if found then
    return append_to_stream('shipment:' || p_shipment, 'shipmentOpened', 'opened',
      format('{"batch":%s,"buyer":%s,"by":%s,"carrier":%s,"destination":%s,"shipOn":%s}', json_or_null(p_batch),
        to_json(p_buyer), json_or_null(p_by), json_or_null(p_carrier), to_json(p_destination), json_or_null(p_ship_on::text)));
  end if;
  select * into s from shipments where id = p_shipment;
  if (s.batch_id, s.buyer, s.destination) is distinct from (p_batch, p_buyer, p_destination) then
    perform refuse('UT003', format('shipment %s was opened for batch %s, buyer %s in %s', p_shipment, coalesce(s.batch_id, 'none'),
      s.buyer, s.destination));
  end if;
  -- A batch finds its own again, whatever became of it. A person who asks for another one has to hear that it is not this.
  if p_batch is null and (s.closed_at is not null or (s.carrier, s.ship_on) is distinct from (p_carrier, p_ship_on)) then
    perform refuse('UT003', format('shipment %s is there already: carrier %s, on %s%s', p_shipment, coalesce(s.carrier, 'none'),
      coalesce(s.ship_on::text, 'no date'), case when s.cancelled then ', cancelled' when s.closed_at is not null then ', closed' end));
  end if;
  return false;
end $$;

--
-- Name: declare_used_ranges(jsonb); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.declare_used_ranges(p_pools jsonb) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare
  wanted record;
  clash record;
  lost used_ranges;
begin
  perform lock_used_ranges(false);
  select u.* into lost from used_ranges u join jsonb_array_elements(p_pools) p on p ->> 'name' = u.name
  where u.kind = 'mac' and not u.numbers <@ (
    select coalesce(range_agg(int8range((r ->> 0)::bigint, (r ->> 1)::bigint)), '{}'::int8multirange) from jsonb_array_elements(p -> 'ranges') r) limit 1;
  if found then
    perform refuse('UT007', format('used: the numbers %s of pool %s were declared as used before, and stay so', lost.numbers, lost.name));
  end if;
  for wanted in
    select p ->> 'name' as name, int8range((r ->> 0)::bigint, (r ->> 1)::bigint) as numbers
    from jsonb_array_elements(p_pools) p, jsonb_array_elements(p -> 'ranges') r
  loop
    select b.id, coalesce('batch ' || b.batch_id, 'lease ' || b.lease_id) as receiver, b.numbers * wanted.numbers as numbers into clash
    from blocks b join number_spaces s on s.id = b.space_id
    where s.kind = 'mac' and s.name = wanted.name and b.numbers && wanted.numbers order by b.id limit 1;
    if found then
      perform refuse('UT007', format('used: the numbers %s of pool %s are not allowed; they were granted to %s (block %s)',
        clash.numbers, wanted.name, clash.receiver, clash.id));
    end if;
    insert into used_ranges (kind, name, numbers) values ('mac', wanted.name, wanted.numbers) on conflict do nothing;
  end loop;
end $$;

--
-- Name: digest_of_list(bigint); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.digest_of_list(p_space bigint) RETURNS text
    LANGUAGE sql STABLE
    AS $$
  select encode(sha256(string_agg(sha256(convert_to(value, 'UTF8')), ''::bytea order by position)), 'hex')
  from listed_numbers where space_id = p_space
$$;

--
-- Name: due_units(timestamp with time zone); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.due_units(p_as_of timestamp with time zone) RETURNS TABLE(unit_id uuid, issuer text, serial text, buyer text, product text, month text, last_seq bigint, head bytea, sealed_at timestamp with time zone, record_sha256 text, held boolean, undelivered boolean)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  with ended as (
    select u.id, u.issuer, u.serial, s.buyer, u.product, u.seq, u.head, coalesce(s.closed_at, u.updated_at) as ended_at
    from units u left join shipments s on s.id = u.shipment_id and u.state = 'Shipped'
    where u.state in ('Shipped', 'Scrapped', 'Void') and not exists (select from capsule_units c where c.unit_id = u.id)),
  terms as materialized (
    select k.product, k.buyer, t.database_months from (select distinct e.product, e.buyer from ended e) k
    cross join (select v.document::jsonb as d from plant_versions v order by v.id desc limit 1) p
    cross join lateral retention_terms(p.d, k.product, k.buyer) t)
  -- The month is that of the record: a closing may begin in one month and end in the next.
  select e.id, e.issuer, e.serial, e.buyer, e.product,
    coalesce(case when extract(day from r.sealed_at at time zone 'UTC') > 1 then to_char(r.sealed_at at time zone 'UTC', 'YYYY-MM')
        else (select substr(q.body::jsonb #>> '{shipment,at}', 1, 7) from records q where q.unit_id = r.unit_id) end,
      to_char(e.ended_at at time zone 'UTC', 'YYYY-MM')), e.seq, e.head,
    r.sealed_at, r.sha256, h.unit_id is not null, d.unit_id is not null
  from ended e join terms t on t.product = e.product and t.buyer is not distinct from e.buyer
  left join records r on r.unit_id = e.id
  -- As sets: asked unit by unit, they would be looked through a million times.
  left join (select distinct w.unit_id from units_on_legal_hold w) h on h.unit_id = e.id
  left join (select distinct w.unit_id from undelivered_units w) d on d.unit_id = e.id
  where e.ended_at + make_interval(months => t.database_months) <= p_as_of
$$;

--
-- Name: end_delivery(bigint, text, text, text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.end_delivery(p_delivery bigint, p_outcome text, p_code text, p_message text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
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

--
-- Name: end_lease(uuid); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.end_lease(p_unit uuid) RETURNS void
    LANGUAGE sql
    AS $$
  update slots set state = 'uncleared', fence = fence + 1 where unit_id = p_unit and state = 'leased'
$$;

--
-- Name: end_retention_run(text, text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.end_retention_run(p_run text, p_report text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare
  r retention_runs;
begin
  perform check_office();
  perform check_body(p_report);
  select * into r from retention_runs where id = p_run for no key update;
  if not found then perform refuse('UT009', format('there is no retention run %s', p_run)); end if;
  if r.ended_at is not null then return; end if;
  update retention_runs set ended_at = clock_timestamp(), report = p_report where id = p_run;
  perform append_to_stream('retention:' || p_run, 'retentionEnded', 'ended',
    format('{"reportSha256":%s}', to_json(encode(sha256(convert_to(p_report, 'UTF8')), 'hex'))));
end $$;

--
-- Name: erasable_capsules(timestamp with time zone); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.erasable_capsules(p_as_of timestamp with time zone) RETURNS TABLE(capsule_id text, kept_until timestamp with time zone, hold_id text)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select c.id, k.until, (select h.hold_id from capsule_units u join units_on_legal_hold h on h.unit_id = u.unit_id where u.capsule_id = c.id limit 1)
  from (select m.product, m.buyer, archive_until(m.product, m.buyer) as until
        from (select distinct product, buyer from capsules where state = 'moved') m) k
  join capsules c on c.product = k.product and c.buyer is not distinct from k.buyer and c.state = 'moved'
  where k.until <= p_as_of order by c.id
$$;

--
-- Name: erasable_names(timestamp with time zone); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.erasable_names(p_as_of timestamp with time zone) RETURNS SETOF text
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select o.number from operators o
  where o.erased_at is null and o.left_at + make_interval(months => names_months()) <= p_as_of
    and not exists (select from legal_holds where released_at is null) order by o.number
$$;

--
-- Name: erase_capsule(text, text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.erase_capsule(p_capsule text, p_run text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare
  r retention_runs;
  c capsules;
  until timestamptz;
  obstacle text;
begin
  perform check_sees_holds();
  perform pg_advisory_xact_lock_shared(hashtext('unitrail.legal-holds'));
  r := run_under_way(p_run);
  if not r.clock_trusted then perform refuse('UT021', format('retention run %s: the clock is not trusted', p_run)); end if;
  select * into c from capsules where id = p_capsule for update;
  if not found then perform refuse('UT009', format('there is no capsule %s', p_capsule)); end if;
  if c.state = 'erased' then return; end if;
  if c.state <> 'moved' then perform refuse('UT021', format('capsule %s is not moved', c.id)); end if;
  until := archive_until(c.product, c.buyer);
  if coalesce(until <= least(r.as_of, clock_timestamp()), false) is not true then
    perform refuse('UT021', format('capsule %s is kept until %s', c.id, coalesce(told_time(until), 'further notice')));
  end if;
  select h.hold_id into obstacle from capsule_units u join units_on_legal_hold h on h.unit_id = u.unit_id where u.capsule_id = c.id limit 1;
  if found then perform refuse('UT021', format('capsule %s: a unit of it is on legal hold %s', c.id, obstacle)); end if;
  update capsules set state = 'erased', erased_at = clock_timestamp() where id = c.id;
  perform append_to_stream('retention:' || p_run, 'capsuleErased', 'erased/' || c.id,
    format('{"capsule":%s,"keptUntil":%s,"units":%s}', to_json(c.id), told_time(until), c.units));
end $$;

--
-- Name: erase_contents(text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.erase_contents(p_run text) RETURNS SETOF text
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare
  r retention_runs;
  decided text[];
  part text[];
  list text;
  over text[];
begin
  perform check_sees_holds();
  -- Two runs that decide at once: the second one sees what the first one has.
  perform pg_advisory_xact_lock(hashtext('unitrail.erased-contents'));
  r := run_under_way(p_run);
  if not r.clock_trusted then perform refuse('UT021', format('retention run %s: the clock is not trusted', p_run)); end if;
  decided := array(select c.sha256 from contents_over(least(r.as_of, clock_timestamp())) c order by c.sha256);
  insert into erased_contents (sha256, run_id) select d, p_run from unnest(decided) d;
  -- A list of thousands would be too long for an event.
  for nth in 1 .. cardinality(decided) by 1000 loop
    part := decided[nth : nth + 999];
    list := encode(sha256(convert_to(array_to_string(part, ','), 'UTF8')), 'hex');
    perform append_to_stream('retention:' || p_run, 'contentsErased', 'contents/' || list,
      format('{"contents":%s,"list":%s,"listSha256":%s}', cardinality(part), to_json(part), to_json(list)));
  end loop;
  over := array(select x.id from exports_over(least(r.as_of, clock_timestamp())) x);
  return query
    with needed as materialized (select n.sha256 from needed_contents(over) n)
    select e.sha256 from erased_contents e
    where e.removed_at is null and not exists (select from needed n where n.sha256 = e.sha256) order by e.sha256;
end $$;

--
-- Name: erase_names(text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.erase_names(p_run text) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
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

--
-- Name: export_key_id(text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.export_key_id(p_public_key text) RETURNS text
    LANGUAGE plpgsql IMMUTABLE
    AS $_$
begin
  if p_public_key is null or p_public_key !~ '^MCowBQYDK2VwAyEA[A-Za-z0-9+/]{43}=$' then
    perform refuse('UT007', format(
      'publicKey: %s is not allowed; an Ed25519 public key as base64 of its DER (SPKI): 60 characters that begin with MCowBQYDK2VwAyEA',
      coalesce(left(p_public_key, 100), 'none')));
  end if;
  return left(encode(sha256(decode(p_public_key, 'base64')), 'hex'), 16);
end $_$;

--
-- Name: export_made(text, text, text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.export_made(p_export text, p_manifest text, p_public_key text) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare
  e exports;
begin
  perform check_office();
  select * into e from exports where id = p_export for update;
  if e.state = 'opened'
     and exists (select from unit_events where stream = 'export:' || e.id and type = 'exportLookPinned') then
    perform refuse('40001', format('export %s has got another look: a worker of the present version makes it', e.id));
  end if;
  return export_made(p_export, p_manifest, p_public_key, encode(sha256(convert_to(e.look, 'UTF8')), 'hex'));
end $$;

--
-- Name: export_made(text, text, text, text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.export_made(p_export text, p_manifest text, p_public_key text, p_look_sha256 text) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare
  m jsonb := check_body(p_manifest);
  key_id text := export_key_id(p_public_key);
  digest text := encode(sha256(convert_to(p_manifest, 'UTF8')), 'hex');
  e exports;
  before exports;
begin
  perform check_office();
  select * into e from exports where id = p_export for update;
  if not found then perform refuse('UT009', format('there is no export %s', p_export)); end if;
  if e.state <> 'opened' then return false; end if;
  if encode(sha256(convert_to(e.look, 'UTF8')), 'hex') is distinct from p_look_sha256 then
    perform refuse('40001', format('export %s is to look otherwise by now', e.id));
  end if;
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

--
-- Name: exports; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.exports (
    id text NOT NULL,
    buyer text NOT NULL,
    kind text NOT NULL,
    number integer,
    request text NOT NULL,
    as_of timestamp with time zone NOT NULL,
    look text NOT NULL,
    predecessor text,
    reissue_of text,
    sealed_from timestamp with time zone,
    sealed_to timestamp with time zone,
    records integer NOT NULL,
    amendments integer NOT NULL,
    numbers integer NOT NULL,
    state text DEFAULT 'opened'::text NOT NULL,
    opened_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    made_at timestamp with time zone,
    delivered_at timestamp with time zone,
    manifest text,
    CONSTRAINT exports_chain CHECK (((predecessor IS NOT NULL) = COALESCE((number > 1), false))),
    CONSTRAINT exports_delivered CHECK (((state = 'delivered'::text) = (delivered_at IS NOT NULL))),
    CONSTRAINT exports_kind CHECK ((kind = ANY (ARRAY['sequence'::text, 'reissue'::text, 'extract'::text]))),
    CONSTRAINT exports_made CHECK ((((state = 'opened'::text) = (manifest IS NULL)) AND ((manifest IS NULL) = (made_at IS NULL)))),
    CONSTRAINT exports_numbered CHECK (((kind = 'sequence'::text) = (number IS NOT NULL))),
    CONSTRAINT exports_of_another CHECK (((kind = 'reissue'::text) = (reissue_of IS NOT NULL))),
    CONSTRAINT exports_some CHECK (((records >= 0) AND (amendments >= 0) AND (numbers >= 0) AND ((kind <> 'sequence'::text) OR (((records + amendments) + numbers) > 0)))),
    CONSTRAINT exports_state CHECK ((state = ANY (ARRAY['opened'::text, 'made'::text, 'delivered'::text]))),
    CONSTRAINT exports_time CHECK (((kind = 'extract'::text) = ((sealed_from IS NOT NULL) AND (sealed_to IS NOT NULL))))
);

--
-- Name: export_of_request(text, text, text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.export_of_request(p_buyer text, p_request text, p_kind text) RETURNS public.exports
    LANGUAGE plpgsql
    AS $$
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

--
-- Name: exports_held(text[], text[]); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.exports_held(p_exports text[], p_holds text[]) RETURNS SETOF text
    LANGUAGE plpgsql STABLE
    SET plan_cache_mode TO 'force_custom_plan'
    AS $$
declare
  told text[];
  held text[];
begin
  if cardinality(p_holds) = 0 or cardinality(p_exports) = 0 then return; end if;
  told := array(select distinct coalesce(x.reissue_of, x.id) from exports x where x.id = any (p_exports));
  held := array(
    select i.export_id from units_on_legal_hold h join export_items i on i.unit_id = h.unit_id
    where h.hold_id = any (p_holds) and i.export_id = any (told)
    union select i.export_id from units_on_legal_hold h join extract_items i on i.unit_id = h.unit_id
    where h.hold_id = any (p_holds) and i.export_id = any (told));
  return query
    select x.id from exports x where x.id = any (p_exports) and (coalesce(x.reissue_of, x.id) = any (held)
      or exists (select from legal_holds h where h.id = any (p_holds) and h.kind = 'buyer' and h.value = x.buyer));
end $$;

--
-- Name: exports_over(timestamp with time zone); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.exports_over(p_as_of timestamp with time zone) RETURNS TABLE(id text)
    LANGUAGE sql STABLE
    AS $$
  with over as materialized (
    select u.unit_id from capsule_units u join capsules c on c.id = u.capsule_id
    where c.state = 'erased' and not exists (select from units_on_legal_hold h where h.unit_id = u.unit_id)),
  -- Those that tell of one at least: of all others nothing is asked.
  touched as materialized (
    select x.export_id from export_items x join over o on o.unit_id = x.unit_id
    union select x.export_id from extract_items x join over o on o.unit_id = x.unit_id),
  asked as (
    select e.id, e.buyer, coalesce(e.reissue_of, e.id) as items from exports e
    where (e.state = 'delivered' or e.state = 'made' and e.kind <> 'sequence')
      and (e.id in (select t.export_id from touched t) or e.reissue_of in (select t.export_id from touched t))),
  kept as materialized (
    select x.export_id from export_items x where x.unit_id is not null and x.export_id in (select q.items from asked q)
      and not exists (select from over o where o.unit_id = x.unit_id)
    union select x.export_id from extract_items x where x.export_id in (select q.items from asked q)
      and not exists (select from over o where o.unit_id = x.unit_id))
  select a.id from asked a
  where a.items not in (select k.export_id from kept k)
    and not exists (select from legal_holds h where h.kind = 'buyer' and h.value = a.buyer and h.released_at is null)
    and not exists (
      select from (select distinct x.batch_id from export_items x where x.export_id = a.items and x.unit_id is null) n
      left join batches b on b.id = n.batch_id where coalesce(archive_until(b.product, a.buyer) <= p_as_of, false) is not true)
$$;

--
-- Name: exports_still_over(text[], timestamp with time zone); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.exports_still_over(p_contents text[], p_as_of timestamp with time zone) RETURNS text[]
    LANGUAGE plpgsql STABLE
    SET plan_cache_mode TO 'force_custom_plan'
    AS $$
declare
  known text[] := array(select distinct f.export_id from erased_contents e join export_files f on f.sha256 = e.sha256 join exports x on x.id = f.export_id
    where e.sha256 = any (p_contents) and x.made_at < e.decided_at);
begin
  return array(select x.id from exports x where x.id = any (known) and not exists (
    select from (select distinct i.batch_id from export_items i
      where i.export_id = coalesce(x.reissue_of, x.id) and i.kind = 'number' and i.unit_id is null) n
    left join batches b on b.id = n.batch_id where coalesce(archive_until(b.product, x.buyer) <= p_as_of, false) is not true));
end $$;

--
-- Name: field_reports; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.field_reports (
    import_id bigint NOT NULL,
    "position" bigint NOT NULL,
    unit_id uuid NOT NULL,
    version text NOT NULL,
    firmware_sha256 text,
    reported_at timestamp with time zone NOT NULL,
    source text NOT NULL,
    source_row bigint NOT NULL,
    CONSTRAINT field_reports_sha256 CHECK ((firmware_sha256 ~ '^[0-9a-f]{64}$'::text)),
    CONSTRAINT field_reports_source CHECK ((((length(source) >= 1) AND (length(source) <= 64)) AND (source !~ '[|[:cntrl:]]'::text))),
    CONSTRAINT field_reports_time CHECK ((reported_at = date_trunc('milliseconds'::text, reported_at))),
    CONSTRAINT field_reports_version CHECK ((version ~ '^[!-{}~]([ -{}~]{0,62}[!-{}~])?$'::text))
);

--
-- Name: field_report_line(public.field_reports); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.field_report_line(r public.field_reports) RETURNS text
    LANGUAGE sql IMMUTABLE
    AS $$
  select concat_ws('|', r.unit_id, r.version, coalesce(r.firmware_sha256, '-'),
    to_char(r.reported_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), r.source, r.source_row)
$$;

--
-- Name: field_reports_in(jsonb); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.field_reports_in(p_reports jsonb) RETURNS TABLE(n integer, unit uuid, version text, sha256 text, at timestamp with time zone, source text, "row" bigint)
    LANGUAGE sql IMMUTABLE
    AS $$
  select given.n::integer, (r ->> 'unit')::uuid, r ->> 'version', r ->> 'sha256', (r ->> 'at')::timestamptz, r ->> 'source', whole(r, 'row')
  from jsonb_array_elements(p_reports) with ordinality as given(r, n)
$$;

--
-- Name: find_space(text, text, text, text, bigint, bigint); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.find_space(p_kind text, p_name text, p_scope text, p_issuer text, p_first bigint, p_last bigint) RETURNS bigint
    LANGUAGE plpgsql
    AS $$
declare
  space number_spaces;
begin
  select * into space from number_spaces where kind = p_kind and name = p_name and scope = p_scope;
  if not found then
    if exists (select from issuers where id = p_issuer and kind = 'buyer') then
      perform refuse('UT009', format('there is no list %s of %s: import it first', p_name, p_issuer));
    end if;
    -- A lease that is accepted at this moment is waited for.
    perform pg_advisory_xact_lock_shared(hashtext('unitrail.lease'));
    if p_scope not like 'lease:%' and exists (select from number_leases where side = 'lessee' and kind = p_kind and name = p_name) then
      perform refuse('UT007', format('%s %s: this site has no counter of its own for numbers that it leases', p_kind, p_name));
    end if;
    insert into number_spaces (kind, name, scope, issuer, first_number, last_number, next_number)
    values (p_kind, p_name, p_scope, p_issuer, p_first, p_last, p_first) on conflict (kind, name, scope) do nothing;
    select * into space from number_spaces where kind = p_kind and name = p_name and scope = p_scope;
  end if;
  if space.issuer <> p_issuer then
    perform refuse('UT007', format('%s %s %s is of issuer %s, not %s', p_kind, p_name, p_scope, space.issuer, p_issuer));
  end if;
  if space.kind = 'serial' and space.last_number < p_last and space.scope not like 'lease:%' and not exists (select from number_lists where space_id = space.id) then
    update number_spaces set last_number = p_last where id = space.id and last_number < p_last;
  end if;
  return space.id;
end $$;

--
-- Name: fresh_units(public.batches, text, public.asked_claim[]); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.fresh_units(b public.batches, p_firmware text, p_claims public.asked_claim[]) RETURNS public.fresh_unit[]
    LANGUAGE plpgsql
    AS $$
declare
  batch constant json := to_json(b.id);
  firmware constant json := to_json(p_firmware);
  version constant json := to_json(b.firmware_version);
  of_order constant json := to_json(b.order_id);
  product constant json := to_json(b.product);
  recipe constant json := to_json(b.recipe_sha256);
  trial constant json := to_json(b.trial);
  zeros constant bytea := decode(repeat('00', 32), 'hex');
  known constant integer[] := array(select x.batch_index from units x
    where x.batch_id = b.id and x.batch_index = any (array(select c.index from unnest(p_claims) as c)));
begin
  return array(
    select (f.index, f.id, f.block, f.ordinal, f.issuer, f.value, f.at, f.header, f.body,
        sha256(zeros || sha256(convert_to(f.header, 'UTF8')) || sha256(convert_to(f.body, 'UTF8'))))::fresh_unit
    from (
      select g.*, concat_ws('|', 'v1', 'unit:' || g.id, 1, 'claimed', g.id || '/claimed', session_user,
          to_char(g.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')) as header,
        format('{"batch":%s,"block":%s,"firmwareSha256":%s,"firmwareVersion":%s,"index":%s,"issuer":%s,"order":%s,"ordinal":%s,"product":%s,"recipeSha256":%s,"serial":%s,"trial":%s}',
          batch, g.block, firmware, version, g.index, to_json(g.issuer), of_order, g.ordinal, product, recipe, to_json(g.value), trial) as body
      from (
        select c.index, gen_random_uuid() as id, c.block, c.ordinal, s.issuer, c.value, date_trunc('milliseconds', clock_timestamp()) as at
        from unnest(p_claims) as c
        left join (blocks k join number_spaces s on s.id = k.space_id and s.kind = 'serial')
          on k.id = c.block and k.batch_id = b.id and c.ordinal between 0 and upper(k.numbers) - lower(k.numbers) - 1
        where c.index <> all (known)
        offset 0) g
      offset 0) f
    order by f.index);
end $$;

--
-- Name: grant_block(bigint, text, integer, integer, integer, text, text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.grant_block(p_space bigint, p_batch text, p_quantity integer, p_run_length integer, p_version integer, p_pattern text, p_date_parts text) RETURNS bigint
    LANGUAGE plpgsql
    AS $$
begin
  perform seek_numbers(p_space, p_quantity::bigint * p_run_length, p_run_length, p_pattern);
  return grant_next_block(p_space, p_batch, p_quantity, p_run_length, p_version, p_pattern, p_date_parts);
end $$;

--
-- Name: grant_lease(text, jsonb, text, text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.grant_lease(p_document text, p_space jsonb, p_public_key text, p_by text) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare
  d jsonb := check_lease(p_document);
  size bigint := whole(d, 'last') - whole(d, 'first') + 1;
  space bigint;
  block bigint;
begin
  perform pg_advisory_xact_lock(hashtext('unitrail.lease'));
  if is_known(d ->> 'lease', (select document from number_leases where id = d ->> 'lease'), p_document, 'a lease') then return false; end if;
  if reserve_for_lease(p_space, size) is distinct from whole(d, 'first')
     or (p_space ->> 'kind', p_space ->> 'name', p_space ->> 'scope', p_space ->> 'issuer', p_space ->> 'pattern') is distinct from
        (d #>> '{numbers,kind}', d #>> '{numbers,name}', d #>> '{numbers,scope}', d ->> 'issuer', d #>> '{numbers,pattern}') then
    perform refuse('UT007', format('lease: %s names other numbers than those that are next', d ->> 'lease'));
  end if;
  select id into space from number_spaces where kind = p_space ->> 'kind' and name = p_space ->> 'name' and scope = p_space ->> 'scope';
  perform record_lease(d, p_document, 'lessor', space, p_public_key, p_by);
  update number_spaces set next_number = greatest(next_number, whole(d, 'last') + 1) where id = space;
  insert into blocks (space_id, lease_id, numbers, scheme_version, pattern, date_parts)
  values (space, d ->> 'lease', int8range(whole(d, 'first'), whole(d, 'last') + 1), whole(d -> 'numbers', 'version')::integer,
    d #>> '{numbers,pattern}', '{}') returning id into block;
  perform move_numbers(block, 'granted', 'leased', size::integer, 'lease:' || (d ->> 'lease'), 1);
  return true;
end $$;

--
-- Name: grant_next_block(bigint, text, integer, integer, integer, text, text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.grant_next_block(p_space bigint, p_batch text, p_quantity integer, p_run_length integer, p_version integer, p_pattern text, p_date_parts text) RETURNS bigint
    LANGUAGE plpgsql
    AS $$
declare
  space number_spaces;
  block bigint;
  width bigint := p_quantity::bigint * p_run_length;
  start bigint;
begin
  select * into space from number_spaces where id = p_space for update;
  -- Runs of MAC addresses are aligned to their length.
  start := ((space.next_number + p_run_length - 1) / p_run_length) * p_run_length;
  if start + width - 1 > space.last_number then
    perform refuse('UT011', format('%s %s has %s numbers left; the batch needs %s', space.name, space.scope,
      greatest(space.last_number - start + 1, 0), width));
  end if;
  update number_spaces set next_number = start + width where id = p_space;
  insert into blocks (space_id, batch_id, numbers, run_length, scheme_version, pattern, date_parts)
  values (p_space, p_batch, int8range(start, start + width), p_run_length, p_version, p_pattern, p_date_parts)
  returning id into block;
  perform move_numbers(block, 'granted', 'reserved', width::integer, 'batch:' || p_batch,
    (select seq from streams where stream = 'batch:' || p_batch));
  return block;
end $$;

--
-- Name: grantable_addresses(text, bigint[]); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.grantable_addresses(p_pool text, p_numbers bigint[]) RETURNS TABLE(number bigint, batch text)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select n, b.batch_id
  from unnest(p_numbers) as n
  left join number_spaces s on s.kind = 'mac' and s.name = p_pool and s.scope = ''
  left join blocks b on b.space_id = s.id and b.numbers @> n
  where (s.id is null or n >= s.next_number or b.id is not null)
    and not exists (select from identifiers i where i.block_id = b.id and i.ordinal = n - lower(b.numbers))
    and not exists (select from lease_returns r where r.lease_id = b.lease_id and r.unused @> n)
$$;

--
-- Name: hand_out_slots(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.hand_out_slots() RETURNS void
    LANGUAGE plpgsql
    AS $$
declare
  free_slot record;
  waiter slot_requests;
begin
  perform lock_line();
  for free_slot in
    select slots.station, slots.slot, stations.steps from slots join stations on stations.id = slots.station
    where slots.state = 'free' and slots.offered order by slots.station, slots.slot
  loop
    select r.* into waiter from slot_requests r join units u on u.id = r.unit_id and u.state = 'InProgress' and u.step = r.step
      left join batch_controls c on c.batch_id = u.batch_id
    where r.step = any (free_slot.steps) and r.seen_at > clock_timestamp() - interval '60 seconds'
      and not exists (select from slots s where s.unit_id = r.unit_id)
      and not exists (select from holds h where h.unit_id = r.unit_id and h.released_seq is null)
    order by r.requested_at - coalesce(c.priority, 0) * interval '10 minutes', r.unit_id limit 1;
    continue when not found;
    delete from slot_requests where unit_id = waiter.unit_id;
    update slots set state = 'leased', unit_id = waiter.unit_id, fence = fence + 1
    where station = free_slot.station and slot = free_slot.slot;
    perform pg_notify('unitrail_slot', waiter.unit_id::text);
  end loop;
end $$;

--
-- Name: has_role(text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.has_role(p_role text) RETURNS boolean
    LANGUAGE sql STABLE
    AS $$
  select pg_has_role(session_user, p_role, 'usage')
$$;

--
-- Name: identifiers_of(text, text, jsonb); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.identifiers_of(p_issuer text, p_serial text, p_body jsonb) RETURNS TABLE(issuer text, kind text, value text)
    LANGUAGE sql IMMUTABLE
    AS $$
  select p_issuer, 'serial', p_serial
  union all select 'ieee', 'mac', mac from jsonb_array_elements_text(p_body -> 'macs') as mac
  union all select p_body ->> 'chipFamily', 'chip-uid', p_body ->> 'chipUid'
    where p_body ->> 'chipFamily' is not null and p_body ->> 'chipUid' is not null
$$;

--
-- Name: identify_unit(uuid, text, text, text, text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.identify_unit(p_unit uuid, p_kind text, p_issuer text, p_value text, p_by text) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
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

--
-- Name: is_erased(text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.is_erased(p_sha256 text) RETURNS boolean
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare
  asked text[] := array[p_sha256];
begin
  if not exists (select from erased_contents e where e.sha256 = p_sha256 and e.removed_at is not null)
    or exists (select from exports x where x.state = 'opened') then return false; end if;
  return not exists (select from contents_in_use(asked, exports_still_over(asked, clock_timestamp())))
    and not exists (select from contents_held(asked, array(select l.id from legal_holds l where l.released_at is null)));
end $$;

--
-- Name: is_imei(text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.is_imei(p_value text) RETURNS boolean
    LANGUAGE sql IMMUTABLE
    AS $_$
  select case when p_value ~ '^[0-9]{15}$' then (
    select sum(case when place % 2 = 1 then digit else digit * 2 - 9 * (digit > 4)::integer end) % 10 = 0
    from (select place, substr(p_value, 16 - place, 1)::integer as digit from generate_series(1, 15) as place) digits)
  else false end
$_$;

--
-- Name: is_known(text, text, text, text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.is_known(p_lease text, p_known text, p_document text, p_what text) RETURNS boolean
    LANGUAGE plpgsql
    AS $$
begin
  if p_known is null then return false; end if;
  if p_known <> p_document then
    perform refuse('UT007', format('lease: %s is not allowed; %s of it with other content is on record', p_lease, p_what));
  end if;
  return true;
end $$;

--
-- Name: is_of_lost_epoch(public.batches); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.is_of_lost_epoch(b public.batches) RETURNS boolean
    LANGUAGE sql STABLE
    AS $$
  select exists (select from registry_epochs e where e.epoch > 1 and e.opened_at > b.opened_at)
$$;

--
-- Name: is_open(text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.is_open(p_state text) RETURNS boolean
    LANGUAGE sql IMMUTABLE
    AS $$
  select p_state in ('InProgress', 'AwaitingEngineer', 'ReadyToShip', 'Packed')
$$;

--
-- Name: json_or_null(text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.json_or_null(p_value text) RETURNS text
    LANGUAGE sql IMMUTABLE
    AS $$
  select coalesce(to_json(p_value)::text, 'null')
$$;

--
-- Name: judge_cosignatures(bigint[], bigint[]); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.judge_cosignatures(p_judged bigint[], p_held bigint[]) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare
  l log_cosignatures;
  free integer;
begin
  perform check_office();
  perform pg_advisory_xact_lock(hashtext('unitrail.log-cosignatures'));
  for l in
    select s.* from log_cosignatures_waiting w join log_cosignatures s on s.id = w.cosignature_id
    where w.cosignature_id = any(p_judged) and w.cosignature_id = any(p_held) order by s.id
  loop
    select min(n) into free from generate_series(1, 16) as n
    where not exists (select from log_witnesses w where w.origin = l.origin and w.place = n)
      and not exists (select from log_witnesses w where w.origin = l.origin and w.place is not null and witness_id(w.witness) = witness_id(l.witness));
    insert into log_witnesses (origin, witness, cosignature_id, place) values (l.origin, l.witness, l.id, free)
    on conflict on constraint log_witnesses_pkey do nothing;
    insert into log_cosignatures_held (cosignature_id, origin, witness, size, signed_at)
    select l.id, l.origin, l.witness, l.size, l.signed_at from log_witnesses w
    where w.origin = l.origin and w.witness = l.witness and w.place is not null
    on conflict do nothing;
  end loop;
  delete from log_cosignatures_waiting w where w.cosignature_id = any(p_judged);
end $$;

--
-- Name: key_of_withdrawal(uuid, text, text, text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.key_of_withdrawal(p_unit uuid, p_kind text, p_issuer text, p_value text) RETURNS text
    LANGUAGE sql IMMUTABLE
    AS $$
  select concat_ws('/', p_unit, 'identified', 'withdrawn', p_kind, p_issuer, p_value)
$$;

--
-- Name: label_difference(public.units, jsonb); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.label_difference(u public.units, p_scanned jsonb) RETURNS text
    LANGUAGE plpgsql STABLE
    AS $$
declare
  seen jsonb;
begin
  select e.body::jsonb #> '{statement,label}' into seen from unit_events e
  where e.stream = 'unit:' || u.id and e.seq = u.qc_seq and e.type = 'qualityPassed';
  return case
    when seen is null or jsonb_typeof(seen) <> 'object' then null
    when seen ->> 'serial' is distinct from u.serial then format('its QC saw the label of %s', seen ->> 'serial')
    when whole(seen, 'print') <> u.label_print then
      format('its QC saw print %s, and print %s is on record', seen ->> 'print', u.label_print)
    when p_scanned is not null and p_scanned <> seen then format('its label was scanned as %s, and QC saw %s', p_scanned, seen)
  end;
end $$;

--
-- Name: last_placed(text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.last_placed(p_product text) RETURNS timestamp with time zone
    LANGUAGE sql STABLE
    AS $$
  select s.closed_at from shipments s
  where s.closed_at is not null and exists (select from units u where u.shipment_id = s.id and u.product = p_product and u.state = 'Shipped')
  order by s.closed_at desc limit 1
$$;

--
-- Name: number_leases; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.number_leases (
    id text NOT NULL,
    side text NOT NULL,
    lessor text NOT NULL,
    lessee text NOT NULL,
    kind text NOT NULL,
    name text NOT NULL,
    scope text NOT NULL,
    version integer NOT NULL,
    pattern text NOT NULL,
    numbers int8range NOT NULL,
    space_id bigint NOT NULL,
    document text NOT NULL,
    public_key text NOT NULL,
    recorded_by text NOT NULL,
    recorded_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    stream text GENERATED ALWAYS AS (('lease:'::text || id)) STORED NOT NULL,
    seq bigint DEFAULT 1 NOT NULL,
    CONSTRAINT number_leases_id CHECK ((id ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$'::text)),
    CONSTRAINT number_leases_kind CHECK ((kind = ANY (ARRAY['serial'::text, 'mac'::text]))),
    CONSTRAINT number_leases_numbers CHECK (((NOT isempty(numbers)) AND lower_inc(numbers) AND (NOT upper_inc(numbers)))),
    CONSTRAINT number_leases_side CHECK (((side = ANY (ARRAY['lessor'::text, 'lessee'::text])) AND (lessor <> lessee)))
);

--
-- Name: lease_of_side(text, text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.lease_of_side(p_lease text, p_side text) RETURNS public.number_leases
    LANGUAGE plpgsql
    AS $$
declare
  l number_leases;
begin
  select * into l from number_leases where id = p_lease and side = p_side;
  if not found then
    perform refuse('UT009', format('lease: %s is not allowed; one that this site %s', p_lease,
      case p_side when 'lessee' then 'holds' else 'has granted' end));
  end if;
  return l;
end $$;

--
-- Name: leased_space(text, text, text, integer, text, bigint, integer); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.leased_space(p_kind text, p_name text, p_scope text, p_version integer, p_pattern text, p_width bigint, p_run_length integer) RETURNS bigint
    LANGUAGE plpgsql
    AS $$
declare
  found_space bigint;
begin
  select s.id into found_space from number_leases l join number_spaces s on s.id = l.space_id
  where l.side = 'lessee' and (l.kind, l.name, l.scope, l.version, l.pattern) = (p_kind, p_name, p_scope, p_version, p_pattern)
    and next_start(s, p_run_length) + p_width - 1 <= s.last_number
  order by l.recorded_at, l.id limit 1 for update of s;
  if found_space is null then
    perform refuse('UT011', format('%s %s/%s: no lease has %s numbers in a row left; left are %s. Accept another lease of them, then start again',
      p_kind, concat_ws(' ', p_name, nullif(p_scope, '')), p_version, p_width,
      coalesce((select string_agg(format('%s in %s', s.last_number - s.next_number + 1, l.id), ', ' order by l.recorded_at, l.id)
        from number_leases l join number_spaces s on s.id = l.space_id
        where l.side = 'lessee' and (l.kind, l.name, l.scope, l.version) = (p_kind, p_name, p_scope, p_version)
          and s.next_number <= s.last_number), 'none')));
  end if;
  return found_space;
end $$;

--
-- Name: leaves_of(bigint[]); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.leaves_of(p_queue bigint[]) RETURNS TABLE(queue_id bigint, entry bytea, found text)
    LANGUAGE sql STABLE
    AS $_$
  with waiting as materialized (
    select q.id, q.sha256, q.salt, convert_to(case q.format
      when 'unitrail.record/1' then (select r.body from records r where r.unit_id =
        case when q.stream ~ '^unit:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then substr(q.stream, 6)::uuid end)
      when 'unitrail.statement/1' then (select statement_of(e) from unit_events e where e.stream = q.stream and e.seq = q.seq)
      when 'unitrail.heads/1' then (select h.body from log_heads h where h.number = q.seq)
      when 'unitrail.refusal/1' then (select f.body from log_refusals f where f.number = q.seq)
    end, 'UTF8') as document
    from unnest(p_queue) as wanted(id) join log_queue q on q.id = wanted.id)
  select w.id, case when encode(sha256(w.document), 'hex') = w.sha256 then sha256(w.salt || w.document) end, encode(sha256(w.document), 'hex')
  from waiting w
$_$;

--
-- Name: lock_buyer(text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.lock_buyer(p_buyer text) RETURNS void
    LANGUAGE plpgsql
    AS $$
begin
  perform 1 from buyers where id = p_buyer for no key update;
  if not found then perform refuse('UT009', format('there is no buyer %s', p_buyer)); end if;
end $$;

--
-- Name: batch_controls; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.batch_controls (
    batch_id text NOT NULL,
    paused boolean DEFAULT false NOT NULL,
    cancelled boolean DEFAULT false NOT NULL,
    window_size integer,
    priority integer DEFAULT 0 NOT NULL,
    CONSTRAINT batch_controls_priority CHECK (((priority >= '-9'::integer) AND (priority <= 9))),
    CONSTRAINT batch_controls_window CHECK (((window_size >= 1) AND (window_size <= 1000)))
);

--
-- Name: lock_controls(text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.lock_controls(p_batch text) RETURNS public.batch_controls
    LANGUAGE plpgsql
    AS $$
declare
  c batch_controls;
begin
  perform 1 from orders where id = (select order_id from batches where id = p_batch) for update;
  if not found then perform refuse('UT009', format('there is no batch %s', p_batch)); end if;
  insert into batch_controls (batch_id) values (p_batch) on conflict do nothing;
  select * into c from batch_controls where batch_id = p_batch for update;
  return c;
end $$;

--
-- Name: lock_line(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.lock_line() RETURNS void
    LANGUAGE sql
    AS $$
  select pg_advisory_xact_lock(hashtext('unitrail.slots'))
$$;

--
-- Name: shipments; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.shipments (
    id text NOT NULL,
    batch_id text,
    buyer text NOT NULL,
    destination text NOT NULL,
    carton text,
    opened_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    closed_at timestamp with time zone,
    carrier text,
    ship_on date,
    cancelled boolean DEFAULT false NOT NULL,
    CONSTRAINT shipments_cancelled CHECK (((NOT cancelled) OR (closed_at IS NOT NULL)))
);

--
-- Name: lock_open_shipment(text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.lock_open_shipment(p_shipment text) RETURNS public.shipments
    LANGUAGE plpgsql
    AS $$
declare
  s shipments;
begin
  select * into s from shipments where id = p_shipment for share;
  if not found then perform refuse('UT009', format('there is no shipment %s', p_shipment)); end if;
  if s.closed_at is not null then
    perform refuse('UT001', format('shipment %s was %s', p_shipment, case when s.cancelled then 'cancelled' else 'closed' end));
  end if;
  return s;
end $$;

--
-- Name: lock_unit(uuid); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.lock_unit(p_unit uuid) RETURNS public.units
    LANGUAGE plpgsql
    AS $$
declare
  u units;
begin
  select * into u from units where id = p_unit for no key update;
  if not found then perform refuse('UT009', format('there is no unit %s', p_unit)); end if;
  return u;
end $$;

--
-- Name: lock_used_ranges(boolean); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.lock_used_ranges(p_to_grant boolean) RETURNS void
    LANGUAGE plpgsql
    AS $$
begin
  if p_to_grant then
    perform pg_advisory_xact_lock_shared(hashtext('unitrail.used-ranges'));
  else
    perform pg_advisory_xact_lock(hashtext('unitrail.used-ranges'));
  end if;
end $$;

--
-- Name: mark_clock(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.mark_clock() RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  perform check_office();
  insert into clock_marks (at) select clock_timestamp()
  where not exists (select from (select at from clock_marks order by id desc limit 1) newest
    where newest.at between clock_timestamp() - interval '1 hour' and clock_timestamp());
end $$;

--
-- Name: move_numbers(bigint, text, text, integer, text, bigint); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.move_numbers(p_block bigint, p_from text, p_to text, p_quantity integer, p_stream text, p_seq bigint) RETURNS void
    LANGUAGE sql
    AS $$
  insert into movements (block_id, from_account, to_account, quantity, stream, seq)
  values (p_block, p_from, p_to, p_quantity, p_stream, p_seq)
$$;

--
-- Name: moved_streams(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.moved_streams() RETURNS TABLE(stream text, unit_id uuid, seq bigint, head bytea)
    LANGUAGE sql STABLE
    AS $$
  select s.stream, null::uuid, s.seq, s.head from streams s left join log_told t on t.stream = s.stream
  where s.seq > coalesce(t.seq, 0)
  union all
  select 'unit:' || u.id, u.id, u.seq, u.head from units u left join log_told t on t.unit_id = u.id
  where is_open(u.state) and u.seq > coalesce(t.seq, 0)
  union all
  select t.stream, u.id, u.seq, u.head from log_told t join units u on u.id = t.unit_id
  where not is_open(u.state) and u.seq > t.seq
$$;

--
-- Name: name_digest(bytea, text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.name_digest(p_salt bytea, p_name text) RETURNS text
    LANGUAGE sql IMMUTABLE
    AS $$
  select json_or_null(encode(sha256(p_salt || convert_to(p_name, 'UTF8')), 'hex'))
$$;

--
-- Name: name_statement(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.name_statement() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
  select e.key, e.body::jsonb ->> 'field' into new.key, new.field from unit_events e
  where e.stream = 'unit:' || new.unit_id and e.seq = new.seq;
  return new;
end $$;

--
-- Name: names_months(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.names_months() RETURNS integer
    LANGUAGE sql STABLE
    AS $$
  select case when bool_and(t.months is not null) then max(t.months) end
  from versions_that_count() v
  left join lateral (select max((r ->> 'operatorNamesMonths')::integer) as months from jsonb_array_elements(v.document -> 'retentionPolicies') r) t on true
$$;

--
-- Name: needed_contents(text[]); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.needed_contents(p_exports_over text[]) RETURNS TABLE(sha256 text)
    LANGUAGE sql STABLE
    AS $$
  select k.sha256 from capsule_files k join capsules c on c.id = k.capsule_id where c.state not in ('erased', 'abandoned')
    or c.state = 'abandoned' and (exists (select from capsule_units u where u.capsule_id = c.id)
      or exists (select from legal_holds h where h.released_at is null))
  union all
  -- Begins at what is held: without a hold it looks at no capsule.
  select k.sha256 from capsule_files k join capsules c on c.id = k.capsule_id
  where c.state = 'erased' and c.id in (select u.capsule_id from units_on_legal_hold h join capsule_units u on u.unit_id = h.unit_id)
  union all
  select e.sha256 from export_files e where not exists (select from unnest(p_exports_over) o (id) where o.id = e.export_id)
$$;

--
-- Name: new_salt(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.new_salt() RETURNS bytea
    LANGUAGE sql
    AS $$
  select sha256(convert_to(concat_ws('|', gen_random_uuid(), gen_random_uuid(), gen_random_uuid()), 'UTF8'))
$$;

--
-- Name: next_carton_number(text, text, bigint); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.next_carton_number(p_company_prefix text, p_issuer text, p_last bigint) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare
  number bigint;
begin
  perform check_office();
  perform find_space('sscc', p_company_prefix, '', p_issuer, 1, p_last);
  update number_spaces set next_number = next_number + 1
  where kind = 'sscc' and name = p_company_prefix and scope = '' and next_number <= last_number
  returning next_number - 1 into number;
  if not found then perform refuse('UT011', format('company prefix %s has no carton number left', p_company_prefix)); end if;
  return number;
end $$;

--
-- Name: number_spaces; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.number_spaces (
    id bigint NOT NULL,
    kind text NOT NULL,
    name text NOT NULL,
    scope text DEFAULT ''::text NOT NULL,
    issuer text NOT NULL,
    first_number bigint NOT NULL,
    last_number bigint NOT NULL,
    next_number bigint NOT NULL,
    CONSTRAINT number_spaces_kind CHECK ((kind = ANY (ARRAY['serial'::text, 'mac'::text, 'sscc'::text]))),
    CONSTRAINT number_spaces_order CHECK (((first_number <= last_number) AND ((next_number >= first_number) AND (next_number <= (last_number + 1)))))
);

--
-- Name: next_start(public.number_spaces, integer); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.next_start(s public.number_spaces, p_run_length integer) RETURNS bigint
    LANGUAGE sql IMMUTABLE
    AS $$
  select ((s.next_number + p_run_length - 1) / p_run_length) * p_run_length
$$;

--
-- Name: note_operators(text[]); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.note_operators(p_numbers text[]) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  perform pg_advisory_xact_lock(hashtext('unitrail.plant'));
  update operators set left_at = clock_timestamp() where left_at is null and not number = any (p_numbers);
  update operators set left_at = null where left_at is not null and number = any (p_numbers);
end $$;

--
-- Name: notice_delivered(uuid); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.notice_delivered(p_id uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  perform check_office();
  update notices set delivered_at = clock_timestamp() where id = p_id and delivered_at is null;
end $$;

--
-- Name: notice_tried(uuid); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.notice_tried(p_id uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  perform check_office();
  update notices set tried_at = clock_timestamp() where id = p_id and delivered_at is null;
end $$;

--
-- Name: notify_uncleared(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.notify_uncleared() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
  perform pg_notify('unitrail_clear', new.station);
  return null;
end $$;

--
-- Name: obstacle_at_closing(public.units, text, boolean); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.obstacle_at_closing(u public.units, p_shipment text, p_too_many boolean) RETURNS text
    LANGUAGE plpgsql
    AS $$
begin
  if exists (select from holds where unit_id = u.id and released_seq is null) then return 'on quality hold'; end if;
  if not exists (select from cartons where sscc = u.carton and shipment_id = p_shipment) then
    return 'its carton is none of this shipment';
  end if;
  if p_too_many then perform tell_overproduction(u, 'shipped'); end if;
  return coalesce(obstacle_to_shipping(u, p_shipment), case when p_too_many then
    (select format('order %s is for %s units, and as many others have come as far', o.id, o.quantity)
     from orders o join batches b on b.order_id = o.id where b.id = u.batch_id) end);
end $$;

--
-- Name: obstacle_to_shipping(public.units, text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.obstacle_to_shipping(u public.units, p_shipment text) RETURNS text
    LANGUAGE plpgsql STABLE
    AS $$
declare
  s shipments;
  made_for text;
begin
  select * into s from shipments where id = p_shipment;
  select b.buyer into made_for from batches b where b.id = u.batch_id;
  return case
    when not coalesce(u.qc_seq > greatest(u.flashed_seq, u.tested_seq, u.provisioned_seq, u.label_seq, u.rework_seq), false)
      then 'no shipment without a QC newer than its last change'
    when u.trial then 'a unit of a trial batch stays in the house'
    when u.simulated and not exists (select from buyers b where b.id = s.buyer and b.test)
      then 'a simulated unit ships to a test buyer only'
    when made_for <> s.buyer then format('it was made for %s', made_for)
    when u.issuer <> s.buyer and exists (select from buyers b where b.id = u.issuer)
      then format('its serial is one of %s''s own', u.issuer)
    else label_difference(u, (select e.body::jsonb -> 'label' from unit_events e
      where e.stream = 'unit:' || u.id and e.type = 'packed' and u.state = 'Packed' order by e.seq desc limit 1))
  end;
end $$;

--
-- Name: open_adoption(text, text, text, text, text, text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.open_adoption(p_issuer text, p_scheme text, p_source_name text, p_source_sha256 text, p_source_part text, p_by text) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare
  known adoptions;
  adoption bigint;
begin
  perform check_word('issuer', p_issuer), check_word('source', p_source_name), check_word('part', p_source_part), check_word('by', p_by);
  if p_scheme is not null then perform check_word('scheme', p_scheme); end if;
  begin
    perform pg_advisory_xact_lock(hashtext('unitrail.adoption')), lock_used_ranges(false);
  exception when lock_not_available then
    perform refuse('UT025', 'another import of units, or a grant of addresses, runs; nothing of this one was done. Start it again when that one has ended');
  end;
  if not exists (select from issuers where id = p_issuer and kind in ('manufacturer', 'buyer')) then
    perform refuse('UT009', format('there is no manufacturer and no buyer %s', p_issuer));
  end if;
  select * into known from adoptions
  where issuer = p_issuer and source_sha256 = p_source_sha256 and source_part = p_source_part;
  if not found then
    insert into adoptions (issuer, scheme, source_name, source_sha256, source_part, imported_by)
    values (p_issuer, p_scheme, p_source_name, p_source_sha256, p_source_part, p_by) returning id into adoption;
  elsif known.scheme is distinct from p_scheme then
    perform refuse('UT007', format('scheme: %s is not allowed; %s adopted this file before with %s', coalesce(p_scheme, '(none)'),
      known.imported_by, coalesce('scheme ' || known.scheme, 'no scheme')));
  end if;
  return adoption;
end $$;

--
-- Name: open_batch(text, text, text, text, integer, boolean, text, jsonb, text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.open_batch(p_batch text, p_document text, p_recipe text, p_firmware_sha256 text, p_order_quantity integer, p_trial boolean, p_workflow text, p_grants jsonb, p_opened_by text) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare
  d jsonb := check_body(p_document);
  g jsonb;
  known batches;
  digest text := encode(sha256(convert_to(p_document, 'UTF8')), 'hex');
  recipe_digest text := encode(sha256(convert_to(p_recipe, 'UTF8')), 'hex');
begin
  perform check_office();
  perform check_word('batch', p_batch), check_word('workflow', p_workflow), check_word('by', p_opened_by),
    check_word('order', d ->> 'order');
  if (d ->> 'batch', coalesce((d ->> 'trial')::boolean, false), check_body(p_recipe) #>> '{firmware,sha256}')
     is distinct from (p_batch, p_trial, p_firmware_sha256) then
    perform refuse('UT007', format('batch %s: document and recipe do not say what is asked for', p_batch));
  end if;
  perform pg_advisory_xact_lock(hashtext('unitrail.batch:' || p_batch));
  select * into known from batches where id = p_batch;
  if found then
    if known.sha256 <> digest then
      perform refuse('UT012', format('batch: %s is not allowed; it was opened before with other content (sha256 %s, now %s)',
        p_batch, known.sha256, digest));
    end if;
    return false;
  end if;
  perform open_order(d ->> 'order', p_order_quantity, p_batch, (d ->> 'quantity')::integer);
  insert into recipes (sha256, body) values (recipe_digest, p_recipe) on conflict (sha256) do nothing;
  insert into batches (id, order_id, product, quantity, buyer, destination, trial, document, sha256, recipe_sha256,
                       workflow_id, firmware_version, board_batch, board_lot)
  values (p_batch, d ->> 'order', d ->> 'product', (d ->> 'quantity')::integer, d ->> 'buyer', d ->> 'destination', p_trial,
          p_document, digest, recipe_digest, p_workflow, d ->> 'firmware', d ->> 'boardBatch', d ->> 'boardLot');
  insert into batch_lots (batch_id, position, lots)
  select p_batch, key, array(select jsonb_array_elements_text(value)) from jsonb_each(d -> 'components');
  perform append_to_stream('batch:' || p_batch, 'batchOpened', 'opened',
    format('{"by":%s,"firmwareSha256":%s,"order":%s,"recipeSha256":%s,"sha256":%s}', to_json(p_opened_by),
      to_json(p_firmware_sha256), to_json(d ->> 'order'), to_json(recipe_digest), to_json(digest)));
  for g in select value from jsonb_array_elements(p_grants) loop
    perform grant_block(space_of_grant(g, (d ->> 'quantity')::integer), p_batch, (d ->> 'quantity')::integer,
      (g ->> 'runLength')::integer, (g ->> 'version')::integer, g ->> 'pattern', g ->> 'dateParts');
  end loop;
  return true;
end $$;

--
-- Name: open_carton(text, text, text, integer, text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.open_carton(p_shipment text, p_carton text, p_pallet text, p_capacity integer, p_by text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  perform check_office();
  perform lock_open_shipment(p_shipment), check_sscc(p_carton);
  if p_pallet is not null then perform check_pallet(p_shipment, p_pallet); end if;
  insert into cartons (sscc, shipment_id, pallet, capacity) values (p_carton, p_shipment, p_pallet, p_capacity);
  perform append_to_stream('shipment:' || p_shipment, 'cartonOpened', 'carton/' || p_carton,
    format('{"by":%s,"capacity":%s,"carton":%s,"pallet":%s}', json_or_null(p_by), coalesce(p_capacity::text, 'null'), to_json(p_carton),
      json_or_null(p_pallet)));
end $$;

--
-- Name: open_export(text, text, timestamp with time zone, text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.open_export(p_buyer text, p_request text, p_as_of timestamp with time zone, p_look text) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
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

--
-- Name: open_extract(text, text, timestamp with time zone, timestamp with time zone, timestamp with time zone, text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.open_extract(p_buyer text, p_request text, p_from timestamp with time zone, p_to timestamp with time zone, p_as_of timestamp with time zone, p_look text) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
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

--
-- Name: open_field_import(text, text, text, text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.open_field_import(p_source_name text, p_source_sha256 text, p_source_part text, p_by text) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare
  import bigint;
begin
  perform check_word('source', p_source_name), check_word('part', p_source_part), check_word('by', p_by);
  begin
    perform pg_advisory_xact_lock(hashtext('unitrail.field'));
  exception when lock_not_available then
    perform refuse('UT025', 'another import of reports runs; nothing of this one was done. Start it again when that one has ended');
  end;
  if exists (select from field_imports where source_sha256 = p_source_sha256 and source_part = p_source_part) then
    return null;
  end if;
  insert into field_imports (source_name, source_sha256, source_part, imported_by)
  values (p_source_name, p_source_sha256, p_source_part, p_by) returning id into import;
  return import;
end $$;

--
-- Name: open_holds(text, text, text, uuid[]); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.open_holds(p_hold text, p_reason text, p_by text, p_units uuid[]) RETURNS TABLE(unit_id uuid, serial text, name text, outcome text)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare
  u units;
  id uuid;
  known holds;
begin
  perform check_word('hold', p_hold), check_word('reason', p_reason), check_word('by', p_by);
  -- In the order in which a shipment locks them: two that lock many never wait for each other.
  for id in select distinct x from unnest(p_units) x order by x loop
    u := lock_unit(id);
    select * into known from holds h where h.unit_id = u.id and h.hold_id = p_hold;
    if found then
      outcome := case when known.released_seq is null then 'open' else 'released' end;
    elsif u.state in ('Shipped', 'Scrapped', 'Void') then
      outcome := u.state;
    else
      perform advance_unit(u, 'holdOpened', concat_ws('/', 'hold', p_hold, 'opened'),
        format('{"by":%s,"hold":%s,"reason":%s}', to_json(p_by), to_json(p_hold), to_json(p_reason)));
      outcome := 'opened';
    end if;
    unit_id := u.id; serial := u.serial; name := unit_name(u);
    return next;
  end loop;
end $$;

--
-- Name: number_lists; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.number_lists (
    space_id bigint NOT NULL,
    issuer text NOT NULL,
    name text NOT NULL,
    pattern text,
    source_name text NOT NULL,
    source_sha256 text NOT NULL,
    source_part text NOT NULL,
    imported_by text NOT NULL,
    imported_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    stream text GENERATED ALWAYS AS (((('list:'::text || issuer) || '/'::text) || name)) STORED NOT NULL,
    seq bigint DEFAULT 1 NOT NULL,
    CONSTRAINT number_lists_name_form CHECK ((name ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$'::text)),
    CONSTRAINT number_lists_sha256 CHECK ((source_sha256 ~ '^[0-9a-f]{64}$'::text))
);

--
-- Name: open_list(bigint); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.open_list(p_space bigint) RETURNS public.number_lists
    LANGUAGE plpgsql
    AS $$
declare
  l number_lists;
begin
  select * into l from number_lists
  where space_id = p_space and not exists (select from streams where streams.stream = number_lists.stream);
  if not found then perform refuse('UT009', format('no list %s is being imported', p_space)); end if;
  return l;
end $$;

--
-- Name: open_number_list(text, text, text, text, text, text, text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.open_number_list(p_issuer text, p_name text, p_pattern text, p_source_name text, p_source_sha256 text, p_source_part text, p_by text) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare
  known number_lists;
  space bigint;
begin
  perform check_word('issuer', p_issuer), check_word('list', p_name), check_word('source', p_source_name),
    check_word('part', p_source_part), check_word('by', p_by);
  begin
    perform pg_advisory_xact_lock(hashtext('unitrail.list:' || p_issuer));
  exception when lock_not_available then
    perform refuse('UT025', format('another import of numbers of %s runs; nothing of this one was done. Start it again when that one has ended', p_issuer));
  end;
  if not exists (select from issuers where id = p_issuer and kind = 'buyer') then
    perform refuse('UT009', format('there is no buyer %s', p_issuer));
  end if;
  select * into known from number_lists where issuer = p_issuer and name = p_name;
  if found then
    if (known.source_sha256, known.source_part) is distinct from (p_source_sha256, p_source_part) then
      perform refuse('UT007', format('list: %s is not allowed; %s imported it before from other content (sha256 %s, %s; now %s, %s)',
        p_name, known.imported_by, known.source_sha256, known.source_part, p_source_sha256, p_source_part));
    end if;
    return null;
  end if;
  insert into number_spaces (kind, name, scope, issuer, first_number, last_number, next_number)
  values ('serial', p_name, 'list:' || p_issuer, p_issuer, 1, 1, 1) returning id into space;
  insert into number_lists (space_id, issuer, name, pattern, source_name, source_sha256, source_part, imported_by)
  values (space, p_issuer, p_name, p_pattern, p_source_name, p_source_sha256, p_source_part, p_by);
  return space;
end $$;

--
-- Name: open_order(text, integer, text, integer); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.open_order(p_order text, p_quantity integer, p_batch text, p_batch_quantity integer) RETURNS void
    LANGUAGE plpgsql
    AS $$
declare
  known orders;
begin
  insert into orders (id, quantity) values (p_order, coalesce(p_quantity, p_batch_quantity)) on conflict (id) do nothing;
  if found then
    perform append_to_stream('order:' || p_order, 'orderOpened', 'opened',
      format('{"batch":%s,"quantity":%s}', to_json(p_batch), coalesce(p_quantity, p_batch_quantity)));
  end if;
  select * into known from orders where id = p_order for update;
  if known.quantity <> p_quantity then
    perform refuse('UT012', format('orderQuantity: %s is not allowed; %s, the quantity of order %s',
      p_quantity, known.quantity, p_order));
  end if;
  if p_batch_quantity > order_room(known) then
    perform refuse('UT008', format('quantity: %s is not allowed; at most %s: order %s of %s units has no room for more',
      p_batch_quantity, greatest(order_room(known), 0), p_order, known.quantity));
  end if;
end $$;

--
-- Name: open_pallet(text, text, integer, text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.open_pallet(p_shipment text, p_pallet text, p_capacity integer, p_by text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  perform check_office();
  perform lock_open_shipment(p_shipment), check_sscc(p_pallet);
  insert into pallets (sscc, shipment_id, capacity) values (p_pallet, p_shipment, p_capacity);
  perform append_to_stream('shipment:' || p_shipment, 'palletOpened', 'pallet/' || p_pallet,
    format('{"by":%s,"capacity":%s,"pallet":%s}', json_or_null(p_by), coalesce(p_capacity::text, 'null'), to_json(p_pallet)));
end $$;

--
-- Name: open_recall(text, text, text, text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.open_recall(p_recall text, p_selector text, p_reason text, p_by text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  perform check_word('recall', p_recall), check_word('reason', p_reason), check_word('by', p_by), check_body(p_selector);
  perform append_to_stream('recall:' || p_recall, 'recallOpened', 'opened',
    format('{"by":%s,"reason":%s,"selector":%s}', to_json(p_by), to_json(p_reason), p_selector));
end $$;

--
-- Name: open_reissue(text, text, timestamp with time zone, text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.open_reissue(p_export text, p_request text, p_as_of timestamp with time zone, p_look text) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
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

--
-- Name: open_resolution(text, text, text, uuid[], uuid[], text[]); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.open_resolution(p_id text, p_request text, p_by text, p_units uuid[], p_in_vain uuid[], p_whys text[]) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare
  known resolutions;
begin
  perform check_office();
  perform check_word('resolution', p_id), check_word('by', p_by);
  insert into resolutions (id, request, requested_by) values (p_id, p_request, p_by) on conflict (id) do nothing;
  if found then
    insert into resolution_units (resolution_id, position, unit_id, step, attempt)
    select p_id, selected.position, u.id, u.step, u.attempts[step_number(u.step)]
    from unnest(p_units) with ordinality as selected(unit_id, position) join units u on u.id = selected.unit_id;
    insert into resolution_units (resolution_id, position, unit_id, step, attempt, outcome, why)
    select p_id, named.position - cardinality(p_in_vain), u.id, u.step, u.attempts[step_number(u.step)], 'refused', named.why
    from unnest(p_in_vain, p_whys) with ordinality as named(unit_id, why, position) join units u on u.id = named.unit_id;
  end if;
  select * into known from resolutions where id = p_id;
  if known.request <> p_request then
    perform refuse('UT003', format('resolution %s was opened for another request', p_id));
  end if;
  return (select count(*) from resolution_units where resolution_id = p_id and position > 0);
end $$;

--
-- Name: open_retention_run(text, timestamp with time zone, text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.open_retention_run(p_request text, p_as_of timestamp with time zone, p_confirmed_by text) RETURNS text
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select open_retention_run(p_request, p_as_of, p_confirmed_by, interval '0')
$$;

--
-- Name: open_retention_run(text, timestamp with time zone, text, interval); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.open_retention_run(p_request text, p_as_of timestamp with time zone, p_confirmed_by text, p_apart interval) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare
  r retention_runs;
  doubt text;
begin
  perform check_office();
  perform check_word('request', p_request);
  if p_confirmed_by is not null then perform check_word('confirmed by', p_confirmed_by); end if;
  perform pg_advisory_xact_lock(hashtext('unitrail.retention'));
  select * into r from retention_runs where request = p_request;
  if found then return r.id; end if;
  if p_confirmed_by is not null
     and not exists (select from operators o where o.number = p_confirmed_by and o.left_at is null and o.erased_at is null) then
    perform refuse('UT009', format('by: there is no operator %s in the plant file', p_confirmed_by));
  end if;
  doubt := clock_doubt(p_as_of, p_apart);
  insert into retention_runs (id, request, as_of, clock_confirmed_by, clock_trusted, clock_doubt)
  values (to_char(clock_timestamp() at time zone 'UTC', 'YYYYMMDD') || '-' || (select count(*) + 1 from retention_runs), p_request, p_as_of,
    p_confirmed_by, doubt is null or p_confirmed_by is not null, doubt)
  returning * into r;
  insert into clock_marks (at, run_id) values (r.opened_at, r.id);
  perform append_to_stream('retention:' || r.id, 'retentionOpened', 'opened',
    format('{"asOf":%s,"clockConfirmedBy":%s,"clockDoubt":%s,"clockTrusted":%s,"holdsAsked":true}',
      told_time(r.as_of), json_or_null(r.clock_confirmed_by), json_or_null(r.clock_doubt), r.clock_trusted::text));
  return r.id;
end $$;

--
-- Name: open_shipment(text, text, text, text, text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.open_shipment(p_shipment text, p_batch text, p_buyer text, p_destination text, p_carton text) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare
  s shipments;
begin
  perform check_office();
  perform check_word('shipment', p_shipment), check_word('carton', p_carton), check_word('destination', p_destination);
  insert into shipments (id, batch_id, buyer, destination, carton)
  values (p_shipment, p_batch, p_buyer, p_destination, p_carton) on conflict (id) do nothing;
  if found then
    insert into cartons (sscc, shipment_id) values (p_carton, p_shipment);
    perform append_to_stream('shipment:' || p_shipment, 'shipmentOpened', 'opened',
      format('{"batch":%s,"buyer":%s,"carton":%s,"destination":%s}', to_json(p_batch), to_json(p_buyer),
        to_json(p_carton), to_json(p_destination)));
  end if;
  select * into s from shipments where id = p_shipment;
  if (s.batch_id, s.buyer, s.destination) is distinct from (p_batch, p_buyer, p_destination) or s.carton is null then
    perform refuse('UT003', format('shipment %s was opened for batch %s, buyer %s in %s', p_shipment, s.batch_id, s.buyer, s.destination));
  end if;
  return s.carton;
end $$;

--
-- Name: orders; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.orders (
    id text NOT NULL,
    quantity integer NOT NULL,
    alive integer DEFAULT 0 NOT NULL,
    CONSTRAINT orders_alive CHECK ((alive >= 0)),
    CONSTRAINT orders_quantity CHECK ((quantity > 0))
);

--
-- Name: order_room(public.orders); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.order_room(o public.orders) RETURNS bigint
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select o.quantity - o.alive
    - (select coalesce(sum(quantity), 0) from batches b where order_id = o.id and not claims_no_more(b))
    + (select count(*) from units join batches b on b.id = units.batch_id where b.order_id = o.id and not claims_no_more(b))
$$;

--
-- Name: over_ordered(public.units, text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.over_ordered(u public.units, p_type text) RETURNS text
    LANGUAGE plpgsql
    AS $$
declare
  ended constant text[] := array['Scrapped', 'Missing', 'Void'];
  o orders;
  others bigint;
begin
  if p_type = 'shipped' then return null; end if;
  select orders.* into o from orders join batches b on b.order_id = orders.id where b.id = u.batch_id;
  if o.alive + (u.state = any (ended))::integer <= o.quantity then return null; end if;
  -- Two that take the last place wait for each other.
  select * into o from orders where id = o.id for no key update;
  if p_type = 'found' then
    others := o.quantity - greatest(order_room(o), 0);
  else
    select count(*) into others from units x join batches b on b.id = x.batch_id
    where b.order_id = o.id and x.id <> u.id and not x.state = any (ended) and case
      when p_type = 'assigned' then x.step <> 'assign'
      when p_type in ('labelIntended', 'printIntended') then x.label_print is not null or x.open_print is not null
      when p_type = 'packed' then x.state in ('Packed', 'Shipped') end;
  end if;
  if others < o.quantity then return null; end if;
  return format('order %s is for %s units, and as many others have come as far', o.id, o.quantity);
end $$;

--
-- Name: pass_numbers(jsonb); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.pass_numbers(p_spaces jsonb) RETURNS jsonb
    LANGUAGE plpgsql
    AS $$
declare
  s record;
  space number_spaces;
  passed jsonb := '[]';
begin
  for s in
    select v ->> 'kind' as kind, v ->> 'name' as name, v ->> 'scope' as scope, v ->> 'issuer' as issuer, whole(v, 'first') as first,
      whole(v, 'last') as last, whole(v, 'next') as next
    from jsonb_array_elements(p_spaces) as v order by 1, 2, 3
  loop
    if not exists (select from issuers where id = s.issuer) then
      perform refuse('UT009', format('%s %s %s: there is no issuer %s; apply the plant file first', s.kind, s.name, s.scope, s.issuer));
    end if;
    if s.next is null or (s.next between s.first and s.last + 1) is not true then
      perform refuse('UT007', format('%s %s %s: next is not a number from %s to %s', s.kind, s.name, s.scope, s.first, s.last + 1));
    end if;
    perform find_space(s.kind, s.name, s.scope, s.issuer, s.first, s.last);
    select * into space from number_spaces where kind = s.kind and name = s.name and scope = s.scope for update;
    continue when space.next_number >= s.next;
    if s.next > space.last_number + 1 then
      perform refuse('UT007', format('%s %s %s has numbers up to %s only', s.kind, s.name, s.scope, space.last_number));
    end if;
    passed := passed || jsonb_build_object('space', concat_ws(' ', s.kind, s.name, nullif(s.scope, '')), 'from', space.next_number, 'to', s.next - 1);
    update number_spaces set next_number = s.next where id = space.id;
  end loop;
  return passed;
end $$;

--
-- Name: pin_export_look(text, text, text, text, text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.pin_export_look(p_export text, p_look text, p_by text, p_reason text, p_id text) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare
  e exports;
begin
  perform check_word('by', p_by), check_word('reason', p_reason), check_word('id', p_id);
  select * into e from exports where id = p_export for update;
  if not found then perform refuse('UT009', format('there is no export %s', p_export)); end if;
  if exists (select from unit_events where stream = 'export:' || p_export and key = 'look/' || p_id) then return false; end if;
  if e.state <> 'opened' then
    perform refuse('UT021', format('export %s is made: its files are what they are', p_export));
  end if;
  if check_body(p_look) -> 'include' is distinct from e.look::jsonb -> 'include' then
    perform refuse('UT002', format('export %s: which reports are in it was decided when it was opened', p_export));
  end if;
  update exports set look = p_look where id = p_export;
  return append_to_stream('export:' || p_export, 'exportLookPinned', 'look/' || p_id, format('{"by":%s,"lookSha256":%s,"reason":%s}',
    to_json(p_by), to_json(encode(sha256(convert_to(p_look, 'UTF8')), 'hex')), to_json(p_reason)));
end $$;

--
-- Name: place_carton(text, text, text, text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.place_carton(p_carton text, p_pallet text, p_by text, p_id text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare
  c cartons;
begin
  perform check_office();
  perform check_word('by', p_by), check_word('id', p_id);
  select * into c from cartons where sscc = p_carton;
  if not found then perform refuse('UT009', format('there is no carton %s', p_carton)); end if;
  perform lock_open_shipment(c.shipment_id);
  select * into c from cartons where sscc = p_carton for no key update;
  if c.pallet is not distinct from p_pallet then return; end if;
  if p_pallet is not null then perform check_pallet(c.shipment_id, p_pallet); end if;
  update cartons set pallet = p_pallet where sscc = p_carton;
  perform append_to_stream('shipment:' || c.shipment_id, 'cartonPlaced', 'placed/' || p_id || '/' || p_carton,
    format('{"by":%s,"carton":%s,"from":%s,"pallet":%s}', to_json(p_by), to_json(p_carton), json_or_null(c.pallet),
      json_or_null(p_pallet)));
end $$;

--
-- Name: plan_capsules(text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.plan_capsules(p_run text) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare
  most constant integer := 100000;
  r retention_runs;
  blocked jsonb;
  one record;
begin
  perform check_office();
  -- One after the other: two runs that plan at once would both take what is due.
  perform pg_advisory_xact_lock(hashtext('unitrail.retention'));
  r := run_under_way(p_run);
  if r.planned_at is null and r.clock_trusted then
    with due as materialized (select * from due_units(r.as_of)),
    late as (select d.buyer, count(*) as units from due d where d.undelivered and d.buyer is not null group by d.buyer),
    chosen as (
      select d.*, (row_number() over (partition by d.buyer, d.product, d.month order by d.serial collate "C", d.issuer) - 1) / most as slice
      from due d where not d.held and not d.undelivered and not exists (select from late l where l.buyer = d.buyer)),
    grouped as (
      select c.buyer, c.product, c.month, c.slice, count(*) as units, count(c.record_sha256) as records,
        sum(c.last_seq) as events, min(c.sealed_at) as sealed_from, max(c.sealed_at) as sealed_to,
        1 + c.slice + coalesce((select max(k.number) from capsules k
          where k.buyer is not distinct from c.buyer and k.product = c.product and k.month = c.month), 0) as number
      from chosen c group by c.buyer, c.product, c.month, c.slice),
    named as (select g.*, concat_ws('-', coalesce(g.buyer, 'own'), g.product, g.month, g.number) as id from grouped g),
    made as (
      insert into capsules (id, run_id, buyer, product, month, number, units, records, events, sealed_from, sealed_to, delivery)
      select n.id, p_run, n.buyer, n.product, n.month, n.number, n.units, n.records, n.events, n.sealed_from, n.sealed_to,
        case when n.buyer is null then 'none' else 'due' end from named n),
    filled as (
      insert into capsule_units (unit_id, last_seq, head, capsule_id, issuer, serial, record_sha256)
      select c.unit_id, c.last_seq, c.head, n.id, c.issuer, c.serial, c.record_sha256
      from chosen c join named n on n.buyer is not distinct from c.buyer and n.product = c.product and n.month = c.month and n.slice = c.slice)
    select coalesce(jsonb_agg(jsonb_build_object('buyer', l.buyer, 'units', l.units) order by l.buyer), '[]') into blocked from late l;
    insert into capsule_statements (unit_id, seq, capsule_id, type, body_sha256)
    select u.unit_id, e.seq, u.capsule_id, e.type, encode(sha256(convert_to(e.body::jsonb::text, 'UTF8')), 'hex')
    from capsules c join capsule_units u on u.capsule_id = c.id
    join unit_events e on e.stream = 'unit:' || u.unit_id and e.seq <= u.last_seq
    where c.run_id = p_run and e.type in ('recordCorrected', 'unitReturned');
    for one in select * from jsonb_to_recordset(blocked) as x (buyer text, units bigint) loop
      perform append_to_stream('retention:' || p_run, 'moveBlocked', 'blocked/' || one.buyer,
        format('{"buyer":%s,"undelivered":%s}', to_json(one.buyer), one.units));
    end loop;
    for one in select * from capsules where run_id = p_run order by id loop
      perform append_to_stream('retention:' || p_run, 'capsulePlanned', 'planned/' || one.id,
        format('{"buyer":%s,"capsule":%s,"events":%s,"month":%s,"product":%s,"records":%s,"units":%s}', json_or_null(one.buyer), to_json(one.id),
          one.events, to_json(one.month), to_json(one.product), one.records, one.units));
    end loop;
  end if;
  update retention_runs set planned_at = clock_timestamp() where id = p_run and planned_at is null;
  return (select count(*) from capsules where run_id = p_run);
end $$;

--
-- Name: project_facts(public.units, text, jsonb, bigint); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.project_facts(u public.units, p_type text, p_body jsonb, p_seq bigint) RETURNS public.units
    LANGUAGE plpgsql
    AS $$
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

--
-- Name: queue_ending(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.queue_ending() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
  perform queue_statement(new);
  return null;
end $$;

--
-- Name: queue_heads(interval); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.queue_heads(p_every interval) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare
  documents integer;
  told_before bigint;
  told_at timestamptz;
begin
  perform check_office();
  perform pg_advisory_xact_lock(hashtext('unitrail.log-heads'));
  told_at := clock_timestamp();
  if exists (select from log_heads where at > told_at - p_every and at <= told_at) then return 0; end if;
  select count(*) into told_before from log_heads;
  with moved as materialized (
      select m.stream, m.unit_id, m.seq, m.head, 1 + (row_number() over (order by m.stream collate "C") - 1) / 10000 as part from moved_streams() as m),
    told as (insert into log_told (stream, unit_id, seq) select m.stream, m.unit_id, m.seq from moved m
             on conflict (stream) do update set seq = excluded.seq),
    -- One for each part, and one more for each that may be taken: so many are free among them.
    numbers as (
      select n as number, row_number() over (order by n) as part
      from generate_series(told_before + 1, told_before + (select coalesce(max(m.part), 0) from moved m)
        + (select count(*) from log_heads h where h.number > told_before)
        + (select count(*) from log_queue q where q.stream = 'log' and q.seq > told_before)) as n
      where not exists (select from log_heads h where h.number = n)
        and not exists (select from log_queue q where q.stream = 'log' and q.seq = n)),
    parts as (
      select n.number,
        string_agg(format('{"hash":"%s","seq":%s,"stream":%s}', encode(m.head, 'hex'), m.seq, to_json(m.stream)), ',' order by m.stream collate "C") as heads
      from moved m join numbers n on n.part = m.part group by n.number),
    written as (
      insert into log_heads (number, at, body)
      select p.number, told_at, format('{"at":%s,"format":"unitrail.heads/1","heads":[%s],"number":%s}', told_time(told_at), p.heads, p.number) from parts p
      returning number, body)
  insert into log_queue (format, stream, seq, sha256, salt)
  select 'unitrail.heads/1', 'log', w.number, encode(sha256(convert_to(w.body, 'UTF8')), 'hex'), new_salt() from written w order by w.number;
  get diagnostics documents = row_count;
  delete from log_told t using units u where u.id = t.unit_id and not is_open(u.state) and u.seq = t.seq;
  return documents;
end $$;

--
-- Name: queue_statement(public.unit_events); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.queue_statement(e public.unit_events) RETURNS void
    LANGUAGE plpgsql
    AS $$
begin
  insert into log_queue (format, stream, seq, sha256, salt)
  values ('unitrail.statement/1', e.stream, e.seq, encode(sha256(convert_to(statement_of(e), 'UTF8')), 'hex'), new_salt());
end $$;

--
-- Name: raise_notices(integer); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.raise_notices(p_minutes integer) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare
  raised integer;
begin
  perform check_office();
  if p_minutes is null or p_minutes not between 0 and 999999 then
    perform refuse('UT007', format('minutes: %s is not allowed; 0 to 999999', p_minutes));
  end if;
  insert into notices (kind, unit_id, held_seq, held_at, step, failure_code)
  select 'unitHeldTooLong', h.unit_id, h.held_seq, h.held_at, h.step, h.failure_code from held_units h
  where h.held_at < clock_timestamp() - make_interval(mins => p_minutes)
  on conflict on constraint notices_once do nothing;
  get diagnostics raised = row_count;
  return raised;
end $$;

--
-- Name: read_buyer_amendments(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.read_buyer_amendments() RETURNS TABLE(issuer text, serial text, seq bigint, type text, at timestamp with time zone, body text, export text)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET enable_bitmapscan TO 'off'
    SET enable_indexonlyscan TO 'off'
    SET enable_indexscan TO 'on'
    SET enable_nestloop TO 'on'
    SET max_parallel_workers_per_gather TO '0'
    SET jit TO 'off'
    SET plan_cache_mode TO 'force_generic_plan'
    SET debug_print_plan TO 'off'
    SET client_min_messages TO 'warning'
    AS $$
select u.issuer, u.serial, e.seq, e.type, e.at, e.body, i.export
from shipped_to_session u
cross join lateral (select x.seq, x.type, x.at, x.body from unit_events x
  where x.stream = 'unit:' || u.id and x.type in ('recordCorrected', 'unitReturned') offset 0) as e
left join lateral (select x.export_id as export from export_items x
  where x.kind = 'amendment' and x.unit_id = u.id and x.seq = e.seq offset 0) as i on true $$;

--
-- Name: read_buyer_deliveries(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.read_buyer_deliveries() RETURNS TABLE(export text, started_at timestamp with time zone, ended_at timestamp with time zone, outcome text, code text)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET enable_bitmapscan TO 'off'
    SET enable_indexonlyscan TO 'off'
    SET enable_indexscan TO 'on'
    SET enable_nestloop TO 'on'
    SET max_parallel_workers_per_gather TO '0'
    SET jit TO 'off'
    SET plan_cache_mode TO 'force_generic_plan'
    SET debug_print_plan TO 'off'
    SET client_min_messages TO 'warning'
    AS $$
select e.id, d.started_at, d.ended_at, d.outcome, d.code from exports e
cross join lateral (select x.started_at, x.ended_at, x.outcome, x.code from deliveries x where x.export_id = e.id offset 0) as d
where e.buyer = buyer_of_session() $$;

--
-- Name: read_buyer_export_files(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.read_buyer_export_files() RETURNS TABLE(export text, name text, size_bytes bigint, sha256 text, rows integer)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET enable_bitmapscan TO 'off'
    SET enable_indexonlyscan TO 'off'
    SET enable_indexscan TO 'on'
    SET enable_nestloop TO 'on'
    SET max_parallel_workers_per_gather TO '0'
    SET jit TO 'off'
    SET plan_cache_mode TO 'force_generic_plan'
    SET debug_print_plan TO 'off'
    SET client_min_messages TO 'warning'
    AS $$
select e.id, f.name, f.size_bytes, f.sha256, f.rows from exports e
cross join lateral (select x.name, x.size_bytes, x.sha256, x.rows from export_files x where x.export_id = e.id offset 0) as f
where e.buyer = buyer_of_session() $$;

--
-- Name: read_buyer_exports(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.read_buyer_exports() RETURNS TABLE(export text, kind text, number integer, as_of timestamp with time zone, predecessor text, reissue_of text, units integer, amendments integer, numbers integer, state text, opened_at timestamp with time zone, made_at timestamp with time zone, delivered_at timestamp with time zone, manifest text)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET enable_bitmapscan TO 'off'
    SET enable_indexonlyscan TO 'off'
    SET enable_indexscan TO 'on'
    SET enable_nestloop TO 'on'
    SET max_parallel_workers_per_gather TO '0'
    SET jit TO 'off'
    SET plan_cache_mode TO 'force_generic_plan'
    SET debug_print_plan TO 'off'
    SET client_min_messages TO 'warning'
    AS $$
select e.id, e.kind, e.number, e.as_of, e.predecessor, e.reissue_of, e.records, e.amendments, e.numbers, e.state, e.opened_at,
  e.made_at, e.delivered_at, e.manifest
from exports e where e.buyer = buyer_of_session() $$;

--
-- Name: read_buyer_numbers(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.read_buyer_numbers() RETURNS TABLE(issuer text, identifier text, value text, fate text, fate_at timestamp with time zone, batch text, reason text, export text)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET enable_bitmapscan TO 'off'
    SET enable_indexonlyscan TO 'off'
    SET enable_indexscan TO 'on'
    SET enable_nestloop TO 'on'
    SET max_parallel_workers_per_gather TO '0'
    SET jit TO 'off'
    SET plan_cache_mode TO 'force_generic_plan'
    SET debug_print_plan TO 'off'
    SET client_min_messages TO 'warning'
    AS $$
select x.issuer, x.identifier, x.value, x.fate, x.fate_at, x.batch_id, x.reason, e.id from exports e
cross join lateral (select i.issuer, i.identifier, i.value, i.fate, i.fate_at, i.batch_id, i.reason from export_items i
  where i.export_id = e.id and i.kind = 'number' offset 0) as x
where e.buyer = buyer_of_session() $$;

--
-- Name: read_buyer_records(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.read_buyer_records() RETURNS TABLE(issuer text, serial text, product text, shipment text, shipped_at timestamp with time zone, destination text, carton text, format text, body text, sha256 text, sealed_at timestamp with time zone, export text)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET enable_bitmapscan TO 'off'
    SET enable_indexonlyscan TO 'off'
    SET enable_indexscan TO 'on'
    SET enable_nestloop TO 'on'
    SET max_parallel_workers_per_gather TO '0'
    SET jit TO 'off'
    SET plan_cache_mode TO 'force_generic_plan'
    SET debug_print_plan TO 'off'
    SET client_min_messages TO 'warning'
    AS $$
select r.issuer, r.serial, r.product, r.shipment, r.shipped_at, r.destination, r.carton, r.format, r.body, r.sha256, r.sealed_at, r.export
from records_of_session r $$;

--
-- Name: read_claims(jsonb); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.read_claims(p_claims jsonb) RETURNS public.asked_claim[]
    LANGUAGE plpgsql
    AS $$
begin
  return array(select c from jsonb_populate_recordset(null::asked_claim, p_claims) as c);
exception when data_exception then
  perform refuse('UT007', 'claims: an array of {index, block, ordinal, value}, the first three of them whole numbers');
end $$;

--
-- Name: recipe_of(public.units); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.recipe_of(u public.units) RETURNS jsonb
    LANGUAGE sql STABLE
    AS $$
  select body::jsonb from recipes where sha256 = u.recipe_sha256
$$;

--
-- Name: record_lease(jsonb, text, text, bigint, text, text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.record_lease(d jsonb, p_document text, p_side text, p_space bigint, p_public_key text, p_by text) RETURNS void
    LANGUAGE plpgsql
    AS $$
declare
  n jsonb := d -> 'numbers';
begin
  perform check_word('key', p_public_key), check_word('by', p_by);
  insert into number_leases (id, side, lessor, lessee, kind, name, scope, version, pattern, numbers, space_id, document, public_key, recorded_by)
  values (d ->> 'lease', p_side, d ->> 'lessor', d ->> 'lessee', n ->> 'kind', n ->> 'name', n ->> 'scope', whole(n, 'version')::integer,
    n ->> 'pattern', int8range(whole(d, 'first'), whole(d, 'last') + 1), p_space, p_document, p_public_key, p_by);
  perform append_to_stream('lease:' || (d ->> 'lease'), case p_side when 'lessor' then 'leaseGranted' else 'leaseAccepted' end, 'begun',
    format('{"by":%s,"first":%s,"last":%s,"lessee":%s,"lessor":%s,"numbers":%s,"sha256":%s}', to_json(p_by), whole(d, 'first'),
      whole(d, 'last'), to_json(d ->> 'lessee'), to_json(d ->> 'lessor'),
      to_json(concat_ws(' ', n ->> 'kind', n ->> 'name', nullif(n ->> 'scope', ''))), to_json(encode(sha256(convert_to(p_document, 'UTF8')), 'hex'))));
end $$;

--
-- Name: record_lots(public.units, jsonb); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.record_lots(u public.units, p_components jsonb) RETURNS void
    LANGUAGE plpgsql
    AS $$
begin
  if p_components is distinct from (select coalesce(jsonb_object_agg(position, to_jsonb(lots)), '{}') from batch_lots where batch_id = u.batch_id) then
    perform refuse('40001', format('unit %s: the lots in force changed while its board was read', u.serial));
  end if;
  delete from unit_lots where unit_id = u.id;
  -- What the event says, not the lots in force once more: they may change between two statements.
  insert into unit_lots (unit_id, position, lot)
  select u.id, c.key, l.lot from jsonb_each(p_components) as c, jsonb_array_elements_text(c.value) as l(lot);
end $$;

--
-- Name: record_return(text, text, text, text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.record_return(p_document text, p_side text, p_public_key text, p_by text) RETURNS boolean
    LANGUAGE plpgsql
    AS $$
declare
  d jsonb := check_body(p_document);
  l number_leases := lease_of_side(d ->> 'lease', p_side);
  unused int8range := unused_in(d);
begin
  perform check_word('key', p_public_key), check_word('by', p_by);
  if is_known(l.id, (select document from lease_returns where lease_id = l.id), p_document, 'a return') then return false; end if;
  if (d ->> 'format', d ->> 'lessor', d ->> 'lessee', d ->> 'leaseSha256') is distinct from
       ('unitrail.lease-return/1', l.lessor, l.lessee, encode(sha256(convert_to(l.document, 'UTF8')), 'hex')) then
    perform refuse('UT007', format('leaseSha256: this is no return of lease %s as it is on record', l.id));
  end if;
  -- Numbers are granted upwards: what is left is the end of the lease.
  if unused is not null and (not l.numbers @> unused or upper(unused) <> upper(l.numbers)) then
    perform refuse('UT007', format('unused: %s is not allowed; the end of the lease, which has the numbers %s', unused, l.numbers));
  end if;
  insert into lease_returns (lease_id, unused, document, public_key, recorded_by) values (l.id, unused, p_document, p_public_key, p_by);
  perform append_to_stream('lease:' || l.id, case p_side when 'lessee' then 'leaseReturned' else 'leaseTakenBack' end, 'ended',
    format('{"by":%s,"sha256":%s,"unused":%s}', to_json(p_by), to_json(encode(sha256(convert_to(p_document, 'UTF8')), 'hex')),
      coalesce(upper(unused) - lower(unused), 0)));
  return true;
end $$;

--
-- Name: recorded_fact(public.units, text, text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.recorded_fact(u public.units, p_key text, p_fact text) RETURNS text
    LANGUAGE sql STABLE
    AS $$
  select body::jsonb ->> p_fact from unit_events where stream = 'unit:' || u.id and key = concat_ws('/', u.id, p_key)
$$;

--
-- Name: refuse(text, text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.refuse(p_sqlstate text, p_message text) RETURNS void
    LANGUAGE plpgsql
    AS $$
begin
  raise exception using errcode = p_sqlstate, message = p_message;
end $$;

--
-- Name: refuse_archived_export(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.refuse_archived_export() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
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

--
-- Name: refuse_cancelled(text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.refuse_cancelled(p_batch text) RETURNS void
    LANGUAGE plpgsql
    AS $$
begin
  if exists (select from batch_controls where batch_id = p_batch and cancelled) then
    perform refuse('UT020', format('batch %s was cancelled: it claims no further unit', p_batch));
  end if;
end $$;

--
-- Name: refuse_capsule_change(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.refuse_capsule_change() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
declare
  was capsules := old;
begin
  was.state := new.state;
  if old.state = 'planned' then was.manifest := new.manifest; was.events_manifest := new.events_manifest; was.made_at := new.made_at; end if;
  -- Until it is moved, each run looks anew whether there is a server to bring it to.
  if old.delivery <> 'delivered' and old.buyer is not null and old.state = 'made' then was.delivery := new.delivery; end if;
  if new.state = 'abandoned' then was.abandoned_at := new.abandoned_at; end if;
  if new.state = 'moved' then was.moved_at := new.moved_at; end if;
  if new.state = 'erased' then was.erased_at := new.erased_at; end if;
  if new is distinct from was
     or (old.state, new.state) not in (('planned', 'made'), ('made', 'made'), ('made', 'abandoned'), ('made', 'moved'), ('moved', 'erased')) then
    raise exception using errcode = '42501', message = format('capsule %s can not become that', old.id);
  end if;
  -- The store has the only copy of what has moved: nothing lets go of it but the archive's end.
  if new.state = 'abandoned' and exists (select from capsule_units u where u.capsule_id = old.id and u.retired_at is not null) then
    raise exception using errcode = '42501', message = format('capsule %s can not be given up: units of it have moved', old.id);
  end if;
  return new;
end $$;

--
-- Name: refuse_capsule_unit_change(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.refuse_capsule_unit_change() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
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

--
-- Name: refuse_capsule_unit_removal(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.refuse_capsule_unit_removal() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
  if (to_jsonb(old) ->> 'retired_at') is not null
     or not exists (select from capsules c where c.id = old.capsule_id and c.abandoned_at = now()) then
    raise exception using errcode = '42501', message = format('DELETE of %s is refused: capsule %s is not being given up', tg_table_name, old.capsule_id);
  end if;
  return old;
end $$;

--
-- Name: refuse_change(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.refuse_change() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
  raise exception using errcode = '42501', message = format('%s of %s is refused: it is append-only', tg_op, tg_table_name);
end $$;

--
-- Name: refuse_content_change(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.refuse_content_change() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
  if old.removed_at is not null or (new.sha256, new.run_id, new.decided_at) is distinct from (old.sha256, old.run_id, old.decided_at) then
    raise exception using errcode = '42501', message = format('erased content %s can not become that', old.sha256);
  end if;
  return new;
end $$;

--
-- Name: refuse_delivery_change(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.refuse_delivery_change() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
  if old.ended_at is not null
     or (new.id, new.export_id, new.target, new.started_at) is distinct from (old.id, old.export_id, old.target, old.started_at) then
    raise exception using errcode = '42501', message = format('delivery %s can not become that', old.id);
  end if;
  return new;
end $$;

--
-- Name: refuse_export_change(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.refuse_export_change() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
declare
  was exports := old;
begin
  was.state := new.state;
  if old.state = 'opened' then was.manifest := new.manifest; was.made_at := new.made_at; end if;
  if new.state = 'opened' then was.look := new.look; end if;
  if new.state = 'delivered' then was.delivered_at := new.delivered_at; end if;
  if new is distinct from was or (old.state, new.state) not in (('opened', 'opened'), ('opened', 'made'), ('made', 'delivered')) then
    raise exception using errcode = '42501', message = format('export %s can not become that', old.id);
  end if;
  return new;
end $$;

--
-- Name: refuse_hold_change(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.refuse_hold_change() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
  if old.released_at is not null or (new.id, new.kind, new.value, new.unit_id, new.reason, new.added_by, new.added_at)
     is distinct from (old.id, old.kind, old.value, old.unit_id, old.reason, old.added_by, old.added_at) then
    raise exception using errcode = '42501', message = format('legal hold %s can not become that', old.id);
  end if;
  return new;
end $$;

--
-- Name: refuse_identifier_change(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.refuse_identifier_change() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
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

--
-- Name: refuse_leaves(bigint[]); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.refuse_leaves(p_queue bigint[]) RETURNS void
    LANGUAGE plpgsql
    AS $$
declare
  refused_before bigint;
  free_numbers bigint[];
begin
  if cardinality(p_queue) = 0 then return; end if;
  -- The next ones that are free in both tables, whatever number a row has that somebody else put there.
  select count(*) into refused_before from log_refusals;
  free_numbers := array(
    select n from generate_series(refused_before + 1, refused_before + cardinality(p_queue)
      + (select count(*) from log_refusals f where f.number > refused_before)
      + (select count(*) from log_queue q where q.stream = 'log:refused' and q.seq > refused_before)) as n
    where not exists (select from log_refusals f where f.number = n)
      and not exists (select from log_queue q where q.stream = 'log:refused' and q.seq = n)
    order by n limit cardinality(p_queue));
  with bad as (
      select q.*, l.found, free_numbers[(row_number() over (order by q.id))::integer] as number, clock_timestamp() as at
      from leaves_of(p_queue) l join log_queue q on q.id = l.queue_id),
    told as (
      insert into log_refusals (number, queue_id, sha256, at, body)
      select b.number, b.id, b.sha256, b.at, format(
        '{"at":%s,"document":{"format":%s,"seq":%s,"sha256":%s,"stream":%s},"format":"unitrail.refusal/1","found":%s,"number":%s}',
        told_time(b.at), to_json(b.format), b.seq, to_json(b.sha256), to_json(b.stream), coalesce(to_json(b.found)::text, 'null'), b.number)
      from bad b returning number, body)
  insert into log_queue (format, stream, seq, sha256, salt)
  select 'unitrail.refusal/1', 'log:refused', t.number, encode(sha256(convert_to(t.body, 'UTF8')), 'hex'), new_salt() from told t order by t.number;
end $$;

--
-- Name: refuse_lost_epoch(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.refuse_lost_epoch() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare
  lost text;
begin
  select b.id into lost from (select distinct batch_id from fresh) f join batches b on b.id = f.batch_id where is_of_lost_epoch(b) limit 1;
  if found then
    perform refuse('UT014', format('batch %s was opened before the registry was advanced: its numbers that nobody had claimed may have been issued by the state that was lost. Open another batch for the rest', lost));
  end if;
  return null;
end $$;

--
-- Name: refuse_notice_change(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.refuse_notice_change() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
  if old.delivered_at is not null
     or (new.delivered_at is null and new.tried_at is null)
     or (new.id, new.kind, new.unit_id, new.held_seq, new.held_at, new.step, new.failure_code, new.raised_at)
        is distinct from (old.id, old.kind, old.unit_id, old.held_seq, old.held_at, old.step, old.failure_code, old.raised_at) then
    raise exception using errcode = '42501', message = format('notice %s can not become that', old.id);
  end if;
  return new;
end $$;

--
-- Name: refuse_other_request(public.unit_events); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.refuse_other_request(p_known public.unit_events) RETURNS void
    LANGUAGE plpgsql
    AS $$
begin
  perform refuse('UT003', format('key %s of stream %s was used for %s with another request',
    p_known.key, p_known.stream, p_known.type));
end $$;

--
-- Name: refuse_owned(text, text, uuid, text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.refuse_owned(p_kind text, p_value text, p_owner uuid, p_for text) RETURNS void
    LANGUAGE plpgsql
    AS $$
declare
  why text := coalesce(
    (select format('belongs to unit %s, not to %s', serial, p_for) from units where id = p_owner),
    (select format('belongs to %s, which was adopted and not built here, not to %s', a.serial, p_for)
     from identifiers i join adopted_units a on a.id = i.adopted_unit where i.kind = p_kind and i.value = p_value limit 1),
    format('is void, and can not be given to %s', p_for));
begin
  raise exception using errcode = 'UT010', constraint = p_kind, message = concat_ws(' ', p_kind, p_value, why);
end $$;

--
-- Name: refuse_run_change(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.refuse_run_change() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
  if (new.id, new.request, new.as_of, new.opened_at, new.clock_confirmed_by, new.clock_trusted, new.clock_doubt)
     is distinct from (old.id, old.request, old.as_of, old.opened_at, old.clock_confirmed_by, old.clock_trusted, old.clock_doubt)
     or old.planned_at is not null and new.planned_at is distinct from old.planned_at or old.ended_at is not null then
    raise exception using errcode = '42501', message = format('retention run %s can not become that', old.id);
  end if;
  return new;
end $$;

--
-- Name: refuse_slot_change(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.refuse_slot_change() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
  if new.fence < old.fence or (new.station, new.slot) is distinct from (old.station, old.slot) then
    raise exception using errcode = '42501', message = format('the fence of slot %s/%s only grows', old.station, old.slot);
  end if;
  return new;
end $$;

--
-- Name: refuse_unit_change(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.refuse_unit_change() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
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

--
-- Name: refuse_unretired_events(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.refuse_unretired_events() RETURNS trigger
    LANGUAGE plpgsql
    AS $_$
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
end $_$;

--
-- Name: refuse_unretired_records(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.refuse_unretired_records() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
  if exists (select from gone g where not exists (
       select from capsule_units c where c.unit_id = g.unit_id and c.record_sha256 = g.sha256 and c.retired_at = now())) then
    raise exception using errcode = '42501', message = 'DELETE of records is refused: it is append-only';
  end if;
  return null;
end $$;

--
-- Name: release_holds(text, text, text, uuid[]); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.release_holds(p_hold text, p_note text, p_by text, p_units uuid[]) RETURNS TABLE(unit_id uuid, serial text, name text, outcome text)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare
  u units;
  id uuid;
  known holds;
begin
  perform check_word('hold', p_hold), check_word('note', p_note), check_word('by', p_by);
  for id in select distinct x from unnest(p_units) x order by x loop
    u := lock_unit(id);
    select * into known from holds h where h.unit_id = u.id and h.hold_id = p_hold;
    if not found then
      outcome := 'none';
    elsif known.released_seq is not null then
      outcome := 'released';
    elsif u.state in ('Shipped', 'Scrapped', 'Void') then
      outcome := u.state;
    else
      perform advance_unit(u, 'holdReleased', concat_ws('/', 'hold', p_hold, 'released'),
        format('{"by":%s,"hold":%s,"note":%s}', to_json(p_by), to_json(p_hold), to_json(p_note)));
      outcome := 'released';
    end if;
    unit_id := u.id; serial := u.serial; name := unit_name(u);
    return next;
  end loop;
end $$;

--
-- Name: release_legal_hold(text, text, text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.release_legal_hold(p_id text, p_reason text, p_by text) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare
  h legal_holds;
begin
  perform check_word('reason', p_reason), check_word('by', p_by);
  select * into h from legal_holds where id = p_id for update;
  if not found then perform refuse('UT009', format('there is no legal hold %s', p_id)); end if;
  if h.released_at is not null then return false; end if;
  update legal_holds set released_at = clock_timestamp(), released_by = p_by, released_reason = p_reason where id = p_id;
  return append_to_stream('retention:hold-' || p_id, 'legalHoldReleased', 'released',
    format('{"by":%s,"reason":%s}', to_json(p_by), to_json(p_reason)));
end $$;

--
-- Name: release_slot(uuid); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.release_slot(p_unit uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  perform lock_unit(p_unit), lock_line();
  delete from slot_requests where unit_id = p_unit;
  perform end_lease(p_unit);
end $$;

--
-- Name: remember_order_refusal(text, text, text, integer); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.remember_order_refusal(p_order text, p_batch text, p_what text, p_asked integer) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare
  o orders;
begin
  perform check_word('batch', p_batch);
  if p_what is null or p_what not in ('claim', 'batch', 'topUp') then
    perform refuse('UT007', format('%s asks an order for no unit', p_what));
  end if;
  select * into o from orders where id = p_order for no key update;
  if not found or p_asked <= (case p_what when 'claim' then o.quantity - o.alive else order_room(o) end) then return false; end if;
  perform append_to_stream('order:' || o.id, 'overproductionRefused',
    concat_ws('/', 'refused', p_what, p_batch, p_asked, o.alive, o.quantity),
    format('{"alive":%s,"asked":%s,"batch":%s,"quantity":%s,"what":%s}', o.alive, p_asked, to_json(p_batch), o.quantity,
      to_json(p_what)));
  return true;
end $$;

--
-- Name: remember_pending(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.remember_pending() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
  insert into log_pending (queue_id) values (new.id);
  return null;
end $$;

--
-- Name: remember_refusal(uuid, text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.remember_refusal(p_unit uuid, p_type text) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare
  u units;
begin
  u := lock_unit(p_unit);
  if p_type is null or p_type not in ('assigned', 'labelIntended', 'printIntended', 'packed', 'found')
     or not (p_type = 'packed' and u.state = 'Packed' or exists (select from transitions t
       where t.type = p_type and t.from_state = u.state and coalesce(t.from_step = u.step, true)))
     or over_ordered(u, p_type) is null then
    return false;
  end if;
  perform tell_overproduction(u, p_type);
  return true;
end $$;

--
-- Name: repack_unit(uuid, text, text, text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.repack_unit(p_unit uuid, p_body text, p_reason text, p_id text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare
  u units;
  body jsonb := check_body(p_body);
  from_shipment text;
begin
  perform check_office();
  perform check_word('reason', p_reason), check_word('id', p_id), check_word('by', body ->> 'by');
  select shipment_id into from_shipment from units where id = p_unit;
  -- Before the unit, and in one order: a closing that waits for the unit holds its shipment.
  perform lock_open_shipment(id) from (select id from shipments where id in (from_shipment, body ->> 'shipment') order by id) s;
  u := lock_unit(p_unit);
  if exists (select from unit_events where stream = 'unit:' || p_unit and key = 'packing/' || p_id || '/in') then return; end if;
  if u.shipment_id is distinct from from_shipment then
    perform refuse('UT001', format('unit %s was moved meanwhile', u.serial));
  end if;
  u := advance_unit(u, 'unpacked', 'packing/' || p_id || '/out', format('{"by":%s,"reason":%s,"shipment":%s}',
    to_json(body ->> 'by'), to_json(p_reason), json_or_null(u.shipment_id)));
  perform advance_unit(u, 'packed', 'packing/' || p_id || '/in', p_body);
end $$;

--
-- Name: replace_voids(text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.replace_voids(p_batch text) RETURNS void
    LANGUAGE plpgsql
    AS $$
declare
  first blocks;
  voids bigint;
  extra bigint;
  needed bigint;
begin
  select blocks.* into first from blocks join number_spaces s on s.id = blocks.space_id
  where blocks.batch_id = p_batch and s.kind = 'serial' order by blocks.id limit 1;
  select coalesce(sum(m.quantity), 0) into voids from movements m join blocks on blocks.id = m.block_id
  where blocks.batch_id = p_batch and m.stream = 'batch:' || p_batch and m.to_account = 'void';
  select coalesce(sum(upper(numbers) - lower(numbers)), 0) into extra from blocks
  where batch_id = p_batch and id <> first.id
    and space_id in (select s.id from number_spaces s where s.kind = 'serial');
  select voids + quantity - (upper(first.numbers) - lower(first.numbers)) into needed from batches where id = p_batch;
  if needed > extra then
    perform grant_block(space_of_extra(first, (needed - extra)::integer), p_batch, (needed - extra)::integer, first.run_length, first.scheme_version, first.pattern,
      first.date_parts);
  end if;
end $$;

--
-- Name: reserve_for_lease(jsonb, bigint); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.reserve_for_lease(p_space jsonb, p_count bigint) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare
  space number_spaces;
  id_of_space bigint;
  start bigint;
begin
  if (p_count between 1 and 1000000000) is not true then
    perform refuse('UT007', format('count: %s is not allowed; 1 to 1000000000', p_count));
  end if;
  perform lock_used_ranges(true);
  id_of_space := find_space(p_space ->> 'kind', p_space ->> 'name', p_space ->> 'scope', p_space ->> 'issuer', (p_space ->> 'first')::bigint,
    (p_space ->> 'last')::bigint);
  perform seek_numbers(id_of_space, p_count, whole(p_space, 'runLength')::integer, p_space ->> 'pattern');
  select * into space from number_spaces where id = id_of_space for update;
  start := next_start(space, whole(p_space, 'runLength')::integer);
  if start + p_count - 1 > least(space.last_number, (p_space ->> 'last')::bigint) then
    perform refuse('UT011', format('count: %s is not allowed; at most %s, which %s has left', p_count,
      greatest(least(space.last_number, (p_space ->> 'last')::bigint) - start + 1, 0), concat_ws(' ', space.name, nullif(space.scope, ''))));
  end if;
  return start;
end $$;

--
-- Name: retention_terms(jsonb, text, text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.retention_terms(p_document jsonb, p_product text, p_buyer text) RETURNS TABLE(policies text[], database_months integer, archive_years integer, support_ends date)
    LANGUAGE sql IMMUTABLE SECURITY DEFINER ROWS 1
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select array_agg(r ->> 'name' order by r ->> 'name'), max((r ->> 'databaseMonths')::integer),
    -- Where the policy says nothing: ten years, as Regulation (EU) 2024/2847 article 13(13) asks of documentation.
    max(coalesce((r ->> 'archiveYears')::integer, 10)),
    (select max((p ->> 'supportEnds')::date) from jsonb_array_elements(p_document -> 'products') p where p ->> 'code' = p_product)
  from jsonb_array_elements(p_document -> 'retentionPolicies') r
  where exists (select from jsonb_array_elements(p_document -> 'products') p
      where p ->> 'code' = p_product and p ->> 'retentionPolicy' = r ->> 'name')
    or exists (select from jsonb_array_elements(p_document -> 'buyers') b
      where b ->> 'id' = p_buyer and b ->> 'retentionPolicy' = r ->> 'name')
  having count(*) > 0
$$;

--
-- Name: retention_versions(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.retention_versions() RETURNS TABLE(id bigint)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select v.id from versions_that_count() v
$$;

--
-- Name: retire(text, text, integer); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.retire(p_capsule text, p_run text, p_most integer) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare
  r retention_runs;
  c capsules;
  chosen uuid[];
  wanted bigint;
  found_rows bigint;
  obstacle text;
begin
  perform check_sees_holds();
  -- Whoever adds a hold waits until this handful is done, and this waits for a hold that is being added.
  perform pg_advisory_xact_lock_shared(hashtext('unitrail.legal-holds'));
  r := run_under_way(p_run);
  if not r.clock_trusted then perform refuse('UT021', format('retention run %s: the clock is not trusted', p_run)); end if;
  if (p_most between 1 and 10000) is not true then perform refuse('UT007', format('%s units at a time; 1 to 10000', p_most)); end if;
  select * into c from capsules where id = p_capsule for update;
  if not found then perform refuse('UT009', format('there is no capsule %s', p_capsule)); end if;
  if c.state in ('moved', 'erased') then return 0; end if;
  if c.state <> 'made' then perform refuse('UT021', format('capsule %s is not made yet', c.id)); end if;
  if not exists (select from capsule_copies v where v.capsule_id = c.id and v.place = 'store' and v.run_id = p_run and v.verified_by <> session_user
       and v.manifest_sha256 = encode(sha256(convert_to(c.events_manifest, 'UTF8')), 'hex')) then
    perform refuse('UT021', format('capsule %s: nobody else has read its copy in the store back in this run', c.id));
  end if;
  if c.delivery = 'due' then perform refuse('UT021', format('capsule %s is still to be brought to %s', c.id, c.buyer)); end if;
  select h.hold_id into obstacle from capsule_units u join units_on_legal_hold h on h.unit_id = u.unit_id where u.capsule_id = c.id limit 1;
  if found then perform refuse('UT021', format('capsule %s: a unit of it is on legal hold %s', c.id, obstacle)); end if;
  select array_agg(u.unit_id), sum(u.last_seq) into chosen, wanted from (
    select * from capsule_units where capsule_id = c.id and retired_at is null order by unit_id limit p_most) u;
  if chosen is not null then
    select u.serial into obstacle from undelivered_units d join units u on u.id = d.unit_id where d.unit_id = any (chosen) limit 1;
    if found then perform refuse('UT021', format('capsule %s: its buyer has not got everything of unit %s', c.id, obstacle)); end if;
    perform check_included(chosen);
    select m.serial into obstacle from capsule_units m
    left join unit_events e on e.stream = 'unit:' || m.unit_id and e.seq = m.last_seq
    left join records d on d.unit_id = m.unit_id
    where m.unit_id = any (chosen) and (e.hash is distinct from m.head or d.sha256 is distinct from m.record_sha256) limit 1;
    if found then perform refuse('UT002', format('capsule %s: the history or the record of unit %s is another one here', c.id, obstacle)); end if;
    update capsule_units set retired_at = now() where unit_id = any (chosen);
    delete from unit_events e using capsule_units m
    where m.unit_id = any (chosen) and e.stream = 'unit:' || m.unit_id and e.seq <= m.last_seq;
    get diagnostics found_rows = row_count;
    if found_rows <> wanted then
      perform refuse('UT002', format('capsule %s: %s events are here of %s that it holds', c.id, found_rows, wanted));
    end if;
    delete from records where unit_id = any (chosen);
  end if;
  select count(*) into found_rows from capsule_units where capsule_id = c.id and retired_at is null;
  if found_rows > 0 then return found_rows; end if;
  update capsules set state = 'moved', moved_at = clock_timestamp() where id = c.id;
  perform append_to_stream('retention:' || p_run, 'capsuleMoved', 'moved/' || c.id,
    format('{"capsule":%s,"events":%s,"records":%s,"units":%s}', to_json(c.id), c.events, c.records, c.units));
  return 0;
end $$;

--
-- Name: return_lease(text, text, text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.return_lease(p_document text, p_public_key text, p_by text) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare
  d jsonb := check_body(p_document);
  l number_leases := lease_of_side(d ->> 'lease', 'lessee');
  unused int8range := unused_of_lease(l.id);
  block bigint;
begin
  if not record_return(p_document, 'lessee', p_public_key, p_by) then return false; end if;
  if unused is distinct from unused_in(d) then
    perform refuse('40001', format('lease %s: a batch was granted numbers of it meanwhile', l.id));
  end if;
  if unused is null then return true; end if;
  update number_spaces set next_number = upper(unused) where id = l.space_id;
  insert into blocks (space_id, lease_id, numbers, scheme_version, pattern, date_parts)
  values (l.space_id, l.id, unused, l.version, l.pattern, '{}') returning id into block;
  perform move_numbers(block, 'granted', 'returned', (upper(unused) - lower(unused))::integer, 'lease:' || l.id, 2);
  return true;
end $$;

--
-- Name: return_numbers(text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.return_numbers(p_batch text) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
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

--
-- Name: revoke_certificate(public.units, bigint); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.revoke_certificate(u public.units, p_seq bigint) RETURNS void
    LANGUAGE sql
    AS $$
  insert into revocations (certificate_sha256, unit_id, seq) values (u.certificate_sha256, u.id, p_seq)
  on conflict (certificate_sha256) do nothing
$$;

--
-- Name: retention_runs; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.retention_runs (
    id text NOT NULL,
    request text NOT NULL,
    as_of timestamp with time zone NOT NULL,
    opened_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    clock_confirmed_by text,
    clock_trusted boolean NOT NULL,
    planned_at timestamp with time zone,
    ended_at timestamp with time zone,
    report text,
    clock_doubt text,
    CONSTRAINT retention_runs_end CHECK (((ended_at IS NULL) = (report IS NULL)))
);

--
-- Name: run_under_way(text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.run_under_way(p_run text) RETURNS public.retention_runs
    LANGUAGE plpgsql
    AS $$
declare
  r retention_runs;
begin
  select * into r from retention_runs where id = p_run for no key update;
  if not found then perform refuse('UT009', format('there is no retention run %s', p_run)); end if;
  if r.ended_at is not null then perform refuse('UT021', format('retention run %s is over', p_run)); end if;
  return r;
end $$;

--
-- Name: salt_name(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.salt_name() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
  if tg_op = 'INSERT' or new.name is distinct from old.name then
    new.salt := case when new.name is not null then new_salt() end;
  end if;
  return new;
end $$;

--
-- Name: save_unit(public.units); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.save_unit(u public.units) RETURNS void
    LANGUAGE sql
    AS $$
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

--
-- Name: seal_record(uuid, text, bytea); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.seal_record(p_unit uuid, p_body text, p_salt bytea) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare
  u units;
  s shipments;
  d jsonb := check_body(p_body);
begin
  perform check_office();
  u := lock_unit(p_unit);
  select * into s from shipments where id = u.shipment_id;
  if u.state <> 'Shipped'
     or (d ->> 'format', d ->> 'issuer', d ->> 'serial', d ->> 'product', d ->> 'batch', d ->> 'chipUid', d -> 'macs',
         d #>> '{firmware,version}', d #>> '{firmware,sha256}', d #>> '{provisioning,certificateSha256}',
         d #>> '{test,verdict}', d -> 'simulated', d #>> '{shipment,id}', d #>> '{shipment,carton}',
         d #>> '{shipment,buyer}', d #>> '{shipment,destination}', whole(d -> 'history', 'events'), d #>> '{history,head}')
        is distinct from
        ('unitrail.record/1', u.issuer, u.serial, u.product, u.batch_id, u.chip_uid,
         (select coalesce(jsonb_agg(value order by ordinal), '[]') from identifiers where unit_id = u.id and kind = 'mac'),
         u.firmware_version, u.flashed_sha256, u.certificate_sha256,
         'PASS', to_jsonb(u.simulated), s.id, u.carton,
         s.buyer, s.destination, u.seq, encode(u.head, 'hex')) then
    perform refuse('UT002', format('the record of unit %s does not say what its row says', u.serial));
  end if;
  insert into records (unit_id, serial, format, body, sha256)
  values (u.id, u.serial, 'unitrail.record/1', p_body, encode(sha256(convert_to(p_body, 'UTF8')), 'hex'));
  insert into log_queue (format, stream, seq, sha256, salt)
  values ('unitrail.record/1', 'unit:' || u.id, u.seq, encode(sha256(convert_to(p_body, 'UTF8')), 'hex'), p_salt);
end $$;

--
-- Name: seek_numbers(bigint, bigint, integer, text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.seek_numbers(p_space bigint, p_width bigint, p_run_length integer, p_pattern text) RETURNS void
    LANGUAGE plpgsql
    AS $$
declare
  space number_spaces;
  start bigint;
  adopted bigint;
begin
  perform lock_used_ranges(true);
  loop
    if exists (select from used_ranges u join number_spaces s on s.kind = u.kind and s.name = u.name where s.id = p_space) then
      perform skip_used_ranges(p_space, p_width, p_run_length);
    end if;
    select * into space from number_spaces where id = p_space for update;
    start := ((space.next_number + p_run_length - 1) / p_run_length) * p_run_length;
    exit when space.kind <> 'mac' or start + p_width - 1 > space.last_number;
    adopted := adopted_address(p_pattern, start, start + p_width);
    exit when adopted is null;
    update number_spaces set next_number = adopted + 1 where id = p_space;
  end loop;
end $$;

--
-- Name: sequence_leaves(integer); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.sequence_leaves(p_most integer) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare
  size bigint;
  waiting bigint[];
  refused bigint[] := '{}';
begin
  perform check_office();
  perform pg_advisory_xact_lock(hashtext('unitrail.log-leaves'));
  select coalesce(max(index) + 1, 0) into size from log_leaves;
  waiting := array(
    select p.queue_id from log_pending p join log_queue q on q.id = p.queue_id
    where not exists (select from log_refusals f where f.queue_id = p.queue_id)
      and not exists (select from log_leaves l where l.queue_id = p.queue_id) order by p.queue_id limit p_most);
  -- At the end of a run: what was refused may have been restored, to what it was when it was refused.
  if cardinality(waiting) < p_most then
    refused := array(
      select p.queue_id from log_pending p join log_refusals f on f.queue_id = p.queue_id join log_queue q on q.id = p.queue_id and q.sha256 = f.sha256
      where not exists (select from log_leaves l where l.queue_id = p.queue_id));
  end if;
  insert into log_leaves (index, queue_id, entry)
  select size + row_number() over (order by l.queue_id) - 1, l.queue_id, l.entry from leaves_of(waiting || refused) as l where l.entry is not null;
  delete from log_pending p using log_leaves l where l.queue_id = p.queue_id and l.index >= size;
  -- That they were refused waits for its place now, and has it before the run ends: the caller comes until nothing waits.
  perform refuse_leaves(array(select p.queue_id from unnest(waiting) as w(id) join log_pending p on p.queue_id = w.id));
  return cardinality(waiting);
end $$;

--
-- Name: serial_block_of(text, bigint, integer); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.serial_block_of(p_batch text, p_block bigint, p_ordinal integer) RETURNS public.serial_block
    LANGUAGE plpgsql STABLE
    AS $$
declare
  b serial_block;
begin
  select blocks.id, blocks.space_id, blocks.numbers, number_spaces.issuer into b
  from blocks join number_spaces on number_spaces.id = blocks.space_id
  where blocks.id = p_block and blocks.batch_id = p_batch and number_spaces.kind = 'serial';
  if not found or (p_ordinal between 0 and upper(b.numbers) - lower(b.numbers) - 1) is not true then
    perform refuse('UT009', format('batch %s has no serial number %s in block %s', p_batch, p_ordinal, p_block));
  end if;
  return b;
end $$;

--
-- Name: set_order_quantity(text, integer, text, text, text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.set_order_quantity(p_order text, p_quantity integer, p_by text, p_reason text, p_id text) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare
  o orders;
  shipped bigint;
begin
  perform check_word('by', p_by), check_word('reason', p_reason), check_word('id', p_id);
  select * into o from orders where id = p_order for update;
  if not found then perform refuse('UT009', format('there is no order %s', p_order)); end if;
  if exists (select from unit_events where stream = 'order:' || p_order and key = 'quantity/' || p_id) then return false; end if;
  select count(*) into shipped from units u join batches b on b.id = u.batch_id where b.order_id = p_order and u.state = 'Shipped';
  if (p_quantity between greatest(shipped, 1) and 10000000) is not true then
    perform refuse('UT007', format('quantity: %s is not allowed; %s to 10000000: %s have shipped', p_quantity, greatest(shipped, 1), shipped));
  end if;
  if p_quantity = o.quantity then return false; end if;
  update orders set quantity = p_quantity where id = p_order;
  return append_to_stream('order:' || p_order, 'orderQuantitySet', 'quantity/' || p_id,
    format('{"by":%s,"from":%s,"quantity":%s,"reason":%s}', to_json(p_by), o.quantity, p_quantity, to_json(p_reason)));
end $$;

--
-- Name: settle_units(text, integer[], text[], text[]); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.settle_units(p_resolution text, p_positions integer[], p_outcomes text[], p_whys text[]) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  perform check_office();
  update resolution_units r set outcome = s.outcome, why = nullif(s.why, '')
  from unnest(p_positions, p_outcomes, p_whys) as s(position, outcome, why)
  where r.resolution_id = p_resolution and r.position = s.position and r.outcome is null;
end $$;

--
-- Name: ship_units(text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.ship_units(p_shipment text) RETURNS SETOF public.unit_standing
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare
  closed record;
  u units;
begin
  for closed in select c.unit_id from close_shipment(p_shipment, null, true) c where c.obstacle is null loop
    select * into u from units where id = closed.unit_id;
    return next standing(u);
  end loop;
end $$;

--
-- Name: skip_used_ranges(bigint, bigint, integer); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.skip_used_ranges(p_space bigint, p_width bigint, p_run_length integer) RETURNS void
    LANGUAGE plpgsql
    AS $$
declare
  space number_spaces;
  start bigint;
  past bigint;
begin
  select * into space from number_spaces where id = p_space for update;
  start := space.next_number;
  loop
    start := ((start + p_run_length - 1) / p_run_length) * p_run_length;
    select max(upper(numbers)) into past from used_ranges
    where kind = space.kind and name = space.name and numbers && int8range(start, start + p_width);
    exit when past is null;
    start := past;
  end loop;
  if start + p_width - 1 > space.last_number then
    perform refuse('UT011', format('%s has no %s numbers in a row left, apart from those that were used before',
      concat_ws(' ', space.name, nullif(space.scope, '')), p_width));
  end if;
  update number_spaces set next_number = start where id = p_space and next_number <> start;
end $$;

--
-- Name: slot_cleared(text, integer, bigint); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.slot_cleared(p_station text, p_slot integer, p_fence bigint) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare
  unit_that_left uuid;
begin
  perform lock_line();
  select s.unit_id into unit_that_left from slots s join stations st on st.id = s.station
  where s.station = p_station and s.slot = p_slot and s.fence = p_fence and s.state = 'uncleared'
    and st.login = session_user for update of s;
  if not found then
    perform refuse('UT005', format('slot %s/%s is not waiting to be cleared with fence %s', p_station, p_slot, p_fence));
  end if;
  update slots set state = 'free', unit_id = null where station = p_station and slot = p_slot;
  perform pg_notify('unitrail_slot', unit_that_left::text);
  perform hand_out_slots();
end $$;

--
-- Name: slots_to_clear(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.slots_to_clear() RETURNS TABLE(station text, slot integer, fence bigint)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  perform end_lease(u.id) from units u join slots s on s.unit_id = u.id join stations st on st.id = s.station
  where s.state = 'leased' and u.state in ('Shipped', 'Scrapped', 'Missing', 'Void') and st.login = session_user;
  return query select s.station, s.slot, s.fence from slots s join stations st on st.id = s.station
    where st.login = session_user and s.state = 'uncleared' order by s.slot;
end $$;

--
-- Name: blocks; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.blocks (
    id bigint NOT NULL,
    space_id bigint NOT NULL,
    batch_id text,
    numbers int8range NOT NULL,
    run_length integer DEFAULT 1 NOT NULL,
    scheme_version integer NOT NULL,
    pattern text NOT NULL,
    date_parts text NOT NULL,
    granted_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    lease_id text,
    CONSTRAINT blocks_numbers CHECK (((NOT isempty(numbers)) AND lower_inc(numbers) AND (NOT upper_inc(numbers)))),
    CONSTRAINT blocks_one_receiver CHECK ((num_nonnulls(batch_id, lease_id) = 1)),
    CONSTRAINT blocks_run_length CHECK ((run_length = ANY (ARRAY[1, 2, 4, 8])))
);

--
-- Name: space_of_extra(public.blocks, integer); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.space_of_extra(p_first public.blocks, p_quantity integer) RETURNS bigint
    LANGUAGE plpgsql
    AS $$
declare
  l number_leases;
begin
  select * into l from number_leases where space_id = p_first.space_id and side = 'lessee';
  if not found then return p_first.space_id; end if;
  return leased_space(l.kind, l.name, l.scope, l.version, l.pattern, p_quantity::bigint * p_first.run_length, p_first.run_length);
end $$;

--
-- Name: space_of_grant(jsonb, integer); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.space_of_grant(g jsonb, p_quantity integer) RETURNS bigint
    LANGUAGE plpgsql
    AS $$
begin
  if g ->> 'lessor' is null then
    return find_space(g ->> 'kind', g ->> 'name', g ->> 'scope', g ->> 'issuer', (g ->> 'first')::bigint, (g ->> 'last')::bigint);
  end if;
  return leased_space(g ->> 'kind', g ->> 'name', g ->> 'scope', (g ->> 'version')::integer, g ->> 'pattern',
    p_quantity::bigint * (g ->> 'runLength')::integer, (g ->> 'runLength')::integer);
end $$;

--
-- Name: spell_name(boolean, text, text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.spell_name(p_of_buyer boolean, p_issuer text, p_serial text) RETURNS text
    LANGUAGE sql IMMUTABLE
    AS $$
  select case when p_of_buyer then p_issuer || ':' else '' end || p_serial
$$;

--
-- Name: standing(public.units); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.standing(u public.units) RETURNS public.unit_standing
    LANGUAGE sql IMMUTABLE
    AS $$
  select row(u.id, u.serial, u.state, u.step, u.attempts[step_number(u.step)]::integer, u.seq, u.head)::unit_standing
$$;

--
-- Name: statement_of(public.unit_events); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.statement_of(e public.unit_events) RETURNS text
    LANGUAGE sql IMMUTABLE
    AS $$
  select '{"body":' || e.body || ',"format":"unitrail.statement/1","hash":"' || encode(e.hash, 'hex') || '","header":'
    || to_json(e.header)::text || '}'
$$;

--
-- Name: step_number(text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.step_number(p_step text) RETURNS integer
    LANGUAGE sql IMMUTABLE
    AS $$
  select array_position(array['assign', 'flash', 'test', 'provision', 'label', 'qc', 'ship'], p_step)
$$;

--
-- Name: take_back_lease(text, text, text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.take_back_lease(p_document text, p_public_key text, p_by text) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare
  d jsonb := check_body(p_document);
  unused int8range := unused_in(d);
begin
  perform pg_advisory_xact_lock(hashtext('unitrail.lease'));
  if not record_return(p_document, 'lessor', p_public_key, p_by) then return false; end if;
  if unused is not null then
    perform move_numbers((select id from blocks where lease_id = d ->> 'lease'), 'leased', 'returned',
      (upper(unused) - lower(unused))::integer, 'lease:' || (d ->> 'lease'), 2);
  end if;
  return true;
end $$;

--
-- Name: tell_changed_operators(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.tell_changed_operators() RETURNS trigger
    LANGUAGE plpgsql
    SET enable_nestloop TO 'off'
    AS $$
begin
  perform tell_operators('operatorsNamed', array(
    select format('{"digest":%s,"number":%s}', name_digest(f.salt, f.name), to_json(f.number))
    from fresh f join former o on o.number = f.number where f.name is not null and f.name is distinct from o.name order by f.number));
  perform tell_operators('operatorsLeft', array(
    select to_json(f.number)::text from fresh f join former o on o.number = f.number
    where f.left_at is not null and o.left_at is null order by f.number));
  perform tell_operators('operatorsReturned', array(
    select to_json(f.number)::text from fresh f join former o on o.number = f.number
    where f.left_at is null and o.left_at is not null order by f.number));
  return null;
end $$;

--
-- Name: tell_new_operators(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.tell_new_operators() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
  perform tell_operators('operatorsNamed', array(
    select format('{"digest":%s,"number":%s}', name_digest(f.salt, f.name), to_json(f.number)) from fresh f order by f.number));
  return null;
end $$;

--
-- Name: tell_opened(public.exports); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.tell_opened(e public.exports) RETURNS void
    LANGUAGE plpgsql
    AS $$
begin
  perform append_to_stream('export:' || e.id, 'exportOpened', 'opened', format(
    '{"amendments":%s,"asOf":%s,"buyer":%s,"from":%s,"kind":%s,"lookSha256":%s,"number":%s,"numbers":%s,"of":%s,"predecessor":%s,"records":%s,"to":%s}',
    e.amendments, told_time(e.as_of), to_json(e.buyer), told_time(e.sealed_from), to_json(e.kind),
    to_json(encode(sha256(convert_to(e.look, 'UTF8')), 'hex')), coalesce(e.number::text, 'null'), e.numbers, coalesce(to_json(e.reissue_of)::text, 'null'),
    coalesce(to_json(e.predecessor)::text, 'null'), e.records, told_time(e.sealed_to)));
end $$;

--
-- Name: tell_operators(text, text[]); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.tell_operators(p_type text, p_operators text[]) RETURNS void
    LANGUAGE plpgsql
    AS $$
declare
  place bigint;
begin
  for nth in 1 .. cardinality(p_operators) by 1000 loop
    select coalesce(max(seq), 0) + 1 into place from streams where stream = 'retention:plant';
    perform append_to_stream('retention:plant', p_type, 'operators/' || place,
      format('{"operators":[%s]}', array_to_string(p_operators[nth : nth + 999], ',')));
  end loop;
end $$;

--
-- Name: tell_overproduction(public.units, text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.tell_overproduction(u public.units, p_type text) RETURNS void
    LANGUAGE plpgsql
    AS $$
declare
  o orders;
begin
  select orders.* into o from orders join batches b on b.order_id = orders.id where b.id = u.batch_id;
  -- Told already, with the numbers of then.
  if exists (select from unit_events where stream = 'order:' || o.id and key = concat_ws('/', 'refused', p_type, u.id, u.seq)) then
    return;
  end if;
  perform append_to_stream('order:' || o.id, 'overproductionRefused', concat_ws('/', 'refused', p_type, u.id, u.seq),
    format('{"alive":%s,"batch":%s,"quantity":%s,"serial":%s,"unit":%s,"what":%s}', o.alive, to_json(u.batch_id), o.quantity,
      to_json(u.serial), to_json(u.id), to_json(p_type)));
end $$;

--
-- Name: tell_plant_version(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.tell_plant_version() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
  perform append_to_stream('retention:plant', 'plantApplied', 'version/' || new.id, format('{"difference":%s,"document":%s,"version":%s}',
    to_json(encode(sha256(convert_to(new.difference, 'UTF8')), 'hex')), to_json(encode(sha256(convert_to(new.document, 'UTF8')), 'hex')), new.id));
  return null;
end $$;

--
-- Name: tell_taken_out(text[], text[]); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.tell_taken_out(p_serials text[], p_reasons text[]) RETURNS text
    LANGUAGE sql IMMUTABLE
    AS $$
  select format('"takenOut":[%s],"takenOutCount":%s', string_agg(format('{"reason":%s,"serial":%s}', to_json(reason), to_json(serial)), ','
    order by place) filter (where place <= 500), cardinality(p_serials))
  from unnest(p_serials, p_reasons) with ordinality as taken(serial, reason, place)
$$;

--
-- Name: told_time(timestamp with time zone); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.told_time(p_at timestamp with time zone) RETURNS text
    LANGUAGE sql IMMUTABLE
    AS $$
  select coalesce(to_char(p_at at time zone 'UTC', '"\""YYYY-MM-DD"T"HH24:MI:SS.MS"Z\""'), 'null')
$$;

--
-- Name: top_up_batch(text, text, text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.top_up_batch(p_batch text, p_id text, p_body text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
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

--
-- Name: unit_name(public.units); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.unit_name(u public.units) RETURNS text
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select spell_name(exists (select from buyers where id = u.issuer), u.issuer, u.serial)
$$;

--
-- Name: unused_in(jsonb); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.unused_in(p_document jsonb) RETURNS int8range
    LANGUAGE sql IMMUTABLE
    AS $$
  select case when jsonb_typeof(p_document -> 'unused') = 'object'
    then int8range(whole(p_document -> 'unused', 'first'), whole(p_document -> 'unused', 'last') + 1) end
$$;

--
-- Name: unused_of_lease(text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.unused_of_lease(p_lease text) RETURNS int8range
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare
  l number_leases := lease_of_side(p_lease, 'lessee');
  space number_spaces;
begin
  select * into space from number_spaces where id = l.space_id for update;
  return case when space.next_number <= space.last_number then int8range(space.next_number, space.last_number + 1) end;
end $$;

--
-- Name: versions_that_count(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.versions_that_count() RETURNS TABLE(id bigint, document jsonb)
    LANGUAGE sql STABLE
    AS $$
  select v.id, v.document::jsonb from plant_versions v
  where v.id >= greatest(
    (select coalesce(max(o.id), 0) from plant_versions o where o.applied_at <= clock_timestamp() - interval '30 days'),
    (select coalesce(max(a.plant_version), 0) from (
       select plant_version from retention_approvals group by plant_version having count(*) >= 2) a))
$$;

--
-- Name: void_numbers(text, jsonb); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.void_numbers(p_batch text, p_numbers jsonb) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
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

--
-- Name: whole(jsonb, text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.whole(p_body jsonb, p_name text) RETURNS bigint
    LANGUAGE sql IMMUTABLE
    AS $_$
  select case when jsonb_typeof(p_body -> p_name) = 'number' and p_body ->> p_name ~ '^[0-9]{1,15}$'
    then (p_body ->> p_name)::bigint end
$_$;

--
-- Name: withdraw_identifier(uuid, text, text, text, text, text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.withdraw_identifier(p_unit uuid, p_kind text, p_issuer text, p_value text, p_by text, p_reason text) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
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

--
-- Name: witness_id(text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.witness_id(p_witness text) RETURNS text
    LANGUAGE sql IMMUTABLE
    AS $$
  select split_part(p_witness, '+', 1) || '+' || split_part(p_witness, '+', 2)
$$;

--
-- Name: adopted_units; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.adopted_units (
    id bigint NOT NULL,
    adoption_id bigint NOT NULL,
    "position" bigint NOT NULL,
    issuer text NOT NULL,
    serial text NOT NULL,
    state text NOT NULL,
    body text NOT NULL,
    CONSTRAINT adopted_units_serial CHECK (((serial ~ '^[ -~]{1,64}$'::text) AND (serial = btrim(serial)) AND (serial !~ '\|'::text))),
    CONSTRAINT adopted_units_size CHECK ((octet_length(body) <= 16384)),
    CONSTRAINT adopted_units_state CHECK ((state = ANY (ARRAY['shipped'::text, 'used'::text, 'void'::text])))
);

--
-- Name: adopted_units_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.adopted_units ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.adopted_units_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

--
-- Name: adoptions_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.adoptions ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.adoptions_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

--
-- Name: batch_lots; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.batch_lots (
    batch_id text NOT NULL,
    "position" text NOT NULL,
    lots text[] NOT NULL,
    CONSTRAINT batch_lots_some CHECK ((lots <> '{}'::text[]))
);

--
-- Name: blocks_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.blocks ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.blocks_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

--
-- Name: buyer_amendments; Type: VIEW; Schema: public; Owner: -
--

CREATE VIEW public.buyer_amendments WITH (security_invoker='true') AS
 SELECT read_buyer_amendments.issuer,
    read_buyer_amendments.serial,
    read_buyer_amendments.seq,
    read_buyer_amendments.type,
    read_buyer_amendments.at,
    read_buyer_amendments.body,
    read_buyer_amendments.export
   FROM public.read_buyer_amendments() read_buyer_amendments(issuer, serial, seq, type, at, body, export);

--
-- Name: buyer_deliveries; Type: VIEW; Schema: public; Owner: -
--

CREATE VIEW public.buyer_deliveries WITH (security_invoker='true') AS
 SELECT read_buyer_deliveries.export,
    read_buyer_deliveries.started_at,
    read_buyer_deliveries.ended_at,
    read_buyer_deliveries.outcome,
    read_buyer_deliveries.code
   FROM public.read_buyer_deliveries() read_buyer_deliveries(export, started_at, ended_at, outcome, code);

--
-- Name: buyer_export_files; Type: VIEW; Schema: public; Owner: -
--

CREATE VIEW public.buyer_export_files WITH (security_invoker='true') AS
 SELECT read_buyer_export_files.export,
    read_buyer_export_files.name,
    read_buyer_export_files.size_bytes,
    read_buyer_export_files.sha256,
    read_buyer_export_files.rows
   FROM public.read_buyer_export_files() read_buyer_export_files(export, name, size_bytes, sha256, rows);

--
-- Name: buyer_exports; Type: VIEW; Schema: public; Owner: -
--

CREATE VIEW public.buyer_exports WITH (security_invoker='true') AS
 SELECT read_buyer_exports.export,
    read_buyer_exports.kind,
    read_buyer_exports.number,
    read_buyer_exports.as_of,
    read_buyer_exports.predecessor,
    read_buyer_exports.reissue_of,
    read_buyer_exports.units,
    read_buyer_exports.amendments,
    read_buyer_exports.numbers,
    read_buyer_exports.state,
    read_buyer_exports.opened_at,
    read_buyer_exports.made_at,
    read_buyer_exports.delivered_at,
    read_buyer_exports.manifest
   FROM public.read_buyer_exports() read_buyer_exports(export, kind, number, as_of, predecessor, reissue_of, units, amendments, numbers, state, opened_at, made_at, delivered_at, manifest);

--
-- Name: buyer_logins; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.buyer_logins (
    login text NOT NULL,
    buyer text NOT NULL,
    made_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT buyer_logins_login CHECK ((login ~ '^unitrail_buyer_[0-9a-f]{12}$'::text))
);

--
-- Name: buyer_numbers; Type: VIEW; Schema: public; Owner: -
--

CREATE VIEW public.buyer_numbers WITH (security_invoker='true') AS
 SELECT read_buyer_numbers.issuer,
    read_buyer_numbers.identifier,
    read_buyer_numbers.value,
    read_buyer_numbers.fate,
    read_buyer_numbers.fate_at,
    read_buyer_numbers.batch,
    read_buyer_numbers.reason,
    read_buyer_numbers.export
   FROM public.read_buyer_numbers() read_buyer_numbers(issuer, identifier, value, fate, fate_at, batch, reason, export);

--
-- Name: buyer_records; Type: VIEW; Schema: public; Owner: -
--

CREATE VIEW public.buyer_records WITH (security_invoker='true') AS
 SELECT read_buyer_records.issuer,
    read_buyer_records.serial,
    read_buyer_records.product,
    read_buyer_records.shipment,
    read_buyer_records.shipped_at,
    read_buyer_records.destination,
    read_buyer_records.carton,
    read_buyer_records.format,
    read_buyer_records.body,
    read_buyer_records.sha256,
    read_buyer_records.sealed_at,
    read_buyer_records.export
   FROM public.read_buyer_records() read_buyer_records(issuer, serial, product, shipment, shipped_at, destination, carton, format, body, sha256, sealed_at, export);

--
-- Name: buyers; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.buyers (
    id text NOT NULL,
    name text NOT NULL,
    test boolean DEFAULT false NOT NULL,
    turn uuid DEFAULT gen_random_uuid() NOT NULL
);

--
-- Name: buyers_by_shipment; Type: VIEW; Schema: public; Owner: -
--

CREATE VIEW public.buyers_by_shipment AS
 SELECT DISTINCT ON (b.id) b.id AS batch_id,
    s.buyer
   FROM ((public.batches b
     JOIN public.units u ON (((u.batch_id = b.id) AND (u.state = 'Shipped'::text))))
     JOIN public.shipments s ON ((s.id = u.shipment_id)))
  WHERE (b.buyer IS NULL)
  ORDER BY b.id, s.closed_at, s.id;

--
-- Name: capsule_copies; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.capsule_copies (
    capsule_id text NOT NULL,
    place text NOT NULL,
    run_id text NOT NULL,
    manifest_sha256 text NOT NULL,
    verified_by text DEFAULT SESSION_USER NOT NULL,
    verified_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT capsule_copies_sha256 CHECK ((manifest_sha256 ~ '^[0-9a-f]{64}$'::text))
);

--
-- Name: capsule_deliveries; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.capsule_deliveries (
    id bigint NOT NULL,
    capsule_id text NOT NULL,
    target text NOT NULL,
    ended_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    code text,
    message text
);

--
-- Name: capsule_deliveries_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.capsule_deliveries ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.capsule_deliveries_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

--
-- Name: capsule_files; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.capsule_files (
    capsule_id text NOT NULL,
    name text NOT NULL,
    role text NOT NULL,
    own_only boolean NOT NULL,
    size_bytes bigint NOT NULL,
    sha256 text NOT NULL,
    CONSTRAINT capsule_files_name CHECK ((name ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,199}$'::text)),
    CONSTRAINT capsule_files_sha256 CHECK ((sha256 ~ '^[0-9a-f]{64}$'::text)),
    CONSTRAINT capsule_files_size CHECK ((size_bytes >= 0))
);

--
-- Name: capsule_statements; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.capsule_statements (
    unit_id uuid NOT NULL,
    seq bigint NOT NULL,
    capsule_id text NOT NULL,
    type text NOT NULL,
    body_sha256 text NOT NULL,
    key text,
    field text
);

--
-- Name: capsule_units; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.capsule_units (
    unit_id uuid NOT NULL,
    last_seq bigint NOT NULL,
    head bytea NOT NULL,
    capsule_id text NOT NULL,
    issuer text NOT NULL COLLATE pg_catalog."C",
    serial text NOT NULL COLLATE pg_catalog."C",
    record_sha256 text,
    retired_at timestamp with time zone,
    CONSTRAINT capsule_units_record CHECK ((record_sha256 ~ '^[0-9a-f]{64}$'::text)),
    CONSTRAINT capsule_units_seq CHECK ((last_seq >= 1))
);

--
-- Name: capsules; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.capsules (
    id text NOT NULL,
    run_id text NOT NULL,
    buyer text,
    product text NOT NULL,
    month text NOT NULL,
    number integer NOT NULL,
    units integer NOT NULL,
    records integer NOT NULL,
    events bigint NOT NULL,
    sealed_from timestamp with time zone,
    sealed_to timestamp with time zone,
    state text DEFAULT 'planned'::text NOT NULL,
    planned_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    made_at timestamp with time zone,
    manifest text,
    events_manifest text,
    delivery text DEFAULT 'due'::text NOT NULL,
    moved_at timestamp with time zone,
    erased_at timestamp with time zone,
    abandoned_at timestamp with time zone,
    CONSTRAINT capsules_abandoned CHECK (((state = 'abandoned'::text) = (abandoned_at IS NOT NULL))),
    CONSTRAINT capsules_counts CHECK (((units > 0) AND ((records >= 0) AND (records <= units)) AND (events >= 0))),
    CONSTRAINT capsules_delivery CHECK ((delivery = ANY (ARRAY['due'::text, 'delivered'::text, 'none'::text]))),
    CONSTRAINT capsules_erased CHECK (((state = 'erased'::text) = (erased_at IS NOT NULL))),
    CONSTRAINT capsules_made CHECK ((((state = 'planned'::text) = (manifest IS NULL)) AND ((manifest IS NULL) = (made_at IS NULL)) AND ((manifest IS NULL) = (events_manifest IS NULL)))),
    CONSTRAINT capsules_month CHECK ((month ~ '^[0-9]{4}-[0-9]{2}$'::text)),
    CONSTRAINT capsules_moved CHECK (((state = ANY (ARRAY['moved'::text, 'erased'::text])) = (moved_at IS NOT NULL))),
    CONSTRAINT capsules_state CHECK ((state = ANY (ARRAY['planned'::text, 'made'::text, 'abandoned'::text, 'moved'::text, 'erased'::text])))
);

--
-- Name: cartons; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.cartons (
    sscc text NOT NULL,
    shipment_id text NOT NULL,
    pallet text,
    capacity integer,
    opened_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT cartons_capacity CHECK ((capacity > 0))
);

--
-- Name: clock_marks; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.clock_marks (
    id bigint NOT NULL,
    at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    run_id text
);

--
-- Name: clock_marks_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.clock_marks ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.clock_marks_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

--
-- Name: deliveries; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.deliveries (
    id bigint NOT NULL,
    export_id text NOT NULL,
    target text NOT NULL,
    started_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    ended_at timestamp with time zone,
    outcome text,
    code text,
    message text,
    CONSTRAINT deliveries_end CHECK ((((ended_at IS NULL) = (outcome IS NULL)) AND ((COALESCE(outcome, ''::text) = 'failed'::text) = (code IS NOT NULL)))),
    CONSTRAINT deliveries_outcome CHECK ((outcome = ANY (ARRAY['delivered'::text, 'copied'::text, 'failed'::text])))
);

--
-- Name: deliveries_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.deliveries ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.deliveries_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

--
-- Name: erased_contents; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.erased_contents (
    sha256 text NOT NULL,
    run_id text NOT NULL,
    decided_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    removed_at timestamp with time zone,
    CONSTRAINT erased_contents_sha256 CHECK ((sha256 ~ '^[0-9a-f]{64}$'::text))
);

--
-- Name: erased_exports; Type: VIEW; Schema: public; Owner: -
--

CREATE VIEW public.erased_exports AS
 SELECT e.id
   FROM public.exports e
  WHERE false;

--
-- Name: export_files; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.export_files (
    export_id text NOT NULL,
    name text NOT NULL,
    size_bytes bigint NOT NULL,
    sha256 text NOT NULL,
    rows integer NOT NULL,
    CONSTRAINT export_files_name CHECK ((name ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,199}$'::text)),
    CONSTRAINT export_files_numbers CHECK (((size_bytes >= 0) AND (rows >= 0))),
    CONSTRAINT export_files_sha256 CHECK ((sha256 ~ '^[0-9a-f]{64}$'::text))
);

--
-- Name: export_items; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.export_items (
    export_id text NOT NULL,
    kind text NOT NULL,
    issuer text NOT NULL COLLATE pg_catalog."C",
    identifier text NOT NULL COLLATE pg_catalog."C",
    value text NOT NULL COLLATE pg_catalog."C",
    seq bigint DEFAULT 0 NOT NULL,
    unit_id uuid,
    fate text,
    fate_at timestamp with time zone,
    batch_id text,
    reason text,
    CONSTRAINT export_items_fate CHECK ((((kind = 'number'::text) = (fate IS NOT NULL)) AND (fate = ANY (ARRAY['scrapped'::text, 'void'::text, 'missing'::text, 'unused'::text])))),
    CONSTRAINT export_items_kind CHECK ((kind = ANY (ARRAY['record'::text, 'amendment'::text, 'number'::text]))),
    CONSTRAINT export_items_unit CHECK (((kind = 'number'::text) OR ((unit_id IS NOT NULL) AND (fate IS NULL))))
);

--
-- Name: export_keys; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.export_keys (
    id text NOT NULL,
    public_key text NOT NULL,
    first_used_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT export_keys_id CHECK ((id = "left"(encode(sha256(decode(public_key, 'base64'::text)), 'hex'::text), 16)))
);

--
-- Name: extract_items; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.extract_items (
    export_id text NOT NULL,
    kind text NOT NULL,
    issuer text NOT NULL COLLATE pg_catalog."C",
    identifier text NOT NULL COLLATE pg_catalog."C",
    value text NOT NULL COLLATE pg_catalog."C",
    seq bigint DEFAULT 0 NOT NULL,
    unit_id uuid NOT NULL,
    CONSTRAINT extract_items_kind CHECK ((kind = ANY (ARRAY['record'::text, 'amendment'::text])))
);

--
-- Name: field_imports; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.field_imports (
    id bigint NOT NULL,
    source_name text NOT NULL,
    source_sha256 text NOT NULL,
    source_part text NOT NULL,
    imported_by text NOT NULL,
    imported_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    stream text GENERATED ALWAYS AS (('field:'::text || id)) STORED NOT NULL,
    seq bigint DEFAULT 1 NOT NULL,
    CONSTRAINT field_imports_sha256 CHECK ((source_sha256 ~ '^[0-9a-f]{64}$'::text))
);

--
-- Name: field_imports_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.field_imports ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.field_imports_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

--
-- Name: held_units; Type: VIEW; Schema: public; Owner: -
--

CREATE VIEW public.held_units AS
 SELECT u.id AS unit_id,
    u.step,
    u.failure_code,
    e.seq AS held_seq,
    e.at AS held_at
   FROM (public.units u
     CROSS JOIN LATERAL ( SELECT v.seq,
            v.at
           FROM public.unit_events v
          WHERE ((v.stream = ('unit:'::text || u.id)) AND (v.type = ANY (ARRAY['held'::text, 'found'::text])))
          ORDER BY v.seq DESC
         LIMIT 1) e)
  WHERE (u.state = 'AwaitingEngineer'::text);

--
-- Name: holds; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.holds (
    unit_id uuid NOT NULL,
    hold_id text NOT NULL,
    reason text NOT NULL,
    opened_seq bigint NOT NULL,
    released_seq bigint
);

--
-- Name: identifier_effects; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.identifier_effects (
    type text NOT NULL,
    from_state text NOT NULL,
    to_state text NOT NULL
);

--
-- Name: identifiers; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.identifiers (
    issuer text NOT NULL,
    kind text NOT NULL,
    value text NOT NULL,
    unit_id uuid,
    block_id bigint,
    ordinal integer,
    state text NOT NULL,
    adopted_unit bigint,
    CONSTRAINT identifiers_adopted CHECK (((adopted_unit IS NULL) OR ((unit_id IS NULL) AND (block_id IS NULL) AND (state = ANY (ARRAY['applied'::text, 'shipped'::text, 'void'::text]))))),
    CONSTRAINT identifiers_issued CHECK (((block_id IS NULL) = (ordinal IS NULL))),
    CONSTRAINT identifiers_kind CHECK ((kind = ANY (ARRAY['serial'::text, 'mac'::text, 'chip-uid'::text, 'certificate'::text, 'imei'::text, 'asset'::text, 'certificate-serial'::text]))),
    CONSTRAINT identifiers_owner CHECK (((unit_id IS NOT NULL) OR (state = 'void'::text) OR (adopted_unit IS NOT NULL))),
    CONSTRAINT identifiers_state CHECK ((state = ANY (ARRAY['assigned'::text, 'applied'::text, 'shipped'::text, 'void'::text, 'scrapped'::text, 'missing'::text]))),
    CONSTRAINT identifiers_value_form CHECK ((((length(value) >= 1) AND (length(value) <= 128)) AND (value ~ '^[ -{}~]+$'::text)))
);

--
-- Name: issuers; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.issuers (
    id text NOT NULL,
    kind text NOT NULL,
    CONSTRAINT issuers_kind CHECK ((kind = ANY (ARRAY['manufacturer'::text, 'buyer'::text, 'registry'::text, 'chip-family'::text, 'authority'::text])))
);

--
-- Name: lease_returns; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.lease_returns (
    lease_id text NOT NULL,
    unused int8range,
    document text NOT NULL,
    public_key text NOT NULL,
    recorded_by text NOT NULL,
    recorded_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    stream text GENERATED ALWAYS AS (('lease:'::text || lease_id)) STORED NOT NULL,
    seq bigint DEFAULT 2 NOT NULL,
    CONSTRAINT lease_returns_unused CHECK (((NOT isempty(unused)) AND lower_inc(unused) AND (NOT upper_inc(unused))))
);

--
-- Name: legal_holds; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.legal_holds (
    id text NOT NULL,
    kind text NOT NULL,
    value text NOT NULL,
    unit_id uuid,
    reason text NOT NULL,
    added_by text NOT NULL,
    added_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    released_by text,
    released_reason text,
    released_at timestamp with time zone,
    CONSTRAINT legal_holds_kind CHECK (((kind = ANY (ARRAY['unit'::text, 'batch'::text, 'lot'::text, 'firmware'::text, 'buyer'::text])) AND ((kind = 'unit'::text) = (unit_id IS NOT NULL)))),
    CONSTRAINT legal_holds_release CHECK ((((released_at IS NULL) = (released_by IS NULL)) AND ((released_by IS NULL) = (released_reason IS NULL))))
);

--
-- Name: listed_numbers; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.listed_numbers (
    space_id bigint NOT NULL,
    "position" bigint NOT NULL,
    value text NOT NULL,
    issuer text NOT NULL,
    CONSTRAINT listed_numbers_form CHECK ((value ~ '^[!"%&''()*+,./0-9:;<=>?A-Z_a-z-]{1,20}$'::text)),
    CONSTRAINT listed_numbers_position CHECK ((("position" >= 1) AND ("position" <= 1000000)))
);

--
-- Name: log_checkpoints; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.log_checkpoints (
    origin text NOT NULL,
    size bigint NOT NULL,
    root bytea NOT NULL,
    note text NOT NULL,
    key text NOT NULL,
    booked_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT log_checkpoints_root CHECK ((length(root) = 32)),
    CONSTRAINT log_checkpoints_size CHECK ((size >= 0))
);

--
-- Name: log_cosignatures; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.log_cosignatures (
    origin text NOT NULL,
    size bigint NOT NULL,
    witness text NOT NULL,
    signed_at timestamp with time zone NOT NULL,
    line text NOT NULL,
    added_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    id bigint NOT NULL,
    CONSTRAINT log_cosignatures_line CHECK ((((length(line) >= 1) AND (length(line) <= 1000)) AND (line !~ '[[:cntrl:]]'::text)))
);

--
-- Name: log_cosignatures_held; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.log_cosignatures_held (
    cosignature_id bigint NOT NULL,
    origin text NOT NULL,
    witness text NOT NULL,
    size bigint NOT NULL,
    signed_at timestamp with time zone NOT NULL
);

--
-- Name: log_cosignatures_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.log_cosignatures ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.log_cosignatures_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

--
-- Name: log_cosignatures_waiting; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.log_cosignatures_waiting (
    cosignature_id bigint NOT NULL
);

--
-- Name: log_heads; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.log_heads (
    number bigint NOT NULL,
    at timestamp with time zone NOT NULL,
    body text NOT NULL
);

--
-- Name: log_keys; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.log_keys (
    key text NOT NULL,
    first_used_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);

--
-- Name: log_leaves; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.log_leaves (
    index bigint NOT NULL,
    queue_id bigint NOT NULL,
    entry bytea NOT NULL,
    CONSTRAINT log_leaves_entry CHECK ((length(entry) = 32)),
    CONSTRAINT log_leaves_index CHECK ((index >= 0))
);

--
-- Name: log_pending; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.log_pending (
    queue_id bigint NOT NULL
);

--
-- Name: log_queue; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.log_queue (
    id bigint NOT NULL,
    format text NOT NULL,
    stream text NOT NULL,
    seq bigint NOT NULL,
    sha256 text NOT NULL,
    salt bytea NOT NULL,
    CONSTRAINT log_queue_format CHECK ((format = ANY (ARRAY['unitrail.record/1'::text, 'unitrail.statement/1'::text, 'unitrail.heads/1'::text, 'unitrail.refusal/1'::text]))),
    CONSTRAINT log_queue_salt CHECK ((length(salt) = 32))
);

--
-- Name: log_queue_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.log_queue ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.log_queue_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

--
-- Name: log_refusals; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.log_refusals (
    number bigint NOT NULL,
    queue_id bigint NOT NULL,
    sha256 text NOT NULL,
    at timestamp with time zone NOT NULL,
    body text NOT NULL
);

--
-- Name: log_told; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.log_told (
    stream text NOT NULL,
    unit_id uuid,
    seq bigint NOT NULL
);

--
-- Name: log_witnesses; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.log_witnesses (
    origin text NOT NULL,
    witness text NOT NULL,
    cosignature_id bigint NOT NULL,
    place integer,
    CONSTRAINT log_witnesses_places CHECK (((place >= 1) AND (place <= 16)))
);

--
-- Name: movements; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.movements (
    id bigint NOT NULL,
    block_id bigint NOT NULL,
    from_account text NOT NULL,
    to_account text NOT NULL,
    quantity integer NOT NULL,
    stream text NOT NULL,
    seq bigint NOT NULL,
    CONSTRAINT movements_accounts CHECK (((from_account <> to_account) AND (from_account = ANY (ARRAY['granted'::text, 'reserved'::text, 'leased'::text, 'assigned'::text, 'applied'::text, 'shipped'::text, 'scrapped'::text, 'missing'::text, 'void'::text])) AND (to_account = ANY (ARRAY['reserved'::text, 'leased'::text, 'assigned'::text, 'applied'::text, 'shipped'::text, 'scrapped'::text, 'missing'::text, 'void'::text, 'returned'::text])))),
    CONSTRAINT movements_quantity CHECK ((quantity > 0))
);

--
-- Name: movements_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.movements ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.movements_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

--
-- Name: notices; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.notices (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    kind text NOT NULL,
    unit_id uuid NOT NULL,
    held_seq bigint NOT NULL,
    held_at timestamp with time zone NOT NULL,
    step text NOT NULL,
    failure_code text,
    raised_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    tried_at timestamp with time zone,
    delivered_at timestamp with time zone,
    CONSTRAINT notices_kind CHECK ((kind = 'unitHeldTooLong'::text))
);

--
-- Name: number_spaces_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.number_spaces ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.number_spaces_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

--
-- Name: operators; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.operators (
    number text NOT NULL,
    name text,
    erased_at timestamp with time zone,
    left_at timestamp with time zone,
    salt bytea,
    CONSTRAINT operators_number_form CHECK ((number ~ '^[0-9A-Za-z-]{1,16}$'::text))
);

--
-- Name: pallets; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.pallets (
    sscc text NOT NULL,
    shipment_id text NOT NULL,
    capacity integer,
    opened_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT pallets_capacity CHECK ((capacity > 0))
);

--
-- Name: plant_versions; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.plant_versions (
    id bigint NOT NULL,
    document text NOT NULL,
    sha256 text NOT NULL,
    difference text NOT NULL,
    applied_by text DEFAULT SESSION_USER NOT NULL,
    applied_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT plant_versions_size CHECK (((octet_length(document) <= 16777216) AND (octet_length(difference) <= 16777216)))
);

--
-- Name: plant_versions_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.plant_versions ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.plant_versions_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

--
-- Name: recipes; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.recipes (
    sha256 text NOT NULL,
    body text NOT NULL,
    CONSTRAINT recipes_digest CHECK ((sha256 = encode(sha256(convert_to(body, 'UTF8'::name)), 'hex'::text)))
);

--
-- Name: records; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.records (
    unit_id uuid NOT NULL,
    serial text NOT NULL,
    format text NOT NULL,
    body text NOT NULL,
    sha256 text NOT NULL,
    sealed_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT records_digest CHECK ((sha256 = encode(sha256(convert_to(body, 'UTF8'::name)), 'hex'::text)))
);

--
-- Name: shipped_to_session; Type: VIEW; Schema: public; Owner: -
--

CREATE VIEW public.shipped_to_session AS
 SELECT u.id,
    u.issuer,
    u.serial,
    u.product,
    u.carton,
    s.id AS shipment,
    s.closed_at AS shipped_at,
    s.destination
   FROM (public.shipments s
     CROSS JOIN LATERAL ( SELECT x.id,
            x.issuer,
            x.serial,
            x.product,
            x.carton
           FROM public.units x
          WHERE ((x.shipment_id = s.id) AND (x.state = 'Shipped'::text))
         OFFSET 0) u)
  WHERE ((s.buyer = public.buyer_of_session()) AND (s.closed_at IS NOT NULL) AND (NOT s.cancelled));

--
-- Name: records_of_session; Type: VIEW; Schema: public; Owner: -
--

CREATE VIEW public.records_of_session AS
 SELECT u.issuer,
    u.serial,
    u.product,
    u.shipment,
    u.shipped_at,
    u.destination,
    u.carton,
    r.format,
    r.body,
    r.sha256,
    r.sealed_at,
    i.export
   FROM ((public.shipped_to_session u
     CROSS JOIN LATERAL ( SELECT x.format,
            x.body,
            x.sha256,
            x.sealed_at
           FROM public.records x
          WHERE (x.unit_id = u.id)
         OFFSET 0) r)
     LEFT JOIN LATERAL ( SELECT x.export_id AS export
           FROM public.export_items x
          WHERE ((x.kind = 'record'::text) AND (x.unit_id = u.id))
         OFFSET 0) i ON (true));

--
-- Name: registry_epochs; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.registry_epochs (
    epoch integer NOT NULL,
    registry uuid NOT NULL,
    opened_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);

--
-- Name: resolution_units; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.resolution_units (
    resolution_id text NOT NULL,
    "position" integer NOT NULL,
    unit_id uuid NOT NULL,
    step text NOT NULL,
    attempt integer NOT NULL,
    outcome text,
    why text,
    CONSTRAINT resolution_units_outcome CHECK ((outcome = ANY (ARRAY['done'::text, 'refused'::text, 'unreached'::text])))
);

--
-- Name: resolutions; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.resolutions (
    id text NOT NULL,
    request text NOT NULL,
    requested_by text NOT NULL,
    opened_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT resolutions_size CHECK ((octet_length(request) <= 1048576))
);

--
-- Name: retention_approvals; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.retention_approvals (
    plant_version bigint NOT NULL,
    approved_by text NOT NULL,
    approved_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);

--
-- Name: revocations; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.revocations (
    certificate_sha256 text NOT NULL,
    unit_id uuid NOT NULL,
    seq bigint NOT NULL
);

--
-- Name: sealed_digests; Type: VIEW; Schema: public; Owner: -
--

CREATE VIEW public.sealed_digests AS
 SELECT records.unit_id,
    records.sha256
   FROM public.records
UNION ALL
 SELECT capsule_units.unit_id,
    capsule_units.record_sha256 AS sha256
   FROM public.capsule_units
  WHERE ((capsule_units.record_sha256 IS NOT NULL) AND (capsule_units.retired_at IS NOT NULL));

--
-- Name: slot_requests; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.slot_requests (
    unit_id uuid NOT NULL,
    step text NOT NULL,
    requested_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    seen_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);

--
-- Name: slots; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.slots (
    station text NOT NULL,
    slot integer NOT NULL,
    fence bigint DEFAULT 0 NOT NULL,
    state text DEFAULT 'free'::text NOT NULL,
    unit_id uuid,
    offered boolean DEFAULT true NOT NULL,
    CONSTRAINT slots_number CHECK (((slot >= 1) AND (slot <= 1000))),
    CONSTRAINT slots_state CHECK (((state = ANY (ARRAY['free'::text, 'leased'::text, 'uncleared'::text])) AND ((state = 'free'::text) = (unit_id IS NULL))))
);

--
-- Name: stations; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.stations (
    id text NOT NULL,
    login text NOT NULL,
    steps text[] NOT NULL,
    virtual boolean NOT NULL,
    CONSTRAINT stations_steps CHECK (((steps <@ ARRAY['flash'::text, 'test'::text, 'provision'::text, 'label'::text, 'qc'::text]) AND (steps <> '{}'::text[])))
);

--
-- Name: streams; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.streams (
    stream text NOT NULL,
    seq bigint NOT NULL,
    head bytea NOT NULL
);

--
-- Name: transitions; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.transitions (
    type text NOT NULL,
    from_state text NOT NULL,
    from_step text,
    to_state text NOT NULL,
    to_step text,
    opens_attempt boolean NOT NULL,
    id bigint NOT NULL
);

--
-- Name: transitions_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.transitions ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.transitions_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

--
-- Name: tries; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.tries (
    unit_id uuid NOT NULL,
    part text NOT NULL,
    attempt smallint NOT NULL,
    try smallint NOT NULL,
    caller text NOT NULL
);

--
-- Name: undelivered_units; Type: VIEW; Schema: public; Owner: -
--

CREATE VIEW public.undelivered_units AS
 SELECT u.id AS unit_id,
    s.buyer
   FROM (public.units u
     JOIN public.shipments s ON ((s.id = u.shipment_id)))
  WHERE ((u.state = 'Shipped'::text) AND (NOT (EXISTS ( SELECT
           FROM (public.export_items x
             JOIN public.exports e ON ((e.id = x.export_id)))
          WHERE ((x.kind = 'record'::text) AND (x.unit_id = u.id) AND (e.state = 'delivered'::text))))))
UNION ALL
 SELECT u.id AS unit_id,
    s.buyer
   FROM ((public.unit_events v
     JOIN public.units u ON ((u.id = (substr(v.stream, 6))::uuid)))
     JOIN public.shipments s ON ((s.id = u.shipment_id)))
  WHERE ((v.type = ANY (ARRAY['recordCorrected'::text, 'unitReturned'::text])) AND (u.state = 'Shipped'::text) AND (NOT (EXISTS ( SELECT
           FROM (public.export_items x
             JOIN public.exports e ON ((e.id = x.export_id)))
          WHERE ((x.kind = 'amendment'::text) AND (x.unit_id = u.id) AND (x.seq = v.seq) AND (e.state = 'delivered'::text))))))
UNION ALL
 SELECT u.id AS unit_id,
    n.buyer
   FROM ((((((public.units u
     JOIN public.batches b ON ((b.id = u.batch_id)))
     JOIN public.identifiers i ON (((i.unit_id = u.id) AND (i.kind = ANY (ARRAY['serial'::text, 'mac'::text])))))
     LEFT JOIN public.buyers own ON ((own.id = u.issuer)))
     LEFT JOIN public.buyers_by_shipment first ON ((first.batch_id = b.id)))
     CROSS JOIN LATERAL ( SELECT COALESCE(own.id, b.buyer, first.buyer) AS buyer) n)
     LEFT JOIN ( SELECT (w.value ->> 'id'::text) AS id
           FROM ( SELECT (plant_versions.document)::jsonb AS d
                   FROM public.plant_versions
                  ORDER BY plant_versions.id DESC
                 LIMIT 1) p,
            LATERAL jsonb_array_elements((p.d -> 'buyers'::text)) w(value)
          WHERE ((w.value #>> '{export,include,scrapped}'::text[]) = 'false'::text)) declines ON ((declines.id = n.buyer)))
  WHERE ((u.state = ANY (ARRAY['Scrapped'::text, 'Void'::text])) AND (NOT b.trial) AND (n.buyer IS NOT NULL) AND (declines.id IS NULL) AND (NOT (EXISTS ( SELECT
           FROM (public.export_items x
             JOIN public.exports e ON ((e.id = x.export_id)))
          WHERE ((x.kind = 'number'::text) AND ((x.issuer = i.issuer) AND (x.identifier = i.kind) AND (x.value = i.value) AND (x.fate = lower(u.state))) AND (e.state = 'delivered'::text))))));

--
-- Name: unexported_amendments; Type: VIEW; Schema: public; Owner: -
--

CREATE VIEW public.unexported_amendments AS
 SELECT s.buyer,
    u.issuer,
    u.serial,
    u.id AS unit_id,
    e.seq
   FROM ((public.unit_events e
     JOIN public.units u ON ((u.id = (substr(e.stream, 6))::uuid)))
     JOIN public.shipments s ON ((s.id = u.shipment_id)))
  WHERE ((e.type = ANY (ARRAY['recordCorrected'::text, 'unitReturned'::text])) AND (u.state = 'Shipped'::text) AND (NOT (EXISTS ( SELECT
           FROM public.export_items x
          WHERE ((x.kind = 'amendment'::text) AND (x.unit_id = u.id) AND (x.seq = e.seq))))));

--
-- Name: unexported_numbers; Type: VIEW; Schema: public; Owner: -
--

CREATE VIEW public.unexported_numbers AS
 SELECT n.buyer,
    n.issuer,
    n.identifier,
    n.value,
    n.unit_id,
    n.fate,
    n.fate_at,
    n.batch_id,
    n.reason
   FROM ( SELECT COALESCE(own.id, b.buyer, first.buyer) AS buyer,
            i.issuer,
            i.kind AS identifier,
            i.value,
            u.id AS unit_id,
            lower(u.state) AS fate,
            e.at AS fate_at,
            b.id AS batch_id,
            ((e.body)::jsonb ->> 'code'::text) AS reason
           FROM (((((public.units u
             JOIN public.batches b ON ((b.id = u.batch_id)))
             JOIN public.identifiers i ON (((i.unit_id = u.id) AND (i.kind = ANY (ARRAY['serial'::text, 'mac'::text])))))
             LEFT JOIN public.buyers own ON ((own.id = u.issuer)))
             LEFT JOIN public.buyers_by_shipment first ON ((first.batch_id = b.id)))
             CROSS JOIN LATERAL ( SELECT v.at,
                    v.body
                   FROM public.unit_events v
                  WHERE ((v.stream = ('unit:'::text || u.id)) AND (v.type = ANY (ARRAY['scrapped'::text, 'missing'::text, 'voided'::text])))
                  ORDER BY v.seq DESC
                 LIMIT 1) e)
          WHERE ((u.state = ANY (ARRAY['Scrapped'::text, 'Missing'::text, 'Void'::text])) AND (NOT b.trial))
        UNION ALL
         SELECT COALESCE(own.id, b.buyer, first.buyer) AS "coalesce",
            i.issuer,
            i.kind,
            i.value,
            NULL::uuid,
            'void'::text,
            e.at,
            b.id,
            ((e.body)::jsonb ->> 'why'::text)
           FROM (((((public.identifiers i
             JOIN public.blocks k ON ((k.id = i.block_id)))
             JOIN public.batches b ON ((b.id = k.batch_id)))
             JOIN public.unit_events e ON (((e.stream = ('batch:'::text || b.id)) AND (e.key = concat_ws('/'::text, 'void', k.id, i.ordinal)))))
             LEFT JOIN public.buyers own ON ((own.id = i.issuer)))
             LEFT JOIN public.buyers_by_shipment first ON ((first.batch_id = b.id)))
          WHERE ((i.unit_id IS NULL) AND (i.adopted_unit IS NULL) AND (i.state = 'void'::text) AND (NOT b.trial))
        UNION ALL
         SELECT l.issuer,
            l.issuer,
            'serial'::text,
            v.value,
            NULL::uuid,
            'unused'::text,
            e.at,
            k.batch_id,
            NULL::text
           FROM ((((public.batch_controls c
             JOIN public.blocks k ON ((k.batch_id = c.batch_id)))
             JOIN public.number_lists l ON ((l.space_id = k.space_id)))
             JOIN public.unit_events e ON (((e.stream = ('batch:'::text || c.batch_id)) AND (e.key = 'returned'::text))))
             JOIN public.listed_numbers v ON (((v.space_id = k.space_id) AND (v."position" >= lower(k.numbers)) AND (v."position" < upper(k.numbers)))))
          WHERE (c.cancelled AND (NOT (EXISTS ( SELECT
                   FROM public.identifiers i
                  WHERE ((i.issuer = l.issuer) AND (i.kind = 'serial'::text) AND (i.value = v.value))))))) n
  WHERE ((n.buyer IS NOT NULL) AND (NOT (EXISTS ( SELECT
           FROM public.export_items x
          WHERE ((x.kind = 'number'::text) AND ((x.issuer = n.issuer) AND (x.identifier = n.identifier) AND (x.value = n.value) AND (x.fate = n.fate)))))));

--
-- Name: unexported_records; Type: VIEW; Schema: public; Owner: -
--

CREATE VIEW public.unexported_records AS
 SELECT s.buyer,
    u.issuer,
    r.serial,
    r.unit_id
   FROM ((public.records r
     JOIN public.units u ON ((u.id = r.unit_id)))
     JOIN public.shipments s ON ((s.id = u.shipment_id)))
  WHERE (NOT (EXISTS ( SELECT
           FROM public.export_items x
          WHERE ((x.kind = 'record'::text) AND (x.unit_id = r.unit_id)))));

--
-- Name: unit_lots; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.unit_lots (
    unit_id uuid NOT NULL,
    "position" text NOT NULL,
    lot text NOT NULL
);

--
-- Name: units_on_legal_hold; Type: VIEW; Schema: public; Owner: -
--

CREATE VIEW public.units_on_legal_hold AS
 SELECT h.id AS hold_id,
    h.unit_id
   FROM public.legal_holds h
  WHERE ((h.kind = 'unit'::text) AND (h.released_at IS NULL))
UNION ALL
 SELECT h.id AS hold_id,
    u.id AS unit_id
   FROM (public.legal_holds h
     JOIN public.units u ON ((u.batch_id = h.value)))
  WHERE ((h.kind = 'batch'::text) AND (h.released_at IS NULL))
UNION ALL
 SELECT h.id AS hold_id,
    l.unit_id
   FROM (public.legal_holds h
     JOIN public.unit_lots l ON ((l.lot = h.value)))
  WHERE ((h.kind = 'lot'::text) AND (h.released_at IS NULL))
UNION ALL
 SELECT h.id AS hold_id,
    u.id AS unit_id
   FROM ((public.legal_holds h
     JOIN public.batches b ON ((b.board_lot = h.value)))
     JOIN public.units u ON (((u.batch_id = b.id) AND (u.board_lot IS NOT NULL))))
  WHERE ((h.kind = 'lot'::text) AND (h.released_at IS NULL))
UNION ALL
 SELECT h.id AS hold_id,
    u.id AS unit_id
   FROM (public.legal_holds h
     JOIN public.units u ON ((u.firmware_version = h.value)))
  WHERE ((h.kind = 'firmware'::text) AND (h.released_at IS NULL))
UNION ALL
 SELECT h.id AS hold_id,
    u.id AS unit_id
   FROM ((public.legal_holds h
     JOIN public.recipes r ON ((((r.body)::jsonb #>> '{firmware,version}'::text[]) = h.value)))
     JOIN public.units u ON (((u.flashed_sha256 = ((r.body)::jsonb #>> '{firmware,sha256}'::text[])) AND (u.flashed_sha256 <> u.firmware_sha256))))
  WHERE ((h.kind = 'firmware'::text) AND (h.released_at IS NULL))
UNION ALL
 SELECT h.id AS hold_id,
    f.unit_id
   FROM (public.legal_holds h
     JOIN public.field_reports f ON ((f.version = h.value)))
  WHERE ((h.kind = 'firmware'::text) AND (h.released_at IS NULL))
UNION ALL
 SELECT h.id AS hold_id,
    u.id AS unit_id
   FROM ((public.legal_holds h
     JOIN public.shipments s ON ((s.buyer = h.value)))
     JOIN public.units u ON ((u.shipment_id = s.id)))
  WHERE ((h.kind = 'buyer'::text) AND (h.released_at IS NULL))
UNION ALL
 SELECT h.id AS hold_id,
    u.id AS unit_id
   FROM ((public.legal_holds h
     JOIN public.batches b ON ((b.buyer = h.value)))
     JOIN public.units u ON ((u.batch_id = b.id)))
  WHERE ((h.kind = 'buyer'::text) AND (h.released_at IS NULL))
UNION ALL
 SELECT h.id AS hold_id,
    u.id AS unit_id
   FROM (((public.legal_holds h
     JOIN public.number_spaces n ON (((n.issuer = h.value) AND (n.kind = 'serial'::text))))
     JOIN public.blocks k ON ((k.space_id = n.id)))
     JOIN public.units u ON ((u.batch_id = k.batch_id)))
  WHERE ((h.kind = 'buyer'::text) AND (h.released_at IS NULL))
UNION ALL
 SELECT h.id AS hold_id,
    u.id AS unit_id
   FROM (((public.legal_holds h
     CROSS JOIN LATERAL ( SELECT b_1.order_id
           FROM public.batches b_1
          WHERE (b_1.buyer = h.value)
        UNION
         SELECT b_1.order_id
           FROM (public.shipments s
             JOIN public.batches b_1 ON ((b_1.id = s.batch_id)))
          WHERE (s.buyer = h.value)
        UNION
         SELECT b_1.order_id
           FROM ((public.shipments s
             JOIN public.units v ON ((v.shipment_id = s.id)))
             JOIN public.batches b_1 ON ((b_1.id = v.batch_id)))
          WHERE (s.buyer = h.value)) o)
     JOIN public.batches b ON (((b.order_id = o.order_id) AND (b.buyer IS NULL))))
     JOIN public.units u ON (((u.batch_id = b.id) AND (u.state <> 'Shipped'::text))))
  WHERE ((h.kind = 'buyer'::text) AND (h.released_at IS NULL));

--
-- Name: untold_shipments; Type: VIEW; Schema: public; Owner: -
--

CREATE VIEW public.untold_shipments AS
 SELECT s.id,
    s.buyer
   FROM public.shipments s
  WHERE ((s.closed_at IS NOT NULL) AND (NOT s.cancelled) AND (NOT (EXISTS ( SELECT
           FROM public.export_items x
          WHERE ((x.kind = 'record'::text) AND (x.unit_id = ( SELECT u.id
                   FROM public.units u
                  WHERE ((u.shipment_id = s.id) AND (u.state = 'Shipped'::text))
                 LIMIT 1)))))));

--
-- Name: used_ranges; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.used_ranges (
    kind text NOT NULL,
    name text NOT NULL,
    numbers int8range NOT NULL,
    CONSTRAINT used_ranges_numbers CHECK (((NOT isempty(numbers)) AND lower_inc(numbers) AND (NOT upper_inc(numbers))))
);

--
-- Name: adopted_units adopted_units_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.adopted_units
    ADD CONSTRAINT adopted_units_pkey PRIMARY KEY (id);

--
-- Name: adopted_units adopted_units_position; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.adopted_units
    ADD CONSTRAINT adopted_units_position UNIQUE (adoption_id, "position");

--
-- Name: adoptions adoptions_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.adoptions
    ADD CONSTRAINT adoptions_pkey PRIMARY KEY (id);

--
-- Name: adoptions adoptions_source; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.adoptions
    ADD CONSTRAINT adoptions_source UNIQUE (issuer, source_sha256, source_part);

--
-- Name: adoptions adoptions_stream; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.adoptions
    ADD CONSTRAINT adoptions_stream UNIQUE (stream, seq);

--
-- Name: batch_controls batch_controls_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.batch_controls
    ADD CONSTRAINT batch_controls_pkey PRIMARY KEY (batch_id);

--
-- Name: batch_lots batch_lots_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.batch_lots
    ADD CONSTRAINT batch_lots_pkey PRIMARY KEY (batch_id, "position");

--
-- Name: batches batches_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.batches
    ADD CONSTRAINT batches_pkey PRIMARY KEY (id);

--
-- Name: blocks blocks_no_overlap; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.blocks
    ADD CONSTRAINT blocks_no_overlap EXCLUDE USING gist (space_id WITH =, numbers WITH &&);

--
-- Name: blocks blocks_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.blocks
    ADD CONSTRAINT blocks_pkey PRIMARY KEY (id);

--
-- Name: buyer_logins buyer_logins_buyer; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.buyer_logins
    ADD CONSTRAINT buyer_logins_buyer UNIQUE (buyer);

--
-- Name: buyer_logins buyer_logins_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.buyer_logins
    ADD CONSTRAINT buyer_logins_pkey PRIMARY KEY (login);

--
-- Name: buyers buyers_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.buyers
    ADD CONSTRAINT buyers_pkey PRIMARY KEY (id);

--
-- Name: capsule_copies capsule_copies_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.capsule_copies
    ADD CONSTRAINT capsule_copies_pkey PRIMARY KEY (capsule_id, place, run_id);

--
-- Name: capsule_deliveries capsule_deliveries_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.capsule_deliveries
    ADD CONSTRAINT capsule_deliveries_pkey PRIMARY KEY (id);

--
-- Name: capsule_files capsule_files_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.capsule_files
    ADD CONSTRAINT capsule_files_pkey PRIMARY KEY (capsule_id, name);

--
-- Name: capsule_files capsule_files_role; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.capsule_files
    ADD CONSTRAINT capsule_files_role UNIQUE (capsule_id, role);

--
-- Name: capsule_statements capsule_statements_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.capsule_statements
    ADD CONSTRAINT capsule_statements_pkey PRIMARY KEY (unit_id, seq);

--
-- Name: capsule_units capsule_units_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.capsule_units
    ADD CONSTRAINT capsule_units_pkey PRIMARY KEY (unit_id);

--
-- Name: capsule_units capsule_units_place; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.capsule_units
    ADD CONSTRAINT capsule_units_place UNIQUE (capsule_id, serial, issuer);

--
-- Name: capsules capsules_number; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.capsules
    ADD CONSTRAINT capsules_number UNIQUE NULLS NOT DISTINCT (buyer, product, month, number);

--
-- Name: capsules capsules_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.capsules
    ADD CONSTRAINT capsules_pkey PRIMARY KEY (id);

--
-- Name: cartons cartons_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.cartons
    ADD CONSTRAINT cartons_pkey PRIMARY KEY (sscc);

--
-- Name: clock_marks clock_marks_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.clock_marks
    ADD CONSTRAINT clock_marks_pkey PRIMARY KEY (id);

--
-- Name: clock_marks clock_marks_run_once; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.clock_marks
    ADD CONSTRAINT clock_marks_run_once UNIQUE (run_id);

--
-- Name: deliveries deliveries_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.deliveries
    ADD CONSTRAINT deliveries_pkey PRIMARY KEY (id);

--
-- Name: erased_contents erased_contents_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.erased_contents
    ADD CONSTRAINT erased_contents_pkey PRIMARY KEY (sha256);

--
-- Name: event_types event_types_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.event_types
    ADD CONSTRAINT event_types_pkey PRIMARY KEY (type);

--
-- Name: export_files export_files_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.export_files
    ADD CONSTRAINT export_files_pkey PRIMARY KEY (export_id, name);

--
-- Name: export_items export_items_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.export_items
    ADD CONSTRAINT export_items_pkey PRIMARY KEY (export_id, kind, issuer, identifier, value, seq);

--
-- Name: export_keys export_keys_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.export_keys
    ADD CONSTRAINT export_keys_pkey PRIMARY KEY (id);

--
-- Name: export_keys export_keys_public_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.export_keys
    ADD CONSTRAINT export_keys_public_key UNIQUE (public_key);

--
-- Name: exports exports_number; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.exports
    ADD CONSTRAINT exports_number UNIQUE (buyer, number);

--
-- Name: exports exports_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.exports
    ADD CONSTRAINT exports_pkey PRIMARY KEY (id);

--
-- Name: exports exports_predecessor_once; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.exports
    ADD CONSTRAINT exports_predecessor_once UNIQUE (predecessor);

--
-- Name: exports exports_request; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.exports
    ADD CONSTRAINT exports_request UNIQUE (buyer, request);

--
-- Name: extract_items extract_items_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.extract_items
    ADD CONSTRAINT extract_items_pkey PRIMARY KEY (export_id, kind, issuer, identifier, value, seq);

--
-- Name: field_imports field_imports_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.field_imports
    ADD CONSTRAINT field_imports_pkey PRIMARY KEY (id);

--
-- Name: field_imports field_imports_source; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.field_imports
    ADD CONSTRAINT field_imports_source UNIQUE (source_sha256, source_part);

--
-- Name: field_imports field_imports_stream; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.field_imports
    ADD CONSTRAINT field_imports_stream UNIQUE (stream, seq);

--
-- Name: field_reports field_reports_once; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.field_reports
    ADD CONSTRAINT field_reports_once UNIQUE (unit_id, reported_at, source);

--
-- Name: field_reports field_reports_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.field_reports
    ADD CONSTRAINT field_reports_pkey PRIMARY KEY (import_id, "position");

--
-- Name: holds holds_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.holds
    ADD CONSTRAINT holds_pkey PRIMARY KEY (unit_id, hold_id);

--
-- Name: identifier_effects identifier_effects_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.identifier_effects
    ADD CONSTRAINT identifier_effects_pkey PRIMARY KEY (type, from_state);

--
-- Name: identifiers identifiers_block_ordinal; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.identifiers
    ADD CONSTRAINT identifiers_block_ordinal UNIQUE (block_id, ordinal);

--
-- Name: identifiers identifiers_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.identifiers
    ADD CONSTRAINT identifiers_pkey PRIMARY KEY (issuer, kind, value);

--
-- Name: issuers issuers_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.issuers
    ADD CONSTRAINT issuers_pkey PRIMARY KEY (id);

--
-- Name: lease_returns lease_returns_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.lease_returns
    ADD CONSTRAINT lease_returns_pkey PRIMARY KEY (lease_id);

--
-- Name: legal_holds legal_holds_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.legal_holds
    ADD CONSTRAINT legal_holds_pkey PRIMARY KEY (id);

--
-- Name: listed_numbers listed_numbers_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.listed_numbers
    ADD CONSTRAINT listed_numbers_pkey PRIMARY KEY (space_id, "position");

--
-- Name: listed_numbers listed_numbers_value; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.listed_numbers
    ADD CONSTRAINT listed_numbers_value UNIQUE (issuer, value);

--
-- Name: log_checkpoints log_checkpoints_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.log_checkpoints
    ADD CONSTRAINT log_checkpoints_pkey PRIMARY KEY (origin, size);

--
-- Name: log_cosignatures_held log_cosignatures_held_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.log_cosignatures_held
    ADD CONSTRAINT log_cosignatures_held_pkey PRIMARY KEY (cosignature_id);

--
-- Name: log_cosignatures log_cosignatures_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.log_cosignatures
    ADD CONSTRAINT log_cosignatures_pkey PRIMARY KEY (id);

--
-- Name: log_cosignatures_waiting log_cosignatures_waiting_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.log_cosignatures_waiting
    ADD CONSTRAINT log_cosignatures_waiting_pkey PRIMARY KEY (cosignature_id);

--
-- Name: log_heads log_heads_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.log_heads
    ADD CONSTRAINT log_heads_pkey PRIMARY KEY (number);

--
-- Name: log_keys log_keys_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.log_keys
    ADD CONSTRAINT log_keys_pkey PRIMARY KEY (key);

--
-- Name: log_leaves log_leaves_once; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.log_leaves
    ADD CONSTRAINT log_leaves_once UNIQUE (queue_id);

--
-- Name: log_leaves log_leaves_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.log_leaves
    ADD CONSTRAINT log_leaves_pkey PRIMARY KEY (index);

--
-- Name: log_pending log_pending_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.log_pending
    ADD CONSTRAINT log_pending_pkey PRIMARY KEY (queue_id);

--
-- Name: log_queue log_queue_document; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.log_queue
    ADD CONSTRAINT log_queue_document UNIQUE (stream, seq);

--
-- Name: log_queue log_queue_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.log_queue
    ADD CONSTRAINT log_queue_pkey PRIMARY KEY (id);

--
-- Name: log_refusals log_refusals_once; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.log_refusals
    ADD CONSTRAINT log_refusals_once UNIQUE (queue_id);

--
-- Name: log_refusals log_refusals_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.log_refusals
    ADD CONSTRAINT log_refusals_pkey PRIMARY KEY (number);

--
-- Name: log_told log_told_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.log_told
    ADD CONSTRAINT log_told_pkey PRIMARY KEY (stream);

--
-- Name: log_witnesses log_witnesses_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.log_witnesses
    ADD CONSTRAINT log_witnesses_pkey PRIMARY KEY (origin, witness);

--
-- Name: log_witnesses log_witnesses_place; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.log_witnesses
    ADD CONSTRAINT log_witnesses_place UNIQUE (origin, place);

--
-- Name: movements movements_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.movements
    ADD CONSTRAINT movements_pkey PRIMARY KEY (id);

--
-- Name: notices notices_once; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.notices
    ADD CONSTRAINT notices_once UNIQUE (unit_id, held_seq);

--
-- Name: notices notices_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.notices
    ADD CONSTRAINT notices_pkey PRIMARY KEY (id);

--
-- Name: number_leases number_leases_no_overlap; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.number_leases
    ADD CONSTRAINT number_leases_no_overlap EXCLUDE USING gist (side WITH =, kind WITH =, name WITH =, scope WITH =, numbers WITH &&);

--
-- Name: number_leases number_leases_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.number_leases
    ADD CONSTRAINT number_leases_pkey PRIMARY KEY (id);

--
-- Name: number_lists number_lists_name; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.number_lists
    ADD CONSTRAINT number_lists_name UNIQUE (issuer, name);

--
-- Name: number_lists number_lists_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.number_lists
    ADD CONSTRAINT number_lists_pkey PRIMARY KEY (space_id);

--
-- Name: number_lists number_lists_space_issuer; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.number_lists
    ADD CONSTRAINT number_lists_space_issuer UNIQUE (space_id, issuer);

--
-- Name: number_lists number_lists_stream; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.number_lists
    ADD CONSTRAINT number_lists_stream UNIQUE (stream, seq);

--
-- Name: number_spaces number_spaces_name; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.number_spaces
    ADD CONSTRAINT number_spaces_name UNIQUE (kind, name, scope);

--
-- Name: number_spaces number_spaces_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.number_spaces
    ADD CONSTRAINT number_spaces_pkey PRIMARY KEY (id);

--
-- Name: operators operators_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.operators
    ADD CONSTRAINT operators_pkey PRIMARY KEY (number);

--
-- Name: orders orders_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.orders
    ADD CONSTRAINT orders_pkey PRIMARY KEY (id);

--
-- Name: pallets pallets_of_shipment; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.pallets
    ADD CONSTRAINT pallets_of_shipment UNIQUE (shipment_id, sscc);

--
-- Name: pallets pallets_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.pallets
    ADD CONSTRAINT pallets_pkey PRIMARY KEY (sscc);

--
-- Name: plant_versions plant_versions_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.plant_versions
    ADD CONSTRAINT plant_versions_pkey PRIMARY KEY (id);

--
-- Name: recipes recipes_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.recipes
    ADD CONSTRAINT recipes_pkey PRIMARY KEY (sha256);

--
-- Name: records records_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.records
    ADD CONSTRAINT records_pkey PRIMARY KEY (unit_id);

--
-- Name: registry_epochs registry_epochs_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.registry_epochs
    ADD CONSTRAINT registry_epochs_pkey PRIMARY KEY (epoch);

--
-- Name: resolution_units resolution_units_once; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.resolution_units
    ADD CONSTRAINT resolution_units_once UNIQUE (resolution_id, unit_id);

--
-- Name: resolution_units resolution_units_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.resolution_units
    ADD CONSTRAINT resolution_units_pkey PRIMARY KEY (resolution_id, "position");

--
-- Name: resolutions resolutions_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.resolutions
    ADD CONSTRAINT resolutions_pkey PRIMARY KEY (id);

--
-- Name: retention_approvals retention_approvals_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.retention_approvals
    ADD CONSTRAINT retention_approvals_pkey PRIMARY KEY (plant_version, approved_by);

--
-- Name: retention_runs retention_runs_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.retention_runs
    ADD CONSTRAINT retention_runs_pkey PRIMARY KEY (id);

--
-- Name: retention_runs retention_runs_request; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.retention_runs
    ADD CONSTRAINT retention_runs_request UNIQUE (request);

--
-- Name: revocations revocations_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.revocations
    ADD CONSTRAINT revocations_pkey PRIMARY KEY (certificate_sha256);

--
-- Name: shipments shipments_carton; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.shipments
    ADD CONSTRAINT shipments_carton UNIQUE (carton);

--
-- Name: shipments shipments_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.shipments
    ADD CONSTRAINT shipments_pkey PRIMARY KEY (id);

--
-- Name: slot_requests slot_requests_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.slot_requests
    ADD CONSTRAINT slot_requests_pkey PRIMARY KEY (unit_id);

--
-- Name: slots slots_one_a_unit; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.slots
    ADD CONSTRAINT slots_one_a_unit UNIQUE (unit_id);

--
-- Name: slots slots_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.slots
    ADD CONSTRAINT slots_pkey PRIMARY KEY (station, slot);

--
-- Name: stations stations_login; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.stations
    ADD CONSTRAINT stations_login UNIQUE (login);

--
-- Name: stations stations_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.stations
    ADD CONSTRAINT stations_pkey PRIMARY KEY (id);

--
-- Name: streams streams_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.streams
    ADD CONSTRAINT streams_pkey PRIMARY KEY (stream);

--
-- Name: transitions transitions_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.transitions
    ADD CONSTRAINT transitions_pkey PRIMARY KEY (id);

--
-- Name: tries tries_caller; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.tries
    ADD CONSTRAINT tries_caller UNIQUE (unit_id, part, attempt, caller);

--
-- Name: tries tries_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.tries
    ADD CONSTRAINT tries_pkey PRIMARY KEY (unit_id, part, attempt, try);

--
-- Name: unit_events unit_events_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.unit_events
    ADD CONSTRAINT unit_events_key UNIQUE (stream, key);

--
-- Name: unit_events unit_events_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.unit_events
    ADD CONSTRAINT unit_events_pkey PRIMARY KEY (stream, seq);

--
-- Name: unit_lots unit_lots_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.unit_lots
    ADD CONSTRAINT unit_lots_pkey PRIMARY KEY (unit_id, "position", lot);

--
-- Name: units units_batch_index; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.units
    ADD CONSTRAINT units_batch_index UNIQUE (batch_id, batch_index);

--
-- Name: units units_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.units
    ADD CONSTRAINT units_pkey PRIMARY KEY (id);

--
-- Name: units units_serial; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.units
    ADD CONSTRAINT units_serial UNIQUE (issuer, serial);

--
-- Name: used_ranges used_ranges_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.used_ranges
    ADD CONSTRAINT used_ranges_pkey PRIMARY KEY (kind, name, numbers);

--
-- Name: adopted_units_by_serial; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX adopted_units_by_serial ON public.adopted_units USING btree (serial, issuer);

--
-- Name: batches_board_lot; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX batches_board_lot ON public.batches USING btree (board_lot);

--
-- Name: batches_buyer; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX batches_buyer ON public.batches USING btree (buyer);

--
-- Name: batches_order_id; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX batches_order_id ON public.batches USING btree (order_id);

--
-- Name: batches_recipe_sha256; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX batches_recipe_sha256 ON public.batches USING btree (recipe_sha256);

--
-- Name: blocks_batch_id; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX blocks_batch_id ON public.blocks USING btree (batch_id);

--
-- Name: blocks_lease_id; Type: INDEX; Schema: public; Owner: -
--

CREATE UNIQUE INDEX blocks_lease_id ON public.blocks USING btree (lease_id) WHERE (lease_id IS NOT NULL);

--
-- Name: capsule_copies_run_id; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX capsule_copies_run_id ON public.capsule_copies USING btree (run_id);

--
-- Name: capsule_deliveries_capsule_id; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX capsule_deliveries_capsule_id ON public.capsule_deliveries USING btree (capsule_id);

--
-- Name: capsule_files_sha256_index; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX capsule_files_sha256_index ON public.capsule_files USING btree (sha256);

--
-- Name: capsule_statements_capsule_id; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX capsule_statements_capsule_id ON public.capsule_statements USING btree (capsule_id);

--
-- Name: capsule_units_left; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX capsule_units_left ON public.capsule_units USING btree (capsule_id, unit_id) WHERE (retired_at IS NULL);

--
-- Name: capsules_run_id; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX capsules_run_id ON public.capsules USING btree (run_id);

--
-- Name: cartons_pallet; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX cartons_pallet ON public.cartons USING btree (shipment_id, pallet);

--
-- Name: deliveries_export_id; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX deliveries_export_id ON public.deliveries USING btree (export_id);

--
-- Name: erased_contents_left; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX erased_contents_left ON public.erased_contents USING btree (sha256) WHERE (removed_at IS NULL);

--
-- Name: erased_contents_run_id; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX erased_contents_run_id ON public.erased_contents USING btree (run_id);

--
-- Name: export_files_sha256_index; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX export_files_sha256_index ON public.export_files USING btree (sha256);

--
-- Name: export_items_amendment; Type: INDEX; Schema: public; Owner: -
--

CREATE UNIQUE INDEX export_items_amendment ON public.export_items USING btree (unit_id, seq) WHERE (kind = 'amendment'::text);

--
-- Name: export_items_fate_once; Type: INDEX; Schema: public; Owner: -
--

CREATE UNIQUE INDEX export_items_fate_once ON public.export_items USING btree (issuer, identifier, value, fate) WHERE (kind = 'number'::text);

--
-- Name: export_items_record; Type: INDEX; Schema: public; Owner: -
--

CREATE UNIQUE INDEX export_items_record ON public.export_items USING btree (unit_id) WHERE (kind = 'record'::text);

--
-- Name: exports_reissue_of; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX exports_reissue_of ON public.exports USING btree (reissue_of);

--
-- Name: field_reports_by_version; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX field_reports_by_version ON public.field_reports USING btree (version, unit_id);

--
-- Name: field_reports_newest; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX field_reports_newest ON public.field_reports USING btree (unit_id, reported_at DESC, import_id DESC, "position" DESC);

--
-- Name: holds_open; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX holds_open ON public.holds USING btree (unit_id) WHERE (released_seq IS NULL);

--
-- Name: identifiers_adopted_unit; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX identifiers_adopted_unit ON public.identifiers USING btree (adopted_unit) WHERE (adopted_unit IS NOT NULL);

--
-- Name: identifiers_of_nobody; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX identifiers_of_nobody ON public.identifiers USING btree (block_id) WHERE ((unit_id IS NULL) AND (adopted_unit IS NULL));

--
-- Name: identifiers_unit_id; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX identifiers_unit_id ON public.identifiers USING btree (unit_id);

--
-- Name: identifiers_value; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX identifiers_value ON public.identifiers USING btree (value);

--
-- Name: lease_returns_stream; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX lease_returns_stream ON public.lease_returns USING btree (stream, seq);

--
-- Name: legal_holds_unit_id; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX legal_holds_unit_id ON public.legal_holds USING btree (unit_id);

--
-- Name: log_checkpoints_key; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX log_checkpoints_key ON public.log_checkpoints USING btree (key);

--
-- Name: log_cosignatures_by_line; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX log_cosignatures_by_line ON public.log_cosignatures USING hash (line);

--
-- Name: log_cosignatures_held_newest; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX log_cosignatures_held_newest ON public.log_cosignatures_held USING btree (origin, witness, size DESC, signed_at DESC, cosignature_id);

--
-- Name: log_cosignatures_of_checkpoint; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX log_cosignatures_of_checkpoint ON public.log_cosignatures USING btree (origin, size, witness);

--
-- Name: log_cosignatures_witness; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX log_cosignatures_witness ON public.log_cosignatures USING btree (origin, witness, size);

--
-- Name: log_told_unit; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX log_told_unit ON public.log_told USING btree (unit_id) WHERE (unit_id IS NOT NULL);

--
-- Name: log_witnesses_first; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX log_witnesses_first ON public.log_witnesses USING btree (cosignature_id);

--
-- Name: log_witnesses_left_out; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX log_witnesses_left_out ON public.log_witnesses USING btree (origin, cosignature_id) WHERE (place IS NULL);

--
-- Name: movements_block_id; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX movements_block_id ON public.movements USING btree (block_id);

--
-- Name: notices_undelivered; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX notices_undelivered ON public.notices USING btree (tried_at NULLS FIRST, raised_at) WHERE (delivered_at IS NULL);

--
-- Name: number_leases_space_id; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX number_leases_space_id ON public.number_leases USING btree (space_id);

--
-- Name: number_leases_stream; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX number_leases_stream ON public.number_leases USING btree (stream, seq);

--
-- Name: number_spaces_issuer; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX number_spaces_issuer ON public.number_spaces USING btree (issuer);

--
-- Name: records_serial; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX records_serial ON public.records USING btree (serial);

--
-- Name: resolution_units_unit_id; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX resolution_units_unit_id ON public.resolution_units USING btree (unit_id);

--
-- Name: revocations_unit_id; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX revocations_unit_id ON public.revocations USING btree (unit_id);

--
-- Name: shipments_batch_id; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX shipments_batch_id ON public.shipments USING btree (batch_id);

--
-- Name: shipments_buyer; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX shipments_buyer ON public.shipments USING btree (buyer);

--
-- Name: slot_requests_age; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX slot_requests_age ON public.slot_requests USING btree (requested_at);

--
-- Name: transitions_from; Type: INDEX; Schema: public; Owner: -
--

CREATE UNIQUE INDEX transitions_from ON public.transitions USING btree (type, from_state, COALESCE(from_step, '*'::text));

--
-- Name: unit_events_amendments; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX unit_events_amendments ON public.unit_events USING btree (stream, seq) WHERE (type = ANY (ARRAY['recordCorrected'::text, 'unitReturned'::text]));

--
-- Name: unit_events_tests; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX unit_events_tests ON public.unit_events USING btree (at) WHERE (type = ANY (ARRAY['testPassed'::text, 'testFailed'::text, 'testErred'::text]));

--
-- Name: unit_lots_lot; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX unit_lots_lot ON public.unit_lots USING btree (lot);

--
-- Name: units_carton; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX units_carton ON public.units USING btree (carton) WHERE (carton IS NOT NULL);

--
-- Name: units_certificate_sha256; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX units_certificate_sha256 ON public.units USING btree (certificate_sha256);

--
-- Name: units_chip_uid; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX units_chip_uid ON public.units USING btree (chip_uid);

--
-- Name: units_firmware_version; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX units_firmware_version ON public.units USING btree (firmware_version);

--
-- Name: units_flashed_otherwise; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX units_flashed_otherwise ON public.units USING btree (flashed_sha256) WHERE (flashed_sha256 <> firmware_sha256);

--
-- Name: units_recipe_sha256; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX units_recipe_sha256 ON public.units USING btree (recipe_sha256);

--
-- Name: units_serial_only; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX units_serial_only ON public.units USING btree (serial);

--
-- Name: units_shipment_id; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX units_shipment_id ON public.units USING btree (shipment_id);

--
-- Name: units_state_step; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX units_state_step ON public.units USING btree (state, step);

--
-- Name: adopted_units adopted_units_append_only; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER adopted_units_append_only BEFORE DELETE OR UPDATE ON public.adopted_units FOR EACH ROW EXECUTE FUNCTION public.refuse_change();

--
-- Name: adopted_units adopted_units_no_truncate; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER adopted_units_no_truncate BEFORE TRUNCATE ON public.adopted_units FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

--
-- Name: adoptions adoptions_append_only; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER adoptions_append_only BEFORE DELETE OR UPDATE ON public.adoptions FOR EACH ROW EXECUTE FUNCTION public.refuse_change();

--
-- Name: adoptions adoptions_no_truncate; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER adoptions_no_truncate BEFORE TRUNCATE ON public.adoptions FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

--
-- Name: blocks blocks_append_only; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER blocks_append_only BEFORE DELETE OR UPDATE ON public.blocks FOR EACH ROW EXECUTE FUNCTION public.refuse_change();

--
-- Name: blocks blocks_no_truncate; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER blocks_no_truncate BEFORE TRUNCATE ON public.blocks FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

--
-- Name: buyer_logins buyer_logins_append_only; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER buyer_logins_append_only BEFORE DELETE OR UPDATE ON public.buyer_logins FOR EACH ROW EXECUTE FUNCTION public.refuse_change();

--
-- Name: buyer_logins buyer_logins_no_truncate; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER buyer_logins_no_truncate BEFORE TRUNCATE ON public.buyer_logins FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

--
-- Name: capsule_copies capsule_copies_append_only; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER capsule_copies_append_only BEFORE DELETE OR UPDATE ON public.capsule_copies FOR EACH ROW EXECUTE FUNCTION public.refuse_change();

--
-- Name: capsule_copies capsule_copies_no_truncate; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER capsule_copies_no_truncate BEFORE TRUNCATE ON public.capsule_copies FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

--
-- Name: capsule_deliveries capsule_deliveries_append_only; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER capsule_deliveries_append_only BEFORE DELETE OR UPDATE ON public.capsule_deliveries FOR EACH ROW EXECUTE FUNCTION public.refuse_change();

--
-- Name: capsule_deliveries capsule_deliveries_no_truncate; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER capsule_deliveries_no_truncate BEFORE TRUNCATE ON public.capsule_deliveries FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

--
-- Name: capsule_files capsule_files_append_only; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER capsule_files_append_only BEFORE DELETE OR UPDATE ON public.capsule_files FOR EACH ROW EXECUTE FUNCTION public.refuse_change();

--
-- Name: capsule_files capsule_files_no_truncate; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER capsule_files_no_truncate BEFORE TRUNCATE ON public.capsule_files FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

--
-- Name: capsule_statements capsule_statements_append_only; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER capsule_statements_append_only BEFORE UPDATE ON public.capsule_statements FOR EACH ROW EXECUTE FUNCTION public.refuse_change();

--
-- Name: capsule_statements capsule_statements_leave; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER capsule_statements_leave BEFORE DELETE ON public.capsule_statements FOR EACH ROW EXECUTE FUNCTION public.refuse_capsule_unit_removal();

--
-- Name: capsule_statements capsule_statements_named; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER capsule_statements_named BEFORE INSERT ON public.capsule_statements FOR EACH ROW EXECUTE FUNCTION public.name_statement();

--
-- Name: capsule_statements capsule_statements_no_truncate; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER capsule_statements_no_truncate BEFORE TRUNCATE ON public.capsule_statements FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

--
-- Name: capsule_units capsule_units_go_on; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER capsule_units_go_on BEFORE UPDATE ON public.capsule_units FOR EACH ROW EXECUTE FUNCTION public.refuse_capsule_unit_change();

--
-- Name: capsule_units capsule_units_leave; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER capsule_units_leave BEFORE DELETE ON public.capsule_units FOR EACH ROW EXECUTE FUNCTION public.refuse_capsule_unit_removal();

--
-- Name: capsule_units capsule_units_no_truncate; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER capsule_units_no_truncate BEFORE TRUNCATE ON public.capsule_units FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

--
-- Name: capsules capsules_go_on; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER capsules_go_on BEFORE UPDATE ON public.capsules FOR EACH ROW EXECUTE FUNCTION public.refuse_capsule_change();

--
-- Name: capsules capsules_never_deleted; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER capsules_never_deleted BEFORE DELETE ON public.capsules FOR EACH ROW EXECUTE FUNCTION public.refuse_change();

--
-- Name: capsules capsules_no_truncate; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER capsules_no_truncate BEFORE TRUNCATE ON public.capsules FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

--
-- Name: cartons cartons_never_deleted; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER cartons_never_deleted BEFORE DELETE ON public.cartons FOR EACH ROW EXECUTE FUNCTION public.refuse_change();

--
-- Name: cartons cartons_no_truncate; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER cartons_no_truncate BEFORE TRUNCATE ON public.cartons FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

--
-- Name: clock_marks clock_marks_append_only; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER clock_marks_append_only BEFORE DELETE OR UPDATE ON public.clock_marks FOR EACH ROW EXECUTE FUNCTION public.refuse_change();

--
-- Name: clock_marks clock_marks_no_truncate; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER clock_marks_no_truncate BEFORE TRUNCATE ON public.clock_marks FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

--
-- Name: deliveries deliveries_end_once; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER deliveries_end_once BEFORE UPDATE ON public.deliveries FOR EACH ROW EXECUTE FUNCTION public.refuse_delivery_change();

--
-- Name: deliveries deliveries_never_deleted; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER deliveries_never_deleted BEFORE DELETE ON public.deliveries FOR EACH ROW EXECUTE FUNCTION public.refuse_change();

--
-- Name: deliveries deliveries_no_truncate; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER deliveries_no_truncate BEFORE TRUNCATE ON public.deliveries FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

--
-- Name: erased_contents erased_contents_go_on; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER erased_contents_go_on BEFORE UPDATE ON public.erased_contents FOR EACH ROW EXECUTE FUNCTION public.refuse_content_change();

--
-- Name: erased_contents erased_contents_never_deleted; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER erased_contents_never_deleted BEFORE DELETE ON public.erased_contents FOR EACH ROW EXECUTE FUNCTION public.refuse_change();

--
-- Name: erased_contents erased_contents_no_truncate; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER erased_contents_no_truncate BEFORE TRUNCATE ON public.erased_contents FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

--
-- Name: export_files export_files_append_only; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER export_files_append_only BEFORE DELETE OR UPDATE ON public.export_files FOR EACH ROW EXECUTE FUNCTION public.refuse_change();

--
-- Name: export_files export_files_no_truncate; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER export_files_no_truncate BEFORE TRUNCATE ON public.export_files FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

--
-- Name: export_items export_items_append_only; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER export_items_append_only BEFORE DELETE OR UPDATE ON public.export_items FOR EACH ROW EXECUTE FUNCTION public.refuse_change();

--
-- Name: export_items export_items_no_truncate; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER export_items_no_truncate BEFORE TRUNCATE ON public.export_items FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

--
-- Name: export_keys export_keys_append_only; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER export_keys_append_only BEFORE DELETE OR UPDATE ON public.export_keys FOR EACH ROW EXECUTE FUNCTION public.refuse_change();

--
-- Name: export_keys export_keys_no_truncate; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER export_keys_no_truncate BEFORE TRUNCATE ON public.export_keys FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

--
-- Name: exports exports_go_on; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER exports_go_on BEFORE UPDATE ON public.exports FOR EACH ROW EXECUTE FUNCTION public.refuse_export_change();

--
-- Name: exports exports_never_deleted; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER exports_never_deleted BEFORE DELETE ON public.exports FOR EACH ROW EXECUTE FUNCTION public.refuse_change();

--
-- Name: exports exports_no_truncate; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER exports_no_truncate BEFORE TRUNCATE ON public.exports FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

--
-- Name: exports exports_of_what_is_here; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER exports_of_what_is_here BEFORE INSERT ON public.exports FOR EACH ROW WHEN ((new.kind = ANY (ARRAY['reissue'::text, 'extract'::text]))) EXECUTE FUNCTION public.refuse_archived_export();

--
-- Name: extract_items extract_items_append_only; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER extract_items_append_only BEFORE DELETE OR UPDATE ON public.extract_items FOR EACH ROW EXECUTE FUNCTION public.refuse_change();

--
-- Name: extract_items extract_items_no_truncate; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER extract_items_no_truncate BEFORE TRUNCATE ON public.extract_items FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

--
-- Name: field_imports field_imports_append_only; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER field_imports_append_only BEFORE DELETE OR UPDATE ON public.field_imports FOR EACH ROW EXECUTE FUNCTION public.refuse_change();

--
-- Name: field_imports field_imports_no_truncate; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER field_imports_no_truncate BEFORE TRUNCATE ON public.field_imports FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

--
-- Name: field_reports field_reports_append_only; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER field_reports_append_only BEFORE DELETE OR UPDATE ON public.field_reports FOR EACH ROW EXECUTE FUNCTION public.refuse_change();

--
-- Name: field_reports field_reports_no_truncate; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER field_reports_no_truncate BEFORE TRUNCATE ON public.field_reports FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

--
-- Name: identifiers identifiers_as_listed; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER identifiers_as_listed AFTER INSERT ON public.identifiers REFERENCING NEW TABLE AS issued FOR EACH STATEMENT EXECUTE FUNCTION public.check_listed_value();

--
-- Name: identifiers identifiers_keep_owner; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER identifiers_keep_owner BEFORE UPDATE ON public.identifiers FOR EACH ROW EXECUTE FUNCTION public.refuse_identifier_change();

--
-- Name: identifiers identifiers_never_deleted; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER identifiers_never_deleted BEFORE DELETE ON public.identifiers FOR EACH ROW EXECUTE FUNCTION public.refuse_change();

--
-- Name: identifiers identifiers_no_truncate; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER identifiers_no_truncate BEFORE TRUNCATE ON public.identifiers FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

--
-- Name: lease_returns lease_returns_append_only; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER lease_returns_append_only BEFORE DELETE OR UPDATE ON public.lease_returns FOR EACH ROW EXECUTE FUNCTION public.refuse_change();

--
-- Name: lease_returns lease_returns_no_truncate; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER lease_returns_no_truncate BEFORE TRUNCATE ON public.lease_returns FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

--
-- Name: legal_holds legal_holds_end_once; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER legal_holds_end_once BEFORE UPDATE ON public.legal_holds FOR EACH ROW EXECUTE FUNCTION public.refuse_hold_change();

--
-- Name: legal_holds legal_holds_never_deleted; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER legal_holds_never_deleted BEFORE DELETE ON public.legal_holds FOR EACH ROW EXECUTE FUNCTION public.refuse_change();

--
-- Name: legal_holds legal_holds_no_truncate; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER legal_holds_no_truncate BEFORE TRUNCATE ON public.legal_holds FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

--
-- Name: listed_numbers listed_numbers_append_only; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER listed_numbers_append_only BEFORE DELETE OR UPDATE ON public.listed_numbers FOR EACH ROW EXECUTE FUNCTION public.refuse_change();

--
-- Name: listed_numbers listed_numbers_no_truncate; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER listed_numbers_no_truncate BEFORE TRUNCATE ON public.listed_numbers FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

--
-- Name: log_checkpoints log_checkpoints_append_only; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER log_checkpoints_append_only BEFORE DELETE OR UPDATE ON public.log_checkpoints FOR EACH ROW EXECUTE FUNCTION public.refuse_change();

--
-- Name: log_checkpoints log_checkpoints_no_truncate; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER log_checkpoints_no_truncate BEFORE TRUNCATE ON public.log_checkpoints FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

--
-- Name: log_cosignatures log_cosignatures_append_only; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER log_cosignatures_append_only BEFORE DELETE OR UPDATE ON public.log_cosignatures FOR EACH ROW EXECUTE FUNCTION public.refuse_change();

--
-- Name: log_cosignatures_held log_cosignatures_held_append_only; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER log_cosignatures_held_append_only BEFORE DELETE OR UPDATE ON public.log_cosignatures_held FOR EACH ROW EXECUTE FUNCTION public.refuse_change();

--
-- Name: log_cosignatures_held log_cosignatures_held_no_truncate; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER log_cosignatures_held_no_truncate BEFORE TRUNCATE ON public.log_cosignatures_held FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

--
-- Name: log_cosignatures log_cosignatures_no_truncate; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER log_cosignatures_no_truncate BEFORE TRUNCATE ON public.log_cosignatures FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

--
-- Name: log_heads log_heads_append_only; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER log_heads_append_only BEFORE DELETE OR UPDATE ON public.log_heads FOR EACH ROW EXECUTE FUNCTION public.refuse_change();

--
-- Name: log_heads log_heads_no_truncate; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER log_heads_no_truncate BEFORE TRUNCATE ON public.log_heads FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

--
-- Name: log_keys log_keys_append_only; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER log_keys_append_only BEFORE DELETE OR UPDATE ON public.log_keys FOR EACH ROW EXECUTE FUNCTION public.refuse_change();

--
-- Name: log_keys log_keys_no_truncate; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER log_keys_no_truncate BEFORE TRUNCATE ON public.log_keys FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

--
-- Name: log_leaves log_leaves_append_only; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER log_leaves_append_only BEFORE DELETE OR UPDATE ON public.log_leaves FOR EACH ROW EXECUTE FUNCTION public.refuse_change();

--
-- Name: log_leaves log_leaves_no_truncate; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER log_leaves_no_truncate BEFORE TRUNCATE ON public.log_leaves FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

--
-- Name: log_queue log_queue_append_only; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER log_queue_append_only BEFORE DELETE OR UPDATE ON public.log_queue FOR EACH ROW EXECUTE FUNCTION public.refuse_change();

--
-- Name: log_queue log_queue_no_truncate; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER log_queue_no_truncate BEFORE TRUNCATE ON public.log_queue FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

--
-- Name: log_queue log_queue_pending; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER log_queue_pending AFTER INSERT ON public.log_queue FOR EACH ROW EXECUTE FUNCTION public.remember_pending();

--
-- Name: log_refusals log_refusals_append_only; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER log_refusals_append_only BEFORE DELETE OR UPDATE ON public.log_refusals FOR EACH ROW EXECUTE FUNCTION public.refuse_change();

--
-- Name: log_refusals log_refusals_no_truncate; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER log_refusals_no_truncate BEFORE TRUNCATE ON public.log_refusals FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

--
-- Name: log_witnesses log_witnesses_append_only; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER log_witnesses_append_only BEFORE DELETE OR UPDATE ON public.log_witnesses FOR EACH ROW EXECUTE FUNCTION public.refuse_change();

--
-- Name: log_witnesses log_witnesses_no_truncate; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER log_witnesses_no_truncate BEFORE TRUNCATE ON public.log_witnesses FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

--
-- Name: movements movements_append_only; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER movements_append_only BEFORE DELETE OR UPDATE ON public.movements FOR EACH ROW EXECUTE FUNCTION public.refuse_change();

--
-- Name: movements movements_no_truncate; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER movements_no_truncate BEFORE TRUNCATE ON public.movements FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

--
-- Name: notices notices_keep; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER notices_keep BEFORE UPDATE ON public.notices FOR EACH ROW EXECUTE FUNCTION public.refuse_notice_change();

--
-- Name: notices notices_never_deleted; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER notices_never_deleted BEFORE DELETE ON public.notices FOR EACH ROW EXECUTE FUNCTION public.refuse_change();

--
-- Name: notices notices_no_truncate; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER notices_no_truncate BEFORE TRUNCATE ON public.notices FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

--
-- Name: number_leases number_leases_append_only; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER number_leases_append_only BEFORE DELETE OR UPDATE ON public.number_leases FOR EACH ROW EXECUTE FUNCTION public.refuse_change();

--
-- Name: number_leases number_leases_no_truncate; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER number_leases_no_truncate BEFORE TRUNCATE ON public.number_leases FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

--
-- Name: number_lists number_lists_append_only; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER number_lists_append_only BEFORE DELETE OR UPDATE ON public.number_lists FOR EACH ROW EXECUTE FUNCTION public.refuse_change();

--
-- Name: number_lists number_lists_no_truncate; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER number_lists_no_truncate BEFORE TRUNCATE ON public.number_lists FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

--
-- Name: operators operators_changes_told; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER operators_changes_told AFTER UPDATE ON public.operators REFERENCING OLD TABLE AS former NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION public.tell_changed_operators();

--
-- Name: operators operators_salted; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER operators_salted BEFORE INSERT OR UPDATE OF name ON public.operators FOR EACH ROW EXECUTE FUNCTION public.salt_name();

--
-- Name: operators operators_told; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER operators_told AFTER INSERT ON public.operators REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION public.tell_new_operators();

--
-- Name: pallets pallets_never_deleted; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER pallets_never_deleted BEFORE DELETE ON public.pallets FOR EACH ROW EXECUTE FUNCTION public.refuse_change();

--
-- Name: pallets pallets_no_truncate; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER pallets_no_truncate BEFORE TRUNCATE ON public.pallets FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

--
-- Name: plant_versions plant_versions_append_only; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER plant_versions_append_only BEFORE DELETE OR UPDATE ON public.plant_versions FOR EACH ROW EXECUTE FUNCTION public.refuse_change();

--
-- Name: plant_versions plant_versions_no_truncate; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER plant_versions_no_truncate BEFORE TRUNCATE ON public.plant_versions FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

--
-- Name: plant_versions plant_versions_told; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER plant_versions_told AFTER INSERT ON public.plant_versions FOR EACH ROW EXECUTE FUNCTION public.tell_plant_version();

--
-- Name: recipes recipes_append_only; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER recipes_append_only BEFORE DELETE OR UPDATE ON public.recipes FOR EACH ROW EXECUTE FUNCTION public.refuse_change();

--
-- Name: recipes recipes_no_truncate; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER recipes_no_truncate BEFORE TRUNCATE ON public.recipes FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

--
-- Name: records records_append_only; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER records_append_only BEFORE UPDATE ON public.records FOR EACH ROW EXECUTE FUNCTION public.refuse_change();

--
-- Name: records records_no_truncate; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER records_no_truncate BEFORE TRUNCATE ON public.records FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

--
-- Name: records records_retired; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER records_retired AFTER DELETE ON public.records REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_unretired_records();

--
-- Name: registry_epochs registry_epochs_append_only; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER registry_epochs_append_only BEFORE DELETE OR UPDATE ON public.registry_epochs FOR EACH ROW EXECUTE FUNCTION public.refuse_change();

--
-- Name: registry_epochs registry_epochs_no_truncate; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER registry_epochs_no_truncate BEFORE TRUNCATE ON public.registry_epochs FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

--
-- Name: retention_approvals retention_approvals_append_only; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER retention_approvals_append_only BEFORE DELETE OR UPDATE ON public.retention_approvals FOR EACH ROW EXECUTE FUNCTION public.refuse_change();

--
-- Name: retention_approvals retention_approvals_no_truncate; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER retention_approvals_no_truncate BEFORE TRUNCATE ON public.retention_approvals FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

--
-- Name: retention_runs retention_runs_go_on; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER retention_runs_go_on BEFORE UPDATE ON public.retention_runs FOR EACH ROW EXECUTE FUNCTION public.refuse_run_change();

--
-- Name: retention_runs retention_runs_never_deleted; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER retention_runs_never_deleted BEFORE DELETE ON public.retention_runs FOR EACH ROW EXECUTE FUNCTION public.refuse_change();

--
-- Name: retention_runs retention_runs_no_truncate; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER retention_runs_no_truncate BEFORE TRUNCATE ON public.retention_runs FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

--
-- Name: revocations revocations_append_only; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER revocations_append_only BEFORE DELETE OR UPDATE ON public.revocations FOR EACH ROW EXECUTE FUNCTION public.refuse_change();

--
-- Name: revocations revocations_no_truncate; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER revocations_no_truncate BEFORE TRUNCATE ON public.revocations FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

--
-- Name: slots slots_fence_grows; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER slots_fence_grows BEFORE UPDATE ON public.slots FOR EACH ROW EXECUTE FUNCTION public.refuse_slot_change();

--
-- Name: slots slots_never_deleted; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER slots_never_deleted BEFORE DELETE ON public.slots FOR EACH ROW EXECUTE FUNCTION public.refuse_change();

--
-- Name: slots slots_no_truncate; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER slots_no_truncate BEFORE TRUNCATE ON public.slots FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

--
-- Name: slots slots_uncleared; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER slots_uncleared AFTER UPDATE OF state ON public.slots FOR EACH ROW WHEN (((new.state = 'uncleared'::text) AND (old.state <> 'uncleared'::text))) EXECUTE FUNCTION public.notify_uncleared();

--
-- Name: tries tries_append_only; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER tries_append_only BEFORE DELETE OR UPDATE ON public.tries FOR EACH ROW EXECUTE FUNCTION public.refuse_change();

--
-- Name: tries tries_no_truncate; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER tries_no_truncate BEFORE TRUNCATE ON public.tries FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

--
-- Name: unit_events unit_events_append_only; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER unit_events_append_only BEFORE UPDATE ON public.unit_events FOR EACH ROW EXECUTE FUNCTION public.refuse_change();

--
-- Name: unit_events unit_events_no_truncate; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER unit_events_no_truncate BEFORE TRUNCATE ON public.unit_events FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

--
-- Name: unit_events unit_events_retired; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER unit_events_retired AFTER DELETE ON public.unit_events REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_unretired_events();

--
-- Name: unit_events unit_events_statement; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER unit_events_statement AFTER INSERT ON public.unit_events FOR EACH ROW WHEN ((new.type = ANY (ARRAY['scrapped'::text, 'missing'::text, 'voided'::text, 'numberVoided'::text, 'identifierWithdrawn'::text]))) EXECUTE FUNCTION public.queue_ending();

--
-- Name: units units_keep_identity; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER units_keep_identity BEFORE UPDATE ON public.units FOR EACH ROW EXECUTE FUNCTION public.refuse_unit_change();

--
-- Name: units units_never_deleted; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER units_never_deleted BEFORE DELETE ON public.units FOR EACH ROW EXECUTE FUNCTION public.refuse_change();

--
-- Name: units units_no_truncate; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER units_no_truncate BEFORE TRUNCATE ON public.units FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

--
-- Name: units units_of_this_epoch; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER units_of_this_epoch AFTER INSERT ON public.units REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_lost_epoch();

--
-- Name: units units_sealed; Type: TRIGGER; Schema: public; Owner: -
--

CREATE CONSTRAINT TRIGGER units_sealed AFTER UPDATE OF state ON public.units DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN ((new.state = 'Shipped'::text)) EXECUTE FUNCTION public.check_sealed();

--
-- Name: used_ranges used_ranges_append_only; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER used_ranges_append_only BEFORE DELETE OR UPDATE ON public.used_ranges FOR EACH ROW EXECUTE FUNCTION public.refuse_change();

--
-- Name: used_ranges used_ranges_no_truncate; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER used_ranges_no_truncate BEFORE TRUNCATE ON public.used_ranges FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

--
-- Name: adopted_units adopted_units_adoption; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.adopted_units
    ADD CONSTRAINT adopted_units_adoption FOREIGN KEY (adoption_id) REFERENCES public.adoptions(id);

--
-- Name: adoptions adoptions_event; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.adoptions
    ADD CONSTRAINT adoptions_event FOREIGN KEY (stream, seq) REFERENCES public.unit_events(stream, seq) DEFERRABLE INITIALLY DEFERRED;

--
-- Name: adoptions adoptions_issuer; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.adoptions
    ADD CONSTRAINT adoptions_issuer FOREIGN KEY (issuer) REFERENCES public.issuers(id);

--
-- Name: batch_controls batch_controls_batch; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.batch_controls
    ADD CONSTRAINT batch_controls_batch FOREIGN KEY (batch_id) REFERENCES public.batches(id);

--
-- Name: batch_lots batch_lots_batch; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.batch_lots
    ADD CONSTRAINT batch_lots_batch FOREIGN KEY (batch_id) REFERENCES public.batches(id);

--
-- Name: batches batches_buyer; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.batches
    ADD CONSTRAINT batches_buyer FOREIGN KEY (buyer) REFERENCES public.buyers(id);

--
-- Name: batches batches_order; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.batches
    ADD CONSTRAINT batches_order FOREIGN KEY (order_id) REFERENCES public.orders(id);

--
-- Name: batches batches_recipe; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.batches
    ADD CONSTRAINT batches_recipe FOREIGN KEY (recipe_sha256) REFERENCES public.recipes(sha256);

--
-- Name: blocks blocks_batch; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.blocks
    ADD CONSTRAINT blocks_batch FOREIGN KEY (batch_id) REFERENCES public.batches(id);

--
-- Name: blocks blocks_lease; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.blocks
    ADD CONSTRAINT blocks_lease FOREIGN KEY (lease_id) REFERENCES public.number_leases(id);

--
-- Name: blocks blocks_space; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.blocks
    ADD CONSTRAINT blocks_space FOREIGN KEY (space_id) REFERENCES public.number_spaces(id);

--
-- Name: capsule_copies capsule_copies_capsule; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.capsule_copies
    ADD CONSTRAINT capsule_copies_capsule FOREIGN KEY (capsule_id) REFERENCES public.capsules(id);

--
-- Name: capsule_copies capsule_copies_run; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.capsule_copies
    ADD CONSTRAINT capsule_copies_run FOREIGN KEY (run_id) REFERENCES public.retention_runs(id);

--
-- Name: capsule_deliveries capsule_deliveries_capsule; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.capsule_deliveries
    ADD CONSTRAINT capsule_deliveries_capsule FOREIGN KEY (capsule_id) REFERENCES public.capsules(id);

--
-- Name: capsule_files capsule_files_capsule; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.capsule_files
    ADD CONSTRAINT capsule_files_capsule FOREIGN KEY (capsule_id) REFERENCES public.capsules(id);

--
-- Name: capsule_statements capsule_statements_capsule; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.capsule_statements
    ADD CONSTRAINT capsule_statements_capsule FOREIGN KEY (capsule_id) REFERENCES public.capsules(id) DEFERRABLE INITIALLY DEFERRED;

--
-- Name: capsule_units capsule_units_capsule; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.capsule_units
    ADD CONSTRAINT capsule_units_capsule FOREIGN KEY (capsule_id) REFERENCES public.capsules(id) DEFERRABLE INITIALLY DEFERRED;

--
-- Name: capsule_units capsule_units_unit; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.capsule_units
    ADD CONSTRAINT capsule_units_unit FOREIGN KEY (unit_id) REFERENCES public.units(id);

--
-- Name: capsules capsules_buyer; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.capsules
    ADD CONSTRAINT capsules_buyer FOREIGN KEY (buyer) REFERENCES public.buyers(id);

--
-- Name: capsules capsules_run; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.capsules
    ADD CONSTRAINT capsules_run FOREIGN KEY (run_id) REFERENCES public.retention_runs(id);

--
-- Name: cartons cartons_pallet; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.cartons
    ADD CONSTRAINT cartons_pallet FOREIGN KEY (shipment_id, pallet) REFERENCES public.pallets(shipment_id, sscc);

--
-- Name: cartons cartons_shipment; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.cartons
    ADD CONSTRAINT cartons_shipment FOREIGN KEY (shipment_id) REFERENCES public.shipments(id);

--
-- Name: clock_marks clock_marks_run; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.clock_marks
    ADD CONSTRAINT clock_marks_run FOREIGN KEY (run_id) REFERENCES public.retention_runs(id);

--
-- Name: deliveries deliveries_export; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.deliveries
    ADD CONSTRAINT deliveries_export FOREIGN KEY (export_id) REFERENCES public.exports(id);

--
-- Name: erased_contents erased_contents_run; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.erased_contents
    ADD CONSTRAINT erased_contents_run FOREIGN KEY (run_id) REFERENCES public.retention_runs(id);

--
-- Name: export_files export_files_export; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.export_files
    ADD CONSTRAINT export_files_export FOREIGN KEY (export_id) REFERENCES public.exports(id);

--
-- Name: export_items export_items_export; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.export_items
    ADD CONSTRAINT export_items_export FOREIGN KEY (export_id) REFERENCES public.exports(id) DEFERRABLE INITIALLY DEFERRED;

--
-- Name: exports exports_buyer; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.exports
    ADD CONSTRAINT exports_buyer FOREIGN KEY (buyer) REFERENCES public.buyers(id);

--
-- Name: exports exports_predecessor; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.exports
    ADD CONSTRAINT exports_predecessor FOREIGN KEY (predecessor) REFERENCES public.exports(id);

--
-- Name: exports exports_reissue_of; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.exports
    ADD CONSTRAINT exports_reissue_of FOREIGN KEY (reissue_of) REFERENCES public.exports(id);

--
-- Name: extract_items extract_items_export; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.extract_items
    ADD CONSTRAINT extract_items_export FOREIGN KEY (export_id) REFERENCES public.exports(id) DEFERRABLE INITIALLY DEFERRED;

--
-- Name: field_imports field_imports_event; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.field_imports
    ADD CONSTRAINT field_imports_event FOREIGN KEY (stream, seq) REFERENCES public.unit_events(stream, seq) DEFERRABLE INITIALLY DEFERRED;

--
-- Name: field_reports field_reports_import; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.field_reports
    ADD CONSTRAINT field_reports_import FOREIGN KEY (import_id) REFERENCES public.field_imports(id);

--
-- Name: field_reports field_reports_unit; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.field_reports
    ADD CONSTRAINT field_reports_unit FOREIGN KEY (unit_id) REFERENCES public.units(id);

--
-- Name: holds holds_unit; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.holds
    ADD CONSTRAINT holds_unit FOREIGN KEY (unit_id) REFERENCES public.units(id);

--
-- Name: identifier_effects identifier_effects_type; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.identifier_effects
    ADD CONSTRAINT identifier_effects_type FOREIGN KEY (type) REFERENCES public.event_types(type);

--
-- Name: identifiers identifiers_adopted_unit; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.identifiers
    ADD CONSTRAINT identifiers_adopted_unit FOREIGN KEY (adopted_unit) REFERENCES public.adopted_units(id);

--
-- Name: identifiers identifiers_block; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.identifiers
    ADD CONSTRAINT identifiers_block FOREIGN KEY (block_id) REFERENCES public.blocks(id);

--
-- Name: identifiers identifiers_issuer; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.identifiers
    ADD CONSTRAINT identifiers_issuer FOREIGN KEY (issuer) REFERENCES public.issuers(id);

--
-- Name: identifiers identifiers_unit; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.identifiers
    ADD CONSTRAINT identifiers_unit FOREIGN KEY (unit_id) REFERENCES public.units(id) DEFERRABLE INITIALLY DEFERRED;

--
-- Name: lease_returns lease_returns_event; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.lease_returns
    ADD CONSTRAINT lease_returns_event FOREIGN KEY (stream, seq) REFERENCES public.unit_events(stream, seq) DEFERRABLE INITIALLY DEFERRED;

--
-- Name: lease_returns lease_returns_lease; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.lease_returns
    ADD CONSTRAINT lease_returns_lease FOREIGN KEY (lease_id) REFERENCES public.number_leases(id);

--
-- Name: legal_holds legal_holds_unit; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.legal_holds
    ADD CONSTRAINT legal_holds_unit FOREIGN KEY (unit_id) REFERENCES public.units(id);

--
-- Name: listed_numbers listed_numbers_list; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.listed_numbers
    ADD CONSTRAINT listed_numbers_list FOREIGN KEY (space_id, issuer) REFERENCES public.number_lists(space_id, issuer);

--
-- Name: log_checkpoints log_checkpoints_key; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.log_checkpoints
    ADD CONSTRAINT log_checkpoints_key FOREIGN KEY (key) REFERENCES public.log_keys(key);

--
-- Name: log_cosignatures log_cosignatures_checkpoint; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.log_cosignatures
    ADD CONSTRAINT log_cosignatures_checkpoint FOREIGN KEY (origin, size) REFERENCES public.log_checkpoints(origin, size);

--
-- Name: log_cosignatures_held log_cosignatures_held_line; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.log_cosignatures_held
    ADD CONSTRAINT log_cosignatures_held_line FOREIGN KEY (cosignature_id) REFERENCES public.log_cosignatures(id);

--
-- Name: log_cosignatures_held log_cosignatures_held_witness; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.log_cosignatures_held
    ADD CONSTRAINT log_cosignatures_held_witness FOREIGN KEY (origin, witness) REFERENCES public.log_witnesses(origin, witness);

--
-- Name: log_cosignatures_waiting log_cosignatures_waiting_line; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.log_cosignatures_waiting
    ADD CONSTRAINT log_cosignatures_waiting_line FOREIGN KEY (cosignature_id) REFERENCES public.log_cosignatures(id);

--
-- Name: log_leaves log_leaves_queue; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.log_leaves
    ADD CONSTRAINT log_leaves_queue FOREIGN KEY (queue_id) REFERENCES public.log_queue(id);

--
-- Name: log_pending log_pending_queue; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.log_pending
    ADD CONSTRAINT log_pending_queue FOREIGN KEY (queue_id) REFERENCES public.log_queue(id);

--
-- Name: log_refusals log_refusals_queue; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.log_refusals
    ADD CONSTRAINT log_refusals_queue FOREIGN KEY (queue_id) REFERENCES public.log_queue(id);

--
-- Name: log_witnesses log_witnesses_line; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.log_witnesses
    ADD CONSTRAINT log_witnesses_line FOREIGN KEY (cosignature_id) REFERENCES public.log_cosignatures(id);

--
-- Name: movements movements_block; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.movements
    ADD CONSTRAINT movements_block FOREIGN KEY (block_id) REFERENCES public.blocks(id);

--
-- Name: notices notices_unit; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.notices
    ADD CONSTRAINT notices_unit FOREIGN KEY (unit_id) REFERENCES public.units(id);

--
-- Name: number_leases number_leases_event; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.number_leases
    ADD CONSTRAINT number_leases_event FOREIGN KEY (stream, seq) REFERENCES public.unit_events(stream, seq) DEFERRABLE INITIALLY DEFERRED;

--
-- Name: number_leases number_leases_space; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.number_leases
    ADD CONSTRAINT number_leases_space FOREIGN KEY (space_id) REFERENCES public.number_spaces(id);

--
-- Name: number_lists number_lists_event; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.number_lists
    ADD CONSTRAINT number_lists_event FOREIGN KEY (stream, seq) REFERENCES public.unit_events(stream, seq) DEFERRABLE INITIALLY DEFERRED;

--
-- Name: number_lists number_lists_issuer; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.number_lists
    ADD CONSTRAINT number_lists_issuer FOREIGN KEY (issuer) REFERENCES public.issuers(id);

--
-- Name: number_lists number_lists_space; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.number_lists
    ADD CONSTRAINT number_lists_space FOREIGN KEY (space_id) REFERENCES public.number_spaces(id);

--
-- Name: number_spaces number_spaces_issuer; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.number_spaces
    ADD CONSTRAINT number_spaces_issuer FOREIGN KEY (issuer) REFERENCES public.issuers(id);

--
-- Name: pallets pallets_shipment; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.pallets
    ADD CONSTRAINT pallets_shipment FOREIGN KEY (shipment_id) REFERENCES public.shipments(id);

--
-- Name: records records_unit; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.records
    ADD CONSTRAINT records_unit FOREIGN KEY (unit_id) REFERENCES public.units(id);

--
-- Name: resolution_units resolution_units_resolution; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.resolution_units
    ADD CONSTRAINT resolution_units_resolution FOREIGN KEY (resolution_id) REFERENCES public.resolutions(id);

--
-- Name: resolution_units resolution_units_unit; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.resolution_units
    ADD CONSTRAINT resolution_units_unit FOREIGN KEY (unit_id) REFERENCES public.units(id);

--
-- Name: retention_approvals retention_approvals_version; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.retention_approvals
    ADD CONSTRAINT retention_approvals_version FOREIGN KEY (plant_version) REFERENCES public.plant_versions(id);

--
-- Name: revocations revocations_unit; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.revocations
    ADD CONSTRAINT revocations_unit FOREIGN KEY (unit_id) REFERENCES public.units(id);

--
-- Name: shipments shipments_batch; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.shipments
    ADD CONSTRAINT shipments_batch FOREIGN KEY (batch_id) REFERENCES public.batches(id);

--
-- Name: shipments shipments_buyer; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.shipments
    ADD CONSTRAINT shipments_buyer FOREIGN KEY (buyer) REFERENCES public.buyers(id);

--
-- Name: slot_requests slot_requests_unit; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.slot_requests
    ADD CONSTRAINT slot_requests_unit FOREIGN KEY (unit_id) REFERENCES public.units(id);

--
-- Name: slots slots_station; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.slots
    ADD CONSTRAINT slots_station FOREIGN KEY (station) REFERENCES public.stations(id);

--
-- Name: slots slots_unit; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.slots
    ADD CONSTRAINT slots_unit FOREIGN KEY (unit_id) REFERENCES public.units(id);

--
-- Name: transitions transitions_type; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.transitions
    ADD CONSTRAINT transitions_type FOREIGN KEY (type) REFERENCES public.event_types(type);

--
-- Name: tries tries_unit; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.tries
    ADD CONSTRAINT tries_unit FOREIGN KEY (unit_id) REFERENCES public.units(id);

--
-- Name: unit_lots unit_lots_unit; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.unit_lots
    ADD CONSTRAINT unit_lots_unit FOREIGN KEY (unit_id) REFERENCES public.units(id);

--
-- Name: units units_batch; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.units
    ADD CONSTRAINT units_batch FOREIGN KEY (batch_id) REFERENCES public.batches(id);

--
-- Name: units units_carton; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.units
    ADD CONSTRAINT units_carton FOREIGN KEY (carton) REFERENCES public.cartons(sscc);

--
-- Name: units units_recipe; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.units
    ADD CONSTRAINT units_recipe FOREIGN KEY (recipe_sha256) REFERENCES public.recipes(sha256);

--
-- Name: units units_shipment; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.units
    ADD CONSTRAINT units_shipment FOREIGN KEY (shipment_id) REFERENCES public.shipments(id);

--
-- Name: buyer_logins as_before; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY as_before ON public.buyer_logins FOR SELECT USING (true);

--
-- Name: deliveries as_before; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY as_before ON public.deliveries FOR SELECT USING (true);

--
-- Name: export_files as_before; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY as_before ON public.export_files FOR SELECT USING (true);

--
-- Name: export_items as_before; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY as_before ON public.export_items FOR SELECT USING (true);

--
-- Name: exports as_before; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY as_before ON public.exports FOR SELECT USING (true);

--
-- Name: extract_items as_before; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY as_before ON public.extract_items FOR SELECT USING (true);

--
-- Name: records as_before; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY as_before ON public.records FOR SELECT USING (true);

--
-- Name: shipments as_before; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY as_before ON public.shipments FOR SELECT USING (true);

--
-- Name: unit_events as_before; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY as_before ON public.unit_events FOR SELECT USING (true);

--
-- Name: units as_before; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY as_before ON public.units FOR SELECT USING (true);

--
-- Name: buyer_logins; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.buyer_logins ENABLE ROW LEVEL SECURITY;

--
-- Name: buyer_logins buyers_own; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY buyers_own ON public.buyer_logins AS RESTRICTIVE FOR SELECT TO unitrail_buyer USING ((login = SESSION_USER));

--
-- Name: deliveries buyers_own; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY buyers_own ON public.deliveries AS RESTRICTIVE FOR SELECT TO unitrail_buyer USING ((export_id IN ( SELECT e.id
   FROM public.exports e)));

--
-- Name: export_files buyers_own; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY buyers_own ON public.export_files AS RESTRICTIVE FOR SELECT TO unitrail_buyer USING ((export_id IN ( SELECT e.id
   FROM public.exports e)));

--
-- Name: export_items buyers_own; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY buyers_own ON public.export_items AS RESTRICTIVE FOR SELECT TO unitrail_buyer USING ((export_id IN ( SELECT e.id
   FROM public.exports e)));

--
-- Name: exports buyers_own; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY buyers_own ON public.exports AS RESTRICTIVE FOR SELECT TO unitrail_buyer USING ((buyer = ( SELECT l.buyer
   FROM public.buyer_logins l
  WHERE (l.login = SESSION_USER))));

--
-- Name: extract_items buyers_own; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY buyers_own ON public.extract_items AS RESTRICTIVE FOR SELECT TO unitrail_buyer USING ((export_id IN ( SELECT e.id
   FROM public.exports e)));

--
-- Name: records buyers_own; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY buyers_own ON public.records AS RESTRICTIVE FOR SELECT TO unitrail_buyer USING ((EXISTS ( SELECT
   FROM public.units u
  WHERE (u.id = records.unit_id))));

--
-- Name: shipments buyers_own; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY buyers_own ON public.shipments AS RESTRICTIVE FOR SELECT TO unitrail_buyer USING (((closed_at IS NOT NULL) AND (NOT cancelled) AND (buyer = ( SELECT l.buyer
   FROM public.buyer_logins l
  WHERE (l.login = SESSION_USER)))));

--
-- Name: unit_events buyers_own; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY buyers_own ON public.unit_events AS RESTRICTIVE FOR SELECT TO unitrail_buyer USING (((type = ANY (ARRAY['recordCorrected'::text, 'unitReturned'::text])) AND
CASE
    WHEN starts_with(stream, 'unit:'::text) THEN (EXISTS ( SELECT
       FROM public.units u
      WHERE (u.id = (substr(unit_events.stream, 6))::uuid)))
    ELSE false
END));

--
-- Name: units buyers_own; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY buyers_own ON public.units AS RESTRICTIVE FOR SELECT TO unitrail_buyer USING (((state = 'Shipped'::text) AND (EXISTS ( SELECT
   FROM public.shipments s
  WHERE (s.id = units.shipment_id)))));

--
-- Name: deliveries; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.deliveries ENABLE ROW LEVEL SECURITY;

--
-- Name: export_files; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.export_files ENABLE ROW LEVEL SECURITY;

--
-- Name: export_items; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.export_items ENABLE ROW LEVEL SECURITY;

--
-- Name: exports; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.exports ENABLE ROW LEVEL SECURITY;

--
-- Name: extract_items; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.extract_items ENABLE ROW LEVEL SECURITY;

--
-- Name: records; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.records ENABLE ROW LEVEL SECURITY;

--
-- Name: shipments; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.shipments ENABLE ROW LEVEL SECURITY;

--
-- Name: unit_events; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.unit_events ENABLE ROW LEVEL SECURITY;

--
-- Name: units; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.units ENABLE ROW LEVEL SECURITY;

--
-- Name: FUNCTION abandon_capsule(p_capsule text, p_run text, p_code text, p_reason text); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.abandon_capsule(p_capsule text, p_run text, p_code text, p_reason text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.abandon_capsule(p_capsule text, p_run text, p_code text, p_reason text) TO unitrail_office;

--
-- Name: FUNCTION accept_lease(p_document text, p_public_key text, p_by text); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.accept_lease(p_document text, p_public_key text, p_by text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.accept_lease(p_document text, p_public_key text, p_by text) TO unitrail_desk;

--
-- Name: FUNCTION acquire_slot(p_unit uuid); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.acquire_slot(p_unit uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION public.acquire_slot(p_unit uuid) TO unitrail_office;

--
-- Name: FUNCTION add_adopted_units(p_adoption bigint, p_first bigint, p_bodies text[]); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.add_adopted_units(p_adoption bigint, p_first bigint, p_bodies text[]) FROM PUBLIC;
GRANT ALL ON FUNCTION public.add_adopted_units(p_adoption bigint, p_first bigint, p_bodies text[]) TO unitrail_desk;

--
-- Name: FUNCTION add_cosignature(p_origin text, p_size bigint, p_root bytea, p_witness text, p_signed_at timestamp with time zone, p_line text); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.add_cosignature(p_origin text, p_size bigint, p_root bytea, p_witness text, p_signed_at timestamp with time zone, p_line text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.add_cosignature(p_origin text, p_size bigint, p_root bytea, p_witness text, p_signed_at timestamp with time zone, p_line text) TO unitrail_desk;

--
-- Name: FUNCTION add_field_reports(p_import bigint, p_first bigint, p_reports jsonb); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.add_field_reports(p_import bigint, p_first bigint, p_reports jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION public.add_field_reports(p_import bigint, p_first bigint, p_reports jsonb) TO unitrail_desk;

--
-- Name: FUNCTION add_legal_hold(p_id text, p_kind text, p_value text, p_unit uuid, p_reason text, p_by text); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.add_legal_hold(p_id text, p_kind text, p_value text, p_unit uuid, p_reason text, p_by text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.add_legal_hold(p_id text, p_kind text, p_value text, p_unit uuid, p_reason text, p_by text) TO unitrail_desk;

--
-- Name: FUNCTION add_listed_numbers(p_space bigint, p_first bigint, p_values text[]); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.add_listed_numbers(p_space bigint, p_first bigint, p_values text[]) FROM PUBLIC;
GRANT ALL ON FUNCTION public.add_listed_numbers(p_space bigint, p_first bigint, p_values text[]) TO unitrail_desk;

--
-- Name: FUNCTION add_release(p_unit uuid, p_recipe text); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.add_release(p_unit uuid, p_recipe text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.add_release(p_unit uuid, p_recipe text) TO unitrail_office;

--
-- Name: FUNCTION adopted_address(p_pattern text, p_start bigint, p_end bigint); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.adopted_address(p_pattern text, p_start bigint, p_end bigint) FROM PUBLIC;

--
-- Name: TABLE adoptions; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.adoptions TO unitrail_office;
GRANT SELECT ON TABLE public.adoptions TO unitrail_desk;
GRANT SELECT ON TABLE public.adoptions TO unitrail_auditor;
GRANT SELECT ON TABLE public.adoptions TO unitrail_retention;

--
-- Name: FUNCTION adoption_under_way(p_adoption bigint); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.adoption_under_way(p_adoption bigint) FROM PUBLIC;

--
-- Name: FUNCTION advance_registry(p_spaces jsonb, p_epoch integer, p_by text, p_reason text); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.advance_registry(p_spaces jsonb, p_epoch integer, p_by text, p_reason text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.advance_registry(p_spaces jsonb, p_epoch integer, p_by text, p_reason text) TO unitrail_desk;

--
-- Name: TABLE units; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.units TO unitrail_office;
GRANT SELECT ON TABLE public.units TO unitrail_desk;
GRANT SELECT ON TABLE public.units TO unitrail_auditor;
GRANT SELECT ON TABLE public.units TO unitrail_retention;
GRANT SELECT ON TABLE public.units TO unitrail_station;

--
-- Name: FUNCTION advance_unit(u public.units, p_type text, p_key text, p_body text); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.advance_unit(u public.units, p_type text, p_key text, p_body text) FROM PUBLIC;

--
-- Name: FUNCTION amend_unit(p_unit uuid, p_type text, p_key text, p_body text, p_salt bytea); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.amend_unit(p_unit uuid, p_type text, p_key text, p_body text, p_salt bytea) FROM PUBLIC;
GRANT ALL ON FUNCTION public.amend_unit(p_unit uuid, p_type text, p_key text, p_body text, p_salt bytea) TO unitrail_desk;

--
-- Name: FUNCTION append_event(p_stream text, p_type text, p_key text, p_body text); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.append_event(p_stream text, p_type text, p_key text, p_body text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.append_event(p_stream text, p_type text, p_key text, p_body text) TO unitrail_office;
GRANT ALL ON FUNCTION public.append_event(p_stream text, p_type text, p_key text, p_body text) TO unitrail_station;

--
-- Name: FUNCTION append_to_stream(p_stream text, p_type text, p_key text, p_body text); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.append_to_stream(p_stream text, p_type text, p_key text, p_body text) FROM PUBLIC;

--
-- Name: FUNCTION apply_identifier_effects(u public.units, p_type text, p_seq bigint); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.apply_identifier_effects(u public.units, p_type text, p_seq bigint) FROM PUBLIC;

--
-- Name: FUNCTION apply_plant(p_document text, p_difference text, p_changes jsonb); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.apply_plant(p_document text, p_difference text, p_changes jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION public.apply_plant(p_document text, p_difference text, p_changes jsonb) TO unitrail_desk;
GRANT ALL ON FUNCTION public.apply_plant(p_document text, p_difference text, p_changes jsonb) TO unitrail_office;

--
-- Name: FUNCTION approve_retention(p_version bigint, p_by text); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.approve_retention(p_version bigint, p_by text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.approve_retention(p_version bigint, p_by text) TO unitrail_desk;

--
-- Name: FUNCTION archive_ends(p_capsule text); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.archive_ends(p_capsule text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.archive_ends(p_capsule text) TO unitrail_office;

--
-- Name: FUNCTION archive_until(p_product text, p_buyer text); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.archive_until(p_product text, p_buyer text) FROM PUBLIC;

--
-- Name: FUNCTION begin_act(p_unit uuid, p_type text, p_caller text, p_station text, p_slot integer, p_body text); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.begin_act(p_unit uuid, p_type text, p_caller text, p_station text, p_slot integer, p_body text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.begin_act(p_unit uuid, p_type text, p_caller text, p_station text, p_slot integer, p_body text) TO unitrail_office;
GRANT ALL ON FUNCTION public.begin_act(p_unit uuid, p_type text, p_caller text, p_station text, p_slot integer, p_body text) TO unitrail_station;

--
-- Name: FUNCTION begin_delivery(p_export text, p_target text); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.begin_delivery(p_export text, p_target text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.begin_delivery(p_export text, p_target text) TO unitrail_office;

--
-- Name: FUNCTION bind_identifier(u public.units, p_issuer text, p_kind text, p_value text, p_block bigint, p_ordinal integer, p_state text); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.bind_identifier(u public.units, p_issuer text, p_kind text, p_value text, p_block bigint, p_ordinal integer, p_state text) FROM PUBLIC;

--
-- Name: FUNCTION bind_macs(u public.units, p_body jsonb, p_seq bigint); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.bind_macs(u public.units, p_body jsonb, p_seq bigint) FROM PUBLIC;

--
-- Name: FUNCTION book_checkpoint(p_origin text, p_size bigint, p_root bytea, p_note text, p_key text); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.book_checkpoint(p_origin text, p_size bigint, p_root bytea, p_note text, p_key text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.book_checkpoint(p_origin text, p_size bigint, p_root bytea, p_note text, p_key text) TO unitrail_office;

--
-- Name: FUNCTION buyer_of_session(); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.buyer_of_session() FROM PUBLIC;

--
-- Name: FUNCTION buyer_record(p_serial text); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.buyer_record(p_serial text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.buyer_record(p_serial text) TO unitrail_buyer;

--
-- Name: FUNCTION cancel_shipment(p_shipment text, p_by text, p_reason text); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.cancel_shipment(p_shipment text, p_by text, p_reason text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.cancel_shipment(p_shipment text, p_by text, p_reason text) TO unitrail_office;

--
-- Name: FUNCTION canonical_passed(p_passed jsonb); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.canonical_passed(p_passed jsonb) FROM PUBLIC;

--
-- Name: FUNCTION capsule_delivered(p_capsule text, p_run text, p_target text, p_code text, p_message text); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.capsule_delivered(p_capsule text, p_run text, p_target text, p_code text, p_message text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.capsule_delivered(p_capsule text, p_run text, p_target text, p_code text, p_message text) TO unitrail_office;

--
-- Name: FUNCTION capsule_made(p_capsule text, p_run text, p_manifest text, p_events_manifest text, p_files jsonb); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.capsule_made(p_capsule text, p_run text, p_manifest text, p_events_manifest text, p_files jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION public.capsule_made(p_capsule text, p_run text, p_manifest text, p_events_manifest text, p_files jsonb) TO unitrail_office;

--
-- Name: FUNCTION capsule_made(p_capsule text, p_run text, p_manifest text, p_events_manifest text, p_files jsonb, p_public_key text); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.capsule_made(p_capsule text, p_run text, p_manifest text, p_events_manifest text, p_files jsonb, p_public_key text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.capsule_made(p_capsule text, p_run text, p_manifest text, p_events_manifest text, p_files jsonb, p_public_key text) TO unitrail_office;

--
-- Name: TABLE unit_events; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.unit_events TO unitrail_office;
GRANT SELECT ON TABLE public.unit_events TO unitrail_desk;
GRANT SELECT ON TABLE public.unit_events TO unitrail_auditor;
GRANT SELECT ON TABLE public.unit_events TO unitrail_retention;
GRANT SELECT ON TABLE public.unit_events TO unitrail_station;

--
-- Name: FUNCTION capsule_statement(e public.unit_events); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.capsule_statement(e public.unit_events) FROM PUBLIC;
GRANT ALL ON FUNCTION public.capsule_statement(e public.unit_events) TO unitrail_office;

--
-- Name: FUNCTION chain_event(p_stream text, p_seq bigint, p_prev bytea, p_type text, p_key text, p_body text); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.chain_event(p_stream text, p_seq bigint, p_prev bytea, p_type text, p_key text, p_body text) FROM PUBLIC;

--
-- Name: FUNCTION change_lots(p_batch text, p_position text, p_lots text[], p_by text, p_change text); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.change_lots(p_batch text, p_position text, p_lots text[], p_by text, p_change text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.change_lots(p_batch text, p_position text, p_lots text[], p_by text, p_change text) TO unitrail_office;
GRANT ALL ON FUNCTION public.change_lots(p_batch text, p_position text, p_lots text[], p_by text, p_change text) TO unitrail_desk;

--
-- Name: FUNCTION change_shipment(p_shipment text, p_carrier text, p_ship_on date, p_by text, p_id text); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.change_shipment(p_shipment text, p_carrier text, p_ship_on date, p_by text, p_id text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.change_shipment(p_shipment text, p_carrier text, p_ship_on date, p_by text, p_id text) TO unitrail_office;

--
-- Name: FUNCTION check_adopted(p_body text); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.check_adopted(p_body text) FROM PUBLIC;

--
-- Name: FUNCTION check_amendment(u public.units, p_type text, p_body jsonb); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.check_amendment(u public.units, p_type text, p_body jsonb) FROM PUBLIC;

--
-- Name: TABLE event_types; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.event_types TO unitrail_office;
GRANT SELECT ON TABLE public.event_types TO unitrail_desk;
GRANT SELECT ON TABLE public.event_types TO unitrail_auditor;
GRANT SELECT ON TABLE public.event_types TO unitrail_retention;
GRANT SELECT ON TABLE public.event_types TO unitrail_station;

--
-- Name: FUNCTION check_appender(p_type public.event_types); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.check_appender(p_type public.event_types) FROM PUBLIC;

--
-- Name: FUNCTION check_body(p_body text); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.check_body(p_body text) FROM PUBLIC;

--
-- Name: FUNCTION check_carton(u public.units, p_shipment text, p_carton text); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.check_carton(u public.units, p_shipment text, p_carton text) FROM PUBLIC;

--
-- Name: FUNCTION check_certificate(u public.units, p_type text, p_body jsonb); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.check_certificate(u public.units, p_type text, p_body jsonb) FROM PUBLIC;

--
-- Name: FUNCTION check_cosignature(p_witness text, p_signed_at timestamp with time zone, p_line text); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.check_cosignature(p_witness text, p_signed_at timestamp with time zone, p_line text) FROM PUBLIC;

--
-- Name: FUNCTION check_field_import(p_import bigint); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.check_field_import(p_import bigint) FROM PUBLIC;

--
-- Name: FUNCTION check_field_report(p_unit uuid, p_at timestamp with time zone); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.check_field_report(p_unit uuid, p_at timestamp with time zone) FROM PUBLIC;

--
-- Name: TABLE batches; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.batches TO unitrail_office;
GRANT SELECT ON TABLE public.batches TO unitrail_desk;
GRANT SELECT ON TABLE public.batches TO unitrail_auditor;
GRANT SELECT ON TABLE public.batches TO unitrail_retention;
GRANT SELECT ON TABLE public.batches TO unitrail_station;

--
-- Name: FUNCTION check_fresh(b public.batches, p_fresh public.fresh_unit[]); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.check_fresh(b public.batches, p_fresh public.fresh_unit[]) FROM PUBLIC;

--
-- Name: FUNCTION check_included(p_units uuid[]); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.check_included(p_units uuid[]) FROM PUBLIC;

--
-- Name: FUNCTION check_key(u public.units, p_type public.event_types, p_key text, p_body jsonb, p_of_try boolean); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.check_key(u public.units, p_type public.event_types, p_key text, p_body jsonb, p_of_try boolean) FROM PUBLIC;

--
-- Name: FUNCTION check_lease(p_document text); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.check_lease(p_document text) FROM PUBLIC;

--
-- Name: FUNCTION check_lease(p_unit uuid, p_place jsonb); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.check_lease(p_unit uuid, p_place jsonb) FROM PUBLIC;

--
-- Name: FUNCTION check_listed_value(); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.check_listed_value() FROM PUBLIC;

--
-- Name: FUNCTION check_not_archived(u public.units, p_type text, p_key text, p_body jsonb); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.check_not_archived(u public.units, p_type text, p_key text, p_body jsonb) FROM PUBLIC;

--
-- Name: FUNCTION check_not_held(u public.units, p_what text); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.check_not_held(u public.units, p_what text) FROM PUBLIC;

--
-- Name: FUNCTION check_office(); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.check_office() FROM PUBLIC;

--
-- Name: FUNCTION check_pallet(p_shipment text, p_pallet text); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.check_pallet(p_shipment text, p_pallet text) FROM PUBLIC;

--
-- Name: FUNCTION check_release(u public.units, p_body jsonb); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.check_release(u public.units, p_body jsonb) FROM PUBLIC;

--
-- Name: FUNCTION check_rules(u public.units, p_type text, p_body jsonb); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.check_rules(u public.units, p_type text, p_body jsonb) FROM PUBLIC;

--
-- Name: FUNCTION check_same_request(p_known public.unit_events, p_type text, p_body jsonb); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.check_same_request(p_known public.unit_events, p_type text, p_body jsonb) FROM PUBLIC;

--
-- Name: FUNCTION check_sealed(); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.check_sealed() FROM PUBLIC;

--
-- Name: FUNCTION check_secondary(p_kind text, p_issuer text, p_value text); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.check_secondary(p_kind text, p_issuer text, p_value text) FROM PUBLIC;

--
-- Name: FUNCTION check_sees_holds(); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.check_sees_holds() FROM PUBLIC;

--
-- Name: FUNCTION check_sscc(p_sscc text); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.check_sscc(p_sscc text) FROM PUBLIC;

--
-- Name: FUNCTION check_test(u public.units, p_type text, p_body jsonb); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.check_test(u public.units, p_type text, p_body jsonb) FROM PUBLIC;

--
-- Name: FUNCTION check_try(u public.units, p_part text, p_body jsonb); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.check_try(u public.units, p_part text, p_body jsonb) FROM PUBLIC;

--
-- Name: FUNCTION check_word(p_name text, p_value text); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.check_word(p_name text, p_value text) FROM PUBLIC;

--
-- Name: FUNCTION claim_units(p_batch text, p_claims jsonb); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.claim_units(p_batch text, p_claims jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION public.claim_units(p_batch text, p_claims jsonb) TO unitrail_office;

--
-- Name: FUNCTION claims_no_more(b public.batches); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.claims_no_more(b public.batches) FROM PUBLIC;

--
-- Name: FUNCTION clock_doubt(p_as_of timestamp with time zone, p_apart interval); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.clock_doubt(p_as_of timestamp with time zone, p_apart interval) FROM PUBLIC;
GRANT ALL ON FUNCTION public.clock_doubt(p_as_of timestamp with time zone, p_apart interval) TO unitrail_office;
GRANT ALL ON FUNCTION public.clock_doubt(p_as_of timestamp with time zone, p_apart interval) TO unitrail_desk;

--
-- Name: FUNCTION clock_slack(); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.clock_slack() FROM PUBLIC;

--
-- Name: FUNCTION close_adoption(p_adoption bigint, p_spaces jsonb); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.close_adoption(p_adoption bigint, p_spaces jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION public.close_adoption(p_adoption bigint, p_spaces jsonb) TO unitrail_desk;

--
-- Name: FUNCTION close_field_import(p_import bigint); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.close_field_import(p_import bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION public.close_field_import(p_import bigint) TO unitrail_desk;

--
-- Name: FUNCTION close_number_list(p_space bigint); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.close_number_list(p_space bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION public.close_number_list(p_space bigint) TO unitrail_desk;

--
-- Name: FUNCTION close_shipment(p_shipment text, p_by text, p_even_empty boolean); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.close_shipment(p_shipment text, p_by text, p_even_empty boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION public.close_shipment(p_shipment text, p_by text, p_even_empty boolean) TO unitrail_office;

--
-- Name: FUNCTION close_shipment(p_shipment text, p_by text, p_even_empty boolean, p_id text); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.close_shipment(p_shipment text, p_by text, p_even_empty boolean, p_id text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.close_shipment(p_shipment text, p_by text, p_even_empty boolean, p_id text) TO unitrail_office;

--
-- Name: FUNCTION complete_batch(p_batch text, p_summary text); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.complete_batch(p_batch text, p_summary text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.complete_batch(p_batch text, p_summary text) TO unitrail_office;

--
-- Name: FUNCTION contents_held(p_contents text[], p_holds text[]); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.contents_held(p_contents text[], p_holds text[]) FROM PUBLIC;

--
-- Name: FUNCTION contents_in_use(p_contents text[], p_over text[]); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.contents_in_use(p_contents text[], p_over text[]) FROM PUBLIC;

--
-- Name: FUNCTION contents_over(p_as_of timestamp with time zone); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.contents_over(p_as_of timestamp with time zone) FROM PUBLIC;

--
-- Name: FUNCTION contents_removed(p_run text, p_contents text[]); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.contents_removed(p_run text, p_contents text[]) FROM PUBLIC;
GRANT ALL ON FUNCTION public.contents_removed(p_run text, p_contents text[]) TO unitrail_retention;

--
-- Name: FUNCTION contents_to_remove(p_run text, p_contents text[]); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.contents_to_remove(p_run text, p_contents text[]) FROM PUBLIC;
GRANT ALL ON FUNCTION public.contents_to_remove(p_run text, p_contents text[]) TO unitrail_retention;

--
-- Name: FUNCTION control_batch(p_batch text, p_type text, p_id text, p_body text); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.control_batch(p_batch text, p_type text, p_id text, p_body text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.control_batch(p_batch text, p_type text, p_id text, p_body text) TO unitrail_office;

--
-- Name: FUNCTION copy_verified(p_capsule text, p_run text, p_place text, p_manifest_sha256 text); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.copy_verified(p_capsule text, p_run text, p_place text, p_manifest_sha256 text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.copy_verified(p_capsule text, p_run text, p_place text, p_manifest_sha256 text) TO unitrail_office;

--
-- Name: FUNCTION count_alive(u public.units, p_to_state text); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.count_alive(u public.units, p_to_state text) FROM PUBLIC;

--
-- Name: FUNCTION count_recall(p_recall text, p_counts text); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.count_recall(p_recall text, p_counts text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.count_recall(p_recall text, p_counts text) TO unitrail_desk;

--
-- Name: FUNCTION create_shipment(p_shipment text, p_batch text, p_buyer text, p_destination text, p_carrier text, p_ship_on date, p_by text); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.create_shipment(p_shipment text, p_batch text, p_buyer text, p_destination text, p_carrier text, p_ship_on date, p_by text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.create_shipment(p_shipment text, p_batch text, p_buyer text, p_destination text, p_carrier text, p_ship_on date, p_by text) TO unitrail_office;

--
-- Name: FUNCTION declare_used_ranges(p_pools jsonb); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.declare_used_ranges(p_pools jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION public.declare_used_ranges(p_pools jsonb) TO unitrail_desk;
GRANT ALL ON FUNCTION public.declare_used_ranges(p_pools jsonb) TO unitrail_office;

--
-- Name: FUNCTION digest_of_list(p_space bigint); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.digest_of_list(p_space bigint) FROM PUBLIC;

--
-- Name: FUNCTION due_units(p_as_of timestamp with time zone); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.due_units(p_as_of timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION public.due_units(p_as_of timestamp with time zone) TO unitrail_office;
GRANT ALL ON FUNCTION public.due_units(p_as_of timestamp with time zone) TO unitrail_desk;
GRANT ALL ON FUNCTION public.due_units(p_as_of timestamp with time zone) TO unitrail_retention;

--
-- Name: FUNCTION end_delivery(p_delivery bigint, p_outcome text, p_code text, p_message text); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.end_delivery(p_delivery bigint, p_outcome text, p_code text, p_message text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.end_delivery(p_delivery bigint, p_outcome text, p_code text, p_message text) TO unitrail_office;

--
-- Name: FUNCTION end_lease(p_unit uuid); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.end_lease(p_unit uuid) FROM PUBLIC;

--
-- Name: FUNCTION end_retention_run(p_run text, p_report text); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.end_retention_run(p_run text, p_report text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.end_retention_run(p_run text, p_report text) TO unitrail_office;

--
-- Name: FUNCTION erasable_capsules(p_as_of timestamp with time zone); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.erasable_capsules(p_as_of timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION public.erasable_capsules(p_as_of timestamp with time zone) TO unitrail_office;
GRANT ALL ON FUNCTION public.erasable_capsules(p_as_of timestamp with time zone) TO unitrail_desk;
GRANT ALL ON FUNCTION public.erasable_capsules(p_as_of timestamp with time zone) TO unitrail_retention;

--
-- Name: FUNCTION erasable_names(p_as_of timestamp with time zone); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.erasable_names(p_as_of timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION public.erasable_names(p_as_of timestamp with time zone) TO unitrail_office;
GRANT ALL ON FUNCTION public.erasable_names(p_as_of timestamp with time zone) TO unitrail_desk;
GRANT ALL ON FUNCTION public.erasable_names(p_as_of timestamp with time zone) TO unitrail_retention;

--
-- Name: FUNCTION erase_capsule(p_capsule text, p_run text); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.erase_capsule(p_capsule text, p_run text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.erase_capsule(p_capsule text, p_run text) TO unitrail_retention;

--
-- Name: FUNCTION erase_contents(p_run text); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.erase_contents(p_run text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.erase_contents(p_run text) TO unitrail_retention;

--
-- Name: FUNCTION erase_names(p_run text); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.erase_names(p_run text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.erase_names(p_run text) TO unitrail_retention;

--
-- Name: FUNCTION export_key_id(p_public_key text); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.export_key_id(p_public_key text) FROM PUBLIC;

--
-- Name: FUNCTION export_made(p_export text, p_manifest text, p_public_key text); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.export_made(p_export text, p_manifest text, p_public_key text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.export_made(p_export text, p_manifest text, p_public_key text) TO unitrail_office;

--
-- Name: FUNCTION export_made(p_export text, p_manifest text, p_public_key text, p_look_sha256 text); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.export_made(p_export text, p_manifest text, p_public_key text, p_look_sha256 text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.export_made(p_export text, p_manifest text, p_public_key text, p_look_sha256 text) TO unitrail_office;

--
-- Name: TABLE exports; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.exports TO unitrail_office;
GRANT SELECT ON TABLE public.exports TO unitrail_desk;
GRANT SELECT ON TABLE public.exports TO unitrail_auditor;
GRANT SELECT ON TABLE public.exports TO unitrail_retention;

--
-- Name: FUNCTION export_of_request(p_buyer text, p_request text, p_kind text); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.export_of_request(p_buyer text, p_request text, p_kind text) FROM PUBLIC;

--
-- Name: FUNCTION exports_held(p_exports text[], p_holds text[]); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.exports_held(p_exports text[], p_holds text[]) FROM PUBLIC;

--
-- Name: FUNCTION exports_over(p_as_of timestamp with time zone); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.exports_over(p_as_of timestamp with time zone) FROM PUBLIC;

--
-- Name: FUNCTION exports_still_over(p_contents text[], p_as_of timestamp with time zone); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.exports_still_over(p_contents text[], p_as_of timestamp with time zone) FROM PUBLIC;

--
-- Name: TABLE field_reports; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.field_reports TO unitrail_office;
GRANT SELECT ON TABLE public.field_reports TO unitrail_desk;
GRANT SELECT ON TABLE public.field_reports TO unitrail_auditor;
GRANT SELECT ON TABLE public.field_reports TO unitrail_retention;

--
-- Name: FUNCTION field_report_line(r public.field_reports); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.field_report_line(r public.field_reports) FROM PUBLIC;

--
-- Name: FUNCTION field_reports_in(p_reports jsonb); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.field_reports_in(p_reports jsonb) FROM PUBLIC;

--
-- Name: FUNCTION find_space(p_kind text, p_name text, p_scope text, p_issuer text, p_first bigint, p_last bigint); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.find_space(p_kind text, p_name text, p_scope text, p_issuer text, p_first bigint, p_last bigint) FROM PUBLIC;

--
-- Name: FUNCTION fresh_units(b public.batches, p_firmware text, p_claims public.asked_claim[]); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.fresh_units(b public.batches, p_firmware text, p_claims public.asked_claim[]) FROM PUBLIC;

--
-- Name: FUNCTION grant_block(p_space bigint, p_batch text, p_quantity integer, p_run_length integer, p_version integer, p_pattern text, p_date_parts text); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.grant_block(p_space bigint, p_batch text, p_quantity integer, p_run_length integer, p_version integer, p_pattern text, p_date_parts text) FROM PUBLIC;

--
-- Name: FUNCTION grant_lease(p_document text, p_space jsonb, p_public_key text, p_by text); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.grant_lease(p_document text, p_space jsonb, p_public_key text, p_by text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.grant_lease(p_document text, p_space jsonb, p_public_key text, p_by text) TO unitrail_desk;

--
-- Name: FUNCTION grant_next_block(p_space bigint, p_batch text, p_quantity integer, p_run_length integer, p_version integer, p_pattern text, p_date_parts text); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.grant_next_block(p_space bigint, p_batch text, p_quantity integer, p_run_length integer, p_version integer, p_pattern text, p_date_parts text) FROM PUBLIC;

--
-- Name: FUNCTION grantable_addresses(p_pool text, p_numbers bigint[]); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.grantable_addresses(p_pool text, p_numbers bigint[]) FROM PUBLIC;
GRANT ALL ON FUNCTION public.grantable_addresses(p_pool text, p_numbers bigint[]) TO unitrail_desk;

--
-- Name: FUNCTION hand_out_slots(); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.hand_out_slots() FROM PUBLIC;

--
-- Name: FUNCTION has_role(p_role text); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.has_role(p_role text) FROM PUBLIC;

--
-- Name: FUNCTION identifiers_of(p_issuer text, p_serial text, p_body jsonb); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.identifiers_of(p_issuer text, p_serial text, p_body jsonb) FROM PUBLIC;

--
-- Name: FUNCTION identify_unit(p_unit uuid, p_kind text, p_issuer text, p_value text, p_by text); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.identify_unit(p_unit uuid, p_kind text, p_issuer text, p_value text, p_by text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.identify_unit(p_unit uuid, p_kind text, p_issuer text, p_value text, p_by text) TO unitrail_desk;

--
-- Name: FUNCTION is_erased(p_sha256 text); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.is_erased(p_sha256 text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.is_erased(p_sha256 text) TO unitrail_office;
GRANT ALL ON FUNCTION public.is_erased(p_sha256 text) TO unitrail_desk;

--
-- Name: FUNCTION is_imei(p_value text); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.is_imei(p_value text) FROM PUBLIC;

--
-- Name: FUNCTION is_known(p_lease text, p_known text, p_document text, p_what text); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.is_known(p_lease text, p_known text, p_document text, p_what text) FROM PUBLIC;

--
-- Name: FUNCTION is_of_lost_epoch(b public.batches); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.is_of_lost_epoch(b public.batches) FROM PUBLIC;

--
-- Name: FUNCTION is_open(p_state text); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.is_open(p_state text) FROM PUBLIC;

--
-- Name: FUNCTION json_or_null(p_value text); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.json_or_null(p_value text) FROM PUBLIC;

--
-- Name: FUNCTION judge_cosignatures(p_judged bigint[], p_held bigint[]); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.judge_cosignatures(p_judged bigint[], p_held bigint[]) FROM PUBLIC;
GRANT ALL ON FUNCTION public.judge_cosignatures(p_judged bigint[], p_held bigint[]) TO unitrail_office;

--
-- Name: FUNCTION key_of_withdrawal(p_unit uuid, p_kind text, p_issuer text, p_value text); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.key_of_withdrawal(p_unit uuid, p_kind text, p_issuer text, p_value text) FROM PUBLIC;

--
-- Name: FUNCTION label_difference(u public.units, p_scanned jsonb); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.label_difference(u public.units, p_scanned jsonb) FROM PUBLIC;

--
-- Name: FUNCTION last_placed(p_product text); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.last_placed(p_product text) FROM PUBLIC;

--
-- Name: TABLE number_leases; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.number_leases TO unitrail_office;
GRANT SELECT ON TABLE public.number_leases TO unitrail_desk;
GRANT SELECT ON TABLE public.number_leases TO unitrail_auditor;
GRANT SELECT ON TABLE public.number_leases TO unitrail_retention;

--
-- Name: FUNCTION lease_of_side(p_lease text, p_side text); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.lease_of_side(p_lease text, p_side text) FROM PUBLIC;

--
-- Name: FUNCTION leased_space(p_kind text, p_name text, p_scope text, p_version integer, p_pattern text, p_width bigint, p_run_length integer); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.leased_space(p_kind text, p_name text, p_scope text, p_version integer, p_pattern text, p_width bigint, p_run_length integer) FROM PUBLIC;

--
-- Name: FUNCTION leaves_of(p_queue bigint[]); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.leaves_of(p_queue bigint[]) FROM PUBLIC;

--
-- Name: FUNCTION lock_buyer(p_buyer text); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.lock_buyer(p_buyer text) FROM PUBLIC;

--
-- Name: TABLE batch_controls; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.batch_controls TO unitrail_office;
GRANT SELECT ON TABLE public.batch_controls TO unitrail_desk;
GRANT SELECT ON TABLE public.batch_controls TO unitrail_auditor;
GRANT SELECT ON TABLE public.batch_controls TO unitrail_retention;

--
-- Name: FUNCTION lock_controls(p_batch text); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.lock_controls(p_batch text) FROM PUBLIC;

--
-- Name: FUNCTION lock_line(); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.lock_line() FROM PUBLIC;

--
-- Name: TABLE shipments; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.shipments TO unitrail_office;
GRANT SELECT ON TABLE public.shipments TO unitrail_desk;
GRANT SELECT ON TABLE public.shipments TO unitrail_auditor;
GRANT SELECT ON TABLE public.shipments TO unitrail_retention;

--
-- Name: FUNCTION lock_open_shipment(p_shipment text); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.lock_open_shipment(p_shipment text) FROM PUBLIC;

--
-- Name: FUNCTION lock_unit(p_unit uuid); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.lock_unit(p_unit uuid) FROM PUBLIC;

--
-- Name: FUNCTION lock_used_ranges(p_to_grant boolean); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.lock_used_ranges(p_to_grant boolean) FROM PUBLIC;

--
-- Name: FUNCTION mark_clock(); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.mark_clock() FROM PUBLIC;
GRANT ALL ON FUNCTION public.mark_clock() TO unitrail_office;

--
-- Name: FUNCTION move_numbers(p_block bigint, p_from text, p_to text, p_quantity integer, p_stream text, p_seq bigint); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.move_numbers(p_block bigint, p_from text, p_to text, p_quantity integer, p_stream text, p_seq bigint) FROM PUBLIC;

--
-- Name: FUNCTION moved_streams(); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.moved_streams() FROM PUBLIC;

--
-- Name: FUNCTION name_digest(p_salt bytea, p_name text); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.name_digest(p_salt bytea, p_name text) FROM PUBLIC;

--
-- Name: FUNCTION name_statement(); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.name_statement() FROM PUBLIC;

--
-- Name: FUNCTION names_months(); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.names_months() FROM PUBLIC;

--
-- Name: FUNCTION needed_contents(p_exports_over text[]); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.needed_contents(p_exports_over text[]) FROM PUBLIC;

--
-- Name: FUNCTION new_salt(); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.new_salt() FROM PUBLIC;

--
-- Name: FUNCTION next_carton_number(p_company_prefix text, p_issuer text, p_last bigint); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.next_carton_number(p_company_prefix text, p_issuer text, p_last bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION public.next_carton_number(p_company_prefix text, p_issuer text, p_last bigint) TO unitrail_office;

--
-- Name: TABLE number_spaces; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.number_spaces TO unitrail_office;
GRANT SELECT ON TABLE public.number_spaces TO unitrail_desk;
GRANT SELECT ON TABLE public.number_spaces TO unitrail_auditor;
GRANT SELECT ON TABLE public.number_spaces TO unitrail_retention;
GRANT SELECT ON TABLE public.number_spaces TO unitrail_station;

--
-- Name: FUNCTION next_start(s public.number_spaces, p_run_length integer); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.next_start(s public.number_spaces, p_run_length integer) FROM PUBLIC;

--
-- Name: FUNCTION note_operators(p_numbers text[]); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.note_operators(p_numbers text[]) FROM PUBLIC;
GRANT ALL ON FUNCTION public.note_operators(p_numbers text[]) TO unitrail_desk;
GRANT ALL ON FUNCTION public.note_operators(p_numbers text[]) TO unitrail_office;

--
-- Name: FUNCTION notice_delivered(p_id uuid); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.notice_delivered(p_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION public.notice_delivered(p_id uuid) TO unitrail_office;

--
-- Name: FUNCTION notice_tried(p_id uuid); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.notice_tried(p_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION public.notice_tried(p_id uuid) TO unitrail_office;

--
-- Name: FUNCTION notify_uncleared(); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.notify_uncleared() FROM PUBLIC;

--
-- Name: FUNCTION obstacle_at_closing(u public.units, p_shipment text, p_too_many boolean); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.obstacle_at_closing(u public.units, p_shipment text, p_too_many boolean) FROM PUBLIC;

--
-- Name: FUNCTION obstacle_to_shipping(u public.units, p_shipment text); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.obstacle_to_shipping(u public.units, p_shipment text) FROM PUBLIC;

--
-- Name: FUNCTION open_adoption(p_issuer text, p_scheme text, p_source_name text, p_source_sha256 text, p_source_part text, p_by text); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.open_adoption(p_issuer text, p_scheme text, p_source_name text, p_source_sha256 text, p_source_part text, p_by text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.open_adoption(p_issuer text, p_scheme text, p_source_name text, p_source_sha256 text, p_source_part text, p_by text) TO unitrail_desk;

--
-- Name: FUNCTION open_batch(p_batch text, p_document text, p_recipe text, p_firmware_sha256 text, p_order_quantity integer, p_trial boolean, p_workflow text, p_grants jsonb, p_opened_by text); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.open_batch(p_batch text, p_document text, p_recipe text, p_firmware_sha256 text, p_order_quantity integer, p_trial boolean, p_workflow text, p_grants jsonb, p_opened_by text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.open_batch(p_batch text, p_document text, p_recipe text, p_firmware_sha256 text, p_order_quantity integer, p_trial boolean, p_workflow text, p_grants jsonb, p_opened_by text) TO unitrail_office;

--
-- Name: FUNCTION open_carton(p_shipment text, p_carton text, p_pallet text, p_capacity integer, p_by text); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.open_carton(p_shipment text, p_carton text, p_pallet text, p_capacity integer, p_by text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.open_carton(p_shipment text, p_carton text, p_pallet text, p_capacity integer, p_by text) TO unitrail_office;

--
-- Name: FUNCTION open_export(p_buyer text, p_request text, p_as_of timestamp with time zone, p_look text); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.open_export(p_buyer text, p_request text, p_as_of timestamp with time zone, p_look text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.open_export(p_buyer text, p_request text, p_as_of timestamp with time zone, p_look text) TO unitrail_office;

--
-- Name: FUNCTION open_extract(p_buyer text, p_request text, p_from timestamp with time zone, p_to timestamp with time zone, p_as_of timestamp with time zone, p_look text); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.open_extract(p_buyer text, p_request text, p_from timestamp with time zone, p_to timestamp with time zone, p_as_of timestamp with time zone, p_look text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.open_extract(p_buyer text, p_request text, p_from timestamp with time zone, p_to timestamp with time zone, p_as_of timestamp with time zone, p_look text) TO unitrail_office;

--
-- Name: FUNCTION open_field_import(p_source_name text, p_source_sha256 text, p_source_part text, p_by text); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.open_field_import(p_source_name text, p_source_sha256 text, p_source_part text, p_by text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.open_field_import(p_source_name text, p_source_sha256 text, p_source_part text, p_by text) TO unitrail_desk;

--
-- Name: FUNCTION open_holds(p_hold text, p_reason text, p_by text, p_units uuid[]); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.open_holds(p_hold text, p_reason text, p_by text, p_units uuid[]) FROM PUBLIC;
GRANT ALL ON FUNCTION public.open_holds(p_hold text, p_reason text, p_by text, p_units uuid[]) TO unitrail_office;
GRANT ALL ON FUNCTION public.open_holds(p_hold text, p_reason text, p_by text, p_units uuid[]) TO unitrail_desk;

--
-- Name: TABLE number_lists; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.number_lists TO unitrail_office;
GRANT SELECT ON TABLE public.number_lists TO unitrail_desk;
GRANT SELECT ON TABLE public.number_lists TO unitrail_auditor;
GRANT SELECT ON TABLE public.number_lists TO unitrail_retention;

--
-- Name: FUNCTION open_list(p_space bigint); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.open_list(p_space bigint) FROM PUBLIC;

--
-- Name: FUNCTION open_number_list(p_issuer text, p_name text, p_pattern text, p_source_name text, p_source_sha256 text, p_source_part text, p_by text); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.open_number_list(p_issuer text, p_name text, p_pattern text, p_source_name text, p_source_sha256 text, p_source_part text, p_by text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.open_number_list(p_issuer text, p_name text, p_pattern text, p_source_name text, p_source_sha256 text, p_source_part text, p_by text) TO unitrail_desk;

--
-- Name: FUNCTION open_order(p_order text, p_quantity integer, p_batch text, p_batch_quantity integer); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.open_order(p_order text, p_quantity integer, p_batch text, p_batch_quantity integer) FROM PUBLIC;

--
-- Name: FUNCTION open_pallet(p_shipment text, p_pallet text, p_capacity integer, p_by text); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.open_pallet(p_shipment text, p_pallet text, p_capacity integer, p_by text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.open_pallet(p_shipment text, p_pallet text, p_capacity integer, p_by text) TO unitrail_office;

--
-- Name: FUNCTION open_recall(p_recall text, p_selector text, p_reason text, p_by text); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.open_recall(p_recall text, p_selector text, p_reason text, p_by text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.open_recall(p_recall text, p_selector text, p_reason text, p_by text) TO unitrail_desk;

--
-- Name: FUNCTION open_reissue(p_export text, p_request text, p_as_of timestamp with time zone, p_look text); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.open_reissue(p_export text, p_request text, p_as_of timestamp with time zone, p_look text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.open_reissue(p_export text, p_request text, p_as_of timestamp with time zone, p_look text) TO unitrail_office;

--
-- Name: FUNCTION open_resolution(p_id text, p_request text, p_by text, p_units uuid[], p_in_vain uuid[], p_whys text[]); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.open_resolution(p_id text, p_request text, p_by text, p_units uuid[], p_in_vain uuid[], p_whys text[]) FROM PUBLIC;
GRANT ALL ON FUNCTION public.open_resolution(p_id text, p_request text, p_by text, p_units uuid[], p_in_vain uuid[], p_whys text[]) TO unitrail_office;

--
-- Name: FUNCTION open_retention_run(p_request text, p_as_of timestamp with time zone, p_confirmed_by text); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.open_retention_run(p_request text, p_as_of timestamp with time zone, p_confirmed_by text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.open_retention_run(p_request text, p_as_of timestamp with time zone, p_confirmed_by text) TO unitrail_office;

--
-- Name: FUNCTION open_retention_run(p_request text, p_as_of timestamp with time zone, p_confirmed_by text, p_apart interval); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.open_retention_run(p_request text, p_as_of timestamp with time zone, p_confirmed_by text, p_apart interval) FROM PUBLIC;
GRANT ALL ON FUNCTION public.open_retention_run(p_request text, p_as_of timestamp with time zone, p_confirmed_by text, p_apart interval) TO unitrail_office;

--
-- Name: FUNCTION open_shipment(p_shipment text, p_batch text, p_buyer text, p_destination text, p_carton text); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.open_shipment(p_shipment text, p_batch text, p_buyer text, p_destination text, p_carton text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.open_shipment(p_shipment text, p_batch text, p_buyer text, p_destination text, p_carton text) TO unitrail_office;

--
-- Name: TABLE orders; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.orders TO unitrail_office;
GRANT SELECT ON TABLE public.orders TO unitrail_desk;
GRANT SELECT ON TABLE public.orders TO unitrail_auditor;
GRANT SELECT ON TABLE public.orders TO unitrail_retention;

--
-- Name: FUNCTION order_room(o public.orders); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.order_room(o public.orders) FROM PUBLIC;
GRANT ALL ON FUNCTION public.order_room(o public.orders) TO unitrail_office;
GRANT ALL ON FUNCTION public.order_room(o public.orders) TO unitrail_desk;

--
-- Name: FUNCTION over_ordered(u public.units, p_type text); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.over_ordered(u public.units, p_type text) FROM PUBLIC;

--
-- Name: FUNCTION pass_numbers(p_spaces jsonb); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.pass_numbers(p_spaces jsonb) FROM PUBLIC;

--
-- Name: FUNCTION pin_export_look(p_export text, p_look text, p_by text, p_reason text, p_id text); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.pin_export_look(p_export text, p_look text, p_by text, p_reason text, p_id text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.pin_export_look(p_export text, p_look text, p_by text, p_reason text, p_id text) TO unitrail_desk;

--
-- Name: FUNCTION place_carton(p_carton text, p_pallet text, p_by text, p_id text); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.place_carton(p_carton text, p_pallet text, p_by text, p_id text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.place_carton(p_carton text, p_pallet text, p_by text, p_id text) TO unitrail_office;

--
-- Name: FUNCTION plan_capsules(p_run text); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.plan_capsules(p_run text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.plan_capsules(p_run text) TO unitrail_office;

--
-- Name: FUNCTION project_facts(u public.units, p_type text, p_body jsonb, p_seq bigint); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.project_facts(u public.units, p_type text, p_body jsonb, p_seq bigint) FROM PUBLIC;

--
-- Name: FUNCTION queue_ending(); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.queue_ending() FROM PUBLIC;

--
-- Name: FUNCTION queue_heads(p_every interval); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.queue_heads(p_every interval) FROM PUBLIC;
GRANT ALL ON FUNCTION public.queue_heads(p_every interval) TO unitrail_office;

--
-- Name: FUNCTION queue_statement(e public.unit_events); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.queue_statement(e public.unit_events) FROM PUBLIC;

--
-- Name: FUNCTION raise_notices(p_minutes integer); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.raise_notices(p_minutes integer) FROM PUBLIC;
GRANT ALL ON FUNCTION public.raise_notices(p_minutes integer) TO unitrail_office;

--
-- Name: FUNCTION read_buyer_amendments(); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.read_buyer_amendments() FROM PUBLIC;
GRANT ALL ON FUNCTION public.read_buyer_amendments() TO unitrail_buyer;

--
-- Name: FUNCTION read_buyer_deliveries(); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.read_buyer_deliveries() FROM PUBLIC;
GRANT ALL ON FUNCTION public.read_buyer_deliveries() TO unitrail_buyer;

--
-- Name: FUNCTION read_buyer_export_files(); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.read_buyer_export_files() FROM PUBLIC;
GRANT ALL ON FUNCTION public.read_buyer_export_files() TO unitrail_buyer;

--
-- Name: FUNCTION read_buyer_exports(); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.read_buyer_exports() FROM PUBLIC;
GRANT ALL ON FUNCTION public.read_buyer_exports() TO unitrail_buyer;

--
-- Name: FUNCTION read_buyer_numbers(); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.read_buyer_numbers() FROM PUBLIC;
GRANT ALL ON FUNCTION public.read_buyer_numbers() TO unitrail_buyer;

--
-- Name: FUNCTION read_buyer_records(); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.read_buyer_records() FROM PUBLIC;
GRANT ALL ON FUNCTION public.read_buyer_records() TO unitrail_buyer;

--
-- Name: FUNCTION read_claims(p_claims jsonb); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.read_claims(p_claims jsonb) FROM PUBLIC;

--
-- Name: FUNCTION recipe_of(u public.units); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.recipe_of(u public.units) FROM PUBLIC;

--
-- Name: FUNCTION record_lease(d jsonb, p_document text, p_side text, p_space bigint, p_public_key text, p_by text); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.record_lease(d jsonb, p_document text, p_side text, p_space bigint, p_public_key text, p_by text) FROM PUBLIC;

--
-- Name: FUNCTION record_lots(u public.units, p_components jsonb); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.record_lots(u public.units, p_components jsonb) FROM PUBLIC;

--
-- Name: FUNCTION record_return(p_document text, p_side text, p_public_key text, p_by text); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.record_return(p_document text, p_side text, p_public_key text, p_by text) FROM PUBLIC;

--
-- Name: FUNCTION recorded_fact(u public.units, p_key text, p_fact text); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.recorded_fact(u public.units, p_key text, p_fact text) FROM PUBLIC;

--
-- Name: FUNCTION refuse(p_sqlstate text, p_message text); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.refuse(p_sqlstate text, p_message text) FROM PUBLIC;

--
-- Name: FUNCTION refuse_archived_export(); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.refuse_archived_export() FROM PUBLIC;

--
-- Name: FUNCTION refuse_cancelled(p_batch text); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.refuse_cancelled(p_batch text) FROM PUBLIC;

--
-- Name: FUNCTION refuse_capsule_change(); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.refuse_capsule_change() FROM PUBLIC;

--
-- Name: FUNCTION refuse_capsule_unit_change(); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.refuse_capsule_unit_change() FROM PUBLIC;

--
-- Name: FUNCTION refuse_capsule_unit_removal(); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.refuse_capsule_unit_removal() FROM PUBLIC;

--
-- Name: FUNCTION refuse_change(); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.refuse_change() FROM PUBLIC;

--
-- Name: FUNCTION refuse_content_change(); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.refuse_content_change() FROM PUBLIC;

--
-- Name: FUNCTION refuse_delivery_change(); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.refuse_delivery_change() FROM PUBLIC;

--
-- Name: FUNCTION refuse_export_change(); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.refuse_export_change() FROM PUBLIC;

--
-- Name: FUNCTION refuse_hold_change(); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.refuse_hold_change() FROM PUBLIC;

--
-- Name: FUNCTION refuse_identifier_change(); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.refuse_identifier_change() FROM PUBLIC;

--
-- Name: FUNCTION refuse_leaves(p_queue bigint[]); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.refuse_leaves(p_queue bigint[]) FROM PUBLIC;

--
-- Name: FUNCTION refuse_lost_epoch(); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.refuse_lost_epoch() FROM PUBLIC;

--
-- Name: FUNCTION refuse_notice_change(); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.refuse_notice_change() FROM PUBLIC;

--
-- Name: FUNCTION refuse_other_request(p_known public.unit_events); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.refuse_other_request(p_known public.unit_events) FROM PUBLIC;

--
-- Name: FUNCTION refuse_owned(p_kind text, p_value text, p_owner uuid, p_for text); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.refuse_owned(p_kind text, p_value text, p_owner uuid, p_for text) FROM PUBLIC;

--
-- Name: FUNCTION refuse_run_change(); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.refuse_run_change() FROM PUBLIC;

--
-- Name: FUNCTION refuse_slot_change(); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.refuse_slot_change() FROM PUBLIC;

--
-- Name: FUNCTION refuse_unit_change(); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.refuse_unit_change() FROM PUBLIC;

--
-- Name: FUNCTION refuse_unretired_events(); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.refuse_unretired_events() FROM PUBLIC;

--
-- Name: FUNCTION refuse_unretired_records(); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.refuse_unretired_records() FROM PUBLIC;

--
-- Name: FUNCTION release_holds(p_hold text, p_note text, p_by text, p_units uuid[]); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.release_holds(p_hold text, p_note text, p_by text, p_units uuid[]) FROM PUBLIC;
GRANT ALL ON FUNCTION public.release_holds(p_hold text, p_note text, p_by text, p_units uuid[]) TO unitrail_office;
GRANT ALL ON FUNCTION public.release_holds(p_hold text, p_note text, p_by text, p_units uuid[]) TO unitrail_desk;

--
-- Name: FUNCTION release_legal_hold(p_id text, p_reason text, p_by text); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.release_legal_hold(p_id text, p_reason text, p_by text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.release_legal_hold(p_id text, p_reason text, p_by text) TO unitrail_desk;

--
-- Name: FUNCTION release_slot(p_unit uuid); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.release_slot(p_unit uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION public.release_slot(p_unit uuid) TO unitrail_office;

--
-- Name: FUNCTION remember_order_refusal(p_order text, p_batch text, p_what text, p_asked integer); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.remember_order_refusal(p_order text, p_batch text, p_what text, p_asked integer) FROM PUBLIC;
GRANT ALL ON FUNCTION public.remember_order_refusal(p_order text, p_batch text, p_what text, p_asked integer) TO unitrail_office;
GRANT ALL ON FUNCTION public.remember_order_refusal(p_order text, p_batch text, p_what text, p_asked integer) TO unitrail_desk;

--
-- Name: FUNCTION remember_pending(); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.remember_pending() FROM PUBLIC;

--
-- Name: FUNCTION remember_refusal(p_unit uuid, p_type text); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.remember_refusal(p_unit uuid, p_type text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.remember_refusal(p_unit uuid, p_type text) TO unitrail_office;
GRANT ALL ON FUNCTION public.remember_refusal(p_unit uuid, p_type text) TO unitrail_station;

--
-- Name: FUNCTION repack_unit(p_unit uuid, p_body text, p_reason text, p_id text); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.repack_unit(p_unit uuid, p_body text, p_reason text, p_id text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.repack_unit(p_unit uuid, p_body text, p_reason text, p_id text) TO unitrail_office;

--
-- Name: FUNCTION replace_voids(p_batch text); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.replace_voids(p_batch text) FROM PUBLIC;

--
-- Name: FUNCTION reserve_for_lease(p_space jsonb, p_count bigint); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.reserve_for_lease(p_space jsonb, p_count bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION public.reserve_for_lease(p_space jsonb, p_count bigint) TO unitrail_desk;

--
-- Name: FUNCTION retention_terms(p_document jsonb, p_product text, p_buyer text); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.retention_terms(p_document jsonb, p_product text, p_buyer text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.retention_terms(p_document jsonb, p_product text, p_buyer text) TO unitrail_office;
GRANT ALL ON FUNCTION public.retention_terms(p_document jsonb, p_product text, p_buyer text) TO unitrail_desk;
GRANT ALL ON FUNCTION public.retention_terms(p_document jsonb, p_product text, p_buyer text) TO unitrail_retention;

--
-- Name: FUNCTION retention_versions(); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.retention_versions() FROM PUBLIC;
GRANT ALL ON FUNCTION public.retention_versions() TO unitrail_office;
GRANT ALL ON FUNCTION public.retention_versions() TO unitrail_desk;
GRANT ALL ON FUNCTION public.retention_versions() TO unitrail_retention;

--
-- Name: FUNCTION retire(p_capsule text, p_run text, p_most integer); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.retire(p_capsule text, p_run text, p_most integer) FROM PUBLIC;
GRANT ALL ON FUNCTION public.retire(p_capsule text, p_run text, p_most integer) TO unitrail_retention;

--
-- Name: FUNCTION return_lease(p_document text, p_public_key text, p_by text); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.return_lease(p_document text, p_public_key text, p_by text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.return_lease(p_document text, p_public_key text, p_by text) TO unitrail_desk;

--
-- Name: FUNCTION return_numbers(p_batch text); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.return_numbers(p_batch text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.return_numbers(p_batch text) TO unitrail_office;

--
-- Name: FUNCTION revoke_certificate(u public.units, p_seq bigint); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.revoke_certificate(u public.units, p_seq bigint) FROM PUBLIC;

--
-- Name: TABLE retention_runs; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.retention_runs TO unitrail_office;
GRANT SELECT ON TABLE public.retention_runs TO unitrail_desk;
GRANT SELECT ON TABLE public.retention_runs TO unitrail_auditor;
GRANT SELECT ON TABLE public.retention_runs TO unitrail_retention;

--
-- Name: FUNCTION run_under_way(p_run text); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.run_under_way(p_run text) FROM PUBLIC;

--
-- Name: FUNCTION salt_name(); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.salt_name() FROM PUBLIC;

--
-- Name: FUNCTION save_unit(u public.units); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.save_unit(u public.units) FROM PUBLIC;

--
-- Name: FUNCTION seal_record(p_unit uuid, p_body text, p_salt bytea); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.seal_record(p_unit uuid, p_body text, p_salt bytea) FROM PUBLIC;
GRANT ALL ON FUNCTION public.seal_record(p_unit uuid, p_body text, p_salt bytea) TO unitrail_office;

--
-- Name: FUNCTION seek_numbers(p_space bigint, p_width bigint, p_run_length integer, p_pattern text); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.seek_numbers(p_space bigint, p_width bigint, p_run_length integer, p_pattern text) FROM PUBLIC;

--
-- Name: FUNCTION sequence_leaves(p_most integer); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.sequence_leaves(p_most integer) FROM PUBLIC;
GRANT ALL ON FUNCTION public.sequence_leaves(p_most integer) TO unitrail_office;

--
-- Name: FUNCTION serial_block_of(p_batch text, p_block bigint, p_ordinal integer); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.serial_block_of(p_batch text, p_block bigint, p_ordinal integer) FROM PUBLIC;

--
-- Name: FUNCTION set_order_quantity(p_order text, p_quantity integer, p_by text, p_reason text, p_id text); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.set_order_quantity(p_order text, p_quantity integer, p_by text, p_reason text, p_id text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.set_order_quantity(p_order text, p_quantity integer, p_by text, p_reason text, p_id text) TO unitrail_desk;

--
-- Name: FUNCTION settle_units(p_resolution text, p_positions integer[], p_outcomes text[], p_whys text[]); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.settle_units(p_resolution text, p_positions integer[], p_outcomes text[], p_whys text[]) FROM PUBLIC;
GRANT ALL ON FUNCTION public.settle_units(p_resolution text, p_positions integer[], p_outcomes text[], p_whys text[]) TO unitrail_office;

--
-- Name: FUNCTION ship_units(p_shipment text); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.ship_units(p_shipment text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.ship_units(p_shipment text) TO unitrail_office;

--
-- Name: FUNCTION skip_used_ranges(p_space bigint, p_width bigint, p_run_length integer); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.skip_used_ranges(p_space bigint, p_width bigint, p_run_length integer) FROM PUBLIC;

--
-- Name: FUNCTION slot_cleared(p_station text, p_slot integer, p_fence bigint); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.slot_cleared(p_station text, p_slot integer, p_fence bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION public.slot_cleared(p_station text, p_slot integer, p_fence bigint) TO unitrail_station;

--
-- Name: FUNCTION slots_to_clear(); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.slots_to_clear() FROM PUBLIC;
GRANT ALL ON FUNCTION public.slots_to_clear() TO unitrail_station;

--
-- Name: TABLE blocks; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.blocks TO unitrail_office;
GRANT SELECT ON TABLE public.blocks TO unitrail_desk;
GRANT SELECT ON TABLE public.blocks TO unitrail_auditor;
GRANT SELECT ON TABLE public.blocks TO unitrail_retention;
GRANT SELECT ON TABLE public.blocks TO unitrail_station;

--
-- Name: FUNCTION space_of_extra(p_first public.blocks, p_quantity integer); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.space_of_extra(p_first public.blocks, p_quantity integer) FROM PUBLIC;

--
-- Name: FUNCTION space_of_grant(g jsonb, p_quantity integer); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.space_of_grant(g jsonb, p_quantity integer) FROM PUBLIC;

--
-- Name: FUNCTION spell_name(p_of_buyer boolean, p_issuer text, p_serial text); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.spell_name(p_of_buyer boolean, p_issuer text, p_serial text) FROM PUBLIC;

--
-- Name: FUNCTION standing(u public.units); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.standing(u public.units) FROM PUBLIC;

--
-- Name: FUNCTION statement_of(e public.unit_events); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.statement_of(e public.unit_events) FROM PUBLIC;

--
-- Name: FUNCTION step_number(p_step text); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.step_number(p_step text) FROM PUBLIC;

--
-- Name: FUNCTION take_back_lease(p_document text, p_public_key text, p_by text); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.take_back_lease(p_document text, p_public_key text, p_by text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.take_back_lease(p_document text, p_public_key text, p_by text) TO unitrail_desk;

--
-- Name: FUNCTION tell_changed_operators(); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.tell_changed_operators() FROM PUBLIC;

--
-- Name: FUNCTION tell_new_operators(); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.tell_new_operators() FROM PUBLIC;

--
-- Name: FUNCTION tell_opened(e public.exports); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.tell_opened(e public.exports) FROM PUBLIC;

--
-- Name: FUNCTION tell_operators(p_type text, p_operators text[]); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.tell_operators(p_type text, p_operators text[]) FROM PUBLIC;

--
-- Name: FUNCTION tell_overproduction(u public.units, p_type text); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.tell_overproduction(u public.units, p_type text) FROM PUBLIC;

--
-- Name: FUNCTION tell_plant_version(); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.tell_plant_version() FROM PUBLIC;

--
-- Name: FUNCTION tell_taken_out(p_serials text[], p_reasons text[]); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.tell_taken_out(p_serials text[], p_reasons text[]) FROM PUBLIC;

--
-- Name: FUNCTION told_time(p_at timestamp with time zone); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.told_time(p_at timestamp with time zone) FROM PUBLIC;

--
-- Name: FUNCTION top_up_batch(p_batch text, p_id text, p_body text); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.top_up_batch(p_batch text, p_id text, p_body text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.top_up_batch(p_batch text, p_id text, p_body text) TO unitrail_office;

--
-- Name: FUNCTION unit_name(u public.units); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.unit_name(u public.units) FROM PUBLIC;
GRANT ALL ON FUNCTION public.unit_name(u public.units) TO unitrail_office;
GRANT ALL ON FUNCTION public.unit_name(u public.units) TO unitrail_station;
GRANT ALL ON FUNCTION public.unit_name(u public.units) TO unitrail_desk;
GRANT ALL ON FUNCTION public.unit_name(u public.units) TO unitrail_auditor;
GRANT ALL ON FUNCTION public.unit_name(u public.units) TO unitrail_retention;

--
-- Name: FUNCTION unused_in(p_document jsonb); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.unused_in(p_document jsonb) FROM PUBLIC;

--
-- Name: FUNCTION unused_of_lease(p_lease text); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.unused_of_lease(p_lease text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.unused_of_lease(p_lease text) TO unitrail_desk;

--
-- Name: FUNCTION versions_that_count(); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.versions_that_count() FROM PUBLIC;

--
-- Name: FUNCTION void_numbers(p_batch text, p_numbers jsonb); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.void_numbers(p_batch text, p_numbers jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION public.void_numbers(p_batch text, p_numbers jsonb) TO unitrail_office;

--
-- Name: FUNCTION whole(p_body jsonb, p_name text); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.whole(p_body jsonb, p_name text) FROM PUBLIC;

--
-- Name: FUNCTION withdraw_identifier(p_unit uuid, p_kind text, p_issuer text, p_value text, p_by text, p_reason text); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.withdraw_identifier(p_unit uuid, p_kind text, p_issuer text, p_value text, p_by text, p_reason text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.withdraw_identifier(p_unit uuid, p_kind text, p_issuer text, p_value text, p_by text, p_reason text) TO unitrail_desk;

--
-- Name: FUNCTION witness_id(p_witness text); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.witness_id(p_witness text) FROM PUBLIC;

--
-- Name: TABLE adopted_units; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.adopted_units TO unitrail_office;
GRANT SELECT ON TABLE public.adopted_units TO unitrail_desk;
GRANT SELECT ON TABLE public.adopted_units TO unitrail_auditor;
GRANT SELECT ON TABLE public.adopted_units TO unitrail_retention;

--
-- Name: TABLE batch_lots; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.batch_lots TO unitrail_office;
GRANT SELECT ON TABLE public.batch_lots TO unitrail_desk;
GRANT SELECT ON TABLE public.batch_lots TO unitrail_auditor;
GRANT SELECT ON TABLE public.batch_lots TO unitrail_retention;
GRANT SELECT ON TABLE public.batch_lots TO unitrail_station;

--
-- Name: TABLE buyer_amendments; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.buyer_amendments TO unitrail_buyer;

--
-- Name: TABLE buyer_deliveries; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.buyer_deliveries TO unitrail_buyer;

--
-- Name: TABLE buyer_export_files; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.buyer_export_files TO unitrail_buyer;

--
-- Name: TABLE buyer_exports; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.buyer_exports TO unitrail_buyer;

--
-- Name: TABLE buyer_logins; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.buyer_logins TO unitrail_office;
GRANT SELECT ON TABLE public.buyer_logins TO unitrail_desk;
GRANT SELECT ON TABLE public.buyer_logins TO unitrail_auditor;
GRANT SELECT ON TABLE public.buyer_logins TO unitrail_retention;

--
-- Name: TABLE buyer_numbers; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.buyer_numbers TO unitrail_buyer;

--
-- Name: TABLE buyer_records; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.buyer_records TO unitrail_buyer;

--
-- Name: TABLE buyers; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.buyers TO unitrail_office;
GRANT SELECT ON TABLE public.buyers TO unitrail_desk;
GRANT SELECT ON TABLE public.buyers TO unitrail_auditor;
GRANT SELECT ON TABLE public.buyers TO unitrail_retention;

--
-- Name: TABLE capsule_copies; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.capsule_copies TO unitrail_office;
GRANT SELECT ON TABLE public.capsule_copies TO unitrail_desk;
GRANT SELECT ON TABLE public.capsule_copies TO unitrail_auditor;
GRANT SELECT ON TABLE public.capsule_copies TO unitrail_retention;

--
-- Name: TABLE capsule_deliveries; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.capsule_deliveries TO unitrail_office;
GRANT SELECT ON TABLE public.capsule_deliveries TO unitrail_desk;
GRANT SELECT ON TABLE public.capsule_deliveries TO unitrail_auditor;
GRANT SELECT ON TABLE public.capsule_deliveries TO unitrail_retention;

--
-- Name: TABLE capsule_files; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.capsule_files TO unitrail_office;
GRANT SELECT ON TABLE public.capsule_files TO unitrail_desk;
GRANT SELECT ON TABLE public.capsule_files TO unitrail_auditor;
GRANT SELECT ON TABLE public.capsule_files TO unitrail_retention;

--
-- Name: TABLE capsule_statements; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.capsule_statements TO unitrail_office;
GRANT SELECT ON TABLE public.capsule_statements TO unitrail_desk;
GRANT SELECT ON TABLE public.capsule_statements TO unitrail_auditor;
GRANT SELECT ON TABLE public.capsule_statements TO unitrail_retention;

--
-- Name: TABLE capsule_units; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.capsule_units TO unitrail_office;
GRANT SELECT ON TABLE public.capsule_units TO unitrail_desk;
GRANT SELECT ON TABLE public.capsule_units TO unitrail_auditor;
GRANT SELECT ON TABLE public.capsule_units TO unitrail_retention;

--
-- Name: TABLE capsules; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.capsules TO unitrail_office;
GRANT SELECT ON TABLE public.capsules TO unitrail_desk;
GRANT SELECT ON TABLE public.capsules TO unitrail_auditor;
GRANT SELECT ON TABLE public.capsules TO unitrail_retention;

--
-- Name: TABLE cartons; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.cartons TO unitrail_office;
GRANT SELECT ON TABLE public.cartons TO unitrail_desk;
GRANT SELECT ON TABLE public.cartons TO unitrail_auditor;
GRANT SELECT ON TABLE public.cartons TO unitrail_retention;

--
-- Name: TABLE clock_marks; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.clock_marks TO unitrail_office;
GRANT SELECT ON TABLE public.clock_marks TO unitrail_desk;
GRANT SELECT ON TABLE public.clock_marks TO unitrail_auditor;
GRANT SELECT ON TABLE public.clock_marks TO unitrail_retention;

--
-- Name: TABLE deliveries; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.deliveries TO unitrail_office;
GRANT SELECT ON TABLE public.deliveries TO unitrail_desk;
GRANT SELECT ON TABLE public.deliveries TO unitrail_auditor;
GRANT SELECT ON TABLE public.deliveries TO unitrail_retention;

--
-- Name: TABLE erased_contents; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.erased_contents TO unitrail_office;
GRANT SELECT ON TABLE public.erased_contents TO unitrail_desk;
GRANT SELECT ON TABLE public.erased_contents TO unitrail_auditor;
GRANT SELECT ON TABLE public.erased_contents TO unitrail_retention;

--
-- Name: TABLE erased_exports; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.erased_exports TO unitrail_office;
GRANT SELECT ON TABLE public.erased_exports TO unitrail_desk;
GRANT SELECT ON TABLE public.erased_exports TO unitrail_auditor;
GRANT SELECT ON TABLE public.erased_exports TO unitrail_retention;

--
-- Name: TABLE export_files; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.export_files TO unitrail_office;
GRANT SELECT ON TABLE public.export_files TO unitrail_desk;
GRANT SELECT ON TABLE public.export_files TO unitrail_auditor;
GRANT SELECT ON TABLE public.export_files TO unitrail_retention;

--
-- Name: TABLE export_items; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.export_items TO unitrail_office;
GRANT SELECT ON TABLE public.export_items TO unitrail_desk;
GRANT SELECT ON TABLE public.export_items TO unitrail_auditor;
GRANT SELECT ON TABLE public.export_items TO unitrail_retention;

--
-- Name: TABLE export_keys; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.export_keys TO unitrail_office;
GRANT SELECT ON TABLE public.export_keys TO unitrail_desk;
GRANT SELECT ON TABLE public.export_keys TO unitrail_auditor;
GRANT SELECT ON TABLE public.export_keys TO unitrail_retention;

--
-- Name: TABLE extract_items; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.extract_items TO unitrail_office;
GRANT SELECT ON TABLE public.extract_items TO unitrail_desk;
GRANT SELECT ON TABLE public.extract_items TO unitrail_auditor;
GRANT SELECT ON TABLE public.extract_items TO unitrail_retention;

--
-- Name: TABLE field_imports; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.field_imports TO unitrail_office;
GRANT SELECT ON TABLE public.field_imports TO unitrail_desk;
GRANT SELECT ON TABLE public.field_imports TO unitrail_auditor;
GRANT SELECT ON TABLE public.field_imports TO unitrail_retention;

--
-- Name: TABLE held_units; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.held_units TO unitrail_office;
GRANT SELECT ON TABLE public.held_units TO unitrail_desk;
GRANT SELECT ON TABLE public.held_units TO unitrail_auditor;
GRANT SELECT ON TABLE public.held_units TO unitrail_retention;

--
-- Name: TABLE holds; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.holds TO unitrail_office;
GRANT SELECT ON TABLE public.holds TO unitrail_desk;
GRANT SELECT ON TABLE public.holds TO unitrail_auditor;
GRANT SELECT ON TABLE public.holds TO unitrail_retention;
GRANT SELECT ON TABLE public.holds TO unitrail_station;

--
-- Name: TABLE identifier_effects; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.identifier_effects TO unitrail_office;
GRANT SELECT ON TABLE public.identifier_effects TO unitrail_desk;
GRANT SELECT ON TABLE public.identifier_effects TO unitrail_auditor;
GRANT SELECT ON TABLE public.identifier_effects TO unitrail_retention;

--
-- Name: TABLE identifiers; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.identifiers TO unitrail_office;
GRANT SELECT ON TABLE public.identifiers TO unitrail_desk;
GRANT SELECT ON TABLE public.identifiers TO unitrail_auditor;
GRANT SELECT ON TABLE public.identifiers TO unitrail_retention;
GRANT SELECT ON TABLE public.identifiers TO unitrail_station;

--
-- Name: TABLE issuers; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.issuers TO unitrail_office;
GRANT SELECT ON TABLE public.issuers TO unitrail_desk;
GRANT SELECT ON TABLE public.issuers TO unitrail_auditor;
GRANT SELECT ON TABLE public.issuers TO unitrail_retention;

--
-- Name: TABLE lease_returns; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.lease_returns TO unitrail_office;
GRANT SELECT ON TABLE public.lease_returns TO unitrail_desk;
GRANT SELECT ON TABLE public.lease_returns TO unitrail_auditor;
GRANT SELECT ON TABLE public.lease_returns TO unitrail_retention;

--
-- Name: TABLE legal_holds; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.legal_holds TO unitrail_office;
GRANT SELECT ON TABLE public.legal_holds TO unitrail_desk;
GRANT SELECT ON TABLE public.legal_holds TO unitrail_auditor;
GRANT SELECT ON TABLE public.legal_holds TO unitrail_retention;

--
-- Name: TABLE listed_numbers; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.listed_numbers TO unitrail_office;
GRANT SELECT ON TABLE public.listed_numbers TO unitrail_desk;
GRANT SELECT ON TABLE public.listed_numbers TO unitrail_auditor;
GRANT SELECT ON TABLE public.listed_numbers TO unitrail_retention;

--
-- Name: TABLE log_checkpoints; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.log_checkpoints TO unitrail_office;
GRANT SELECT ON TABLE public.log_checkpoints TO unitrail_desk;
GRANT SELECT ON TABLE public.log_checkpoints TO unitrail_auditor;
GRANT SELECT ON TABLE public.log_checkpoints TO unitrail_retention;

--
-- Name: TABLE log_cosignatures; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.log_cosignatures TO unitrail_office;
GRANT SELECT ON TABLE public.log_cosignatures TO unitrail_desk;
GRANT SELECT ON TABLE public.log_cosignatures TO unitrail_auditor;
GRANT SELECT ON TABLE public.log_cosignatures TO unitrail_retention;

--
-- Name: TABLE log_cosignatures_held; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.log_cosignatures_held TO unitrail_office;
GRANT SELECT ON TABLE public.log_cosignatures_held TO unitrail_desk;
GRANT SELECT ON TABLE public.log_cosignatures_held TO unitrail_auditor;
GRANT SELECT ON TABLE public.log_cosignatures_held TO unitrail_retention;

--
-- Name: TABLE log_cosignatures_waiting; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.log_cosignatures_waiting TO unitrail_office;
GRANT SELECT ON TABLE public.log_cosignatures_waiting TO unitrail_desk;
GRANT SELECT ON TABLE public.log_cosignatures_waiting TO unitrail_auditor;
GRANT SELECT ON TABLE public.log_cosignatures_waiting TO unitrail_retention;

--
-- Name: TABLE log_heads; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.log_heads TO unitrail_office;
GRANT SELECT ON TABLE public.log_heads TO unitrail_desk;
GRANT SELECT ON TABLE public.log_heads TO unitrail_auditor;
GRANT SELECT ON TABLE public.log_heads TO unitrail_retention;

--
-- Name: TABLE log_keys; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.log_keys TO unitrail_office;
GRANT SELECT ON TABLE public.log_keys TO unitrail_desk;
GRANT SELECT ON TABLE public.log_keys TO unitrail_auditor;
GRANT SELECT ON TABLE public.log_keys TO unitrail_retention;

--
-- Name: TABLE log_leaves; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.log_leaves TO unitrail_office;
GRANT SELECT ON TABLE public.log_leaves TO unitrail_desk;
GRANT SELECT ON TABLE public.log_leaves TO unitrail_auditor;
GRANT SELECT ON TABLE public.log_leaves TO unitrail_retention;

--
-- Name: TABLE log_pending; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.log_pending TO unitrail_office;
GRANT SELECT ON TABLE public.log_pending TO unitrail_desk;
GRANT SELECT ON TABLE public.log_pending TO unitrail_auditor;
GRANT SELECT ON TABLE public.log_pending TO unitrail_retention;

--
-- Name: TABLE log_queue; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.log_queue TO unitrail_office;
GRANT SELECT ON TABLE public.log_queue TO unitrail_desk;
GRANT SELECT ON TABLE public.log_queue TO unitrail_auditor;
GRANT SELECT ON TABLE public.log_queue TO unitrail_retention;

--
-- Name: TABLE log_refusals; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.log_refusals TO unitrail_office;
GRANT SELECT ON TABLE public.log_refusals TO unitrail_desk;
GRANT SELECT ON TABLE public.log_refusals TO unitrail_auditor;
GRANT SELECT ON TABLE public.log_refusals TO unitrail_retention;

--
-- Name: TABLE log_told; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.log_told TO unitrail_office;
GRANT SELECT ON TABLE public.log_told TO unitrail_desk;
GRANT SELECT ON TABLE public.log_told TO unitrail_auditor;
GRANT SELECT ON TABLE public.log_told TO unitrail_retention;

--
-- Name: TABLE log_witnesses; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.log_witnesses TO unitrail_office;
GRANT SELECT ON TABLE public.log_witnesses TO unitrail_desk;
GRANT SELECT ON TABLE public.log_witnesses TO unitrail_auditor;
GRANT SELECT ON TABLE public.log_witnesses TO unitrail_retention;

--
-- Name: TABLE movements; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.movements TO unitrail_office;
GRANT SELECT ON TABLE public.movements TO unitrail_desk;
GRANT SELECT ON TABLE public.movements TO unitrail_auditor;
GRANT SELECT ON TABLE public.movements TO unitrail_retention;

--
-- Name: TABLE notices; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.notices TO unitrail_office;
GRANT SELECT ON TABLE public.notices TO unitrail_desk;
GRANT SELECT ON TABLE public.notices TO unitrail_auditor;
GRANT SELECT ON TABLE public.notices TO unitrail_retention;

--
-- Name: TABLE operators; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.operators TO unitrail_office;
GRANT SELECT ON TABLE public.operators TO unitrail_desk;
GRANT SELECT ON TABLE public.operators TO unitrail_auditor;
GRANT SELECT ON TABLE public.operators TO unitrail_retention;

--
-- Name: TABLE pallets; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.pallets TO unitrail_office;
GRANT SELECT ON TABLE public.pallets TO unitrail_desk;
GRANT SELECT ON TABLE public.pallets TO unitrail_auditor;
GRANT SELECT ON TABLE public.pallets TO unitrail_retention;

--
-- Name: TABLE plant_versions; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.plant_versions TO unitrail_office;
GRANT SELECT ON TABLE public.plant_versions TO unitrail_desk;
GRANT SELECT ON TABLE public.plant_versions TO unitrail_auditor;
GRANT SELECT ON TABLE public.plant_versions TO unitrail_retention;
GRANT SELECT ON TABLE public.plant_versions TO unitrail_station;

--
-- Name: TABLE recipes; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.recipes TO unitrail_office;
GRANT SELECT ON TABLE public.recipes TO unitrail_desk;
GRANT SELECT ON TABLE public.recipes TO unitrail_auditor;
GRANT SELECT ON TABLE public.recipes TO unitrail_retention;
GRANT SELECT ON TABLE public.recipes TO unitrail_station;

--
-- Name: TABLE records; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.records TO unitrail_office;
GRANT SELECT ON TABLE public.records TO unitrail_desk;
GRANT SELECT ON TABLE public.records TO unitrail_auditor;
GRANT SELECT ON TABLE public.records TO unitrail_retention;

--
-- Name: TABLE registry_epochs; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.registry_epochs TO unitrail_office;
GRANT SELECT ON TABLE public.registry_epochs TO unitrail_desk;
GRANT SELECT ON TABLE public.registry_epochs TO unitrail_auditor;
GRANT SELECT ON TABLE public.registry_epochs TO unitrail_retention;

--
-- Name: TABLE resolution_units; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.resolution_units TO unitrail_office;
GRANT SELECT ON TABLE public.resolution_units TO unitrail_desk;
GRANT SELECT ON TABLE public.resolution_units TO unitrail_auditor;
GRANT SELECT ON TABLE public.resolution_units TO unitrail_retention;

--
-- Name: TABLE resolutions; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.resolutions TO unitrail_office;
GRANT SELECT ON TABLE public.resolutions TO unitrail_desk;
GRANT SELECT ON TABLE public.resolutions TO unitrail_auditor;
GRANT SELECT ON TABLE public.resolutions TO unitrail_retention;

--
-- Name: TABLE retention_approvals; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.retention_approvals TO unitrail_office;
GRANT SELECT ON TABLE public.retention_approvals TO unitrail_desk;
GRANT SELECT ON TABLE public.retention_approvals TO unitrail_auditor;
GRANT SELECT ON TABLE public.retention_approvals TO unitrail_retention;

--
-- Name: TABLE revocations; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.revocations TO unitrail_office;
GRANT SELECT ON TABLE public.revocations TO unitrail_desk;
GRANT SELECT ON TABLE public.revocations TO unitrail_auditor;
GRANT SELECT ON TABLE public.revocations TO unitrail_retention;

--
-- Name: TABLE sealed_digests; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.sealed_digests TO unitrail_office;
GRANT SELECT ON TABLE public.sealed_digests TO unitrail_desk;
GRANT SELECT ON TABLE public.sealed_digests TO unitrail_auditor;
GRANT SELECT ON TABLE public.sealed_digests TO unitrail_retention;

--
-- Name: TABLE slot_requests; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.slot_requests TO unitrail_office;
GRANT SELECT ON TABLE public.slot_requests TO unitrail_desk;
GRANT SELECT ON TABLE public.slot_requests TO unitrail_auditor;
GRANT SELECT ON TABLE public.slot_requests TO unitrail_retention;

--
-- Name: TABLE slots; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.slots TO unitrail_office;
GRANT SELECT ON TABLE public.slots TO unitrail_desk;
GRANT SELECT ON TABLE public.slots TO unitrail_auditor;
GRANT SELECT ON TABLE public.slots TO unitrail_retention;
GRANT SELECT ON TABLE public.slots TO unitrail_station;

--
-- Name: TABLE stations; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.stations TO unitrail_office;
GRANT SELECT ON TABLE public.stations TO unitrail_desk;
GRANT SELECT ON TABLE public.stations TO unitrail_auditor;
GRANT SELECT ON TABLE public.stations TO unitrail_retention;
GRANT SELECT ON TABLE public.stations TO unitrail_station;

--
-- Name: TABLE streams; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.streams TO unitrail_office;
GRANT SELECT ON TABLE public.streams TO unitrail_desk;
GRANT SELECT ON TABLE public.streams TO unitrail_auditor;
GRANT SELECT ON TABLE public.streams TO unitrail_retention;

--
-- Name: TABLE transitions; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.transitions TO unitrail_office;
GRANT SELECT ON TABLE public.transitions TO unitrail_desk;
GRANT SELECT ON TABLE public.transitions TO unitrail_auditor;
GRANT SELECT ON TABLE public.transitions TO unitrail_retention;
GRANT SELECT ON TABLE public.transitions TO unitrail_station;

--
-- Name: TABLE tries; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.tries TO unitrail_office;
GRANT SELECT ON TABLE public.tries TO unitrail_desk;
GRANT SELECT ON TABLE public.tries TO unitrail_auditor;
GRANT SELECT ON TABLE public.tries TO unitrail_retention;
GRANT SELECT ON TABLE public.tries TO unitrail_station;

--
-- Name: TABLE undelivered_units; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.undelivered_units TO unitrail_office;
GRANT SELECT ON TABLE public.undelivered_units TO unitrail_desk;
GRANT SELECT ON TABLE public.undelivered_units TO unitrail_auditor;
GRANT SELECT ON TABLE public.undelivered_units TO unitrail_retention;

--
-- Name: TABLE unexported_amendments; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.unexported_amendments TO unitrail_office;
GRANT SELECT ON TABLE public.unexported_amendments TO unitrail_desk;
GRANT SELECT ON TABLE public.unexported_amendments TO unitrail_auditor;
GRANT SELECT ON TABLE public.unexported_amendments TO unitrail_retention;

--
-- Name: TABLE unexported_numbers; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.unexported_numbers TO unitrail_office;
GRANT SELECT ON TABLE public.unexported_numbers TO unitrail_desk;
GRANT SELECT ON TABLE public.unexported_numbers TO unitrail_auditor;
GRANT SELECT ON TABLE public.unexported_numbers TO unitrail_retention;

--
-- Name: TABLE unexported_records; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.unexported_records TO unitrail_office;
GRANT SELECT ON TABLE public.unexported_records TO unitrail_desk;
GRANT SELECT ON TABLE public.unexported_records TO unitrail_auditor;
GRANT SELECT ON TABLE public.unexported_records TO unitrail_retention;

--
-- Name: TABLE unit_lots; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.unit_lots TO unitrail_office;
GRANT SELECT ON TABLE public.unit_lots TO unitrail_desk;
GRANT SELECT ON TABLE public.unit_lots TO unitrail_auditor;
GRANT SELECT ON TABLE public.unit_lots TO unitrail_retention;
GRANT SELECT ON TABLE public.unit_lots TO unitrail_station;

--
-- Name: TABLE units_on_legal_hold; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.units_on_legal_hold TO unitrail_office;
GRANT SELECT ON TABLE public.units_on_legal_hold TO unitrail_desk;
GRANT SELECT ON TABLE public.units_on_legal_hold TO unitrail_auditor;
GRANT SELECT ON TABLE public.units_on_legal_hold TO unitrail_retention;

--
-- Name: TABLE untold_shipments; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.untold_shipments TO unitrail_office;
GRANT SELECT ON TABLE public.untold_shipments TO unitrail_desk;
GRANT SELECT ON TABLE public.untold_shipments TO unitrail_auditor;
GRANT SELECT ON TABLE public.untold_shipments TO unitrail_retention;

--
-- Name: TABLE used_ranges; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.used_ranges TO unitrail_office;
GRANT SELECT ON TABLE public.used_ranges TO unitrail_desk;
GRANT SELECT ON TABLE public.used_ranges TO unitrail_auditor;
GRANT SELECT ON TABLE public.used_ranges TO unitrail_retention;

--
-- Name: DEFAULT PRIVILEGES FOR FUNCTIONS; Type: DEFAULT ACL; Schema: -; Owner: -
--

ALTER DEFAULT PRIVILEGES FOR ROLE unitrail_owner REVOKE ALL ON FUNCTIONS  FROM PUBLIC;
