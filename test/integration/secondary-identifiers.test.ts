import { register as registerIdentify } from '../../cli/unit-identify';
import { register as registerShow } from '../../cli/unit-show';
import { isImei } from '../../domain/imei';
import { audit } from '../../tools/audit/audit';
import { openDatabase } from '../../adapters/postgres/database';
import { refusalOf, sqlStateOf } from '../support/refusals';
import { applySmallPlant } from '../support/shop-floor';
import { tamper } from '../support/tamper';
import { typeCommand } from '../support/type-command';
import { openUnitScene, type UnitScene } from '../support/unit-scene';
import { append, walkOn, walkUnit, type WalkedUnit } from '../support/walk-unit';
import { openTestBatch } from '../support/shop-floor';

const imei = '490154203237518';
let scene: UnitScene;

beforeAll(async () => {
  scene = await openUnitScene();
  // The buyers' own namespaces, as `unitrail apply` makes them.
  await applySmallPlant(scene.floor);
  const changes = {
    ...{ buyers: [], operators: [], stations: [] },
    issuers: ['acme', 'borealis'].map((id) => ({ id, kind: 'buyer' })),
  };
  await scene.floor
    .as('desk')
    .raw('select apply_plant(?, ?, ?::jsonb)', ['{}', 'x', JSON.stringify(changes)]);
});
afterAll(() => scene?.close());

const type = (line: string) => typeCommand(scene.database, [registerIdentify, registerShow], line);
const identify = (unit: WalkedUnit, kind: string, value: string, more = '') =>
  type(`unit identify ${unit.serial} --kind ${kind} --value ${value} --by 17${more}`);

/** By plain SQL, as whoever has the desk's login could. */
const bySql = (unit: WalkedUnit, kind: string, issuer: string, value: string) =>
  scene.floor.as('desk').raw('select identify_unit(?, ?, ?, ?, ?)', [unit.unitId, kind, issuer, value, '17']);

test('a unit gets an IMEI, an asset number and a certificate serial, and each finds it', async () => {
  const { assigned, batch } = scene;
  expect(await identify(assigned, 'imei', '49-015420-323751-8')).toMatchObject({
    code: 0,
    text: `Unit ${assigned.serial} has IMEI ${imei} (issuer gsma) now.\n`,
  });
  await identify(assigned, 'asset', '000471');
  await identify(assigned, 'certificate-serial', '0A:1B:2C');
  const found = [imei, '49-015420-323751-8', '000471', 'acme:000471', '0a1b2c', '0A:1B:2C'];
  for (const id of found) {
    expect(JSON.parse((await type(`unit show ${id} --json`)).text)).toMatchObject({
      ...{ serial: assigned.serial, batch: batch.id, state: 'InProgress', step: 'flash' },
      identifiers: [
        { kind: 'asset', issuer: 'acme', value: '000471' },
        { kind: 'certificate-serial', issuer: 'device-ca', value: '0a1b2c' },
        { kind: 'imei', issuer: 'gsma', value: imei },
      ],
    });
  }
  const { text } = await type(`unit show ${assigned.serial}`);
  expect(text).toContain(`IMEI          ${imei}  (issuer gsma)`);
  expect(text).toContain('Asset no.     000471  (issuer acme)');
  const history = (await type(`unit show ${assigned.serial} --history`)).text;
  expect(history).toContain(`Further identifier recorded: imei ${imei} of gsma by operator 17`);
  expect(history).toContain('unitrail_desk_login');
});

test('a repeat changes nothing, and says so', async () => {
  const { assigned } = scene;
  const seq = () => scene.floor.as('desk')('units').where({ id: assigned.unitId }).first('seq');
  const before = await seq();
  expect((await identify(assigned, 'imei', imei)).text).toBe(
    `No change: unit ${assigned.serial} has IMEI ${imei} (issuer gsma) already.\n`,
  );
  expect(await seq()).toEqual(before);
});

test('a value that another unit has is refused, and names that unit', async () => {
  const answer = await identify(scene.ready, 'imei', imei);
  expect(answer).toMatchObject({
    code: 1,
    err: `unitrail: imei ${imei} belongs to unit ${scene.assigned.serial}, not to ${scene.ready.serial}\n`,
  });
  expect(await refusalOf(scene.floor, scene.ready, () => bySql(scene.ready, 'imei', 'gsma', imei))).toBe(
    'UT010',
  );
});

test('the same asset number of two buyers is two identifiers', async () => {
  expect((await identify(scene.ready, 'asset', '000471')).code).toBe(0);
  expect((await type('unit show 000471')).err).toContain('names 2 units');
  expect((await type('unit show borealis:000471')).text).toContain(scene.ready.serial);
});

test.each<[string, keyof UnitScene]>([
  ['that has shipped', 'shipped'],
  ['that is scrapped', 'scrapped'],
  ['whose identity is not confirmed yet', 'onHold'],
])('a unit %s takes none', async (_, which) => {
  const unit = scene[which] as WalkedUnit;
  expect(await identify(unit, 'asset', '9')).toMatchObject({
    code: 1,
    err: expect.stringContaining(`unit ${unit.serial}: identified is not allowed in state`),
  });
});

test.each([
  ['a wrong check digit', 'imei', 'gsma', '490154203237519', 'UT007'],
  ['an IMEI in another namespace', 'imei', 'ieee', imei, 'UT009'],
  ['an asset number of the manufacturer', 'asset', 'unitrail', '1', 'UT009'],
  ['an asset number of nobody', 'asset', 'nobody', '1', 'UT009'],
  ['an asset number with a separator in it', 'asset', 'acme', 'a|b', 'UT007'],
  ['another spelling of a serial number', 'certificate-serial', 'device-ca', '0A1B', 'UT007'],
  ['a serial number of 2^159', 'certificate-serial', 'device-ca', `80${'0'.repeat(38)}`, 'UT007'],
  ['a MAC address', 'mac', 'ieee', '70:B3:D5:00:00:04', 'UT007'],
])('the database itself refuses %s', async (_, kind, issuer, value, sqlState) => {
  const { assigned, floor } = scene;
  expect(await refusalOf(floor, assigned, () => bySql(assigned, kind, issuer, value))).toBe(sqlState);
});

test('nobody else records one, and nobody takes its key', async () => {
  const { assigned, floor } = scene;
  const body = { by: '17', issuer: 'acme', kind: 'asset', value: '5' };
  const key = `${assigned.unitId}/identified/asset/acme/5`;
  for (const login of ['office', 'line-1'] as const)
    expect(await sqlStateOf(append(floor, login, assigned.unitId, 'identified', key, body))).toBe('42501');
  const hold = { hold: 'Q7', reason: 'x' };
  expect(await sqlStateOf(append(floor, 'office', assigned.unitId, 'holdOpened', key, hold))).toBe('UT007');
});

describe('one that was typed wrongly', () => {
  const withdraw = (unit: WalkedUnit, value: string, more = ' --reason mistyped') =>
    identify(unit, 'asset', value, ` --withdraw${more}`);
  const rowOf = (value: string) =>
    scene.floor.as('desk')('identifiers').where({ kind: 'asset', value }).first('state', 'unit_id');

  test('is withdrawn with operator and reason, and shown as that', async () => {
    const { assigned } = scene;
    await identify(assigned, 'asset', 'WRONG-1');
    expect(await withdraw(assigned, 'WRONG-1')).toMatchObject({
      code: 0,
      text: `asset number WRONG-1 (issuer acme) is withdrawn from unit ${assigned.serial}, and void for ever.\n`,
    });
    expect(await rowOf('WRONG-1')).toEqual({ state: 'void', unit_id: assigned.unitId });
    // Nothing else of the unit became void with it.
    expect(
      await scene.floor.as('desk')('identifiers').where({ unit_id: assigned.unitId, state: 'void' }),
    ).toHaveLength(1);
    const { text } = await type(`unit show WRONG-1`);
    expect(text).toContain('Asset no.     WRONG-1  (issuer acme), withdrawn');
    expect((await type(`unit show ${assigned.serial} --history`)).text).toContain(
      'Further identifier withdrawn: asset WRONG-1 of acme by operator 17: mistyped',
    );
    expect(JSON.parse((await withdraw(assigned, 'WRONG-1', ' --reason again --json')).text)).toMatchObject({
      withdrawn: false,
    });
  });

  test('is given to no unit any more, not even to its own', async () => {
    for (const unit of [scene.assigned, scene.ready])
      expect(await identify(unit, 'asset', 'WRONG-1', ' --issuer acme')).toMatchObject({
        code: 1,
        err: `unitrail: asset WRONG-1 was withdrawn from unit ${scene.assigned.serial}: it is void, and can not be given to ${unit.serial}\n`,
      });
  });

  test.each([
    ['without a reason', '', 2, '--reason: (missing) is not allowed; why it is withdrawn'],
    ['for no real reason', ' --reason ...', 2, '--reason: "..." is not allowed'],
    ['in another namespace', ' --reason mistyped --issuer borealis', 2, 'has no asset WRONG-2 of borealis'],
  ])('is not withdrawn %s', async (_, more, code, err) => {
    await identify(scene.assigned, 'asset', 'WRONG-2');
    expect(await withdraw(scene.assigned, 'WRONG-2', more)).toMatchObject({
      code,
      err: expect.stringContaining(err),
    });
    expect(await rowOf('WRONG-2')).toMatchObject({ state: 'applied' });
  });

  test('a serial, an address or a chip is no such identifier, and nobody else withdraws any', async () => {
    const { assigned, floor } = scene;
    const bySql = (login: 'desk' | 'office' | 'line-1', kind: string, issuer: string, value: string) =>
      sqlStateOf(
        floor
          .as(login)
          .raw('select withdraw_identifier(?, ?, ?, ?, ?, ?)', [
            assigned.unitId,
            kind,
            issuer,
            value,
            '17',
            'x',
          ]),
      );
    expect(await bySql('desk', 'serial', 'unitrail', assigned.serial)).toBe('UT009');
    for (const login of ['office', 'line-1'] as const)
      expect(await bySql(login, 'asset', 'acme', 'WRONG-2')).toBe('42501');
    const voided = tamperOwner(`update identifiers set state = 'void' where value = 'WRONG-2'`);
    await expect(voided).rejects.toMatchObject({ code: '42501' });
  });
});

/** As the owner of the tables, with every trigger on. */
async function tamperOwner(sql: string): Promise<void> {
  const owner = openDatabase(scene.database.ownerUrl, { applicationName: 'test-owner', maxConnections: 1 });
  try {
    await owner.raw(sql);
  } finally {
    await owner.destroy();
  }
}

test('a unit has up to 8 of a kind, without those that were withdrawn', async () => {
  const { assigned } = scene;
  const there = await scene.floor
    .as('desk')('identifiers')
    .where({ unit_id: assigned.unitId, kind: 'asset', state: 'applied' });
  for (let at = there.length; at < 8; at += 1)
    expect(await identify(assigned, 'asset', `MANY-${at}`)).toMatchObject({ code: 0 });
  const ninth = () => identify(assigned, 'asset', 'MANY-9');
  expect(await ninth()).toMatchObject({
    code: 2,
    err: expect.stringContaining(`MANY-9 is not allowed; unit ${assigned.serial} has 8 of kind asset`),
  });
  await identify(assigned, 'asset', 'MANY-7', ' --withdraw --reason mistyped');
  expect(await ninth()).toMatchObject({ code: 0 });
});

test('the check digit of the database is that of the code', async () => {
  const owner = openDatabase(scene.database.ownerUrl, { applicationName: 'test-owner', maxConnections: 1 });
  const values = Array.from({ length: 2_000 }, (_, at) => String(100_000_000_000_000 + at * 7_919_473_127));
  const answer = await owner.raw<{ rows: { value: string; good: boolean }[] }>(
    'select value, is_imei(value) as good from unnest(?::text[]) as value',
    [[...values, '', '49015420323751X', '4901542032375180', imei]],
  );
  await owner.destroy();
  expect(answer.rows.map(({ good }) => good)).toEqual(answer.rows.map(({ value }) => isImei(value)));
  expect(answer.rows.filter(({ good }) => good).length).toBeGreaterThan(100);
});

test('it ships with its unit, and the auditor finds it in order', async () => {
  const batch = await openTestBatch(scene.floor, { quantity: 1 });
  const unit = await walkUnit(scene.floor, { upTo: 'Packed', batch });
  await identify(unit, 'asset', 'A-1');
  await walkOn(scene.floor, unit, 'Shipped', 'Shipped');
  const row = await scene.floor
    .as('desk')('identifiers')
    .where({ kind: 'asset', value: 'A-1' })
    .first('state');
  expect(row).toEqual({ state: 'shipped' });
  const report = await audit(scene.database.urlOf('auditor'));
  expect(report.violations).toEqual([]);
  await tamper(scene.database, (superuser) =>
    superuser.query(`update identifiers set value = 'A-2' where value = 'A-1'`),
  );
  const { violations } = await audit(scene.database.urlOf('auditor'));
  expect(violations.map(({ invariant, subject, found }) => [invariant, subject, found])).toEqual([
    ['A6', `unit ${unit.serial}`, 'the registry holds asset A-2 of acme'],
    ['A6', `unit ${unit.serial}`, 'the registry lacks asset A-1 of acme'],
  ]);
  await tamper(scene.database, async (superuser) => {
    await superuser.query(`update identifiers set value = 'A-1' where value = 'A-2'`);
    await superuser.query(`update identifiers set state = 'applied' where value = 'WRONG-1'`);
  });
  const again = await audit(scene.database.urlOf('auditor'));
  expect(again.violations.map(({ invariant, subject, found }) => [invariant, subject, found])).toEqual([
    ['A6', `unit ${scene.assigned.serial}`, 'the registry holds asset WRONG-1 of acme applied'],
  ]);
});
