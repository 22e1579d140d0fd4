-- Why: three ways in which one row that somebody put there hid or stopped what it should not, or a row was not put there at all. A
-- line that no witness has signed took the place of the one that it did sign; a row where the next heads would be told stopped the log,
-- and with it all exports; and a key that signed a capsule before any export was on record nowhere.

-- 1. Co-signatures. The tables can't verify a signature: whoever may add one may add junk under a witness's key. It takes nobody's
-- place any more: several lines of a witness stand beside each other, and whoever hands one out verifies it.
alter table log_cosignatures drop constraint log_cosignatures_pkey;
alter table log_cosignatures add column id bigint generated always as identity;
alter table log_cosignatures add constraint log_cosignatures_pkey primary key (id);
create index log_cosignatures_of_checkpoint on log_cosignatures (origin, size, witness);

-- All that can be known of such a line without the cryptography: its witness's name and key, the time, and how long it is.
create function check_cosignature(p_witness text, p_signed_at timestamptz, p_line text) returns void
language plpgsql stable as $$
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
end $$;

-- Remembers a co-signature of a checkpoint that was signed here; the caller has verified it. False where that very line is kept already.
create or replace function add_cosignature(p_origin text, p_size bigint, p_root bytea, p_witness text, p_signed_at timestamptz, p_line text) returns boolean
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  perform check_word('origin', p_origin), check_word('witness', p_witness);
  perform check_cosignature(p_witness, p_signed_at, p_line);
  if not exists (select from log_checkpoints c where c.origin = p_origin and c.size = p_size and c.root = p_root) then
    perform refuse('UT009', format('there is no checkpoint %s of %s with that root: it was not signed here', p_size, p_origin));
  end if;
  perform pg_advisory_xact_lock(hashtext('unitrail.log-cosignatures'));
  insert into log_cosignatures (origin, size, witness, signed_at, line) select p_origin, p_size, p_witness, p_signed_at, p_line
  where not exists (select from log_cosignatures s
    where s.origin = p_origin and s.size = p_size and s.witness = p_witness and s.line = p_line);
  return found;
end $$;

-- 2. Heads.
-- As before, under numbers that are free, whatever number a row has that somebody else put there.
create or replace function queue_heads(p_every interval) returns integer
language plpgsql security definer set search_path = public, pg_temp as $$
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

-- 3. The key of a capsule.
-- As before, and the key that has signed both manifests is on record with it, by the event as well. Offices of before call the one
-- without the key, which stays.
create function capsule_made(p_capsule text, p_run text, p_manifest text, p_events_manifest text, p_files jsonb, p_public_key text) returns boolean
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  key_id text := left(encode(sha256(decode(p_public_key, 'base64')), 'hex'), 16);
  events_sha256 text := encode(sha256(convert_to(p_events_manifest, 'UTF8')), 'hex');
  m jsonb;
  events jsonb;
  c capsules;
begin
  perform check_office();
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
grant execute on function capsule_made(text, text, text, text, jsonb, text) to unitrail_office;
