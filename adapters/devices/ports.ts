/**
 * What the steps ask of the hardware. A driver implements one or more of these ports for a station;
 * one contract suite (test/support/device-contract.ts) holds for each driver, virtual or real.
 *
 * Every call names the slot and the fence of the lease under which it is made: a driver refuses a fence
 * lower than the highest it has seen for the slot (FENCE_STALE), so that a worker that was thought dead
 * can't touch the next unit's board. Every call has a deadline of its own and obeys the signal.
 */
export interface Place {
  /** Station and slot, such as `line-1/3`. */
  readonly slot: string;
  readonly fence: number;
  readonly signal: AbortSignal;
}

/** The unit whose board is asked for: what a traveller slip says. */
export interface Traveller {
  readonly unitId: string;
  readonly serial: string;
  readonly batch: string;
  readonly index: number;
}

export interface DeviceIdentity {
  readonly serial: string;
  readonly macs: readonly string[];
}

export interface Fixture {
  /** Asks for the unit's board in the slot and resolves when the sensor reports one. A repeat is a no-op. */
  present(place: Place, traveller: Traveller): Promise<void>;
  /** Asks for the board to be taken out and resolves when the sensor reads empty. A repeat is a no-op. */
  clear(place: Place): Promise<void>;
  occupied(place: Place): Promise<boolean>;
}

export interface Programmer {
  /** The chip's own identifier, upper-case hex. Read, never issued. */
  readUid(place: Place): Promise<string>;
  writeImage(place: Place, image: Uint8Array, onProgress?: (writtenBytes: number) => void): Promise<void>;
  /** The flash memory's content as it is, for comparison. */
  readImage(place: Place, sizeBytes: number): Promise<Uint8Array>;
  writeIdentity(place: Place, identity: DeviceIdentity): Promise<void>;
  /** Null where nothing was written. */
  readIdentity(place: Place): Promise<DeviceIdentity | null>;
}

/** The powered device's own answers, over its own electronic interface. */
export interface Device {
  /** SHA-256 of the running firmware, lower-case hex, as the device computes it. */
  firmwareSha256(place: Place): Promise<string>;
  /** The device makes its key pair (once) and returns a PKCS#10 request in PEM. A repeat keeps the key. */
  createRequest(place: Place, serial: string): Promise<string>;
  installCertificate(place: Place, certificatePem: string): Promise<void>;
  readCertificate(place: Place): Promise<string | null>;
  /** Signs the nonce (hex) with the provisioned key: ECDSA P-256, SHA-256, IEEE P1363 form, hex. */
  signNonce(place: Place, nonceHex: string): Promise<string>;
}

export interface Measurement {
  readonly name: string;
  /** Null where the station could not measure: an ERROR of the station, not a FAIL of the device. */
  readonly value: number | null;
}

export interface Tester {
  measure(place: Place, names: readonly string[]): Promise<readonly Measurement[]>;
}

/** What the printer knows of a job: done, never received, or it can't tell (it lost its memory). */
export type PrintJobState = 'printed' | 'never' | 'unknown';

export interface Printer {
  /** Prints and applies one label. The job id is `<serial>/<print number>`. */
  print(place: Place, jobId: string, labelPng: Uint8Array): Promise<void>;
  jobState(place: Place, jobId: string): Promise<PrintJobState>;
}

export interface Scanner {
  /**
   * Reads the symbol on the board in the slot. The text is what a scanner transmits: GS (0x1D) as separator,
   * without symbology identifier. Null where there is no label that can be read.
   */
  scan(place: Place): Promise<string | null>;
}

export interface StationDevices {
  readonly fixture: Fixture;
  readonly programmer: Programmer;
  readonly device: Device;
  readonly tester: Tester;
  readonly printer: Printer;
  readonly scanner: Scanner;
  close(): Promise<void>;
}
