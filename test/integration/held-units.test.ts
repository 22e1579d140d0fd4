import { WorkflowUpdateFailedError } from '@temporalio/client';
import { TemporalFailure } from '@temporalio/common';
import { connectVirtualBench } from '../../adapters/devices/virtual-bench-driver';
import { renderLabel } from '../../adapters/labels/render-label';
import type { BenchAction, FaultEntry } from '../../domain/bench-protocol';
import type { Order } from '../../domain/order-document';
import type { Recipe } from '../../domain/recipe';
import type { RecordV1 } from '../../domain/record-document';
import { newOrder, startTestLine, type TestLine } from '../support/line';
import { until, type TestUnit } from '../support/line-units';

let line: TestLine;

/** All batches of this file run at once: what they wait for, they wait for together. Each test looks at its own. */
const orders: Order[] = [];
const faults: FaultEntry[] = [];

function plan(plannedFaults: readonly Omit<FaultEntry, 'batch'>[], changes: Partial<Order> = {}): Order {
  const order = newOrder({ quantity: 1, ...changes });
  orders.push(order);
  faults.push(...plannedFaults.map((fault) => ({ ...fault, batch: order.batch })));
  return order;
}

const missesLimit = { do: 'measure', fault: 'outOfLimits', name: 'vcc_3v3' } as const;

beforeAll(async () => {
  line = await startTestLine();
  await line.faults(...faults);
  for (const order of orders) await line.startBatch(order);
});

afterAll(() => line?.stop());

const engineer = { by: '17', note: 'cleaned the fixture' };

async function shippedUnit({ batch }: Order): Promise<TestUnit> {
  return (await line.shipped(batch))[0]!;
}

/** The sentence that the engineer reads where an update is refused. */
async function refusalOf(update: Promise<unknown>): Promise<string> {
  const error: unknown = await update.then(
    () => new Error('the update was taken'),
    (reason: unknown) => reason,
  );
  if (!(error instanceof WorkflowUpdateFailedError)) throw error;
  return error.cause!.message;
}

async function typesOf(unit: TestUnit): Promise<string[]> {
  return (await line.events(unit)).map(({ type }) => type);
}

async function recordOf({ unitId }: TestUnit): Promise<RecordV1> {
  const row = await line.db('records').where({ unit_id: unitId }).first('body');
  return JSON.parse(row.body) as RecordV1;
}

describe('faults that pass', () => {
  const done = (action: BenchAction, index: number): Omit<FaultEntry, 'batch'> => ({
    do: action,
    fault: 'doneButNoAnswer',
    index,
  });
  const none = (action: BenchAction, index: number): Omit<FaultEntry, 'batch'> => ({
    do: action,
    fault: 'noAnswer',
    index,
  });
  /** Every act of the bench, once done without an answer and once not done; at most two in a step of a unit. */
  const everyAct = plan(
    [
      ...[done('present', 1), none('signNonce', 1)],
      ...[none('present', 2), done('signNonce', 2)],
      ...[done('readUid', 3), none('writeImage', 3), done('measure', 3)],
      ...[none('readUid', 4), done('writeImage', 4), none('measure', 4)],
      ...[
        done('readImage', 5),
        none('writeIdentity', 5),
        done('firmwareSha256', 5),
        none('createRequest', 5),
      ],
      ...[
        none('readImage', 6),
        done('writeIdentity', 6),
        none('firmwareSha256', 6),
        done('createRequest', 6),
      ],
      ...[done('readIdentity', 7), done('print', 7), done('jobState', 7)],
      ...[none('readIdentity', 8), none('print', 8), none('jobState', 8)],
      ...[done('installCertificate', 9), none('readCertificate', 9), done('scan', 9)],
      ...[none('installCertificate', 10), done('readCertificate', 10), none('scan', 10)],
      ...[
        { do: 'writeImage', fault: 'brownOut', index: 11 } as const,
        { do: 'readImage', fault: 'wrongCrc', index: 11 } as const,
        done('clear', 11),
      ],
      ...[{ do: 'writeImage', fault: 'wrongCrc', index: 12 } as const, none('clear', 12)],
    ],
    { quantity: 12 },
  );

  test('heal by themselves: every act without an answer, done or not, a brown-out, a wrong checksum', async () => {
    const units = await line.shipped(everyAct.batch);
    expect(units.map(({ state }) => state)).toEqual(Array(12).fill('Shipped'));
    const types = (await Promise.all(units.map(typesOf))).flat();
    expect(types).toContain('stepFailed');
    expect(types).not.toContain('held');
    for (const unit of units) {
      expect(await line.facts(unit, 'certificateIssued')).toHaveLength(1);
      expect(await line.labels(unit)).toEqual([`${unit.serial}/${unit.labelPrint}`]);
    }
  });

  test('leave their cause in the history of the unit', async () => {
    const units = await line.shipped(everyAct.batch);
    const [brownOut] = await line.facts(units[10]!, 'stepFailed');
    expect(brownOut).toMatchObject({ part: 'flash', attempt: 1, try: 1, code: 'DEVICE_NOT_RESPONDING' });
    expect(brownOut!.message).toMatch(/lost its power after \d+ bytes/);
  });
});

describe('a unit that missed a limit', () => {
  const missed = plan([missesLimit]);
  const emptyBox = plan([missesLimit]);
  const numbered = plan([missesLimit]);

  test('is held at once, and retryStep measures it again and goes on', async () => {
    const held = await line.held(missed.batch);
    expect(held).toMatchObject({ step: 'test', attempt: 1, failureCode: 'TEST_FAILED' });
    expect(await line.facts(held, 'testFailed')).toHaveLength(1);
    expect(await line.send(held, 'retryStep', engineer)).toMatchObject({
      state: 'InProgress',
      step: 'test',
      attempt: 2,
    });
    const unit = await shippedUnit(missed);
    expect(await line.facts(unit, 'retried')).toEqual([{ ...engineer, step: 'test', attempt: 1 }]);
    expect((await recordOf(unit)).test).toMatchObject({ attempt: 2, verdict: 'PASS' });
  });

  test('goes on by an empty box as well, and the history says that nobody was named', async () => {
    const held = await line.held(emptyBox.batch);
    await line.send(held, 'retryStep');
    const unit = await shippedUnit(emptyBox);
    expect(await line.facts(unit, 'retried')).toEqual([{ by: 'unidentified', step: 'test', attempt: 1 }]);
  });

  test('takes an operator number that was written as a number', async () => {
    const held = await line.held(numbered.batch);
    await line.send(held, 'retryStep', { by: 17 });
    expect(await line.facts(held, 'retried')).toMatchObject([{ by: '17' }]);
  });
});

describe('a device that fails again and again', () => {
  const refuses = plan([{ do: 'writeIdentity', fault: 'refuse', times: 3 }]);

  test('is tried three times and then held, each try with its cause', async () => {
    const held = await line.held(refuses.batch);
    expect(held).toMatchObject({ step: 'flash', attempt: 1, failureCode: 'IDENTITY_WRITE_FAILED' });
    const tries = await line.facts(held, 'stepFailed');
    expect(tries.map((fact) => [fact.attempt, fact.try])).toEqual([
      [1, 1],
      [1, 2],
      [1, 3],
    ]);
    const { output } = tries[2]!.detail as { output: string[] };
    expect(output.at(-2)).toMatch(/ device: writeIdentity$/);
    expect(output.at(-1)).toContain('writeIdentity: REFUSED: The equipment of slot line-1/');
    expect((await line.facts(held, 'held'))[0]!.output).toEqual(output);
    await line.send(held, 'retryStep', engineer);
    expect((await shippedUnit(refuses)).state).toBe('Shipped');
  });
});

describe('a board that is not the one on record', () => {
  const stranger = plan([{ do: 'measure', fault: 'swappedBoard' }]);
  const afterPrint = plan([{ do: 'print', fault: 'swappedBoard' }]);
  const duringFlash = plan([{ do: 'writeIdentity', fault: 'swappedBoard' }]);

  test('is noticed before its measurements count: the unit is held and both chips are named', async () => {
    const held = await line.held(stranger.batch);
    expect(held).toMatchObject({ step: 'test', attempt: 1, failureCode: 'IDENTITY_MISMATCH' });
    const [failed] = await line.facts(held, 'stepFailed');
    expect(failed!.detail).toEqual({ record: held.chipUid, found: expect.stringMatching(/^[0-9A-F]{24}$/) });
    expect(failed!.message).toContain(`bound to chip ${held.chipUid}`);
    expect(await line.facts(held, 'testPassed', 'testFailed')).toEqual([]);
    await line.send(held, 'retryStep', engineer);
    expect((await shippedUnit(stranger)).chipUid).toBe(held.chipUid);
  });

  test('is noticed after its label was printed: the label counts for nothing, and the unit gets the next print', async () => {
    const held = await line.held(afterPrint.batch);
    expect(held).toMatchObject({ step: 'label', failureCode: 'IDENTITY_MISMATCH', labelPrint: 1 });
    // The engineer takes the label off the stranger, and says so.
    await line.send(held, 'retryStep', { by: '17', label: 'none' });
    const unit = await shippedUnit(afterPrint);
    const own = (await line.boards()).find(({ uid }) => uid === unit.chipUid)!;
    expect(own.labels).toEqual([`${unit.serial}/2`]);
    expect((await recordOf(unit)).labels).toMatchObject([{ print: 2 }]);
  });

  test('is noticed when the flash is read back: the stranger is not taken for the unit', async () => {
    const held = await line.held(duringFlash.batch);
    expect(held.failureCode).toBe('IDENTITY_MISMATCH');
    await line.send(held, 'retryStep', engineer);
    expect((await shippedUnit(duringFlash)).chipUid).toBe(held.chipUid);
  });
});

describe('what an engineer may not do', () => {
  const held = plan([missesLimit]);
  const refused: readonly [what: string, update: string, input: unknown, message: string][] = [
    [
      'a rework without a name',
      'rework',
      { reason: 'solder', step: 'flash' },
      'rework needs {"by": operator number, "reason": text}',
    ],
    [
      'a rework without a reason',
      'rework',
      { by: '17', step: 'flash' },
      'rework needs {"by": operator number, "reason": text}',
    ],
    [
      'a rework from an empty box',
      'rework',
      undefined,
      'rework needs {"by": operator number, "reason": text}',
    ],
    [
      'a rework from no step',
      'rework',
      { by: '17', reason: 'solder' },
      'step: nothing is not allowed; one of flash, test, provision, label',
    ],
    [
      'a rework from assign',
      'rework',
      { by: '17', reason: 'solder', step: 'assign' },
      'step: "assign" is not allowed; one of flash, test, provision, label',
    ],
    [
      'a rework from a step that is still to come',
      'rework',
      { by: '17', reason: 'solder', step: 'label' },
      'step: "label" is not allowed: unit ',
    ],
    [
      'a scrap without a name',
      'scrap',
      { reason: 'burnt' },
      'scrap needs {"by": operator number, "reason": text}',
    ],
    [
      'a scrap without a reason',
      'scrap',
      { by: '17', reason: '  ' },
      'scrap needs {"by": operator number, "reason": text}',
    ],
    [
      'a scrap that calls itself a retry',
      'scrap',
      { action: 'retry', by: '17' },
      'scrap needs {"by": operator number, "reason": text}',
    ],
    [
      'a name instead of a number',
      'retryStep',
      { by: 'Ada Lindqvist' },
      'by: "Ada Lindqvist" is not allowed; an operator number',
    ],
    [
      'a note of a thousand characters',
      'retryStep',
      { by: '17', note: 'x'.repeat(1_000) },
      'note or reason: at most 500 characters',
    ],
    [
      'another attempt than the one that stands',
      'retryStep',
      { by: '17', expectedAttempt: 2 },
      'expectedAttempt: 2 is not allowed; test of',
    ],
    [
      'an answer about a label that nobody asked for',
      'retryStep',
      { by: '17', label: 'none' },
      'no print of unit',
    ],
    [
      'an answer that is none',
      'retryStep',
      { by: '17', label: 'maybe' },
      'label: "maybe" is not allowed; "none"',
    ],
  ];

  test.each(refused)(
    '%s is refused with what is allowed, and leaves the unit as it is',
    async (_what, update, input, message) => {
      const unit = await line.held(held.batch);
      const before = await line.events(unit);
      expect(await refusalOf(line.send(unit, update, input))).toContain(message);
      expect(await line.events(unit)).toEqual(before);
    },
  );

  test('neither a refusal nor a failed activity tells where in our files it was thrown', async () => {
    const unit = await line.held(held.batch);
    const stackOf = async (update: Promise<unknown>): Promise<unknown> => {
      const error: unknown = await update.catch((reason: unknown) => reason);
      if (!(error instanceof WorkflowUpdateFailedError && error.cause instanceof TemporalFailure))
        throw error;
      return [error.cause.failure, error.cause.failure?.cause].map((failure) => failure?.stackTrace ?? '');
    };
    expect(await stackOf(line.send(unit, 'scrap', { by: '17' }))).toEqual(['', '']);
    expect(await stackOf(line.send(unit, 'retryStep', { by: '17', label: 'none' }))).toEqual(['', '']);
    const { events } = await line.unitRun(unit).fetchHistory();
    const failures = (events ?? []).flatMap(
      (event) => event.activityTaskFailedEventAttributes?.failure ?? [],
    );
    expect(failures.map(({ applicationFailureInfo }) => applicationFailureInfo?.type)).toContain(
      'TEST_FAILED',
    );
    expect(failures.map(({ stackTrace }) => stackTrace ?? '').join('')).toBe('');
  });

  test('a retry of a unit that is not held is refused with its state and what it has to be', async () => {
    const unit = await line.held(held.batch);
    await line.send(unit, 'retryStep', { ...engineer, expectedAttempt: 1 });
    const refusal = await refusalOf(line.send(unit, 'retryStep', engineer));
    expect(refusal).toMatch(
      new RegExp(
        `^retry is not allowed: unit ${unit.serial} is (InProgress|ReadyToShip|Packed); it has to be AwaitingEngineer$`,
      ),
    );
    await shippedUnit(held);
  });
});

describe('scrap and rework', () => {
  const scrapped = plan([missesLimit], { orderQuantity: 1 });
  const reworked = plan([{ ...missesLimit, index: 2 }], { quantity: 2 });
  const fromFlash = plan([missesLimit]);

  test('a scrapped unit keeps its serial for ever and gives its place in the order to the next', async () => {
    const held = await line.held(scrapped.batch);
    expect(await line.send(held, 'scrap', { by: '17', reason: 'burnt' })).toMatchObject({
      state: 'Scrapped',
    });
    expect(await line.unitRun(held).result()).toMatchObject({ state: 'Scrapped' });
    const next = await line.startBatch(newOrder({ quantity: 1, order: scrapped.order }));
    const unit = await shippedUnit(next);
    expect(unit).toMatchObject({ state: 'Shipped' });
    expect(unit.serial).not.toBe(held.serial);
    const identifiers = await line.db('identifiers').where({ unit_id: held.unitId }).select('kind', 'state');
    expect(new Set(identifiers.map(({ state }) => state as string))).toEqual(new Set(['scrapped']));
  });

  test('a rework voids label and QC, and prints the label with the next number', async () => {
    const stuck = await line.held(reworked.batch, 2);
    const [ready] = await line.waitFor(reworked.batch, ([first]) => first?.state === 'ReadyToShip');
    const answer = await line.send(ready!, 'rework', {
      by: '17',
      reason: 'scratched housing',
      step: 'label',
    });
    expect(answer).toMatchObject({ state: 'InProgress', step: 'label', attempt: 2 });
    await line.waitFor(reworked.batch, ([first]) => first?.state === 'ReadyToShip');
    await line.send(stuck, 'retryStep', engineer);
    const [unit] = await line.shipped(reworked.batch);
    expect(await line.facts(unit!, 'qualityPassed')).toHaveLength(2);
    expect(await line.labels(unit!)).toEqual([`${unit!.serial}/1`, `${unit!.serial}/2`]);
    expect((await recordOf(unit!)).labels).toMatchObject([{ print: 2 }]);
    expect(await line.facts(unit!, 'reworked')).toEqual([
      { by: '17', reason: 'scratched housing', step: 'label', attempt: 1 },
    ]);
  });

  test('a rework from flash goes through every step again and keeps the certificate of the device key', async () => {
    const held = await line.held(fromFlash.batch);
    await line.send(held, 'rework', { by: '17', reason: 'replaced the regulator', step: 'flash' });
    const unit = await shippedUnit(fromFlash);
    expect(await line.facts(unit, 'flashed')).toHaveLength(2);
    expect(await line.facts(unit, 'testPassed')).toMatchObject([{ attempt: 2 }]);
    expect(unit.chipUid).toBe(held.chipUid);
  });
});

describe('the decide signal', () => {
  const byHundreds = plan([missesLimit]);

  test('takes the same decisions once for each id, and drops what does not fit', async () => {
    const held = await line.held(byHundreds.batch);
    const run = line.unitRun(held);
    await run.signal('decide', { action: 'scrap', by: '17' });
    await run.signal('decide', { action: 'dance', by: '17' });
    await run.signal('decide');
    await run.signal('decide', { action: 'retry', by: '17', expectedAttempt: 7, decisionId: 'd-0' });
    await run.signal('decide', {
      action: 'retry',
      by: '17',
      note: 'the supply is back',
      expectedAttempt: 1,
      decisionId: 'd-1',
    });
    await run.signal('decide', {
      action: 'retry',
      by: '17',
      note: 'the supply is back',
      expectedAttempt: 1,
      decisionId: 'd-1',
    });
    const unit = await shippedUnit(byHundreds);
    const decided = (await line.events(unit)).filter(({ key }) => key.startsWith('decision/'));
    expect(decided).toMatchObject([
      { type: 'retried', key: 'decision/d-1', body: { by: '17', note: 'the supply is back' } },
    ]);
  });
});

describe('what the web UI shows of a held unit', () => {
  const shown = plan([missesLimit]);
  const held = (code: string): string =>
    `WorkflowType="unit" AND UnitState="AwaitingEngineer" AND UnitStep="test" AND FailureCode="${code}" AND StationId="line-1" AND BatchId="${shown.batch}"`;
  const listed = async (query: string): Promise<string[]> => {
    const found: string[] = [];
    for await (const { workflowId } of line.client.workflow.list({ query })) found.push(workflowId);
    return found;
  };

  test('it is found by state, step, failure and batch; its page says what failed and what to do; afterwards it is not found', async () => {
    const unit = await line.held(shown.batch);
    expect(await until(async () => (await listed(held('TEST_FAILED'))).length === 1)).toBe(true);
    expect(await line.unitRun(unit).query('progress')).toEqual({
      ...{
        serial: unit.serial,
        state: 'AwaitingEngineer',
        step: 'test',
        attempt: 1,
        done: ['assign', 'flash'],
        hold: null,
      },
      failure: { code: 'TEST_FAILED', message: expect.stringContaining('missed a limit: vcc_3v3 = ') },
    });
    const { currentDetails, definition } = await metadataOf(unit);
    for (const part of [
      `### Unit ${unit.serial}`,
      `firmware 1.4.2 · chip \`${unit.chipUid}\``,
      '**AwaitingEngineer** at step **test** (3 of 7), attempt 1',
      '**TEST_FAILED**: Unit',
      'The last lines of the tool’s output:',
      'The device missed a limit. Repair it and rework from flash or test, or scrap it.',
      '`rework` with `{"by": "17", "reason": "…", "step": "flash"}`',
      'test, attempt 1, try 1: TEST_FAILED',
      '2. flash, 20',
      `[held with this code](/namespaces/${line.temporal.namespace}/workflows?query=UnitState%3D%22AwaitingEngineer%22`,
    ])
      expect(currentDetails).toContain(part);
    expect(currentDetails.length).toBeLessThan(6_000);
    expect(definition.updateDefinitions.map(({ name }) => name).sort()).toEqual([
      'found',
      'missing',
      'retryStep',
      'rework',
      'scrap',
    ]);
    expect(definition.updateDefinitions.every(({ description }) => description.includes('JSON'))).toBe(true);
    await line.send(unit, 'retryStep', engineer);
    await shippedUnit(shown);
    expect(await until(async () => (await listed(held('TEST_FAILED'))).length === 0)).toBe(true);
  });

  interface Metadata {
    readonly currentDetails: string;
    readonly definition: { readonly updateDefinitions: readonly { name: string; description: string }[] };
  }

  const metadataOf = (unit: TestUnit): Promise<Metadata> =>
    line.unitRun(unit).query('__temporal_workflow_metadata');
});

describe('a label printer', () => {
  const answerLost = plan([{ do: 'print', fault: 'doneButNoAnswer' }]);
  const forgetsPrinted = plan([{ do: 'print', fault: 'printerForgets', printed: true }]);
  const forgetsUnprinted = plan([{ do: 'print', fault: 'printerForgets', printed: false }]);
  const forgetsFound = plan([{ do: 'print', fault: 'printerForgets', printed: false }]);
  const lost = plan([{ do: 'print', fault: 'printLost' }]);
  const twice = plan([{ do: 'print', fault: 'printTwice' }]);

  test('whose answer is lost printed one label, and no second one is made', async () => {
    const unit = await shippedUnit(answerLost);
    expect(await line.labels(unit)).toEqual([`${unit.serial}/1`]);
    expect(await line.facts(unit, 'printed')).toMatchObject([{ print: 1, how: 'scanner', try: 2 }]);
  });

  test('that forgot the job is believed less than the scanner, which reads the label on the unit', async () => {
    const unit = await shippedUnit(forgetsPrinted);
    expect(await line.labels(unit)).toEqual([`${unit.serial}/1`]);
    expect(await line.facts(unit, 'printed')).toMatchObject([{ print: 1, how: 'scanner' }]);
  });

  test('that forgot the job while the scanner sees nothing makes the unit wait for a person, who finds no label', async () => {
    const held = await line.held(forgetsUnprinted.batch);
    expect(held).toMatchObject({
      step: 'label',
      failureCode: 'PRINT_UNKNOWN',
      prints: 1,
      openPrint: 1,
      labelPrint: null,
    });
    const [{ message }] = (await line.facts(held, 'held')) as [{ message: string }];
    expect(message).toContain(`Was label ${held.serial} print 1 printed?`);
    expect(message).toContain('{"by": "operator number", "label": "none"}');
    expect(await refusalOf(line.send(held, 'retryStep', { label: 'none' }))).toBe(
      'label needs {"by": operator number}',
    );
    await line.send(held, 'retryStep', { by: '17', label: 'none' });
    const unit = await shippedUnit(forgetsUnprinted);
    expect(await line.facts(unit, 'printAbsent')).toMatchObject([{ print: 1, by: '17' }]);
    expect(await line.labels(unit)).toEqual([`${unit.serial}/2`]);
    expect((await recordOf(unit)).labels).toMatchObject([{ print: 2 }]);
  });

  test('that forgot the job makes the unit wait for a person, who finds the label and sticks it on', async () => {
    const held = await line.held(forgetsFound.batch);
    expect(held).toMatchObject({ failureCode: 'PRINT_UNKNOWN', openPrint: 1 });
    await stickOn(held, 1);
    await line.send(held, 'retryStep', { by: '17', label: 'found' });
    const unit = await shippedUnit(forgetsFound);
    expect(await line.facts(unit, 'printFound')).toEqual([{ print: 1, by: '17' }]);
    expect(await line.labels(unit)).toEqual([`${unit.serial}/1`]);
    expect((await recordOf(unit)).labels).toMatchObject([{ print: 1 }]);
  });

  test('that lost the job and said nothing is found out by the scan, and the next label has the next number', async () => {
    const held = await line.held(lost.batch);
    expect(held).toMatchObject({ step: 'label', failureCode: 'LABEL_UNREADABLE', labelPrint: 1 });
    expect(await line.labels(held)).toEqual([]);
    // The printer said that it was printed: before another one is made, somebody has to look for it.
    await line.send(held, 'retryStep', engineer);
    const asked = await line.waitFor(lost.batch, ([one]) => one?.failureCode === 'PRINT_UNKNOWN');
    expect(asked).toMatchObject([{ state: 'AwaitingEngineer', step: 'label', attempt: 2, prints: 1 }]);
    await line.send(held, 'retryStep', { by: '17', label: 'none' });
    const unit = await shippedUnit(lost);
    expect(await line.facts(unit, 'printAbsent')).toMatchObject([{ print: 1, by: '17' }]);
    expect(await line.labels(unit)).toEqual([`${unit.serial}/2`]);
  });

  test('that puts out two labels of one job puts the same print number on both, and no further one is made', async () => {
    const unit = await shippedUnit(twice);
    expect(await line.labels(unit)).toEqual([`${unit.serial}/1`, `${unit.serial}/1`]);
    expect(await line.facts(unit, 'printIntended')).toMatchObject([{ print: 1 }]);
  });

  /** The engineer's hands: the label lay behind the printer, and is on the unit now. */
  async function stickOn(unit: TestUnit, print: number): Promise<void> {
    const row = await line
      .db('units')
      .join('recipes', 'recipes.sha256', 'units.recipe_sha256')
      .where({ id: unit.unitId })
      .first('body');
    const { product, labelTemplate } = JSON.parse(row.body) as Recipe;
    const label = await renderLabel({
      template: labelTemplate,
      gtin: product.gtin,
      serial: unit.serial,
      print,
    });
    const devices = await connectVirtualBench({ address: line.bench.address });
    const place = { slot: 'bench/1', fence: 1, signal: new AbortController().signal };
    const { unitId, serial, batch, index } = unit;
    await devices.fixture.present(place, { unitId, serial, batch, index });
    await devices.printer.print(place, `${serial}/${print}`, label.png);
    await devices.fixture.clear(place);
    await devices.close();
  }
});

/** Last: the new plan replaces what is left of the first. */
describe('a board whose chip belongs to another unit', () => {
  const earlier = plan([]);
  const twin = newOrder({ quantity: 1 });

  test('is held at once, with both serials named; scrap ends it', async () => {
    const owner = await shippedUnit(earlier);
    await line.faults({ do: 'present', fault: 'duplicateUid', of: owner.serial, batch: twin.batch });
    await line.startBatch(twin);
    const held = await line.held(twin.batch);
    expect(held).toMatchObject({
      step: 'flash',
      attempt: 1,
      chipUid: null,
      failureCode: 'CHIP_UID_SEEN_BEFORE',
    });
    const [{ message }] = (await line.facts(held, 'held')) as [{ message: string }];
    expect(message).toBe(`chip-uid ${owner.chipUid} belongs to unit ${owner.serial}, not to ${held.serial}`);
    await line.send(held, 'scrap', { by: '17', reason: 'two boards with one chip' });
    expect((await shippedUnit(twin)).state).toBe('Scrapped');
  });
});

test('the auditor finds every promise kept', () => line.audit());
