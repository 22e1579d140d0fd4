import 'reflect-metadata';

import { webcrypto } from 'node:crypto';
import { Name, Pkcs10CertificateRequestGenerator } from '@peculiar/x509';

type DeviceKeys = webcrypto.CryptoKeyPair;

export async function newDeviceKeys(namedCurve = 'P-256'): Promise<DeviceKeys> {
  return webcrypto.subtle.generateKey({ name: 'ECDSA', namedCurve }, true, ['sign', 'verify']);
}

/** A PKCS#10 request as a device makes it: subject serialNumber, signed with its own key. */
export async function newRequest(keys: DeviceKeys, serials: string | readonly string[]): Promise<string> {
  const name = new Name([serials].flat().map((serial) => ({ '2.5.4.5': [{ printableString: serial }] })));
  const signingAlgorithm = { name: 'ECDSA', hash: 'SHA-256' };
  const request = await Pkcs10CertificateRequestGenerator.create({ name, keys, signingAlgorithm }, webcrypto);
  return request.toString('pem');
}
