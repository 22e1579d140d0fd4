import { audit } from '../../tools/audit/audit';
import { streamOf, tellTruth, testLies, unitName } from '../support/audit-lies';
import { openShopFloor } from '../support/shop-floor';
import { rewriteHistory, tamper, withFacts } from '../support/tamper';
import { walkUnit } from '../support/walk-unit';

/** A1 to A5, what the history tells and what the rows make of it, and the audit as a whole. */
const truth = tellTruth();
const { story, base, onACopy } = truth;

test('a history that was made by the functions keeps every promise', async () => {
  const report = await audit(base().urlOf('auditor'));
  expect(report.violations).toEqual([]);
  expect(report.notes).toEqual([]);
  expect(report.ok).toBe(true);
  expect(report.counts).toMatchObject({ units: 12, batches: 3, records: 2, shipments: 1, violations: 0 });
});

testLies(truth, [
  {
    invariant: 'A1',
    what: 'a body that was changed under its hash',
    tell: async (su) => {
      await su.query('alter table unit_events drop constraint unit_events_hash');
      await su.query(
        `update unit_events set body = replace(body, 'TEST_ERROR', 'TEST_ERRED') where stream = $1 and type = 'held'`,
        [streamOf(story().held)],
      );
      await su.query(`update units set failure_code = 'TEST_ERRED' where id = $1`, [story().held.unitId]);
    },
    subjects: () => [`${unitName(story().held)}, event 6 (held)`],
  },
  {
    invariant: 'A1',
    what: 'a head that is not the last event',
    tell: (su) => su.query(`update units set head = sha256('lie') where id = $1`, [story().claimed.unitId]),
    subjects: () => [unitName(story().claimed)],
  },
  {
    invariant: 'A1',
    what: 'another time than its header has',
    tell: (su) =>
      su.query(
        `update unit_events set at = at - interval '1 hour' where stream = 'batch:B2647-02' and seq = 1`,
      ),
    subjects: () => ['batch:B2647-02, event 1 (batchOpened)'],
  },
  {
    invariant: 'A1',
    what: 'a hole where an event was taken out',
    tell: (su) =>
      su.query(`delete from unit_events where stream = $1 and type = 'stepFailed'`, [
        streamOf(story().mended),
      ]),
    subjects: () => [`${unitName(story().mended)}, event 9 (held)`],
  },
  {
    invariant: 'A1',
    what: 'events of a unit that is not there',
    tell: (su) =>
      rewriteHistory(su, 'unit:00000000-0000-4000-8000-000000000001', () => [
        {
          type: 'claimed',
          key: '00000000-0000-4000-8000-000000000001/claimed',
          login: 'unitrail_office_login',
          body: '{}',
          time: '2026-11-22T08:00:00.000Z',
        },
      ]),
    subjects: () => ['unit:00000000-0000-4000-8000-000000000001'],
  },
  {
    invariant: 'A2',
    what: 'a body with a space in it',
    tell: (su) =>
      rewriteHistory(su, streamOf(story().claimed), (told) =>
        told.map((event) => ({ ...event, body: event.body.replace(':', ': ') })),
      ),
    subjects: () => [`${unitName(story().claimed)}, event 1 (claimed)`],
  },
  {
    invariant: 'A3',
    what: 'an event of one station under the login of another',
    tell: (su) =>
      rewriteHistory(su, streamOf(story().flashed), (told) =>
        told.map((event) =>
          event.type === 'flashed' ? { ...event, login: 'unitrail_station_label_1' } : event,
        ),
      ),
    subjects: () => [`${unitName(story().flashed)}, event 5 (flashed)`],
  },
  {
    invariant: 'A3',
    what: 'an event by the superuser',
    tell: (su) =>
      rewriteHistory(su, streamOf(story().claimed), (told) =>
        told.map((event) => ({ ...event, login: su.user ?? 'postgres' })),
      ),
    subjects: () => [`${unitName(story().claimed)}, event 1 (claimed)`],
  },
  {
    invariant: 'A4',
    what: 'a test of another firmware than the one in the unit',
    tell: (su) =>
      rewriteHistory(
        su,
        streamOf(story().onHold),
        withFacts('testPassed', { firmwareSha256: '0'.repeat(64) }),
      ),
    subjects: () => [`${unitName(story().onHold)}, event 7 (testPassed)`],
  },
  {
    invariant: 'A4',
    what: 'a print number that was jumped over',
    tell: async (su) => {
      await rewriteHistory(su, streamOf(story().openPrint), withFacts('printIntended', { print: 3 }));
      await su.query('update units set prints = 3, open_print = 3 where id = $1', [story().openPrint.unitId]);
    },
    subjects: () => [`${unitName(story().openPrint)}, event 15 (printIntended)`],
  },
  {
    invariant: 'A4',
    what: 'a result of another try than the newest',
    tell: (su) => rewriteHistory(su, streamOf(story().held), withFacts('flashed', { try: 2 })),
    subjects: () => [`${unitName(story().held)}, event 5 (flashed)`],
  },
  {
    invariant: 'A5',
    what: 'a carton that takes another number than its event says',
    tell: (su) => su.query(`update cartons set capacity = 9 where shipment_id = 'SH-B2647-01'`),
    subjects: () => ['shipment:SH-B2647-01'],
  },
  {
    invariant: 'A5',
    what: 'a row that says more than the events',
    tell: (su) =>
      su.query(`update units set failure_code = 'TEST_FAILED' where id = $1`, [story().flashed.unitId]),
    subjects: () => [unitName(story().flashed)],
  },
  {
    invariant: 'A5',
    what: 'a lot that nobody put in',
    tell: (su) =>
      su.query(`update unit_lots set lot = 'OTHER' where unit_id = $1 and position = 'U1'`, [
        story().flashed.unitId,
      ]),
    subjects: () => [unitName(story().flashed)],
  },
  {
    invariant: 'A5',
    what: 'a hold that was lifted in silence',
    tell: (su) =>
      su.query('update holds set released_seq = opened_seq where unit_id = $1', [story().onHold.unitId]),
    subjects: () => [unitName(story().onHold)],
  },
  {
    invariant: 'A5',
    what: 'an order that was made larger in silence',
    tell: (su) => su.query(`update orders set quantity = quantity + 5 where id = 'PO-B2647-02'`),
    subjects: () => ['order:PO-B2647-02'],
  },
]);

test('a login that is gone, and a lease of a unit that ended, are notes and break no promise', async () => {
  await onACopy(async (copy) => {
    await tamper(copy, async (superuser) => {
      await rewriteHistory(superuser, streamOf(story().claimed), (told) =>
        told.map((event) => ({ ...event, login: 'former_login' })),
      );
      const lease = `update slots set state = 'leased', unit_id = $1 where station = 'label-1' and slot = 9`;
      await superuser.query(lease, [story().shipped.unitId]);
    });
    const report = await audit(copy.urlOf('auditor'));
    expect(report.violations).toEqual([]);
    expect(report.notes).toEqual([
      expect.stringContaining('former_login'),
      expect.stringContaining(story().shipped.serial),
    ]);
  });
});

test('the list of violations is bounded and their number is not', async () => {
  await onACopy(async (copy) => {
    await tamper(copy, (superuser) =>
      superuser.query(`update units set failure_code = 'X', carton = 'X', board_lot = 'X', prints = 99,
      step = 'ship', chip_uid = id::text, flashed_sha256 = 'X', certificate_sha256 = id::text, rework_seq = 1, updated_at = now()`),
    );
    const report = await audit(copy.urlOf('auditor'));
    expect(report.violations.filter(({ invariant }) => invariant === 'A5')).toHaveLength(100);
    expect(report.counts.violations).toBeGreaterThan(100);
  });
});

test('the audit reads on while units are being made, and judges one moment', async () => {
  await onACopy(async (copy) => {
    const floor = openShopFloor(copy);
    const making = walkUnit(floor, { upTo: 'qc' });
    const reports = [await audit(copy.urlOf('auditor')), await audit(copy.urlOf('auditor'))];
    await making;
    await floor.close();
    expect(reports.map((report) => report.violations)).toEqual([[], []]);
  });
});
