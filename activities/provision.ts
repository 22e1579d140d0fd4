import { createHash, X509Certificate } from 'node:crypto';
import type { CertificateAuthority } from '../adapters/ca/port';
import { deviceCertificateSerialNumber } from '../adapters/ca/certificate-serial-number';
import { checkDeviceRequest } from '../adapters/ca/device-request';
import type { StationDevices } from '../adapters/devices/ports';
import type { Database } from '../adapters/postgres/database';
import { countEvents, newestEvent } from '../adapters/postgres/unit-context';
import { UnitrailError } from '../domain/errors';
import { performAct, type Act } from './act';
import { requireOwnBoard } from './own-board';
import type { Standing, StationInput, UnitInput } from './types';

/** Step 4, at the station. The key is born in the device and never leaves it: the request comes out, the certificate goes in. */
export function createProvisionActivities(deps: { db: Database; devices: StationDevices }) {
  const { device } = deps.devices;
  return {
    /** 4.1 A repeat keeps the device's key. */
    async readCsr({ unitId, lease }: StationInput): Promise<Standing> {
      return performAct(
        deps.db,
        { unitId, part: 'provision.request', intent: 'requestIntended', lease },
        async (act) => {
          await requireOwnBoard(act, deps.devices);
          const csr = await device.createRequest(act.place, act.unit.serial);
          const key = await checkDeviceRequest(csr, act.unit.serial);
          const keySha256 = createHash('sha256')
            .update(key.export({ format: 'der', type: 'spki' }))
            .digest('hex');
          return {
            type: 'requestRead',
            request: { serial: act.unit.serial, keySha256 },
            body: { csr, keySha256 },
          };
        },
      );
    },

    /** 4.3 Installs the certificate that was issued for this key, and reads it back. */
    async installCertificate({ unitId, lease }: StationInput): Promise<Standing> {
      return performAct(
        deps.db,
        { unitId, part: 'provision.install', intent: 'installIntended', lease },
        async (act) => {
          await requireOwnBoard(act, deps.devices);
          const issued = await recorded(deps.db, act, 'certificateIssued');
          const certificate = String(issued.certificate);
          await device.installCertificate(act.place, certificate);
          const found = await device.readCertificate(act.place);
          const certificateSha256 = String(issued.certificateSha256);
          if (found === null || fingerprint(found) !== certificateSha256) {
            throw new UnitrailError(
              'CERTIFICATE_INSTALL_FAILED',
              `The certificate of unit ${act.unit.serial} does not read back.`,
              {
                record: certificateSha256,
                found: found === null ? null : fingerprint(found),
              },
            );
          }
          return { type: 'provisioned', request: { certificateSha256 }, body: { certificateSha256 } };
        },
      );
    },
  };
}

/** Step 4, at the office: 4.2. A repeat returns the first certificate of the unit's key. */
export function createCertificateActivities(deps: { db: Database; ca: CertificateAuthority }) {
  return {
    async issueCertificate({ unitId }: UnitInput): Promise<Standing> {
      const request = await newestEvent(deps.db, unitId, 'requestRead');
      const keySha256 = String(request?.body.keySha256);
      // On record before anything is signed, and the same for every try: the CA finds the first certificate again.
      // One that was missing gets another one, also where the first was signed and never came to the record.
      const timesMissing = await countEvents(deps.db, unitId, 'missing');
      const serialNumber = deviceCertificateSerialNumber(unitId, keySha256, timesMissing);
      const spec = {
        unitId,
        part: 'provision.certificate',
        intent: 'certificateIntended',
        lease: null,
        intentBody: { keySha256, serialNumber },
      };
      return performAct(deps.db, spec, async (act) => {
        if (!request)
          throw new UnitrailError(
            'CSR_INVALID',
            `Unit ${act.unit.serial} has no certificate request on record.`,
          );
        const { certificateProfile } = act.unit.recipe;
        const issued = await deps.ca.issue({
          serialNumber,
          csrPem: String(request.body.csr),
          deviceSerial: act.unit.serial,
          profile: { organisation: certificateProfile.organisation, notAfter: certificateProfile.notAfter },
        });
        return {
          type: 'certificateIssued',
          request: { keySha256, serialNumber },
          body: {
            certificate: issued.certificatePem,
            certificateSha256: issued.sha256,
            chain: issued.chainPem,
            chainNotAfter: issued.chainNotAfter,
            issuer: issued.issuer,
            keySha256,
            serialNumber,
          },
        };
      });
    },
  };
}

async function recorded(db: Database, act: Act, type: string): Promise<Record<string, unknown>> {
  const event = await newestEvent(db, act.unit.unitId, type);
  if (event) return event.body;
  throw new UnitrailError(
    'CERTIFICATE_INSTALL_FAILED',
    `Unit ${act.unit.serial} has no certificate on record.`,
  );
}

function fingerprint(pem: string): string {
  return createHash('sha256').update(new X509Certificate(pem).raw).digest('hex');
}
