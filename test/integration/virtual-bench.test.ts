import { fork, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { FaultEntry, SensorEvent } from '../../domain/bench-protocol';
import type { Place, StationDevices, Traveller } from '../../adapters/devices/ports';
import { connectVirtualBench, type BenchDeadlines } from '../../adapters/devices/virtual-bench-driver';
import { listBoards, planFaults, remainingFaults } from '../../adapters/devices/virtual-bench-faults';
import {
  describeDeviceContract,
  labelText,
  makeLabel,
  newTraveller,
  sha256,
} from '../support/device-contract';
import { startVirtualBench, type RunningBench } from '../support/virtual-bench';

/** A fault that swallows the answer costs a test this long. */
const deadlinesMs = { answer: 2_500, operator: 2_500 } satisfies Partial<BenchDeadlines>;

describeDeviceContract('the virtual bench', async () => {
  const bench = await startVirtualBench();
  const devices = await connectVirtualBench({ address: bench.address, deadlinesMs });
  return {
    devices,
    slot: 'line-1/1',
    answerDeadlineMs: deadlinesMs.answer,
    muteNextReadUid: ({ serial }) =>
      planFaults(bench.address, [{ do: 'readUid', fault: 'noAnswer', serial }]),
    async close() {
      await devices.close();
      await bench.stop();
    },
  };
});

describe('the virtual bench', () => {
  let bench: RunningBench;
  let devices: StationDevices;
  let slots = 0;
  const seen: SensorEvent[] = [];

  /** A slot of its own for each test, under the first lease. */
  const freshPlace = (changes: Partial<Place> = {}): Place => {
    slots += 1;
    return { slot: `line-1/${slots}`, fence: 1, signal: new AbortController().signal, ...changes };
  };
  const present = async (place: Place, changes: Partial<Traveller> = {}): Promise<Traveller> => {
    const traveller = newTraveller(changes);
    await devices.fixture.present(place, traveller);
    return traveller;
  };
  const plan = (...entries: readonly FaultEntry[]): Promise<void> => planFaults(bench.address, entries);

  beforeAll(async () => {
    bench = await startVirtualBench();
    devices = await connectVirtualBench({
      address: bench.address,
      deadlinesMs,
      onSensor: (event) => seen.push(event),
    });
  });
  afterEach(() => plan());
  afterAll(async () => {
    await devices.close();
    await bench.stop();
  });

  describe('the operator', () => {
    test('a board travels with its unit to another station, and the sensors report it', async () => {
      const [line, label] = [freshPlace(), freshPlace({ slot: 'label-1/1' })];
      const traveller = await present(line);
      const uid = await devices.programmer.readUid(line);
      await devices.fixture.clear(line);
      await devices.fixture.present(label, traveller);
      expect(await devices.programmer.readUid(label)).toBe(uid);
      expect(seen.filter((event) => event.uid === uid)).toEqual([
        { event: 'board-in', slot: line.slot, uid },
        { event: 'board-out', slot: line.slot, uid },
        { event: 'board-in', slot: label.slot, uid },
      ]);
      await devices.fixture.clear(label);
    });

    test('a board that was left in its slot is carried over, and the slot it left reads empty', async () => {
      const [left, wanted] = [freshPlace(), freshPlace()];
      const traveller = await present(left);
      await devices.fixture.present(wanted, traveller);
      expect(await devices.fixture.occupied(left)).toBe(false);
      expect(await devices.fixture.occupied(wanted)).toBe(true);
    });
  });

  describe('faults', () => {
    test('a board that loses its power in the middle keeps half an image and does not start', async () => {
      const place = freshPlace();
      const image = randomBytes(50_000);
      const { serial } = await present(place);
      await plan({ do: 'writeImage', fault: 'brownOut', serial, atBytes: 20_000 });
      const writing = devices.programmer.writeImage(place, image);
      await expect(writing).rejects.toMatchObject({ code: 'DEVICE_NOT_RESPONDING' });
      const flash = await devices.programmer.readImage(place, image.length);
      expect(Buffer.from(flash.subarray(0, 20_000)).equals(image.subarray(0, 20_000))).toBe(true);
      expect(flash.subarray(20_000).every((byte) => byte === 0xff)).toBe(true);
      const asking = devices.device.firmwareSha256(place);
      await expect(asking).rejects.toMatchObject({ code: 'DEVICE_NOT_RESPONDING' });
      await devices.programmer.writeImage(place, image);
      expect(await devices.device.firmwareSha256(place)).toBe(sha256(image));
    });

    test('a chunk with a wrong CRC is noticed while writing and while reading', async () => {
      const place = freshPlace();
      const image = randomBytes(50_000);
      const { serial } = await present(place);
      await plan(
        { do: 'writeImage', fault: 'wrongCrc', serial },
        { do: 'readImage', fault: 'wrongCrc', serial },
      );
      const writing = devices.programmer.writeImage(place, image);
      await expect(writing).rejects.toMatchObject({ code: 'FLASH_VERIFY_FAILED' });
      const reading = devices.programmer.readImage(place, image.length);
      await expect(reading).rejects.toMatchObject({ code: 'FLASH_VERIFY_FAILED' });
      await devices.programmer.writeImage(place, image);
      expect(sha256(await devices.programmer.readImage(place, image.length))).toBe(sha256(image));
    });

    test('no answer means that nothing was done', async () => {
      const place = freshPlace();
      const { serial } = await present(place);
      await plan({ do: 'writeIdentity', fault: 'noAnswer', serial });
      const writing = devices.programmer.writeIdentity(place, { serial, macs: [] });
      await expect(writing).rejects.toMatchObject({ code: 'DEVICE_NOT_RESPONDING' });
      expect(await devices.programmer.readIdentity(place)).toBeNull();
    });

    test('a lost answer means that it was done all the same', async () => {
      const place = freshPlace();
      const image = randomBytes(20_000);
      const { serial } = await present(place);
      await plan(
        { do: 'writeIdentity', fault: 'doneButNoAnswer', serial },
        { do: 'writeImage', fault: 'doneButNoAnswer', serial },
      );
      const failed = { code: 'DEVICE_NOT_RESPONDING' };
      await expect(devices.programmer.writeIdentity(place, { serial, macs: [] })).rejects.toMatchObject(
        failed,
      );
      await expect(devices.programmer.writeImage(place, image)).rejects.toMatchObject(failed);
      expect(await devices.programmer.readIdentity(place)).toEqual({ serial, macs: [] });
      expect(await devices.device.firmwareSha256(place)).toBe(sha256(image));
    });

    test.each([
      ['writeIdentity', 'IDENTITY_WRITE_FAILED'],
      ['measure', 'TEST_ERROR'],
      ['print', 'PRINTER_FAILED'],
      ['readUid', 'DEVICE_REFUSED'],
    ] as const)('a refusal of %s has its own code, %s', async (action, code) => {
      const place = freshPlace();
      const { serial } = await present(place);
      await plan({ do: action, fault: 'refuse', serial });
      const calls = {
        writeIdentity: () => devices.programmer.writeIdentity(place, { serial, macs: [] }),
        measure: () => devices.tester.measure(place, ['vcc_3v3']),
        print: async () => devices.printer.print(place, `${serial}/1`, await makeLabel(serial, 1)),
        readUid: () => devices.programmer.readUid(place),
      };
      await expect(calls[action]()).rejects.toMatchObject({ code });
    });

    test('one measurement is out of its limits, the others are not', async () => {
      const place = freshPlace();
      const { serial } = await present(place);
      await plan({ do: 'measure', fault: 'outOfLimits', serial, name: 'vcc_1v8' });
      const measured = await devices.tester.measure(place, ['vcc_3v3', 'vcc_1v8']);
      expect(measured[0]?.value).toBeLessThan(3.4);
      expect(measured[1]?.value).toBeGreaterThan(2);
      const again = await devices.tester.measure(place, ['vcc_1v8']);
      expect(again[0]?.value).toBeLessThan(1.9);
    });

    test('a new board can have the UID of an earlier one', async () => {
      const [first, second] = [freshPlace(), freshPlace()];
      const { serial } = await present(first);
      await plan({ do: 'present', fault: 'duplicateUid', index: 777, of: serial });
      await present(second, { index: 777 });
      const uid = await devices.programmer.readUid(first);
      expect(await devices.programmer.readUid(second)).toBe(uid);
    });

    test("a stranger's board lies in the slot until it is taken out", async () => {
      const place = freshPlace();
      const traveller = newTraveller();
      await plan({ do: 'present', fault: 'swappedBoard', serial: traveller.serial });
      await devices.fixture.present(place, traveller);
      const strange = await devices.programmer.readUid(place);
      await devices.fixture.present(place, traveller);
      expect(await devices.programmer.readUid(place)).toBe(strange);
      await devices.fixture.clear(place);
      await devices.fixture.present(place, traveller);
      expect(await devices.programmer.readUid(place)).not.toBe(strange);
    });

    test("another unit's board comes back in the middle of a unit's work", async () => {
      const place = freshPlace();
      const other = await present(place);
      await devices.programmer.writeIdentity(place, { serial: other.serial, macs: [] });
      await devices.fixture.clear(place);
      const { serial } = await present(place);
      await devices.programmer.writeIdentity(place, { serial, macs: [] });
      await plan({ do: 'readIdentity', fault: 'swappedBoard', serial, with: other.serial });
      expect(await devices.programmer.readIdentity(place)).toEqual({ serial: other.serial, macs: [] });
    });

    test('a fault strikes the unit it is meant for, as often as it says, and is then used up', async () => {
      const [struck, spared] = [freshPlace(), freshPlace()];
      await plan({ do: 'occupied', fault: 'refuse', batch: 'B2647-09', index: 3, times: 2 });
      await present(struck, { batch: 'B2647-09', index: 3 });
      await present(spared, { batch: 'B2647-08', index: 3 });
      expect(await devices.fixture.occupied(spared)).toBe(true);
      await expect(devices.fixture.occupied(struck)).rejects.toMatchObject({ code: 'DEVICE_REFUSED' });
      expect(await remainingFaults(bench.address)).toEqual([
        { do: 'occupied', fault: 'refuse', batch: 'B2647-09', index: 3, times: 1 },
      ]);
      await expect(devices.fixture.occupied(struck)).rejects.toMatchObject({ code: 'DEVICE_REFUSED' });
      expect(await devices.fixture.occupied(struck)).toBe(true);
      expect(await remainingFaults(bench.address)).toEqual([]);
    });

    test('a plan with mistakes is refused as a whole, with each mistake named', async () => {
      await plan({ do: 'scan', fault: 'noAnswer' });
      const wrong = [
        { do: 'scan', fault: 'brownOut' },
        { do: 'print', fault: 'printTwice', printed: true },
        { do: 'dance', fault: 'noAnswer', times: 0 },
      ] as unknown as FaultEntry[];
      await expect(plan(...wrong)).rejects.toMatchObject({
        code: 'INPUT_INVALID',
        message: expect.stringMatching(
          /plan\.0\.fault: "brownOut"[^]*plan\.1\.printed: true[^]*plan\.2\.do: "dance"/,
        ),
      });
      expect(await remainingFaults(bench.address)).toEqual([{ do: 'scan', fault: 'noAnswer' }]);
    });
  });

  describe('the printer', () => {
    const print = async (place: Place, serial: string): Promise<void> =>
      devices.printer.print(place, `${serial}/1`, await makeLabel(serial, 1));
    const labelsOf = async (serial: string): Promise<readonly string[] | undefined> =>
      (await listBoards(bench.address)).find((board) => board.traveller?.serial === serial)?.labels;

    test.each([true, false])('it can lose its memory of a job, printed: %s', async (printed) => {
      const place = freshPlace();
      const { serial } = await present(place);
      await plan({ do: 'print', fault: 'printerForgets', serial, printed });
      await expect(
        connectVirtualBench({ address: bench.address, deadlinesMs: { work: 1_500 } }).then(
          async (impatient) => {
            const printing = impatient.printer.print(place, `${serial}/1`, await makeLabel(serial, 1));
            return printing.finally(() => impatient.close());
          },
        ),
      ).rejects.toMatchObject({ code: 'DEVICE_NOT_RESPONDING' });
      expect(await devices.printer.jobState(place, `${serial}/1`)).toBe('unknown');
      expect(await devices.scanner.scan(place)).toBe(printed ? labelText(serial, 1) : null);
    });

    test('a job can be accepted and lost', async () => {
      const place = freshPlace();
      const { serial } = await present(place);
      await plan({ do: 'print', fault: 'printLost', serial });
      await print(place, serial);
      expect(await devices.printer.jobState(place, `${serial}/1`)).toBe('never');
      expect(await devices.scanner.scan(place)).toBeNull();
    });

    test('a job can come out twice, and who looks at the bench sees both labels', async () => {
      const place = freshPlace();
      const { serial } = await present(place);
      await plan({ do: 'print', fault: 'printTwice', serial });
      await print(place, serial);
      expect(await labelsOf(serial)).toEqual([`${serial}/1`, `${serial}/1`]);
      expect(await devices.scanner.scan(place)).toBe(labelText(serial, 1));
    });

    test('a label image with a transparent background comes out on white material', async () => {
      const place = freshPlace();
      const { serial } = await present(place);
      await devices.printer.print(place, `${serial}/1`, await makeLabel(serial, 1, null));
      expect(await devices.scanner.scan(place)).toBe(labelText(serial, 1));
    });
  });

  describe('a bench that is killed', () => {
    test('goes on with the same boards, labels, leases, printer memory and faults', async () => {
      const place = freshPlace({ fence: 7 });
      const image = randomBytes(30_000);
      const { serial } = await present(place);
      await devices.programmer.writeImage(place, image);
      await devices.programmer.writeIdentity(place, { serial, macs: ['70:B3:D5:00:00:01'] });
      const request = await devices.device.createRequest(place, serial);
      await devices.printer.print(place, `${serial}/1`, await makeLabel(serial, 1));
      await plan({ do: 'clear', fault: 'refuse', serial });
      const before = await listBoards(bench.address);

      expect(await bench.kill('SIGKILL')).toMatchObject({ signal: 'SIGKILL' });
      // The first call may still meet the dying connection: then nobody can say whether it was done.
      await expect(devices.fixture.occupied(place)).rejects.toMatchObject({ reaction: 'park' });
      await expect(devices.fixture.occupied(place)).rejects.toMatchObject({ code: 'STATION_OFFLINE' });
      await bench.restart();

      expect(await listBoards(bench.address)).toEqual(before);
      expect(await devices.device.firmwareSha256(place)).toBe(sha256(image));
      expect(publicKeyOf(await devices.device.createRequest(place, serial))).toBe(publicKeyOf(request));
      expect(await devices.printer.jobState(place, `${serial}/1`)).toBe('printed');
      expect(await devices.scanner.scan(place)).toBe(labelText(serial, 1));
      await expect(devices.fixture.occupied({ ...place, fence: 6 })).rejects.toMatchObject({
        code: 'FENCE_STALE',
      });
      await expect(devices.fixture.clear(place)).rejects.toMatchObject({ code: 'DEVICE_REFUSED' });
    });

    test('in the middle of an image leaves a half-written one, and the waiting call fails', async () => {
      const place = freshPlace();
      const image = randomBytes(400_000);
      await present(place);
      let killed: Promise<unknown> | undefined;
      const writing = devices.programmer.writeImage(place, image, (bytes) => {
        if (bytes > 100_000) killed ??= bench.kill('SIGKILL');
      });
      await expect(writing).rejects.toMatchObject({ reaction: 'park' });
      await killed;
      await bench.restart();
      const flash = await devices.programmer.readImage(place, image.length);
      expect(Buffer.from(flash.subarray(0, 100_000)).equals(image.subarray(0, 100_000))).toBe(true);
      expect(flash.at(-1)).toBe(0xff);
      await expect(devices.device.firmwareSha256(place)).rejects.toMatchObject({
        code: 'DEVICE_NOT_RESPONDING',
      });
      await devices.programmer.writeImage(place, image);
      expect(await devices.device.firmwareSha256(place)).toBe(sha256(image));
    });
  });
});

describe('the process of the virtual bench', () => {
  const main = resolve(__dirname, '../../tools/virtual-bench/main.ts');
  const execArgv = ['--require', require.resolve('tsx/cjs')];
  let folder: string;
  const benches: RunningBench[] = [];
  const start = async (...options: readonly string[]): Promise<RunningBench> => {
    const bench = await startVirtualBench(options);
    benches.push(bench);
    return bench;
  };

  beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), 'unitrail-bench-'))));
  afterEach(() => Promise.all(benches.splice(0).map((bench) => bench.stop())));
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const run = async (...options: readonly string[]) => {
    const child = spawn(process.execPath, [...execArgv, main, ...options], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let errors = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
    await once(child, 'close');
    return { code: child.exitCode, errors };
  };

  test('ends by itself and cleanly when it is asked to', async () => {
    const bench = await start();
    expect(await bench.kill('SIGTERM')).toEqual({ code: 0, signal: null });
  });

  test('ends with the process that forked it', async () => {
    const home = join(folder, 'forked');
    const child = fork(main, ['--home', home], { execArgv, stdio: ['ignore', 'pipe', 'inherit', 'ipc'] });
    await once(child.stdout!, 'data');
    child.disconnect();
    expect(await once(child, 'exit')).toEqual([0, null]);
  });

  test('leaves a folder alone in which another bench works', async () => {
    const bench = await start();
    expect(await run('--home', bench.home)).toEqual({
      code: 1,
      errors: expect.stringContaining(bench.address.slice(10)),
    });
  });

  test.each([
    [[], '--home'],
    [['--speed', 'slow'], 'one of fast, real'],
    [['--port', '99999'], '0 to 65535'],
    [['--colour', 'red'], '--colour'],
  ])('options %j are refused with what is allowed', async (options, message) => {
    const home = options.length ? ['--home', join(folder, 'refused')] : [];
    expect(await run(...home, ...options)).toEqual({ code: 2, errors: expect.stringContaining(message) });
  });

  test('a plan that comes with every start goes on after a restart and does not begin anew', async () => {
    const file = join(folder, 'faults.json');
    await mkdir(folder, { recursive: true });
    await writeFile(file, JSON.stringify([{ do: 'readUid', fault: 'refuse', times: 2 }]));
    const bench = await start('--faults', file);
    const devices = await connectVirtualBench({ address: bench.address });
    const place = { slot: 'line-1/1', fence: 1, signal: new AbortController().signal };
    await devices.fixture.present(place, newTraveller());
    await expect(devices.programmer.readUid(place)).rejects.toMatchObject({ code: 'DEVICE_REFUSED' });
    await bench.kill('SIGKILL');
    await bench.restart();
    expect(await remainingFaults(bench.address)).toEqual([{ do: 'readUid', fault: 'refuse', times: 1 }]);
    await devices.close();
  });

  test('a client that breaks the protocol is told, and one that floods it is given up', async () => {
    const bench = await start();
    const socket = connect(Number(bench.address.split(':')[1]), '127.0.0.1').setEncoding('utf8');
    const answers: string[] = [];
    socket.on('data', (text) => answers.push(String(text)));
    socket.on('error', () => {});
    socket.write('what?\n{"id":1,"do":"dance"}\n{"id":2,"do":"scan","slot":"nowhere","fence":0}\n');
    while (answers.join('').split('\n').length < 4) await once(socket, 'data');
    expect(answers.join('')).toMatch(/one JSON object[^]*dance[^]*slot: .{0,2}nowhere[^]*fence: 0/);
    // What it was still to take may end as an error of the socket, which `once` would throw.
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.write('x'.repeat(2_000_000));
    await closed;
  });

  test('nobody at the address is an offline station, a wrong address a wrong configuration', async () => {
    const devices = await connectVirtualBench({ address: '127.0.0.1:1' });
    const place = { slot: 'line-1/1', fence: 1, signal: new AbortController().signal };
    await expect(devices.scanner.scan(place)).rejects.toMatchObject({ code: 'STATION_OFFLINE' });
    await devices.close();
    await expect(connectVirtualBench({ address: 'nonsense' })).rejects.toMatchObject({
      code: 'CONFIGURATION_INVALID',
    });
  });
});

/** The key within a request, which differs from the next one in its signature. */
function publicKeyOf(requestPem: string): string {
  const der = Buffer.from(requestPem.replace(/-----[^-]+-----/g, ''), 'base64');
  const oidOfP256 = Buffer.from('06082a8648ce3d030107', 'hex');
  const at = der.indexOf(oidOfP256) + oidOfP256.length;
  return der.subarray(at, at + 68).toString('hex');
}
