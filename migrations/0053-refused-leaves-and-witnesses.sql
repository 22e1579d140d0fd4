-- Why: one document that was changed while it waited stopped the log, and with it the exports of every buyer: whoever could change
-- one row could stop all. It is refused by itself now, and that it was refused is a leaf of its own, so that nobody can hide it.
-- And whoever has co-signed a checkpoint as a witness is remembered, so that exports can bring that along.
alter table log_queue drop constraint log_queue_format;
alter table log_queue add constraint log_queue_format
  check (format in ('unitrail.record/1', 'unitrail.statement/1', 'unitrail.heads/1', 'unitrail.refusal/1'));

-- Documents that were not what was queued when their turn came. What is restored gets its place after all; the row stays.
create table log_refusals (
  number bigint not null,
  queue_id bigint not null,
  -- Of the document that was queued, as the queue said it when it was refused: what changes there later lets nothing in.
  sha256 text not null,
  at timestamptz not null,
  -- The leaf's document, in RFC 8785.
  body text not null,
  constraint log_refusals_pkey primary key (number),
  constraint log_refusals_once unique (queue_id),
  constraint log_refusals_queue foreign key (queue_id) references log_queue (id)
);
create trigger log_refusals_append_only before update or delete on log_refusals for each row execute function refuse_change();
create trigger log_refusals_no_truncate before truncate on log_refusals execute function refuse_change();

-- The documents of these rows of the queue: the entry of each, null where it is not the one that was queued, or not here any
-- more; and the digest of what is here. All are looked up in one plan, each once, by its key. A stream that can't be a unit's has no
-- record: to read it as one would be an error, and stop everything else.
create function leaves_of(p_queue bigint[]) returns table (queue_id bigint, entry bytea, found text)
language sql stable as $$
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
$$;

-- Refuses these rows, which have no place: a row of its own for each, and a document that waits for its place like any other.
create function refuse_leaves(p_queue bigint[]) returns void
language plpgsql as $$
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

-- Gives what waits its places, in the order of the queue as far as it is committed; returns how many were looked at. One caller at a
-- time. A document that is not the one that was queued gets none: whatever was done to it must not be covered up by a leaf. It is
-- refused, and everything else goes on.
create or replace function sequence_leaves(p_most integer) returns integer
language plpgsql security definer set search_path = public, pg_temp as $$
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

drop function next_leaves(integer);

-- Who else has seen a checkpoint, and signed that it goes on from what they saw before (c2sp.org/tlog-cosignature).
create table log_cosignatures (
  origin text not null,
  size bigint not null,
  -- The witness's public key, `<name>+<key id>+<base64>`.
  witness text not null,
  -- As the witness has signed it.
  signed_at timestamptz not null,
  -- The line of the signed note.
  line text not null,
  added_at timestamptz not null default clock_timestamp(),
  constraint log_cosignatures_pkey primary key (origin, size, witness),
  constraint log_cosignatures_checkpoint foreign key (origin, size) references log_checkpoints (origin, size),
  constraint log_cosignatures_line check (length(line) between 1 and 1000 and line !~ '[[:cntrl:]]')
);
create index log_cosignatures_witness on log_cosignatures (origin, witness, size);
create trigger log_cosignatures_append_only before update or delete on log_cosignatures for each row execute function refuse_change();
create trigger log_cosignatures_no_truncate before truncate on log_cosignatures execute function refuse_change();

-- Remembers a co-signature of a checkpoint that was signed here; the caller has verified it. False where the witness has co-signed
-- that one already.
create function add_cosignature(p_origin text, p_size bigint, p_root bytea, p_witness text, p_signed_at timestamptz, p_line text) returns boolean
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  perform check_word('origin', p_origin), check_word('witness', p_witness);
  if not exists (select from log_checkpoints c where c.origin = p_origin and c.size = p_size and c.root = p_root) then
    perform refuse('UT009', format('there is no checkpoint %s of %s with that root: it was not signed here', p_size, p_origin));
  end if;
  insert into log_cosignatures (origin, size, witness, signed_at, line) values (p_origin, p_size, p_witness, p_signed_at, p_line)
  on conflict (origin, size, witness) do nothing;
  return found;
end $$;
grant execute on function add_cosignature(text, bigint, bytea, text, timestamptz, text) to unitrail_desk;
grant select on log_refusals, log_cosignatures to unitrail_office, unitrail_desk, unitrail_auditor, unitrail_retention;
