import { createHash, randomBytes } from 'node:crypto';
import type { DeviceIdentity, Place, StationDevices, Traveller } from '../../adapters/devices/ports';
import { UnitrailError } from '../../domain/errors';
import { buildLabelContent } from '../../domain/label-content';
import { makeKeyPem, makeRequestPem, signNonce } from '../../tools/virtual-bench/device-key';

/** What every board of this bench is like. */
export interface BenchSetting {
  readonly gtin: string;
  /** What is measured, where the unit is not one that fails. */
  readonly values: ReadonlyMap<string, number>;
  /** Units whose measurements miss every limit: they are held at once. */
  readonly fails: (traveller: Traveller) => boolean;
}

interface Board {
  readonly uid: string;
  readonly traveller: Traveller;
  image: Uint8Array | null;
  identity: DeviceIdentity | null;
  keyPem: string | null;
  certificate: string | null;
  label: string | null;
}

/**
 * Stations that do nothing and answer at once, behind the ports of real ones: the activities, the database and the
 * orchestration are those of a factory. A board is forgotten when it leaves with its label.
 */
export class NoOpBench {
  /** Labels that came out, by serial. */
  readonly prints = new Map<string, number>();
  failed = 0;
  private readonly boards = new Map<string, Board>();
  private readonly slots = new Map<string, Board>();
  private gate: Promise<void> = Promise.resolve();

  constructor(private readonly setting: BenchSetting) {}

  /** From now on every measurement waits until the answer is called. */
  close(): () => void {
    let open!: () => void;
    this.gate = new Promise((resolve) => (open = resolve));
    return open;
  }

  /** The devices of one station. */
  devices(): StationDevices {
    const at = (place: Place): Board => this.boardAt(place);
    return {
      fixture: {
        present: async (place, traveller) => void this.slots.set(place.slot, this.boardOf(traveller)),
        clear: async (place) => this.clear(place),
        occupied: async ({ slot }) => this.slots.has(slot),
      },
      programmer: {
        readUid: async (place) => at(place).uid,
        writeImage: async (place, image) => void (at(place).image = image),
        readImage: async (place) => at(place).image!,
        writeIdentity: async (place, identity) => void (at(place).identity = identity),
        readIdentity: async (place) => at(place).identity,
      },
      device: {
        firmwareSha256: async (place) => sha256Of(at(place).image!),
        createRequest: async (place, serial) => makeRequestPem((at(place).keyPem ??= makeKeyPem()), serial),
        installCertificate: async (place, pem) => void (at(place).certificate = pem),
        readCertificate: async (place) => at(place).certificate,
        signNonce: async (place, nonceHex) => signNonce(at(place).keyPem!, nonceHex),
      },
      tester: { measure: (place, names) => this.measure(at(place), names) },
      printer: {
        print: async (place, jobId) => this.print(at(place), jobId),
        jobState: async () => 'unknown',
      },
      scanner: { scan: async (place) => at(place).label },
      close: async () => {},
    };
  }

  private boardOf(traveller: Traveller): Board {
    const known = this.boards.get(traveller.unitId);
    if (known) return known;
    const uid = randomBytes(12).toString('hex').toUpperCase();
    const blank = { image: null, identity: null, keyPem: null, certificate: null, label: null };
    const board: Board = { uid, traveller, ...blank };
    this.boards.set(traveller.unitId, board);
    return board;
  }

  private boardAt({ slot }: Place): Board {
    const board = this.slots.get(slot);
    if (board) return board;
    throw new UnitrailError('BOARD_NOT_PRESENT', `No board in slot ${slot}.`);
  }

  private clear({ slot }: Place): void {
    const board = this.slots.get(slot);
    this.slots.delete(slot);
    if (board?.label) this.boards.delete(board.traveller.unitId);
  }

  private async measure({ traveller }: Board, names: readonly string[]) {
    await this.gate;
    const fails = this.setting.fails(traveller);
    if (fails) this.failed += 1;
    return names.map((name) => ({ name, value: fails ? 1e9 : (this.setting.values.get(name) ?? 0) }));
  }

  /** The job's id is the serial and the print's number. */
  private print(board: Board, jobId: string): void {
    const [serial = '', print] = jobId.split('/');
    this.prints.set(serial, (this.prints.get(serial) ?? 0) + 1);
    board.label = buildLabelContent({ gtin: this.setting.gtin, serial, print: Number(print) });
  }
}

/** The images of a store are few, and their bytes are shared. */
const digests = new WeakMap<Uint8Array, string>();

function sha256Of(image: Uint8Array): string {
  const known = digests.get(image) ?? createHash('sha256').update(image).digest('hex');
  digests.set(image, known);
  return known;
}
