/** Asks the development CA together with its siblings, see run-together.ts. Arguments: folder, file of the request. */
import { readFile } from 'node:fs/promises';

import { createDevelopmentCa } from '../../adapters/ca/development-ca';
import type { IssueRequest } from '../../adapters/ca/port';
import { readyToGo } from './run-together';

async function main(): Promise<void> {
  const [folder = '', requestFile = ''] = process.argv.slice(2);
  const ca = createDevelopmentCa({ folder });
  const request = JSON.parse(await readFile(requestFile, 'utf8')) as IssueRequest;
  await readyToGo();
  process.stdout.write(`${JSON.stringify(await ca.issue(request))}\n`);
}

void main();
