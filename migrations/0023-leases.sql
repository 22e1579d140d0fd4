-- Why: several plants, each with a database of its own, share one scheme or pool of addresses. The site that owns the numbers
-- leases ranges of its counter to the others in signed files; nobody has to be reachable while units are made.
alter table event_types drop constraint event_types_stream_kind;
alter table event_types add constraint event_types_stream_kind
  check (stream_kind in ('unit', 'batch', 'order', 'shipment', 'export', 'retention', 'list', 'registry', 'history', 'lease'));
insert into event_types (type, stream_kind, appender, nature, part) values
  ('leaseGranted', 'lease', 'function', 'other', null),
  ('leaseAccepted', 'lease', 'function', 'other', null),
  ('leaseReturned', 'lease', 'function', 'other', null),
  ('leaseTakenBack', 'lease', 'function', 'other', null);

-- A lease as this site sees it. For the lessor its numbers are a block of the scheme's own counter. For the lessee they are a
-- number space of their own, of the scope 'lease:<id>': its counter is all that batches here are granted from.
create table number_leases (
  id text not null,
  side text not null,
  lessor text not null,
  lessee text not null,
  kind text not null,
  name text not null,
  -- Of the scheme's counter: 2026W48, 2026 or nothing. Numbers of two scopes never meet.
  scope text not null,
  version integer not null,
  pattern text not null,
  numbers int8range not null,
  space_id bigint not null,
  -- As it was signed (RFC 8785), and the key by which it was found good.
  document text not null,
  public_key text not null,
  recorded_by text not null,
  recorded_at timestamptz not null default clock_timestamp(),
  stream text not null generated always as ('lease:' || id) stored,
  seq bigint not null default 1,
  constraint number_leases_pkey primary key (id),
  constraint number_leases_space foreign key (space_id) references number_spaces (id),
  -- The event that tells of it closes it. Without one the transaction can't commit.
  constraint number_leases_event foreign key (stream, seq) references unit_events (stream, seq) deferrable initially deferred,
  constraint number_leases_side check (side in ('lessor', 'lessee') and lessor <> lessee),
  constraint number_leases_kind check (kind in ('serial', 'mac')),
  constraint number_leases_id check (id ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$'),
  constraint number_leases_numbers check (not isempty(numbers) and lower_inc(numbers) and not upper_inc(numbers)),
  constraint number_leases_no_overlap exclude using gist (side with =, kind with =, name with =, scope with =, numbers with &&)
);
create index number_leases_space_id on number_leases (space_id);
create index number_leases_stream on number_leases (stream, seq);

-- The end of a lease. What no batch of the lessee was granted is handed back, and is never granted nor leased again.
create table lease_returns (
  lease_id text not null,
  -- Null where nothing was left.
  unused int8range,
  document text not null,
  public_key text not null,
  recorded_by text not null,
  recorded_at timestamptz not null default clock_timestamp(),
  stream text not null generated always as ('lease:' || lease_id) stored,
  seq bigint not null default 2,
  constraint lease_returns_pkey primary key (lease_id),
  constraint lease_returns_lease foreign key (lease_id) references number_leases (id),
  constraint lease_returns_event foreign key (stream, seq) references unit_events (stream, seq) deferrable initially deferred,
  constraint lease_returns_unused check (not isempty(unused) and lower_inc(unused) and not upper_inc(unused))
);
create index lease_returns_stream on lease_returns (stream, seq);

create trigger number_leases_append_only before update or delete on number_leases for each row execute function refuse_change();
create trigger number_leases_no_truncate before truncate on number_leases execute function refuse_change();
create trigger lease_returns_append_only before update or delete on lease_returns for each row execute function refuse_change();
create trigger lease_returns_no_truncate before truncate on lease_returns execute function refuse_change();

-- A block is a batch's or a lease's: what the lessor gave away, and what the lessee hands back. Either way the constraint that
-- keeps blocks apart keeps it from every batch.
alter table blocks alter column batch_id drop not null;
alter table blocks add column lease_id text;
alter table blocks add constraint blocks_lease foreign key (lease_id) references number_leases (id);
alter table blocks add constraint blocks_one_receiver check (num_nonnulls(batch_id, lease_id) = 1);
create unique index blocks_lease_id on blocks (lease_id) where lease_id is not null;

-- leased: at another site. It leaves that account only for returned.
alter table movements drop constraint movements_accounts;
alter table movements add constraint movements_accounts check (from_account <> to_account
  and from_account in ('granted', 'reserved', 'leased', 'assigned', 'applied', 'shipped', 'scrapped', 'missing', 'void')
  and to_account in ('reserved', 'leased', 'assigned', 'applied', 'shipped', 'scrapped', 'missing', 'void', 'returned'));

-- Where the next run of so many numbers begins, in the space as it is now. Its row must be locked.
create function next_start(s number_spaces, p_run_length integer) returns bigint
language sql immutable as $$
  select ((s.next_number + p_run_length - 1) / p_run_length) * p_run_length
$$;

-- Files travel; what they say of two sites is a word each.
create function check_lease(p_document text) returns jsonb
language plpgsql immutable as $$
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

create function record_lease(d jsonb, p_document text, p_side text, p_space bigint, p_public_key text, p_by text) returns void
language plpgsql as $$
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

-- Leases and their returns are recorded once: the same bytes again change nothing, and others are refused.
create function is_known(p_lease text, p_known text, p_document text, p_what text) returns boolean
language plpgsql as $$
begin
  if p_known is null then return false; end if;
  if p_known <> p_document then
    perform refuse('UT007', format('lease: %s is not allowed; %s of it with other content is on record', p_lease, p_what));
  end if;
  return true;
end $$;

-- Reserves so many numbers of the counter for a lease, until the transaction ends, and returns the first: what the lessor then
-- signs names it. p_space: {kind, name, scope, issuer, first, last, runLength, pattern}.
create function reserve_for_lease(p_space jsonb, p_count bigint) returns bigint
language plpgsql security definer set search_path = public, pg_temp as $$
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

-- Records a lease of the lessor's in the transaction that reserved its numbers. False where it is on record.
create function grant_lease(p_document text, p_space jsonb, p_public_key text, p_by text) returns boolean
language plpgsql security definer set search_path = public, pg_temp as $$
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

-- Records a lease of the lessee's; its counter begins. False where it is on record. Who signed it was checked by the caller.
create function accept_lease(p_document text, p_public_key text, p_by text) returns boolean
language plpgsql security definer set search_path = public, pg_temp as $$
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

-- The space of a lease that this site holds with so many numbers left in a row: the oldest one.
create function leased_space(p_kind text, p_name text, p_scope text, p_version integer, p_pattern text, p_width bigint, p_run_length integer)
returns bigint
language plpgsql as $$
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

-- The counter that a grant of a new batch is cut from: this site's own or, where it names a lessor, that of a lease.
create function space_of_grant(g jsonb, p_quantity integer) returns bigint
language plpgsql as $$
begin
  if g ->> 'lessor' is null then
    return find_space(g ->> 'kind', g ->> 'name', g ->> 'scope', g ->> 'issuer', (g ->> 'first')::bigint, (g ->> 'last')::bigint);
  end if;
  return leased_space(g ->> 'kind', g ->> 'name', g ->> 'scope', (g ->> 'version')::integer, g ->> 'pattern',
    p_quantity::bigint * (g ->> 'runLength')::integer, (g ->> 'runLength')::integer);
end $$;

-- The same for an extra block of a batch that has its first one.
create function space_of_extra(p_first blocks, p_quantity integer) returns bigint
language plpgsql as $$
declare
  l number_leases;
begin
  select * into l from number_leases where space_id = p_first.space_id and side = 'lessee';
  if not found then return p_first.space_id; end if;
  return leased_space(l.kind, l.name, l.scope, l.version, l.pattern, p_quantity::bigint * p_first.run_length, p_first.run_length);
end $$;

create function lease_of_side(p_lease text, p_side text) returns number_leases
language plpgsql as $$
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

-- What no batch was granted of a lease, held still until the transaction ends: what the lessee then signs names it. Null where
-- nothing is left.
create function unused_of_lease(p_lease text) returns int8range
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  l number_leases := lease_of_side(p_lease, 'lessee');
  space number_spaces;
begin
  select * into space from number_spaces where id = l.space_id for update;
  return case when space.next_number <= space.last_number then int8range(space.next_number, space.last_number + 1) end;
end $$;

create function unused_in(p_document jsonb) returns int8range
language sql immutable as $$
  select case when jsonb_typeof(p_document -> 'unused') = 'object'
    then int8range(whole(p_document -> 'unused', 'first'), whole(p_document -> 'unused', 'last') + 1) end
$$;

-- Both sides record the same bytes. Returns whether that is new.
create function record_return(p_document text, p_side text, p_public_key text, p_by text) returns boolean
language plpgsql as $$
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

-- Ends a lease of the lessee's: what is left of it is a block of nobody's from now on. False where it has ended so before.
create function return_lease(p_document text, p_public_key text, p_by text) returns boolean
language plpgsql security definer set search_path = public, pg_temp as $$
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

-- Books what the lessee handed back. False where it is on record. Who signed it was checked by the caller.
create function take_back_lease(p_document text, p_public_key text, p_by text) returns boolean
language plpgsql security definer set search_path = public, pg_temp as $$
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

grant select on number_leases, lease_returns to unitrail_office, unitrail_desk, unitrail_auditor, unitrail_retention;
grant execute on function reserve_for_lease(jsonb, bigint), grant_lease(text, jsonb, text, text), accept_lease(text, text, text),
  unused_of_lease(text), return_lease(text, text, text), take_back_lease(text, text, text) to unitrail_desk;
