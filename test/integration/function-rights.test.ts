import { openDatabase, type Database } from '../../adapters/postgres/database';
import { createTestDatabase, type TestDatabase, type TestLogin } from '../support/database';
import { openShopFloor, type ShopFloor } from '../support/shop-floor';
import { sqlStateOf } from '../support/refusals';

/**
 * Who may call what. The list is written down here a second time on purpose: a new function that somebody can call is
 * a new way in, and has to be added here by hand.
 */
const allowed: Readonly<Record<string, readonly string[]>> = {
  unitrail_office: [
    ...[
      'acquire_slot',
      'add_release',
      'append_event',
      'apply_plant',
      'begin_act',
      'change_lots',
      'claim_units',
    ],
    ...['declare_used_ranges', 'control_batch', 'top_up_batch', 'return_numbers'],
    ...['notice_delivered', 'notice_tried', 'raise_notices'],
    ...['complete_batch', 'next_carton_number', 'open_batch', 'open_shipment', 'order_room', 'release_slot'],
    ...['seal_record', 'ship_units', 'unit_name', 'void_numbers'],
    ...['open_holds', 'open_resolution', 'release_holds', 'settle_units'],
    ...['begin_delivery', 'end_delivery', 'export_made', 'open_export', 'open_extract', 'open_reissue'],
    ...['cancel_shipment', 'change_shipment', 'close_shipment', 'create_shipment'],
    ...['open_carton', 'open_pallet', 'place_carton', 'repack_unit'],
    ...['remember_order_refusal', 'remember_refusal'],
    ...['book_checkpoint', 'queue_heads', 'sequence_leaves', 'judge_cosignatures'],
    ...[
      'open_retention_run',
      'plan_capsules',
      'capsule_made',
      'capsule_delivered',
      'copy_verified',
      'capsule_statement',
    ],
    ...['end_retention_run', 'due_units', 'erasable_capsules', 'erasable_names', 'note_operators'],
    ...['archive_ends', 'clock_doubt', 'mark_clock'],
    ...['retention_terms', 'retention_versions', 'abandon_capsule', 'is_erased'],
  ],
  unitrail_station: [
    'append_event',
    'begin_act',
    'remember_refusal',
    'slot_cleared',
    'slots_to_clear',
    'unit_name',
  ],
  unitrail_desk: [
    ...[
      'add_adopted_units',
      'add_listed_numbers',
      'advance_registry',
      'apply_plant',
      'change_lots',
      'close_number_list',
    ],
    ...[
      'close_adoption',
      'declare_used_ranges',
      'grantable_addresses',
      'identify_unit',
      'open_adoption',
      'open_number_list',
      'order_room',
      'unit_name',
    ],
    ...['pin_export_look', 'remember_order_refusal', 'set_order_quantity'],
    ...['add_field_reports', 'close_field_import', 'open_field_import'],
    ...['amend_unit', 'count_recall', 'open_holds', 'open_recall', 'release_holds'],
    ...[
      'accept_lease',
      'grant_lease',
      'reserve_for_lease',
      'return_lease',
      'take_back_lease',
      'unused_of_lease',
      'withdraw_identifier',
    ],
    'add_cosignature',
    ...['add_legal_hold', 'release_legal_hold', 'approve_retention', 'clock_doubt', 'note_operators'],
    ...['due_units', 'erasable_capsules', 'erasable_names', 'retention_terms', 'retention_versions'],
    'is_erased',
  ],
  unitrail_retention: [
    ...['unit_name', 'retire', 'erase_capsule', 'erase_contents', 'contents_removed', 'erase_names'],
    'contents_to_remove',
    ...['due_units', 'erasable_capsules', 'erasable_names', 'retention_terms', 'retention_versions'],
  ],
  unitrail_auditor: ['unit_name'],
  unitrail_buyer: [
    ...['buyer_record', 'read_buyer_amendments', 'read_buyer_deliveries', 'read_buyer_export_files'],
    ...['read_buyer_exports', 'read_buyer_numbers', 'read_buyer_records'],
  ],
};

const groupOf: Readonly<Record<TestLogin, string>> = {
  office: 'unitrail_office',
  desk: 'unitrail_desk',
  'line-1': 'unitrail_station',
  'label-1': 'unitrail_station',
  retention: 'unitrail_retention',
  auditor: 'unitrail_auditor',
  acme: 'unitrail_buyer',
  borealis: 'unitrail_buyer',
};

interface Procedure {
  readonly name: string;
  /** `append_event(text,text)` */
  readonly signature: string;
  readonly types: readonly string[];
  readonly definer: boolean;
  readonly settings: readonly string[] | null;
  readonly grantees: readonly string[] | null;
}

let database: TestDatabase;
let floor: ShopFloor;
let owner: Database;
let procedures: readonly Procedure[];

beforeAll(async () => {
  database = await createTestDatabase();
  floor = openShopFloor(database);
  owner = openDatabase(database.ownerUrl, { applicationName: 'test-owner', maxConnections: 1 });
  procedures = await listProcedures();
});
afterAll(async () => {
  await floor?.close();
  await owner?.destroy();
  await database?.drop();
});

/** Everything in any schema that is not Postgres's own or an extension's. */
async function listProcedures(): Promise<Procedure[]> {
  const answer = await owner.raw<{ rows: Procedure[] }>(
    `select p.proname as name, p.oid::regprocedure::text as signature, p.prosecdef as definer, p.proconfig as settings,
       array(select format_type(t, null) from unnest(p.proargtypes::oid[]) with ordinality as a(t, n) order by n) as types,
       (select array_agg(case a.grantee when 0 then 'PUBLIC' else a.grantee::regrole::text end)
        from aclexplode(p.proacl) a where a.grantee <> p.proowner) as grantees
     from pg_proc p join pg_namespace n on n.oid = p.pronamespace
     where n.nspname not in ('pg_catalog', 'information_schema')
       and not exists (select from pg_depend d where d.objid = p.oid and d.classid = 'pg_proc'::regclass and d.deptype = 'e')
     order by 2`,
  );
  return answer.rows;
}

const may = (group: string, { name }: Procedure): boolean => allowed[group]!.includes(name);

test('each function is granted to those in the list above, and to nobody else', () => {
  const granted = procedures.map(({ signature, grantees }) => ({
    signature,
    grantees: [...(grantees ?? [])].sort(),
  }));
  const expected = procedures.map((one) => ({
    signature: one.signature,
    grantees: Object.keys(allowed)
      .filter((group) => may(group, one))
      .sort(),
  }));
  expect(granted).toEqual(expected);
  const names = new Set(procedures.map(({ name }) => name));
  expect(
    Object.values(allowed)
      .flat()
      .filter((name) => !names.has(name)),
  ).toEqual([]);
});

test('a function whose rights were never named is open to all: there is none', async () => {
  const open = await owner.raw<{ rows: { signature: string }[] }>(
    `select oid::regprocedure::text as signature from pg_proc where pronamespace = 'public'::regnamespace and proacl is null
       and not exists (select from pg_depend d where d.objid = pg_proc.oid and d.deptype = 'e')`,
  );
  expect(open.rows).toEqual([]);
});

test('a function that is made tomorrow is closed to all, too', async () => {
  const trx = await owner.transaction();
  try {
    await trx.raw('create function tomorrow() returns integer language sql as $$ select 1 $$');
    const answer = await trx.raw<{ rows: { open: boolean }[] }>(
      `select has_function_privilege('unitrail_buyer', 'tomorrow()', 'execute') as open`,
    );
    expect(answer.rows).toEqual([{ open: false }]);
  } finally {
    await trx.rollback();
  }
});

test.each(Object.keys(groupOf) as TestLogin[])(
  'the login of %s is refused every call that is not its own',
  async (login) => {
    const forbidden = procedures.filter((one) => !may(groupOf[login], one));
    const answers = [];
    for (const { signature, name, types } of forbidden) {
      const call = `select ${name}(${types.map((type) => `null::${type}`).join(', ')})`;
      answers.push({ signature, sqlState: await sqlStateOf(floor.as(login).raw(call)) });
    }
    expect(answers.filter(({ sqlState }) => sqlState !== '42501')).toEqual([]);
    expect(answers.length).toBeGreaterThan(20);
  },
);

test('what runs with the rights of the owner has a fixed search_path, with temporary objects last', () => {
  const definers = procedures.filter(({ definer }) => definer);
  expect(definers.filter(({ settings }) => !settings?.includes('search_path=public, pg_temp'))).toEqual([]);
  const callable = new Set(Object.values(allowed).flat());
  // A function that somebody can call and that is none of the owner's would run with the caller's rights: useless.
  expect(new Set(definers.map(({ name }) => name))).toEqual(
    new Set([...callable, 'check_listed_value', 'check_sealed', 'refuse_lost_epoch']),
  );
});

test('nobody but the owner can put anything into the schema that the functions look into', async () => {
  const rights = await owner.raw<{ rows: { role: string }[] }>(
    `select rolname as role from pg_roles where has_schema_privilege(oid, 'public', 'create') and not rolsuper
       and not pg_has_role(oid, 'pg_database_owner', 'member')`,
  );
  expect(rights.rows).toEqual([]);
});

test('a trigger that runs when the transaction ends has a search_path of its own', async () => {
  // By then the function is over that wrote the row, and with it its settings: a caller's temporary table would do.
  const deferred = await owner.raw<{ rows: { name: string; settings: string[] | null }[] }>(
    `select distinct p.proname as name, p.proconfig as settings from pg_trigger t join pg_proc p on p.oid = t.tgfoid
     where t.tgdeferrable and not t.tgisinternal`,
  );
  expect(deferred.rows).toEqual([{ name: 'check_sealed', settings: ['search_path=public, pg_temp'] }]);
});
