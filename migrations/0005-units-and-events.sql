-- Why: the history (append-only, a hash chain a stream) and its projection, one row a unit.
create table unit_events (
  stream text not null,
  seq bigint not null,
  type text not null,
  key text not null,
  header text not null,
  body text not null,
  prev bytea not null,
  hash bytea not null,
  at timestamptz not null,
  constraint unit_events_pkey primary key (stream, seq),
  constraint unit_events_key unique (stream, key),
  constraint unit_events_hash check (hash = sha256(prev || sha256(convert_to(header, 'UTF8')) || sha256(convert_to(body, 'UTF8'))))
);

-- Heads of the streams that are not units (a unit's head stands in its own row).
create table streams (
  stream text not null,
  seq bigint not null,
  head bytea not null,
  constraint streams_pkey primary key (stream)
);

create table units (
  id uuid not null default gen_random_uuid(),
  batch_id text not null,
  batch_index integer not null,
  issuer text not null,
  serial text not null,
  product text not null,
  recipe_sha256 text not null,
  -- The release to which the unit is pinned, and what is in its flash.
  firmware_version text not null,
  firmware_sha256 text not null,
  flashed_sha256 text,
  state text not null,
  step text not null,
  -- Attempts opened so far, by step number (1 assign ... 7 ship).
  attempts smallint[] not null default '{0,0,0,0,0,0,0}',
  chip_uid text,
  certificate_sha256 text,
  board_lot text,
  -- Positions in the unit's own history; "newer" means higher.
  flashed_seq bigint,
  tested_seq bigint,
  provisioned_seq bigint,
  label_seq bigint,
  qc_seq bigint,
  rework_seq bigint,
  -- Prints intended so far; the print whose fate is not known; the print that is on the unit.
  prints integer not null default 0,
  open_print integer,
  label_print integer,
  failure_code text,
  simulated boolean not null default false,
  trial boolean not null,
  carton text,
  shipment_id text,
  seq bigint not null,
  head bytea not null,
  updated_at timestamptz not null,
  constraint units_pkey primary key (id),
  constraint units_batch foreign key (batch_id) references batches (id),
  constraint units_batch_index unique (batch_id, batch_index),
  constraint units_serial unique (issuer, serial),
  constraint units_recipe foreign key (recipe_sha256) references recipes (sha256),
  constraint units_state check (state in ('InProgress', 'AwaitingEngineer', 'ReadyToShip', 'Packed', 'Shipped',
    'Scrapped', 'Missing', 'Void')),
  constraint units_step check (step in ('assign', 'flash', 'test', 'provision', 'label', 'qc', 'ship')),
  -- The order of the steps, once more, as facts of the row (append_event refuses with words; this refuses at all).
  constraint units_label_after_test check (label_seq is null or tested_seq is not null),
  constraint units_qc_after_label check (qc_seq is null or (label_seq is not null and qc_seq > label_seq)),
  constraint units_shipped_after_qc check (state <> 'Shipped' or (qc_seq is not null
    and qc_seq > greatest(flashed_seq, tested_seq, provisioned_seq, label_seq, rework_seq))),
  constraint units_trial_stays check (not trial or state <> 'Shipped')
);
create index units_recipe_sha256 on units (recipe_sha256);
create index units_state_step on units (state, step);
create index units_serial_only on units (serial);
create index units_chip_uid on units (chip_uid);
create index units_certificate_sha256 on units (certificate_sha256);
create index units_shipment_id on units (shipment_id);
create index units_firmware_version on units (firmware_version);

alter table identifiers add constraint identifiers_unit foreign key (unit_id) references units (id) deferrable initially deferred;

-- The lots in the unit, by position.
create table unit_lots (
  unit_id uuid not null,
  position text not null,
  lot text not null,
  constraint unit_lots_pkey primary key (unit_id, position, lot),
  constraint unit_lots_unit foreign key (unit_id) references units (id)
);
create index unit_lots_lot on unit_lots (lot);

-- Every try of every device act, once for each (run id, activity id, Temporal's attempt). The highest try of an
-- attempt fences the older ones: Temporal's own numbers begin at 1 again after a reset.
create table tries (
  unit_id uuid not null,
  part text not null,
  attempt smallint not null,
  try smallint not null,
  caller text not null,
  constraint tries_pkey primary key (unit_id, part, attempt, try),
  constraint tries_caller unique (unit_id, part, attempt, caller),
  constraint tries_unit foreign key (unit_id) references units (id)
);

-- A quality hold is no state but a row, written before any signal.
create table holds (
  unit_id uuid not null,
  hold_id text not null,
  reason text not null,
  opened_seq bigint not null,
  released_seq bigint,
  constraint holds_pkey primary key (unit_id, hold_id),
  constraint holds_unit foreign key (unit_id) references units (id)
);
create index holds_open on holds (unit_id) where released_seq is null;

-- The places where boards are worked on. A lease is a row here; the fence only grows.
create table slots (
  station text not null,
  slot integer not null,
  fence bigint not null default 0,
  -- free: no board. leased: a unit's. uncleared: the lease is over, the board may still be in it.
  state text not null default 'free',
  unit_id uuid,
  -- False where the plant file has no such slot any more: nothing new goes there.
  offered boolean not null default true,
  constraint slots_pkey primary key (station, slot),
  constraint slots_station foreign key (station) references stations (id),
  constraint slots_unit foreign key (unit_id) references units (id),
  constraint slots_one_a_unit unique (unit_id),
  constraint slots_state check (state in ('free', 'leased', 'uncleared') and (state = 'free') = (unit_id is null)),
  constraint slots_number check (slot between 1 and 1000)
);

-- What each event type is: its stream, who may append it, whether it is an intent (opens a try), a result (closes
-- one) or neither, and the part of a step that it belongs to.
create table event_types (
  type text not null,
  stream_kind text not null,
  appender text not null,
  nature text not null,
  part text,
  constraint event_types_pkey primary key (type),
  constraint event_types_stream_kind check (stream_kind in ('unit', 'batch', 'order', 'shipment', 'export', 'retention')),
  -- 'function': only one of the owner's functions appends it, never a caller.
  constraint event_types_appender check (appender in ('office', 'station', 'both', 'function')),
  constraint event_types_nature check (nature in ('intent', 'result', 'other'))
);

-- What each event does to a unit. A step of null means any (from) or the same (to); '*' is named by the body.
create table transitions (
  type text not null,
  from_state text not null,
  from_step text,
  to_state text not null,
  to_step text,
  opens_attempt boolean not null,
  constraint transitions_type foreign key (type) references event_types (type)
);
create unique index transitions_from on transitions (type, from_state, coalesce(from_step, '*'));
alter table transitions add column id bigint generated always as identity constraint transitions_pkey primary key;

-- What each event does to the unit's issued identifiers, and so to the ledger.
create table identifier_effects (
  type text not null,
  from_state text not null,
  to_state text not null,
  constraint identifier_effects_pkey primary key (type, from_state),
  constraint identifier_effects_type foreign key (type) references event_types (type)
);
