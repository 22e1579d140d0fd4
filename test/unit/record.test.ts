import fc from 'fast-check';

import { canonicalJson } from '../../domain/canonical';
import { asDraft, buildRecord, missingFields, sealedText, type RecordFacts } from '../../domain/record';
import {
  eventTime,
  sampleLabel,
  sampleRecipe,
  sha,
  shippedEvents,
  shippedFacts,
} from '../support/unit-facts';

function without(...types: string[]): RecordFacts {
  return { ...shippedFacts, events: shippedEvents.filter(({ type }) => !types.includes(type)) };
}

const claimedOnly: RecordFacts = {
  ...shippedFacts,
  unit: {
    ...shippedFacts.unit,
    chipUid: null,
    flashedSeq: null,
    testedSeq: null,
    provisionedSeq: null,
    labelSeq: null,
    qcSeq: null,
    labelPrint: null,
    seq: 1,
  },
  events: [],
  shipment: null,
};

describe('the record of a shipped unit', () => {
  it('says everything that the format asks for, each time being that of its event', () => {
    expect(buildRecord(shippedFacts)).toEqual({
      format: 'unitrail.record/1',
      issuer: 'unitrail',
      serial: 'EUDV2647-000001',
      product: 'EUDV',
      gtin: '09506000134352',
      macs: ['70:B3:D5:00:00:04', '70:B3:D5:00:00:05'],
      chipUid: '0A1B2C3D4E5F60718293A4B5',
      batch: 'B2647-01',
      boardBatch: 'PB-118',
      boardLot: 'PCB-2406-17',
      components: [
        { position: 'U1', lots: ['MCU-LOT-7731'] },
        { position: 'U7', lots: ['RADIO-LOT-0092', 'RADIO-LOT-0093'] },
      ],
      order: 'PO-4711',
      buyerPart: 'AC-77-B',
      attributes: { revision: 'C' },
      origin: 'built',
      simulated: true,
      firmware: { version: '1.4.2', sha256: sha('f') },
      provisioning: {
        at: eventTime(11),
        certificateSha256: sha('c'),
        issuer: 'CN=Unitrail development CA',
        chainNotAfter: '2036-11-20T00:00:00.000Z',
      },
      test: {
        plan: 'EUDV-final',
        planSha256: sha('e'),
        verdict: 'PASS',
        attempt: 2,
        at: eventTime(7),
        station: 'line-1',
        results: [{ name: 'vcc_3v3', value: 3.291, unit: 'V', low: 3.2, high: 3.4, verdict: 'PASS' }],
      },
      labels: [
        {
          place: 'housing',
          symbology: 'gs1datamatrix',
          content: sampleLabel,
          print: 1,
          material: 'polyester',
          printedAt: eventTime(14),
          verifiedAt: eventTime(16),
        },
      ],
      qc: { at: eventTime(18), by: 'operator 17', statementSha256: sha('d') },
      shipment: {
        id: 'SH-0007',
        at: eventTime(20),
        carton: '106141411234567897',
        buyer: 'acme',
        destination: 'DE',
      },
      history: { events: 20, head: sha('9') },
    });
  });

  it('is sealed as its RFC 8785 text', () => {
    const text = sealedText(shippedFacts);
    expect(text).toBe(canonicalJson(buildRecord(shippedFacts)));
    expect(text.startsWith('{"attributes":{"revision":"C"},"batch":"B2647-01"')).toBe(true);
  });

  it('may have no part number of the buyer, and no MAC address where the product has none', () => {
    const facts: RecordFacts = {
      ...without('assigned'),
      order: { order: 'PO-4711', attributes: {} },
      recipe: { ...sampleRecipe, product: { ...sampleRecipe.product, macs: null } },
    };
    expect(JSON.parse(sealedText(facts))).toMatchObject({ buyerPart: null, macs: [] });
  });

  it.each([
    ['assigned', 'macs'],
    ['boardBound', 'boardLot'],
    ['flashed', 'firmware'],
    ['testPassed', 'test'],
    ['certificateIssued', 'provisioning.chainNotAfter'],
    ['provisioned', 'provisioning'],
    ['printed', 'labels.0.printedAt'],
    ['labelVerified', 'labels.0.verifiedAt'],
    ['qualityPassed', 'qc'],
    ['shipped', 'shipment.at'],
  ])('is refused where %s is missing, and %s is named', (type, field) => {
    const facts = without(type);
    expect(missingFields(buildRecord(facts), facts.recipe)).toContain(field);
    expect(() => sealedText(facts)).toThrow(expect.objectContaining({ code: 'RECORD_INCOMPLETE' }));
  });

  it('is refused where the test in force did not pass, or measured nothing', () => {
    const failed = changed('testPassed', { verdict: 'FAIL' });
    const empty = changed('testPassed', { results: [] });
    expect(missingFields(buildRecord(failed), sampleRecipe)).toEqual(['test (passed)']);
    expect(missingFields(buildRecord(empty), sampleRecipe)).toEqual(['test.results']);
  });

  it('is the same whatever order the keys of a body come in', () => {
    const keys = Object.keys(shippedEvents[3]!.body);
    const shuffled = fc.shuffledSubarray(keys, { minLength: keys.length });
    fc.assert(
      fc.property(shuffled, (order) => {
        const body = Object.fromEntries(order.map((key) => [key, shippedEvents[3]!.body[key]]));
        const events = shippedEvents.map((event) =>
          event.type === 'testPassed' ? { ...event, body } : event,
        );
        expect(sealedText({ ...shippedFacts, events })).toBe(sealedText(shippedFacts));
      }),
    );
  });
});

describe('a record of what is in force', () => {
  it('takes the newest board and the test, certificate, label and QC at the positions of the row', () => {
    const again = {
      seq: 30,
      type: 'boardBound',
      at: eventTime(30),
      body: { boardLot: 'PCB-2', components: {} },
    } as const;
    const late = { ...shippedEvents[3]!, seq: 31, at: eventTime(31) };
    const record = buildRecord({ ...shippedFacts, events: [...shippedEvents, again, late] });
    expect(record).toMatchObject({ boardLot: 'PCB-2', components: [], test: { at: eventTime(7) } });
  });

  it('names the certificate that was installed, also when a newer one was issued since', () => {
    const newer = {
      ...shippedEvents[4]!,
      seq: 12,
      body: { ...shippedEvents[4]!.body, certificateSha256: sha('7'), issuer: 'CN=other' },
    };
    const record = buildRecord({ ...shippedFacts, events: [...shippedEvents, newer] });
    expect(record.provisioning).toMatchObject({
      certificateSha256: sha('c'),
      issuer: 'CN=Unitrail development CA',
    });
  });

  it('counts a label as printed from the first word of it, be it the printer or a person who found it', () => {
    const found = { seq: 14, type: 'printFound', at: eventTime(14), body: { print: 1, by: '17' } } as const;
    const late = { seq: 15, type: 'printed', at: eventTime(15), body: { print: 1, how: 'printer' } } as const;
    const record = buildRecord({
      ...without('printed'),
      events: [...without('printed').events, found, late],
    });
    expect(record.labels[0]).toMatchObject({ print: 1, printedAt: eventTime(14) });
  });

  it('shows the label on the unit, not an earlier print that a rework made void', () => {
    const second = [
      { seq: 21, type: 'printIntended', at: eventTime(21), body: { print: 2, content: 'second' } },
      { seq: 22, type: 'printed', at: eventTime(22), body: { print: 2, how: 'printer' } },
    ] as const;
    const unit = { ...shippedFacts.unit, labelPrint: 2, labelSeq: null, qcSeq: null };
    const record = buildRecord({ ...shippedFacts, unit, events: [...shippedEvents, ...second] });
    expect(record.labels).toEqual([
      expect.objectContaining({ print: 2, content: 'second', printedAt: eventTime(22), verifiedAt: null }),
    ]);
  });
});

describe('a draft', () => {
  it('is null wherever nothing happened yet, and says by its format that it is none of the sealed ones', () => {
    expect(asDraft(buildRecord(claimedOnly))).toMatchObject({
      format: 'unitrail.record-draft/1',
      serial: 'EUDV2647-000001',
      macs: [],
      chipUid: null,
      boardLot: null,
      components: null,
      firmware: null,
      provisioning: null,
      test: null,
      labels: [],
      qc: null,
      shipment: null,
    });
  });

  it('can always be written as canonical JSON, whichever events are there', () => {
    fc.assert(
      fc.property(fc.subarray([...shippedEvents]), (events) => {
        const record = buildRecord({ ...shippedFacts, events });
        expect(() => canonicalJson(asDraft(record))).not.toThrow();
      }),
    );
  });

  it('forgets test, certificate, label and QC of before a rework, and keeps what is in the flash', () => {
    const unit = {
      ...shippedFacts.unit,
      testedSeq: null,
      provisionedSeq: null,
      labelSeq: null,
      qcSeq: null,
      labelPrint: null,
    };
    const record = buildRecord({ ...without('shipped'), unit, shipment: null });
    expect(record).toMatchObject({
      test: null,
      provisioning: null,
      labels: [],
      qc: null,
      firmware: { version: '1.4.2' },
    });
  });

  it('shows the carton of a unit that is packed, without a time of shipping', () => {
    const record = buildRecord(without('shipped'));
    expect(record.shipment).toMatchObject({ id: 'SH-0007', carton: '106141411234567897', at: null });
  });
});

function changed(type: string, part: Record<string, unknown>): RecordFacts {
  const events = shippedEvents.map((event) =>
    event.type === type ? { ...event, body: { ...event.body, ...part } } : event,
  );
  return { ...shippedFacts, events };
}
