import { randomBytes, verify, X509Certificate } from 'node:crypto';
import type { StationDevices } from '../adapters/devices/ports';
import type { Database } from '../adapters/postgres/database';
import { requestDigest } from '../adapters/postgres/ledger';
import { newestEvent } from '../adapters/postgres/unit-context';
import { UnitrailError } from '../domain/errors';
import { parseLabelContent } from '../domain/label-content';
import { qualityDifferences, type DeviceReading, type RecordReading } from '../domain/quality';
import { performAct, type Act } from './act';
import { travellerOf } from './own-board';
import type { Standing, StationInput } from './types';

/** Step 6. Three readings must agree: the powered device's own answer, the scanned label, and the record. */
export function createQualityActivities(deps: { db: Database; devices: StationDevices }) {
  const { fixture, programmer, device, scanner } = deps.devices;
  return {
    async checkQuality({ unitId, lease }: StationInput): Promise<Standing> {
      return performAct(deps.db, { unitId, part: 'qc', intent: 'qualityIntended', lease }, async (act) => {
        await fixture.present(act.place, travellerOf(act.unit));
        const nonce = randomBytes(32).toString('hex');
        const { reading, signature } = await readDevice(act, nonce);
        const text = await scanner.scan(act.place);
        const label = text === null ? null : parseLabelContent(text);
        const record = recordOf(act);
        const differences = qualityDifferences(reading, label, record);
        if (differences.length > 0) throw mismatch(act, differences);
        const statement = {
          format: 'unitrail.qc/1',
          device: { ...reading, nonce, signature },
          label,
          record,
        };
        const body = {
          by: `station ${act.place.slot.split('/')[0]}`,
          statement,
          statementSha256: requestDigest(statement),
        };
        return { type: 'qualityPassed', request: { record }, body };
      });
    },
  };

  async function readDevice(act: Act, nonce: string): Promise<{ reading: DeviceReading; signature: string }> {
    const identity = await programmer.readIdentity(act.place);
    const signature = await device.signNonce(act.place, nonce);
    return {
      reading: {
        chipUid: await programmer.readUid(act.place),
        serial: identity?.serial ?? 'none',
        macs: identity?.macs ?? [],
        firmwareSha256: await device.firmwareSha256(act.place),
        keyProved: await provesKey(act, nonce, signature),
      },
      signature,
    };
  }

  /** The device holds the private key of the certificate on record, not only a copy of the certificate. */
  async function provesKey(act: Act, nonce: string, signature: string): Promise<boolean> {
    const issued = await newestEvent(deps.db, act.unit.unitId, 'certificateIssued');
    if (!issued) return false;
    const key = new X509Certificate(String(issued.body.certificate)).publicKey;
    return verify(
      'sha256',
      Buffer.from(nonce, 'hex'),
      { key, dsaEncoding: 'ieee-p1363' },
      Buffer.from(signature, 'hex'),
    );
  }
}

function recordOf({ unit }: Act): RecordReading {
  return {
    chipUid: unit.chipUid ?? 'none',
    serial: unit.serial,
    macs: unit.macs,
    firmwareSha256: unit.recipe.firmware.sha256,
    gtin: unit.recipe.product.gtin,
    print: unit.labelPrint ?? 0,
  };
}

function mismatch(
  act: Act,
  differences: readonly { what: string; record: string; found: string }[],
): UnitrailError {
  const told = differences.map((d) => `${d.what} is ${d.found}, on record ${d.record}`).join('; ');
  return new UnitrailError('QUALITY_MISMATCH', `QC of unit ${act.unit.serial}: ${told}.`, { differences });
}
