import { cp, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Page } from 'playwright-core';
import { writeCapsule } from '../../adapters/capsule/write-capsule';
import { capsulePage } from '../../tools/build-capsule-page';
import { capsuleOf, changeFile, signAgain, signer, signerOf, strangersKey } from '../support/capsule';
import { chromiumTool, newPage, openBrowser, type OpenBrowser } from '../support/chromium';
import { goldenCapsules, goldenFolder, goldenKeys } from '../support/golden';
import { isInstalled, itWithTool } from '../support/it-with-tool';
import { rewriteTable } from '../support/rewrite-table';

const serial = 'EUDV2647-000003';
let folder: string;
let browser: OpenBrowser | undefined;
let page: Page;
const asked: string[] = [];
/** What the page threw and nobody caught. */
const uncaught: string[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'unitrail-page-'));
  const units = [
    { serial: '000004', issuer: 'acme' },
    { serial: '000004' },
    { serial: 'EUDV2647-000001', record: { attributes: { note: '<img src=x onerror=alert(1)>' } } },
    { serial, said: ['recordCorrected'] },
  ];
  await writeCapsule(await capsuleOf(units), join(folder, 'whole'), signer);
  if (!isInstalled(chromiumTool)) return;
  browser = await openBrowser();
  page = await newPage(browser);
  // A stick in a machine without a network: whatever the page asks for besides itself is refused, and told.
  await page.context().setOffline(true);
  page.on('request', (request) => asked.push(request.url()));
  page.on('pageerror', ({ message }) => uncaught.push(message));
});

afterAll(async () => {
  await browser?.close();
  await rm(folder, { recursive: true, force: true });
});

const inPage = (title: string, body: () => Promise<void>): void => itWithTool(chromiumTool, title, body);

/** Opens a copy of the capsule from the disk, after what was done to it. */
async function openPage(change: (copy: string) => Promise<unknown> = async () => {}): Promise<string> {
  const copy = join(await mkdtemp(join(folder, 'copy-')), 'acme-EUDV-2026-11-1');
  await cp(join(folder, 'whole'), copy, { recursive: true });
  await change(copy);
  await page.goto(pathToFileURL(join(copy, 'index.html')).href);
  await page.setInputFiles('#folder', copy);
  return copy;
}

async function ask(wanted: string): Promise<string> {
  await page.fill('#wanted', wanted);
  await page.click('#search button');
  await page.waitForSelector('#answers[aria-busy="false"]', { state: 'attached' });
  return (await page.innerText('#status')) + (await page.innerText('#answers'));
}

/** And waits until what is open was judged by it: an older page finds nothing until then. */
async function giveKey(text: string): Promise<void> {
  const judged = await page.waitForSelector('#capsules .capsule');
  await page.click('.key summary');
  await page.fill('#key', text);
  await judged.waitForElementState('hidden');
}

const pullOut = (copy: string, name: string) => rename(join(copy, name), join(folder, `pulled-${name}`));
const putBack = (copy: string, name: string) => rename(join(folder, `pulled-${name}`), join(copy, name));

afterEach(() => expect(uncaught.splice(0)).toEqual([]));

test('the page in a capsule is what its sources come to', async () => {
  expect(await readFile(join(__dirname, '../../adapters/capsule/index.html'), 'utf8')).toBe(
    await capsulePage(),
  );
});

describe('the page in a capsule, from a stick without a network', () => {
  inPage(
    'shows a unit by its serial, and that proof and signature hold by the key that was given',
    async () => {
      await openPage();
      const unsure = await ask(serial.toLowerCase());
      expect(unsure).toMatch(/remains to be compared[^]*comes from the manifest itself/);
      await giveKey(`324be2dea8bc4446  ${signer.publicKey}  2026-11-26`);
      await page.waitForSelector('.verdict.good');
      const text = await page.innerText('#answers');
      for (const fact of [
        /EUDV2647-000003/,
        /Proof and signature hold/,
        /The record is in the log, byte for byte: leaf \d+ of 20/,
        /by key 324be2dea8bc4446, which you gave/,
        /RADIO-LOT-0092, RADIO-LOT-0093/,
        /vcc_3v3\s+3\.291\s+3\.2\s+3\.4\s+V\s+PASS/,
        /acme, DE/,
        /Record corrected, 2026-11-24[^]*This statement is in the log/,
      ])
        expect(text).toMatch(fact);
    },
  );

  inPage('finds it by MAC address, chip UID and certificate, and both units of one serial', async () => {
    const copy = await openPage();
    expect(await ask('70-b3-d5-00-01-07')).toMatch(/EUDV2647-000003/);
    expect(await ask('0A1B2C3D4E5F60718293A406')).toMatch(/EUDV2647-000001/);
    const line = (await readFile(join(copy, 'records.jsonl'), 'utf8')).split('\n')[3]!;
    const { provisioning } = JSON.parse(line) as { provisioning: { certificateSha256: string } };
    expect(await ask(provisioning.certificateSha256)).toMatch(/EUDV2647-000003/);
    expect(await ask('000004')).toMatch(/Number of acme[^]*Number of unitrail/);
  });

  inPage('tells units apart whose serials differ in their case alone', async () => {
    const place = join(folder, 'cases');
    const units = ['AC-00042', 'aC-00042'].map((one) => ({ serial: one, issuer: 'acme' }));
    await writeCapsule(await capsuleOf(units), place, signer);
    await page.goto(pathToFileURL(join(place, 'index.html')).href);
    await page.setInputFiles('#folder', place);
    await page.waitForSelector('#search:not([hidden])');
    for (const [typed, meant, other] of [
      ['aC-00042', 'aC-00042', 'AC-00042'],
      [' AC-00042 ', 'AC-00042', 'aC-00042'],
      ['ac-00042', 'AC-00042', 'aC-00042'],
    ] as const) {
      const answer = await ask(typed);
      expect(answer).toContain(meant);
      expect(answer).not.toContain(other);
    }
    expect(await ask('aC-00043')).toBe('aC-00043 is in none of these files.');
  });

  inPage('says of an unknown serial that it is in none of the files', async () => {
    await openPage();
    expect(await ask('EUDV2647-999999')).toBe('EUDV2647-999999 is in none of these files.');
  });

  const changes: [string, (copy: string) => Promise<unknown>, RegExp][] = [
    [
      'a record that was changed',
      (copy) => changeFile(copy, 'records.jsonl', /("destination":")DE("[^\n]*\n)$/, '$1FR$2'),
      /Do not rely on this[^]*the text was changed, or its proof/,
    ],
    [
      'a row of the table that was changed, where the lines are not there',
      async (copy) => {
        const table = join(copy, 'records.parquet');
        const changed = `replace(record, '"destination":"DE"', '"destination":"FR"') as record`;
        await writeFile(table, await rewriteTable(table, `select * replace (${changed}) from t`));
        await rm(join(copy, 'records.jsonl'));
      },
      /Do not rely on this[^]*the text was changed, or its proof/,
    ],
    [
      'a proof that was changed',
      (copy) => changeFile(copy, 'proofs.jsonl', /"path":\["./g, '"path":["+'),
      /Do not rely on this[^]*its proof does not hold/,
    ],
    [
      'a checkpoint that was changed',
      (copy) => changeFile(copy, 'checkpoint', '\n20\n', '\n21\n'),
      /Do not rely on this[^]*another than the one that the manifest names/,
    ],
    [
      'a manifest that was changed',
      (copy) => changeFile(copy, 'manifest.json', '"records":4', '"records":3'),
      /Do not rely on this[^]*its signature does not hold/,
    ],
    [
      'proofs that are missing',
      (copy) => rm(join(copy, 'proofs.jsonl')),
      /Not everything can be told|remains to be compared[^]*proofs\.jsonl is not here/,
    ],
  ];
  for (const [what, change, expected] of changes)
    inPage(`says so of ${what}`, async () => {
      await openPage(change);
      expect(await ask(serial)).toMatch(expected);
    });

  inPage('tells a stranger who signed anew from the manufacturer, once it has the key', async () => {
    await openPage((copy) => signAgain(copy, signerOf(strangersKey)));
    await giveKey(signer.publicKey);
    expect(await ask(serial)).toMatch(/Do not rely on this[^]*not signed by your key/);
  });

  inPage('answers by the key also where the search is begun in the same moment', async () => {
    await openPage();
    await page.waitForSelector('#search:not([hidden])');
    const boxes = JSON.stringify({ key: signer.publicKey, wanted: serial });
    await page.evaluate(
      `for (const [id, text] of Object.entries(${boxes})) document.getElementById(id).value = text;
       document.getElementById('key').dispatchEvent(new Event('input'));
       document.getElementById('search').requestSubmit();`,
    );
    await page.waitForSelector('#answers[aria-busy="false"]', { state: 'attached' });
    expect(await page.innerText('#answers')).toMatch(/Proof and signature hold[^]*which you gave/);
  });

  inPage('checks all files by their digests, and names the one that was changed', async () => {
    await openPage((copy) => changeFile(copy, 'schema.json', 'unitrail', 'untrails'));
    await page.click('.capsule button');
    await page.waitForSelector('.capsule .check.bad');
    expect(await page.innerText('.capsule')).toMatch(
      /records\.parquet is as the manifest says[^]*schema\.json was changed/,
    );
  });

  inPage(
    'names the file that was pulled out while all files are checked, and finds it good once it is back',
    async () => {
      const copy = await openPage();
      await page.waitForSelector('.capsule button');
      // One that the page has read from before, and one that it has not.
      for (const name of ['records.parquet', 'schema.json']) await pullOut(copy, name);
      await page.click('.capsule button');
      await page.waitForSelector('.capsule .check.bad');
      const told = await page.innerText('.capsule');
      expect(told).toMatch(/records\.parquet can’t be read: it is gone or was changed/);
      expect(told).toMatch(/schema\.json can’t be read/);
      expect(told).toMatch(/README\.txt is as the manifest says/);
      for (const name of ['records.parquet', 'schema.json']) await putBack(copy, name);
      await page.click('.capsule button:enabled');
      await page.waitForSelector('.capsule button:enabled');
      expect(await page.innerText('.capsule')).toMatch(
        /records\.parquet is as the manifest says[^]*schema\.json is as the manifest says/,
      );
    },
  );

  inPage(
    'says which file is gone where the stick is pulled out as the folder was chosen, and opens it once it is back',
    async () => {
      const copy = await openPage();
      await page.reload();
      const hold = `window.addEventListener('change', (event) => {
        if (window.goesOn) return;
        event.stopImmediatePropagation();
        document.body.dataset.chosen = 'yes';
      }, true)`;
      await page.evaluate(hold);
      await page.setInputFiles('#folder', copy);
      await page.waitForSelector('[data-chosen]');
      await pullOut(copy, 'manifest.json');
      await page.evaluate('window.goesOn = true');
      await page.dispatchEvent('#folder', 'change');
      expect(await page.innerText('#opening-problem button')).toBe('Try again');
      expect(await page.innerText('#opening-problem')).toMatch(/^manifest\.json can’t be read/);
      expect(await page.isVisible('#search')).toBe(false);
      await putBack(copy, 'manifest.json');
      await page.click('#opening-problem button');
      expect(await ask(serial)).toMatch(/EUDV2647-000003/);
      expect(await page.isVisible('#opening-problem')).toBe(false);
    },
  );

  inPage('takes no key while the manifest is gone, says so, and takes it once it is back', async () => {
    const copy = await openPage();
    await page.waitForSelector('.capsule button');
    await pullOut(copy, 'manifest.json');
    await page.click('.key summary');
    await page.fill('#key', signer.publicKey);
    expect(await page.innerText('#opening-problem button')).toBe('Try again');
    expect(await page.innerText('#opening-problem')).toMatch(/^manifest\.json can’t be read/);
    expect(await page.innerText('#key-hint')).toMatch(/not used yet/);
    expect(await page.innerText('.capsule')).toMatch(/comes from the manifest itself/);
    await putBack(copy, 'manifest.json');
    await page.click('#opening-problem button');
    expect(await ask(serial)).toMatch(/Proof and signature hold/);
    expect(await page.innerText('#key-hint')).toMatch(/compared with key/);
  });

  inPage(
    'names the table that is gone while a unit is looked for, and finds it once it is back',
    async () => {
      const copy = await openPage();
      await page.waitForSelector('.capsule button');
      await pullOut(copy, 'records.parquet');
      expect(await ask('70-b3-d5-00-01-07')).toMatch(/can’t be searched: records\.parquet can’t be read/);
      await putBack(copy, 'records.parquet');
      expect(await ask('70-b3-d5-00-01-07')).toMatch(/EUDV2647-000003/);
    },
  );

  inPage('takes the same folder again', async () => {
    const copy = await openPage();
    await page.waitForSelector('.capsule button');
    expect(await page.evaluate(`document.getElementById('folder').files.length`)).toBe(0);
    await page.setInputFiles('#folder', copy);
    expect(await ask(serial)).toMatch(/EUDV2647-000003/);
  });

  inPage('says what a capsule is where another file is chosen', async () => {
    await page.goto(pathToFileURL(join(folder, 'whole', 'index.html')).href);
    await writeFile(join(folder, 'notes.txt'), 'nothing');
    await page.setInputFiles('#files', join(folder, 'notes.txt'));
    await page.waitForSelector('#opening-problem:not([hidden])');
    expect(await page.innerText('#opening-problem')).toMatch(
      /There is no capsule in notes\.txt\. A capsule has/,
    );
  });

  for (const name of goldenCapsules)
    inPage(`opens golden ${name}, by the page that lies in it and by today's`, async () => {
      const golden = join(goldenFolder, name);
      for (const place of [golden, join(folder, 'whole')]) {
        await page.goto(pathToFileURL(join(place, 'index.html')).href);
        await page.setInputFiles('#folder', golden);
        await page.waitForSelector('#search:not([hidden])');
        await giveKey(goldenKeys);
        expect(await ask(serial)).toMatch(/Proof and signature hold[^]*RADIO-LOT-0093/);
      }
    });

  inPage('never takes what a record says for HTML, and asks for nothing but itself', async () => {
    await openPage();
    expect(await ask('EUDV2647-000001')).toContain('<img src=x onerror=alert(1)>');
    expect(asked.filter((url) => !/^file:.*\/index\.html$/.test(url))).toEqual([]);
  });
});
