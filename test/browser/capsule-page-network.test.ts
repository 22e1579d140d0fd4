import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Page } from 'playwright-core';
import { chromiumTool, newPage, openBrowser, type OpenBrowser } from '../support/chromium';
import { itWithTool } from '../support/it-with-tool';

/**
 * What a script in the page could do to tell somebody outside, were there one: the page is opened from the disk, in a
 * browser that reaches the server. `to` is an address of it.
 */
const ways: readonly (readonly [string, directive: string, script: string])[] = [
  ['fetch', 'connect-src', `fetch(to, { mode: 'no-cors' }).catch(() => {})`],
  ['XMLHttpRequest', 'connect-src', `const x = new XMLHttpRequest(); x.open('GET', to); x.send()`],
  ['sendBeacon', 'connect-src', `navigator.sendBeacon(to, 'serial')`],
  ['WebSocket', 'connect-src', `new WebSocket(to.replace('http:', 'ws:'))`],
  ['EventSource', 'connect-src', `new EventSource(to)`],
  ['an image', 'img-src', `new Image().src = to`],
  ['a script', 'script-src-elem', `add('script', { src: to })`],
  ['an imported module', 'script-src-elem', `import(to).catch(() => {})`],
  ['a style sheet', 'style-src-elem', `add('link', { rel: 'stylesheet', href: to })`],
  ['a font', 'font-src', `new FontFace('F', 'url(' + to + ')').load().catch(() => {})`],
  ['a film', 'media-src', `add('video', { src: to, preload: 'auto' })`],
  ['a frame', 'frame-src', `add('iframe', { src: to })`],
  ['an object', 'object-src', `add('object', { data: to })`],
  ['a preload', 'img-src', `add('link', { rel: 'preload', as: 'image', href: to })`],
  ['a ping', 'connect-src', `add('a', { href: '#top', ping: to }).click()`],
  ['a prefetch', 'default-src', `add('link', { rel: 'prefetch', href: to })`],
  [
    'a form',
    'form-action',
    `add('iframe', { name: 'f' }); add('form', { action: to, method: 'post', target: 'f' }).submit()`,
  ],
];

const add = `const add = (name, attributes) => {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return document.body.appendChild(made);
};`;

let folder: string;
let server: Server;
let browser: OpenBrowser | undefined;
let page: Page;
let address: string;
const pages = { own: '', plain: '', control: '' };
const trustedTypes = "; require-trusted-types-for 'script'; trusted-types 'none'";
const asked: string[] = [];
let onAsked: (url: string) => void = () => {};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'unitrail-page-network-'));
  server = createServer((request, answer) => {
    hear(request.url!);
    answer.setHeader('access-control-allow-origin', '*').end();
  });
  server.on('upgrade', (request, socket) => {
    hear(request.url!);
    socket.destroy();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  await writePages();
});

beforeAll(async () => {
  browser = await openBrowser().catch(() => undefined);
  if (browser) page = await newPage(browser);
});

afterAll(async () => {
  await browser?.close();
  await new Promise((resolve) => server.close(resolve).closeAllConnections());
  await rm(folder, { recursive: true, force: true });
});

function hear(url: string): void {
  if (url === '/favicon.ico') return;
  asked.push(url);
  onAsked(url);
}

/** The page as it lies in a capsule; as a browser takes it that knows no trusted types; and without its policy. */
async function writePages(): Promise<void> {
  const html = await readFile(join(__dirname, '../../adapters/capsule/index.html'), 'utf8');
  const policy = /<meta http-equiv="Content-Security-Policy"[^>]*>\n/;
  expect(html).toMatch(policy);
  expect(html).toContain(trustedTypes);
  for (const [name, text] of [
    ['own', html],
    ['plain', html.replace(trustedTypes, '')],
    ['control', html.replace(policy, '')],
  ] as const) {
    const file = join(folder, `${name}.html`);
    await writeFile(file, text);
    pages[name] = pathToFileURL(file).href;
  }
}

/** Each as the very first thing that the page does, by a script that runs as its own would. */
async function attempt(kind: keyof typeof pages, script: string, path: string): Promise<void> {
  await page.goto(pages[kind]);
  await page.evaluate(`{
    window.refused = new Promise((resolve) => document.addEventListener('securitypolicyviolation', resolve, { once: true }))
      .then(({ effectiveDirective }) => effectiveDirective);
    const to = ${JSON.stringify(address + path)};
    ${add}
    try { ${script}; } catch {}
  }`);
}

describe('the page in a capsule, in a browser with a network', () => {
  for (const [at, [way, directive, script]] of ways.entries()) {
    const inPage = (title: string, body: () => Promise<void>) => itWithTool(chromiumTool, title, body);

    inPage(`lets nothing out by ${way}`, async () => {
      await attempt('plain', script, `/own-${at}`);
      expect(await page.evaluate('window.refused')).toBe(directive);
      await attempt('own', script, `/own-${at}`);
      expect([directive, 'require-trusted-types-for']).toContain(await page.evaluate('window.refused'));
      expect(asked.filter((url) => url.startsWith('/own'))).toEqual([]);
    });

    inPage(`would let it out by ${way}, were it not for its policy`, async () => {
      const path = `/control-${at}`;
      const arrived = new Promise<void>((resolve) => {
        onAsked = (url) => url === path && resolve();
      });
      await attempt('control', script, path);
      await arrived;
    });
  }

  itWithTool(chromiumTool, 'runs no script but its own, and takes no text for HTML', async () => {
    const tries = {
      script: `const made = document.createElement('script'); made.textContent = 'window.ran = true'; document.body.append(made)`,
      handler: `document.body.setAttribute('onclick', 'window.ran = true'); document.body.click()`,
      text: `document.body.innerHTML = '<b>text</b>'; window.ran = true`,
      eval: `setTimeout('window.ran = true')`,
    };
    for (const [kind, expected] of [
      ['own', undefined],
      ['control', true],
    ] as const)
      for (const script of Object.values(tries)) {
        await page.goto(pages[kind]);
        // Behind what was begun: a text that is to run later runs before that.
        const ran = `(async () => { try { ${script} } catch {} await new Promise((go) => setTimeout(go)); return window.ran; })()`;
        expect(await page.evaluate(ran)).toBe(expected);
      }
  });

  itWithTool(chromiumTool, 'nothing of all this has come to the server from the page', () => {
    expect(asked.filter((url) => url.startsWith('/own'))).toEqual([]);
    return Promise.resolve();
  });
});
