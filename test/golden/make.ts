/**
 * Makes the golden capsule of this version's format: a handful of units, that every later version has to open.
 *
 *   npx tsx test/golden/make.ts
 */
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeCapsule } from '../../adapters/capsule/write-capsule';
import { CAPSULE_FORMAT } from '../../domain/capsule';
import { capsuleOf, inOrder, signer } from '../support/capsule';
import { sampleRecord } from '../support/export-source';

const version = CAPSULE_FORMAT.split('/')[1]!;
const folder = join(__dirname, `capsule-${version}`);

const units = inOrder([
  { serial: 'EUDV2647-000001' },
  {
    serial: 'EUDV2647-000002',
    record: { attributes: { note: 'ü "q" \u001d \\ 🙂', empty: '' }, buyerPart: null },
  },
  { serial: 'EUDV2647-000003', said: ['recordCorrected', 'unitReturned'] },
  { serial: '000004', issuer: 'acme' },
  { serial: '000004' },
  {
    serial: 'EUDV2647-000005',
    record: {
      test: {
        ...sampleRecord.test!,
        results: [
          { name: 'vcc_3v3', value: 3.291, unit: 'V', low: 3.2, high: 3.4, verdict: 'PASS' },
          { name: 'leakage', value: 1e-7, unit: 'A', low: -1e-6, high: 1e-6, verdict: 'PASS' },
          { name: 'cycles', value: 1e21, unit: '1', low: 0, high: 1e22, verdict: 'PASS' },
        ],
      },
    },
  },
]);

async function main(): Promise<void> {
  // Made once: a golden capsule that is made again shows nothing.
  if (existsSync(folder))
    throw new Error(`${folder} is there already. A new format has a new number in domain/capsule.ts.`);
  await writeCapsule(await capsuleOf(units), folder, signer);
  await writeFile(join(__dirname, 'keys.txt'), `${signer.keyId}  ${signer.publicKey}\n`);
}

main().catch((error: Error) => {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
});
