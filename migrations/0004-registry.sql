-- Why: an identifier is issued once. Uniqueness rests on constraints and row locks alone.

-- A number space is one counter: a serial scheme within one scope (for ever, one week, ...), a pool of MAC
-- addresses, the serial references of SSCCs.
create table number_spaces (
  id bigint generated always as identity,
  kind text not null,
  name text not null,
  scope text not null default '',
  issuer text not null,
  first_number bigint not null,
  last_number bigint not null,
  next_number bigint not null,
  constraint number_spaces_pkey primary key (id),
  constraint number_spaces_name unique (kind, name, scope),
  constraint number_spaces_issuer foreign key (issuer) references issuers (id),
  constraint number_spaces_kind check (kind in ('serial', 'mac', 'sscc')),
  constraint number_spaces_order check (first_number <= last_number and next_number between first_number and last_number + 1)
);
create index number_spaces_issuer on number_spaces (issuer);

-- A block is a range of numbers granted to a batch: a million serials are one row until units claim them.
create table blocks (
  id bigint generated always as identity,
  space_id bigint not null,
  batch_id text not null,
  numbers int8range not null,
  -- Numbers that one unit takes: 1 for a serial, 2, 4 or 8 for a device with several MAC addresses.
  run_length integer not null default 1,
  -- Scheme version and date parts are those of the grant, so that a value can be computed again for ever.
  scheme_version integer not null,
  pattern text not null,
  date_parts text not null,
  granted_at timestamptz not null default clock_timestamp(),
  constraint blocks_pkey primary key (id),
  constraint blocks_space foreign key (space_id) references number_spaces (id),
  constraint blocks_batch foreign key (batch_id) references batches (id),
  constraint blocks_numbers check (not isempty(numbers) and lower_inc(numbers) and not upper_inc(numbers)),
  constraint blocks_run_length check (run_length in (1, 2, 4, 8)),
  constraint blocks_no_overlap exclude using gist (space_id with =, numbers with &&)
);
create index blocks_batch_id on blocks (batch_id);

create table identifiers (
  issuer text not null,
  kind text not null,
  value text not null,
  unit_id uuid not null,
  block_id bigint,
  ordinal integer,
  state text not null,
  constraint identifiers_pkey primary key (issuer, kind, value),
  constraint identifiers_issuer foreign key (issuer) references issuers (id),
  constraint identifiers_block foreign key (block_id) references blocks (id),
  constraint identifiers_block_ordinal unique (block_id, ordinal),
  constraint identifiers_kind check (kind in ('serial', 'mac', 'chip-uid', 'certificate')),
  constraint identifiers_state check (state in ('assigned', 'applied', 'shipped', 'void', 'scrapped', 'missing')),
  constraint identifiers_value_form check (length(value) between 1 and 128 and value ~ '^[ -{}~]+$'),
  constraint identifiers_issued check ((block_id is null) = (ordinal is null))
);
create index identifiers_unit_id on identifiers (unit_id);
create index identifiers_value on identifiers (value);

-- Double entry: what leaves one account enters another, in the transaction of the change.
create table movements (
  id bigint generated always as identity,
  block_id bigint not null,
  from_account text not null,
  to_account text not null,
  quantity integer not null,
  stream text not null,
  seq bigint not null,
  constraint movements_pkey primary key (id),
  constraint movements_block foreign key (block_id) references blocks (id),
  constraint movements_accounts check (from_account <> to_account
    and from_account in ('granted', 'reserved', 'assigned', 'applied', 'shipped', 'scrapped', 'missing', 'void')
    and to_account in ('reserved', 'assigned', 'applied', 'shipped', 'scrapped', 'missing', 'void', 'returned')),
  constraint movements_quantity check (quantity > 0)
);
create index movements_block_id on movements (block_id);
