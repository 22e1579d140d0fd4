/** What the powered device says of itself. */
export interface DeviceReading {
  readonly chipUid: string;
  readonly serial: string;
  readonly macs: readonly string[];
  readonly firmwareSha256: string;
  /** Whether the signature over our nonce verifies with the key of the recorded certificate. */
  readonly keyProved: boolean;
}

export interface LabelReading {
  readonly gtin: string;
  readonly serial: string;
  readonly print: number;
}

/** What the database says. */
export interface RecordReading {
  readonly chipUid: string;
  readonly serial: string;
  readonly macs: readonly string[];
  readonly firmwareSha256: string;
  readonly gtin: string;
  readonly print: number;
}

export interface Difference {
  readonly what: string;
  readonly record: string;
  readonly found: string;
}

/** Three readings must agree at QC: device, label, record. Empty when they do. */
export function qualityDifferences(
  device: DeviceReading,
  label: LabelReading | null,
  record: RecordReading,
): Difference[] {
  const pairs: [what: string, record: string, found: string][] = [
    ['device chip UID', record.chipUid, device.chipUid],
    ['device serial', record.serial, device.serial],
    ['device MAC addresses', record.macs.join(' '), device.macs.join(' ')],
    ['device firmware', record.firmwareSha256, device.firmwareSha256],
    ['device key', 'proved', device.keyProved ? 'proved' : 'not proved'],
    ['label serial', record.serial, label?.serial ?? 'no label'],
    ['label GTIN', record.gtin, label?.gtin ?? 'no label'],
    ['label print number', String(record.print), label ? String(label.print) : 'no label'],
  ];
  return pairs
    .filter(([, expected, found]) => expected !== found)
    .map(([what, expected, found]) => ({ what, record: expected, found }));
}
