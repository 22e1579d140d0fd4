-- Why: the database can't verify a witness's signature, so that whoever has the desk's login may add junk under a witness's key, as
-- much as the disk takes, and each export read all of it once more. Now the office verifies each line once. Exports read what it
-- found to hold, of each witness the newest; and only so many lines may wait to be verified. And a capsule's key that is none failed
-- with an error of Postgres's own.

-- Lines that the office has not looked at.
create table log_cosignatures_waiting (
  cosignature_id bigint not null,
  constraint log_cosignatures_waiting_pkey primary key (cosignature_id),
  constraint log_cosignatures_waiting_line foreign key (cosignature_id) references log_cosignatures (id)
);
insert into log_cosignatures_waiting (cosignature_id) select id from log_cosignatures;

-- The witnesses, by the first line of each that holds. Those who came first have a place; who has none is left out of exports.
create table log_witnesses (
  origin text not null,
  witness text not null,
  cosignature_id bigint not null,
  place integer,
  constraint log_witnesses_pkey primary key (origin, witness),
  constraint log_witnesses_place unique (origin, place),
  constraint log_witnesses_places check (place between 1 and 16),
  constraint log_witnesses_line foreign key (cosignature_id) references log_cosignatures (id)
);
create index log_witnesses_first on log_witnesses (cosignature_id);
create index log_witnesses_left_out on log_witnesses (origin, cosignature_id) where place is null;

-- The lines that hold, of witnesses that have a place. Whoever hands one out verifies it all the same.
create table log_cosignatures_held (
  cosignature_id bigint not null,
  origin text not null,
  witness text not null,
  size bigint not null,
  signed_at timestamptz not null,
  constraint log_cosignatures_held_pkey primary key (cosignature_id),
  constraint log_cosignatures_held_line foreign key (cosignature_id) references log_cosignatures (id),
  constraint log_cosignatures_held_witness foreign key (origin, witness) references log_witnesses (origin, witness)
);
create index log_cosignatures_held_newest on log_cosignatures_held (origin, witness, size desc, signed_at desc, cosignature_id);

create trigger log_witnesses_append_only before update or delete on log_witnesses for each row execute function refuse_change();
create trigger log_witnesses_no_truncate before truncate on log_witnesses execute function refuse_change();
create trigger log_cosignatures_held_append_only before update or delete on log_cosignatures_held for each row execute function refuse_change();
create trigger log_cosignatures_held_no_truncate before truncate on log_cosignatures_held execute function refuse_change();
grant select on log_cosignatures_waiting, log_witnesses, log_cosignatures_held to unitrail_office, unitrail_desk, unitrail_auditor, unitrail_retention;

-- Whether a line is kept already is one look, however many there are.
create index log_cosignatures_by_line on log_cosignatures using hash (line);

-- Remembers a co-signature of a checkpoint that was signed here; the caller has verified it. False where that very line is kept
-- already: one that was not found to hold is looked at once more.
create or replace function add_cosignature(p_origin text, p_size bigint, p_root bytea, p_witness text, p_signed_at timestamptz, p_line text) returns boolean
language plpgsql security definer set search_path = public, pg_temp as $$
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

-- What a witness is told apart by: a note in which two keys have one name and one id could be verified with neither.
create function witness_id(p_witness text) returns text
language sql immutable as $$
  select split_part(p_witness, '+', 1) || '+' || split_part(p_witness, '+', 2)
$$;

-- These lines were looked at, and those among them hold. A witness that is new has the next place, as long as there is one.
create function judge_cosignatures(p_judged bigint[], p_held bigint[]) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
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
grant execute on function judge_cosignatures(bigint[], bigint[]) to unitrail_office;

-- The name of a key of exports and capsules. What is no key is told as such, and not by what fails with it.
create function export_key_id(p_public_key text) returns text
language plpgsql immutable as $$
begin
  if p_public_key is null or p_public_key !~ '^MCowBQYDK2VwAyEA[A-Za-z0-9+/]{43}=$' then
    perform refuse('UT007', format(
      'publicKey: %s is not allowed; an Ed25519 public key as base64 of its DER (SPKI): 60 characters that begin with MCowBQYDK2VwAyEA',
      coalesce(left(p_public_key, 100), 'none')));
  end if;
  return left(encode(sha256(decode(p_public_key, 'base64')), 'hex'), 16);
end $$;

-- As before, but for the key.
create or replace function capsule_made(p_capsule text, p_run text, p_manifest text, p_events_manifest text, p_files jsonb, p_public_key text) returns boolean
language plpgsql security definer set search_path = public, pg_temp as $$
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
