import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  sign,
  webcrypto,
  X509Certificate,
} from 'node:crypto';

/** A new P-256 key, as it is stored inside the board. */
export function makeKeyPem(): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

/** A PKCS#10 request for the key, in PEM, whose CN and serialNumber (OID 2.5.4.5) are the serial. */
export async function makeRequestPem(keyPem: string, serial: string): Promise<string> {
  const { Name, Pkcs10CertificateRequestGenerator } = await x509();
  const request = await Pkcs10CertificateRequestGenerator.create(
    {
      name: new Name([{ CN: [{ utf8String: serial }] }, { '2.5.4.5': [{ printableString: serial }] }]),
      keys: await importKey(keyPem),
      signingAlgorithm: { name: 'ECDSA', hash: 'SHA-256' },
    },
    webcrypto,
  );
  return request.toString('pem');
}

/** ECDSA with SHA-256, in IEEE P1363 form, hex. */
export function signNonce(keyPem: string, nonceHex: string): string {
  const key = { key: createPrivateKey(keyPem), dsaEncoding: 'ieee-p1363' as const };
  return sign('sha256', Buffer.from(nonceHex, 'hex'), key).toString('hex');
}

/** False for what is no certificate, and for one of another key. */
export function isCertificateFor(keyPem: string, certificatePem: string): boolean {
  try {
    return new X509Certificate(certificatePem).checkPrivateKey(createPrivateKey(keyPem));
  } catch {
    return false;
  }
}

/** Loaded when the first board asks: it takes 0.2 s, five times what the bench itself needs to start. */
async function x509() {
  await import('reflect-metadata');
  return import('@peculiar/x509');
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256' };

async function importKey(keyPem: string): Promise<webcrypto.CryptoKeyPair> {
  const key = createPrivateKey(keyPem);
  const { subtle } = webcrypto;
  return {
    privateKey: await subtle.importKey(
      'pkcs8',
      key.export({ type: 'pkcs8', format: 'der' }),
      algorithm,
      false,
      ['sign'],
    ),
    publicKey: await subtle.importKey(
      'spki',
      createPublicKey(key).export({ type: 'spki', format: 'der' }),
      algorithm,
      true,
      ['verify'],
    ),
  };
}
