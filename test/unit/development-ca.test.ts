import { execFileSync } from 'node:child_process';
import { createHash, X509Certificate } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { newCertificateSerialNumber } from '../../adapters/ca/certificate-serial-number';
import { createDevelopmentCa } from '../../adapters/ca/development-ca';
import { requestKeySha256 } from '../../adapters/ca/device-request';
import type { IssuedCertificate, IssueRequest } from '../../adapters/ca/port';
import { newDeviceKeys, newRequest } from '../support/device-request';
import { itWithTool } from '../support/it-with-tool';
import { runTogether } from '../support/run-together';

const serial = 'EUDV2647-000001';
const profile = { organisation: 'Example Devices Ltd', notAfter: '99991231235959Z' };

let home: string;
let folder: string;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'unitrail-ca-'));
  folder = join(home, 'deep', 'ca');
});

afterEach(async () => {
  await rm(home, { recursive: true, force: true });
});

async function newIssueRequest(deviceSerial = serial): Promise<IssueRequest> {
  const csrPem = await newRequest(await newDeviceKeys(), deviceSerial);
  return { serialNumber: newCertificateSerialNumber(), csrPem, deviceSerial, profile };
}

async function issuedFiles(): Promise<string[]> {
  return readdir(join(folder, 'issued')).catch(() => []);
}

async function writeChain(
  issued: IssuedCertificate,
): Promise<{ device: string; issuing: string; root: string }> {
  const files = { device: join(home, 'd.pem'), issuing: join(home, 'i.pem'), root: join(home, 'r.pem') };
  const [issuing = '', root = ''] = issued.chainPem.split(/(?<=-----END CERTIFICATE-----\n)/);
  await writeFile(files.device, issued.certificatePem);
  await writeFile(files.issuing, issuing);
  await writeFile(files.root, root);
  return files;
}

function modeOf(path: string): Promise<number> {
  return stat(path).then(({ mode }) => mode & 0o777);
}

describe('a device certificate', () => {
  itWithTool(
    { program: 'openssl', probe: ['version'] },
    'passes openssl verify -x509_strict with its chain',
    async () => {
      const files = await writeChain(await createDevelopmentCa({ folder }).issue(await newIssueRequest()));
      const args = ['-x509_strict', '-CAfile', files.root, '-untrusted', files.issuing, files.device];
      expect(execFileSync('openssl', ['verify', ...args], { encoding: 'utf8' })).toBe(
        `${files.device}: OK\n`,
      );
    },
  );

  it('is an IDevID: the serial in the subject, no end, P-256, for signatures only', async () => {
    const request = await newIssueRequest();
    const issued = await createDevelopmentCa({ folder }).issue(request);
    const certificate = new X509Certificate(issued.certificatePem);
    expect(certificate.subject).toBe(`O=Example Devices Ltd\nserialNumber=${serial}`);
    expect(certificate.serialNumber.toLowerCase()).toBe(request.serialNumber);
    // DER tag and length of a GeneralizedTime of 15 characters.
    expect(certificate.raw.includes('\x18\x0f99991231235959Z')).toBe(true);
    expect(certificate.ca).toBe(false);
    expect(certificate.publicKey.asymmetricKeyDetails).toEqual({ namedCurve: 'prime256v1' });
    // Critical key usage (2.5.29.15) with the first bit, digitalSignature, and no other.
    expect(certificate.raw.toString('hex')).toContain('0603551d0f0101ff040403020780');
    expect(Date.parse(certificate.validFrom)).toBeLessThanOrEqual(Date.now());
  });

  it('comes with its fingerprint, its issuer by RFC 4514, its chain, and when the chain ends', async () => {
    const issued = await createDevelopmentCa({ folder }).issue(await newIssueRequest());
    const files = await writeChain(issued);
    const [device, issuing, root] = await Promise.all(
      [files.device, files.issuing, files.root].map(
        async (file) => new X509Certificate(await readFile(file)),
      ),
    );
    expect(issued.sha256).toBe(createHash('sha256').update(device!.raw).digest('hex'));
    expect(issued.issuer).toMatch(/^CN=Unitrail development issuing CA [0-9a-f]{8},O=Unitrail development$/);
    expect(device!.checkIssued(issuing!) && device!.verify(issuing!.publicKey)).toBe(true);
    expect(issuing!.checkIssued(root!) && issuing!.verify(root!.publicKey)).toBe(true);
    expect(issued.chainNotAfter).toBe(new Date(issuing!.validTo).toISOString());
    expect(Date.parse(issued.chainNotAfter)).toBeLessThan(Date.parse(root!.validTo));
  });
});

describe('a repeat', () => {
  it('returns the first certificate byte for byte, though the device signed its request anew', async () => {
    const keys = await newDeviceKeys();
    const request = { ...(await newIssueRequest()), csrPem: await newRequest(keys, serial) };
    const ca = createDevelopmentCa({ folder });
    const first = await ca.issue(request);
    const again = { ...request, csrPem: await newRequest(keys, serial) };
    expect(again.csrPem).not.toBe(request.csrPem);
    expect(requestKeySha256(again.csrPem)).toBe(requestKeySha256(request.csrPem));
    expect(await ca.issue(again)).toEqual(first);
    expect(await ca.issue({ ...again, serialNumber: `00${request.serialNumber.toUpperCase()}` })).toEqual(
      first,
    );
    expect(await issuedFiles()).toHaveLength(1);
  });

  it('after a crash between signing and answering returns what was signed', async () => {
    const request = await newIssueRequest();
    await createDevelopmentCa({ folder }).issue(request); // the answer is lost with the process
    const [file = ''] = await issuedFiles();
    const kept = await readFile(join(folder, 'issued', file), 'utf8');
    expect((await createDevelopmentCa({ folder }).issue(request)).certificatePem).toBe(kept);
  });

  it('twenty callers at once get one certificate between them', async () => {
    const request = await newIssueRequest();
    const callers = Array.from({ length: 20 }, () => createDevelopmentCa({ folder }).issue(request));
    const certificates = (await Promise.all(callers)).map(({ certificatePem }) => certificatePem);
    expect(new Set(certificates).size).toBe(1);
    expect(await issuedFiles()).toEqual([`${request.serialNumber}.pem`]);
  });

  it('two processes that begin at once make one CA and one certificate', async () => {
    const requestFile = join(home, 'request.json');
    await writeFile(requestFile, JSON.stringify(await newIssueRequest()));
    const answers = await runTogether('issue-certificate.ts', [folder, requestFile], 2);
    expect(new Set(answers).size).toBe(1);
    expect(await issuedFiles()).toHaveLength(1);
    expect(await readdir(join(home, 'deep'))).toEqual(['ca']);
  });

  it.each(['another key', 'another subject', 'another end'])(
    'with %s is a conflict, and the first stays',
    async (what) => {
      const ca = createDevelopmentCa({ folder });
      const request = await newIssueRequest();
      const first = await ca.issue(request);
      const others: Record<string, Partial<IssueRequest>> = {
        'another key': { csrPem: await newRequest(await newDeviceKeys(), serial) },
        'another subject': { profile: { ...profile, organisation: 'Somebody Else' } },
        'another end': { profile: { ...profile, notAfter: '20991231235959Z' } },
      };
      await expect(ca.issue({ ...request, ...others[what] })).rejects.toMatchObject({
        code: 'REQUEST_CONFLICT',
        message: expect.stringContaining(request.serialNumber),
      });
      expect(await ca.issue(request)).toEqual(first);
    },
  );
});

describe('a request that must not be signed', () => {
  async function refusal(change: Partial<IssueRequest>, code: string, why = /./): Promise<void> {
    const request = { ...(await newIssueRequest()), ...change };
    await expect(createDevelopmentCa({ folder }).issue(request)).rejects.toMatchObject({
      code,
      message: expect.stringMatching(why),
    });
    expect(await issuedFiles()).toEqual([]);
  }

  it('is one that another key signed (proof of possession)', async () => {
    const { publicKey } = await newDeviceKeys();
    const { privateKey } = await newDeviceKeys();
    await refusal(
      { csrPem: await newRequest({ publicKey, privateKey }, serial) },
      'CSR_INVALID',
      /possession/,
    );
  });

  it('is one that was changed after it was signed', async () => {
    const pem = await newRequest(await newDeviceKeys(), serial);
    const der = Buffer.from(pem.replace(/-----.*-----/g, ''), 'base64');
    der.write('EUDV2647-000002', der.indexOf(serial));
    const changed = `-----BEGIN CERTIFICATE REQUEST-----\n${der.toString('base64')}\n-----END CERTIFICATE REQUEST-----\n`;
    await refusal({ csrPem: changed, deviceSerial: 'EUDV2647-000002' }, 'CSR_INVALID', /possession/);
  });

  it.each([
    ['of another unit', ['EUDV2647-000002']],
    ['without a serial', []],
    ['with two serials', [serial, 'EUDV2647-000002']],
    ['that only begins like it', [`${serial}0`]],
  ])('is one whose subject is %s', async (_, serials) => {
    await refusal(
      { csrPem: await newRequest(await newDeviceKeys(), serials) },
      'CSR_INVALID',
      /allowed is EUDV2647-000001/,
    );
  });

  it('is one whose key is not P-256', async () => {
    await refusal(
      { csrPem: await newRequest(await newDeviceKeys('P-384'), serial) },
      'CSR_INVALID',
      /secp384r1.*P-256/,
    );
  });

  it('is none at all', async () => {
    const one = await newRequest(await newDeviceKeys(), serial);
    for (const csrPem of [
      '',
      'hello',
      `${one}\n${one}`,
      one.replaceAll('REQUEST', ''),
      'x'.repeat(1_000_000),
    ]) {
      await refusal({ csrPem }, 'CSR_INVALID');
    }
    await refusal({ csrPem: one.slice(0, 120) + one.slice(200) }, 'CSR_INVALID');
  });

  it.each(['', '0', '00', 'xyz', '../../x', 'f'.repeat(40), '1'.repeat(41)])(
    'has the serial number %j',
    async (serialNumber) => {
      await refusal({ serialNumber }, 'INPUT_INVALID');
    },
  );

  it.each(['', '20200101000000Z', '20990231000000Z', '2099-12-31', '99991231235959'])(
    'ends at %j',
    async (notAfter) => {
      await refusal({ profile: { ...profile, notAfter } }, 'INPUT_INVALID');
    },
  );

  it.each(['', 'x'.repeat(65), 'two\nlines'])('is for the organisation %j', async (organisation) => {
    await refusal({ profile: { ...profile, organisation } }, 'INPUT_INVALID');
  });
});

describe('the folder of the development CA', () => {
  it('is for its owner only, and so are the keys', async () => {
    await createDevelopmentCa({ folder }).issue(await newIssueRequest());
    expect(await modeOf(folder)).toBe(0o700);
    expect(await modeOf(join(folder, 'root.key.pem'))).toBe(0o600);
    expect(await modeOf(join(folder, 'issuing.key.pem'))).toBe(0o600);
    expect(await readFile(join(folder, 'issuing.key.pem'), 'utf8')).toMatch(/^-----BEGIN PRIVATE KEY-----\n/);
  });

  it('is used again by the next process', async () => {
    const first = await createDevelopmentCa({ folder }).issue(await newIssueRequest());
    const next = await createDevelopmentCa({ folder }).issue(await newIssueRequest());
    expect(next.chainPem).toBe(first.chainPem);
    expect(next.sha256).not.toBe(first.sha256);
  });

  it('is never made anew where a part is missing: the CA is unavailable until that is mended', async () => {
    const ca = createDevelopmentCa({ folder });
    const chain = (await ca.issue(await newIssueRequest())).chainPem;
    const root = await readFile(join(folder, 'root.pem'));
    for (const missing of ['issuing.pem', 'root.pem', 'issuing.key.pem']) {
      const kept = await readFile(join(folder, missing));
      await unlink(join(folder, missing));
      const damaged = createDevelopmentCa({ folder });
      await expect(damaged.issue(await newIssueRequest())).rejects.toMatchObject({ code: 'CA_UNAVAILABLE' });
      await writeFile(join(folder, missing), kept);
      expect((await damaged.issue(await newIssueRequest())).chainPem).toBe(chain);
    }
    expect(await readFile(join(folder, 'root.pem'))).toEqual(root);
  });

  it('makes the CA unavailable where it can not be used', async () => {
    await writeFile(join(home, 'deep'), 'a file, no folder');
    await expect(createDevelopmentCa({ folder }).issue(await newIssueRequest())).rejects.toMatchObject({
      code: 'CA_UNAVAILABLE',
      message: expect.stringContaining(folder),
    });
  });

  it('makes the CA unavailable where a certificate that was issued can not be read', async () => {
    const request = await newIssueRequest();
    await createDevelopmentCa({ folder }).issue(request);
    const file = join(folder, 'issued', `${request.serialNumber}.pem`);
    await rm(file);
    await writeFile(file, 'damaged');
    await expect(createDevelopmentCa({ folder }).issue(request)).rejects.toMatchObject({
      code: 'CA_UNAVAILABLE',
      message: expect.stringContaining(file),
    });
  });
});

describe('a new certificate serial number', () => {
  it('is 32 hex digits that DER and every program write alike, and never the same', () => {
    const numbers = Array.from({ length: 1000 }, newCertificateSerialNumber);
    for (const number of numbers) expect(number).toMatch(/^[4-7][0-9a-f]{31}$/);
    expect(new Set(numbers).size).toBe(1000);
  });
});
