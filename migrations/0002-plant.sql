-- Why: what the plant file says, kept version by version with who, when and what changed. The document holds products,
-- schemes, test plans and the rest; only what other rows refer to has a table of its own. Operators' names are not in it.
create table plant_versions (
  id bigint generated always as identity,
  document text not null,
  sha256 text not null,
  difference text not null,
  applied_by text not null default session_user,
  applied_at timestamptz not null default clock_timestamp(),
  constraint plant_versions_pkey primary key (id),
  constraint plant_versions_size check (octet_length(document) <= 16777216 and octet_length(difference) <= 16777216)
);

-- The only place where people have names. Everything else knows operator numbers, so erasing a name here
-- erases it from the whole system.
create table operators (
  number text not null,
  name text,
  erased_at timestamptz,
  constraint operators_pkey primary key (number),
  constraint operators_number_form check (number ~ '^[0-9A-Za-z-]{1,16}$')
);

create table issuers (
  id text not null,
  kind text not null,
  constraint issuers_pkey primary key (id),
  constraint issuers_kind check (kind in ('manufacturer', 'buyer', 'registry', 'chip-family', 'authority'))
);

create table buyers (
  id text not null,
  name text not null,
  -- A test buyer may receive simulated units; nobody else may.
  test boolean not null default false,
  constraint buyers_pkey primary key (id)
);

create table stations (
  id text not null,
  login text not null,
  steps text[] not null,
  -- A lease on a virtual station makes its unit simulated for ever.
  virtual boolean not null,
  constraint stations_pkey primary key (id),
  constraint stations_login unique (login),
  constraint stations_steps check (steps <@ array['flash', 'test', 'provision', 'label', 'qc'] and steps <> '{}')
);

-- What a unit is built to. Pinned by hash when the batch is opened; never edited.
create table recipes (
  sha256 text not null,
  body text not null,
  constraint recipes_pkey primary key (sha256),
  constraint recipes_digest check (sha256 = encode(sha256(convert_to(body, 'UTF8')), 'hex'))
);
