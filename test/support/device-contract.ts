import 'reflect-metadata';
import { createHash, randomBytes, randomUUID, webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import { toBuffer } from 'bwip-js/node';
import type { Place, StationDevices, Traveller } from '../../adapters/devices/ports';

export interface DevicesUnderTest {
  readonly devices: StationDevices;
  /** A slot that is empty now and that nobody else uses. */
  readonly slot: string;
  /** The unit's next `readUid` gets no answer at all. */
  muteNextReadUid(traveller: Traveller): Promise<void>;
  /** When a call without an answer fails, as its failure tells. */
  readonly answerDeadlineMs: number;
  close(): Promise<void>;
}

const ecdsa = { name: 'ECDSA', hash: 'SHA-256' };
const gs = '\x1d';

/** What every driver promises, virtual or real. `makeDevices` is called once. */
export function describeDeviceContract(name: string, makeDevices: () => Promise<DevicesUnderTest>): void {
  describe(`${name} keeps the contract of a station's devices`, () => {
    let bench: DevicesUnderTest;
    let devices: StationDevices;
    let fence = 0;

    /** The slot under the lease in force; a test that wants a new lease counts up first. */
    const place = (changes: Partial<Place> = {}): Place => ({
      slot: bench.slot,
      fence,
      signal: new AbortController().signal,
      ...changes,
    });
    const present = async (traveller = newTraveller()): Promise<Traveller> => {
      await devices.fixture.present(place(), traveller);
      return traveller;
    };
    /** A board as it leaves the flash step: a device that starts and knows its serial. */
    const presentRunning = async (image = randomBytes(5_000)): Promise<Traveller> => {
      const traveller = await present();
      await devices.programmer.writeImage(place(), image);
      await devices.programmer.writeIdentity(place(), { serial: traveller.serial, macs: [] });
      return traveller;
    };

    beforeAll(async () => {
      bench = await makeDevices();
      devices = bench.devices;
    });
    beforeEach(() => void (fence += 1));
    afterEach(() => devices.fixture.clear(place()));
    afterAll(() => bench.close());

    describe('the fixture', () => {
      test('a board goes in and out, and a repeat changes nothing', async () => {
        const traveller = await present();
        await present(traveller);
        expect(await devices.fixture.occupied(place())).toBe(true);
        await devices.fixture.clear(place());
        await devices.fixture.clear(place());
        expect(await devices.fixture.occupied(place())).toBe(false);
      });

      test("a unit's board is the same one when it comes again", async () => {
        const traveller = await present();
        const uid = await devices.programmer.readUid(place());
        await devices.fixture.clear(place());
        await present(traveller);
        expect(await devices.programmer.readUid(place())).toBe(uid);
      });

      test('two units have boards with different chip UIDs', async () => {
        await present();
        const first = await devices.programmer.readUid(place());
        await devices.fixture.clear(place());
        await present();
        const second = await devices.programmer.readUid(place());
        expect([first, second]).toEqual([
          expect.stringMatching(/^[0-9A-F]+$/),
          expect.stringMatching(/^[0-9A-F]+$/),
        ]);
        expect(second).not.toBe(first);
      });

      test("another unit's board is not put on top of one that is still there", async () => {
        await present();
        const uid = await devices.programmer.readUid(place());
        await expect(present()).rejects.toMatchObject({ code: 'BOARD_NOT_PRESENT' });
        expect(await devices.programmer.readUid(place())).toBe(uid);
      });

      test('an empty slot says that there is no board', async () => {
        await expect(devices.programmer.readUid(place())).rejects.toMatchObject({
          code: 'BOARD_NOT_PRESENT',
        });
        await expect(devices.scanner.scan(place())).rejects.toMatchObject({ code: 'BOARD_NOT_PRESENT' });
      });
    });

    describe('the fence', () => {
      test('every port refuses a lease that is over, and the board is as it was', async () => {
        const traveller = await presentRunning();
        const stale = place();
        fence += 1;
        await devices.fixture.present(place(), traveller);
        for (const [call, act] of Object.entries(everyCall(devices, stale, traveller)))
          expect({ call, code: await act().then(() => 'allowed', codeOf) }).toEqual({
            call,
            code: 'FENCE_STALE',
          });
        expect(await devices.fixture.occupied(place())).toBe(true);
        expect(await devices.programmer.readIdentity(place())).toMatchObject({ serial: traveller.serial });
        expect(await devices.scanner.scan(place())).toBeNull();
      });

      test('a new lease takes over the board that is in the slot', async () => {
        await present();
        const uid = await devices.programmer.readUid(place());
        fence += 1;
        expect(await devices.programmer.readUid(place())).toBe(uid);
      });
    });

    describe('the programmer', () => {
      test('an image of several chunks is read back byte for byte, and the device computes its SHA-256', async () => {
        const image = randomBytes(100_001);
        const written: number[] = [];
        await present();
        await devices.programmer.writeImage(place(), image, (bytes) => written.push(bytes));
        const back = await devices.programmer.readImage(place(), image.length);
        expect(sha256(back)).toBe(sha256(image));
        expect(await devices.device.firmwareSha256(place())).toBe(sha256(image));
        expect(written).toEqual([...written].sort((one, other) => one - other));
        expect(written.at(-1)).toBe(image.length);
      });

      test('a second image replaces the first', async () => {
        const [longer, shorter] = [randomBytes(40_000), randomBytes(10)];
        await present();
        await devices.programmer.writeImage(place(), longer);
        await devices.programmer.writeImage(place(), shorter);
        expect(await devices.device.firmwareSha256(place())).toBe(sha256(shorter));
      });

      test('an identity that was written is read back, and a new board has none', async () => {
        const identity = { serial: 'EUDV2647-000123', macs: ['70:B3:D5:00:00:04', '70:B3:D5:00:00:05'] };
        await present();
        expect(await devices.programmer.readIdentity(place())).toBeNull();
        await devices.programmer.writeIdentity(place(), identity);
        expect(await devices.programmer.readIdentity(place())).toEqual(identity);
      });
    });

    describe('the device', () => {
      test('its certificate request is signed by its own key, names its serial, and a repeat keeps the key', async () => {
        const { serial } = await presentRunning();
        const first = new x509.Pkcs10CertificateRequest(await devices.device.createRequest(place(), serial));
        const again = new x509.Pkcs10CertificateRequest(await devices.device.createRequest(place(), serial));
        expect(await first.verify(webcrypto)).toBe(true);
        expect(first.publicKey.algorithm).toMatchObject({ name: 'ECDSA', namedCurve: 'P-256' });
        expect(first.subjectName.getField('CN')).toEqual([serial]);
        expect(first.subjectName.getField('2.5.4.5')).toEqual([serial]);
        expect(again.publicKey.equal(first.publicKey)).toBe(true);
      });

      test('a certificate that was installed is read back as it was', async () => {
        const { serial } = await presentRunning();
        const request = new x509.Pkcs10CertificateRequest(
          await devices.device.createRequest(place(), serial),
        );
        const certificate = await certify(request);
        expect(await devices.device.readCertificate(place())).toBeNull();
        await devices.device.installCertificate(place(), certificate);
        await devices.device.installCertificate(place(), certificate);
        expect(sameCertificate(await devices.device.readCertificate(place()), certificate)).toBe(true);
      });

      test('its signature over a nonce verifies with the key of its request, and over no other nonce', async () => {
        const { serial } = await presentRunning();
        const request = new x509.Pkcs10CertificateRequest(
          await devices.device.createRequest(place(), serial),
        );
        await devices.device.installCertificate(place(), await certify(request));
        const nonce = randomBytes(32);
        const signature = Buffer.from(await devices.device.signNonce(place(), nonce.toString('hex')), 'hex');
        const key = await request.publicKey.export(webcrypto);
        expect(await webcrypto.subtle.verify(ecdsa, key, signature, nonce)).toBe(true);
        expect(await webcrypto.subtle.verify(ecdsa, key, signature, randomBytes(32))).toBe(false);
      });
    });

    describe('the tester', () => {
      test('each name gets its own answer in the order asked, and an unknown one has no value', async () => {
        await presentRunning();
        const measured = await devices.tester.measure(place(), ['vcc_3v3', 'no_such_thing', 'temp_c']);
        expect(measured.map(({ name }) => name)).toEqual(['vcc_3v3', 'no_such_thing', 'temp_c']);
        expect(measured[0]?.value).toBeGreaterThan(3);
        expect(measured[0]?.value).toBeLessThan(3.6);
        expect(measured[1]?.value).toBeNull();
      });
    });

    describe('printer and scanner', () => {
      test('what was printed is read from the label, with GS as separator and nothing added', async () => {
        const { serial } = await presentRunning();
        const jobId = `${serial}/1`;
        expect(await devices.scanner.scan(place())).toBeNull();
        expect(await devices.printer.jobState(place(), jobId)).toBe('never');
        await devices.printer.print(place(), jobId, await makeLabel(serial, 1));
        expect(await devices.printer.jobState(place(), jobId)).toBe('printed');
        expect(await devices.scanner.scan(place())).toBe(labelText(serial, 1));
      });

      test('a newer label covers the older one', async () => {
        const { serial } = await presentRunning();
        await devices.printer.print(place(), `${serial}/1`, await makeLabel(serial, 1));
        await devices.printer.print(place(), `${serial}/2`, await makeLabel(serial, 2));
        expect(await devices.scanner.scan(place())).toBe(labelText(serial, 2));
      });

      test('what is no image is refused, and no label is on the board', async () => {
        const { serial } = await presentRunning();
        const printing = devices.printer.print(place(), `${serial}/1`, Buffer.from('not a label'));
        await expect(printing).rejects.toMatchObject({ code: 'PRINTER_FAILED' });
        expect(await devices.scanner.scan(place())).toBeNull();
      });
    });

    describe('waiting', () => {
      test('a call that gets no answer fails at its deadline, and the next one works', async () => {
        const traveller = await present();
        await bench.muteNextReadUid(traveller);
        await expect(devices.programmer.readUid(place())).rejects.toMatchObject({
          code: 'DEVICE_NOT_RESPONDING',
          detail: { deadlineMs: bench.answerDeadlineMs },
        });
        await expect(devices.programmer.readUid(place())).resolves.toBeTruthy();
      });

      test('a call that is aborted ends at once with the reason of its signal', async () => {
        const traveller = await present();
        await bench.muteNextReadUid(traveller);
        const stop = new AbortController();
        const reading = devices.programmer.readUid(place({ signal: stop.signal }));
        const reason = new Error('the worker stops');
        setTimeout(() => stop.abort(reason), 20);
        await expect(reading).rejects.toBe(reason);
      });

      test('a call under a signal that was aborted before does nothing', async () => {
        const reason = new Error('the worker stopped');
        const presenting = devices.fixture.present(
          place({ signal: AbortSignal.abort(reason) }),
          newTraveller(),
        );
        await expect(presenting).rejects.toBe(reason);
        expect(await devices.fixture.occupied(place())).toBe(false);
      });
    });
  });
}

let travellers = 0;

export function newTraveller(changes: Partial<Traveller> = {}): Traveller {
  travellers += 1;
  const serial = `EUDV2647-${String(travellers).padStart(6, '0')}`;
  return { unitId: randomUUID(), serial, batch: 'B2647-01', index: travellers - 1, ...changes };
}

/** What a scanner transmits for the label of `makeLabel`. */
export function labelText(serial: string, print: number): string {
  return `010950600013435221${serial}${gs}91${print}`;
}

export function makeLabel(
  serial: string,
  print: number,
  backgroundcolor: string | null = 'FFFFFF',
): Promise<Buffer> {
  const text = `(01)09506000134352(21)${serial}(91)${print}`;
  const background = backgroundcolor === null ? {} : { backgroundcolor };
  return toBuffer({ bcid: 'gs1datamatrix', text, scale: 4, padding: 4, ...background });
}

export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function everyCall(
  devices: StationDevices,
  place: Place,
  traveller: Traveller,
): Record<string, () => Promise<unknown>> {
  const { fixture, programmer, device, tester, printer, scanner } = devices;
  const { serial } = traveller;
  return {
    present: () => fixture.present(place, traveller),
    clear: () => fixture.clear(place),
    occupied: () => fixture.occupied(place),
    readUid: () => programmer.readUid(place),
    writeImage: () => programmer.writeImage(place, randomBytes(10)),
    readImage: () => programmer.readImage(place, 10),
    writeIdentity: () => programmer.writeIdentity(place, { serial: 'OTHER-1', macs: [] }),
    readIdentity: () => programmer.readIdentity(place),
    firmwareSha256: () => device.firmwareSha256(place),
    createRequest: () => device.createRequest(place, serial),
    installCertificate: () => device.installCertificate(place, 'any'),
    readCertificate: () => device.readCertificate(place),
    signNonce: () => device.signNonce(place, '00'.repeat(32)),
    measure: () => tester.measure(place, ['vcc_3v3']),
    print: async () => printer.print(place, `${serial}/9`, await makeLabel(serial, 9)),
    jobState: () => printer.jobState(place, `${serial}/9`),
    scan: () => scanner.scan(place),
  };
}

/** A certificate for the request, from a CA that lives for one test. */
async function certify(request: x509.Pkcs10CertificateRequest): Promise<string> {
  const ca = await webcrypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, [
    'sign',
    'verify',
  ]);
  const certificate = await x509.X509CertificateGenerator.create(
    {
      serialNumber: '01',
      subject: request.subject,
      issuer: 'CN=Test CA',
      notBefore: new Date('2026-01-01T00:00:00Z'),
      notAfter: new Date('9999-12-31T23:59:59Z'),
      signingAlgorithm: ecdsa,
      publicKey: request.publicKey,
      signingKey: ca.privateKey,
    },
    webcrypto,
  );
  return certificate.toString('pem');
}

function sameCertificate(one: string | null, other: string): boolean {
  return one !== null && new x509.X509Certificate(one).equal(new x509.X509Certificate(other));
}

function codeOf(error: unknown): unknown {
  return (error as { code?: unknown }).code;
}
