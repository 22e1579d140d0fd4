-- Why: every document that waits for the log gets its place in one append-only tree, without a gap; checkpoints of that tree are
-- signed and kept outside the database, and known here as well.
do $$ begin
  perform queue_statement(e) from unit_events e
  where e.type in ('scrapped', 'missing', 'voided', 'numberVoided', 'identifierWithdrawn')
    and not exists (select from log_queue q where q.stream = e.stream and q.seq = e.seq and q.format = 'unitrail.statement/1')
  order by e.at, e.stream, e.seq;
end $$;

create table log_leaves (
  index bigint not null,
  queue_id bigint not null,
  -- sha256(salt ‖ document): the leaf's hash is sha256(0x00 ‖ entry), as RFC 6962 has it.
  entry bytea not null,
  constraint log_leaves_pkey primary key (index),
  constraint log_leaves_once unique (queue_id),
  constraint log_leaves_queue foreign key (queue_id) references log_queue (id),
  constraint log_leaves_index check (index >= 0),
  constraint log_leaves_entry check (length(entry) = 32)
);
create trigger log_leaves_append_only before update or delete on log_leaves for each row execute function refuse_change();
create trigger log_leaves_no_truncate before truncate on log_leaves execute function refuse_change();

-- The public keys that have signed checkpoints.
create table log_keys (
  -- `<name>+<key id>+<base64>`, as it is handed out (c2sp.org/signed-note).
  key text not null,
  first_used_at timestamptz not null default clock_timestamp(),
  constraint log_keys_pkey primary key (key)
);
create trigger log_keys_append_only before update or delete on log_keys for each row execute function refuse_change();
create trigger log_keys_no_truncate before truncate on log_keys execute function refuse_change();

create table log_checkpoints (
  origin text not null,
  size bigint not null,
  root bytea not null,
  -- The signed note, byte for byte.
  note text not null,
  key text not null,
  booked_at timestamptz not null default clock_timestamp(),
  constraint log_checkpoints_pkey primary key (origin, size),
  constraint log_checkpoints_key foreign key (key) references log_keys (key),
  constraint log_checkpoints_size check (size >= 0),
  constraint log_checkpoints_root check (length(root) = 32)
);
create index log_checkpoints_key on log_checkpoints (key);
create trigger log_checkpoints_append_only before update or delete on log_checkpoints for each row execute function refuse_change();
create trigger log_checkpoints_no_truncate before truncate on log_checkpoints execute function refuse_change();

-- What waits, with the entry of each; null where its document is not the one that was queued, or not here any more. All documents
-- are looked up in one plan, each once, by its key.
create function next_leaves(p_most integer) returns table (queue_id bigint, entry bytea)
language sql stable as $$
  with waiting as materialized (
    select q.id, q.sha256, q.salt, convert_to(case q.format
      when 'unitrail.record/1' then (select r.body from records r where r.unit_id = substr(q.stream, 6)::uuid)
      when 'unitrail.statement/1' then (select statement_of(e) from unit_events e where e.stream = q.stream and e.seq = q.seq)
      when 'unitrail.heads/1' then (select h.body from log_heads h where h.number = q.seq)
    end, 'UTF8') as document
    from (select p.queue_id from log_pending p order by p.queue_id limit p_most) as p join log_queue q on q.id = p.queue_id)
  select w.id, case when encode(sha256(w.document), 'hex') = w.sha256 then sha256(w.salt || w.document) end from waiting w
$$;

-- Gives what waits its places, in the order of the queue as far as it is committed; returns how many. One caller at a time. A
-- document that is not the one that was queued stops the log: whatever was done to it must not be covered up by a leaf.
create function sequence_leaves(p_most integer) returns integer
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  size bigint;
  rotten log_queue;
  sequenced integer;
begin
  perform check_office();
  perform pg_advisory_xact_lock(hashtext('unitrail.log-leaves'));
  select coalesce(max(index) + 1, 0) into size from log_leaves;
  begin
    insert into log_leaves (index, queue_id, entry)
    select size + row_number() over (order by n.queue_id) - 1, n.queue_id, n.entry from next_leaves(p_most) as n;
    get diagnostics sequenced = row_count;
  exception when not_null_violation then
    select q.* into rotten from next_leaves(p_most) as n join log_queue q on q.id = n.queue_id where n.entry is null order by q.id limit 1;
    perform refuse('UT041', format('the %s of %s at event %s is not what was queued for the log: it was changed or removed', rotten.format, rotten.stream, rotten.seq));
  end;
  delete from log_pending p using log_leaves l where l.queue_id = p.queue_id and l.index >= size;
  return sequenced;
end $$;

-- Books a checkpoint that is kept outside already. A repeat changes nothing; another root of the same size is a fork.
create function book_checkpoint(p_origin text, p_size bigint, p_root bytea, p_note text, p_key text) returns boolean
language plpgsql security definer set search_path = public, pg_temp as $$
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
grant execute on function sequence_leaves(integer), book_checkpoint(text, bigint, bytea, text, text) to unitrail_office;
grant select on log_leaves, log_keys, log_checkpoints to unitrail_office, unitrail_desk, unitrail_auditor, unitrail_retention;
