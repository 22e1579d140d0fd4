import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Webhook as Verifier } from 'standardwebhooks';
import { createWebhook } from '../../adapters/webhook/webhook';
import { startWebhookReceiver, type WebhookReceiver } from '../support/webhook-receiver';

const secret = `whsec_${Buffer.from('twenty-four bytes of key').toString('base64')}`;
const references = { url: 'env:HOOK', secret: 'env:SECRET' };
const message = { id: 'notice-1', body: '{"type":"unit.held.too.long"}' };

let receiver: WebhookReceiver;

beforeEach(async () => {
  receiver = await startWebhookReceiver();
});
afterEach(() => receiver.close());

function webhook(env: Record<string, string> = {}, timeoutMs = 5_000) {
  const all = { HOOK: `${receiver.url}/token-4711`, SECRET: secret, ...env };
  return createWebhook({ ...references, env: all, timeoutMs });
}

test('what is sent can be verified by any Standard Webhooks library, under the id that a repeat keeps', async () => {
  await webhook().send(message);
  await webhook().send(message);
  const [first, second] = receiver.received;
  const headers = first!.headers as Record<string, string>;
  expect(new Verifier(secret).verify(first!.body, headers)).toEqual({ type: 'unit.held.too.long' });
  expect(() => new Verifier(secret).verify(`${first!.body} `, headers)).toThrow(/signature/i);
  expect([first, second].map((one) => one!.headers['webhook-id'])).toEqual(['notice-1', 'notice-1']);
});

test.each([
  ['500', 500, /answered 500\. The notice is kept/],
  ['a redirect', 302, /answered 302, a redirect, which is not followed/],
])('an answer of %s is a failure that is told without the path', async (_what, status, words) => {
  receiver.next.push((response) =>
    response.writeHead(status, { location: `${receiver.url}/elsewhere` }).end(),
  );
  const failure = await webhook()
    .send(message)
    .catch((error: unknown) => error as Error);
  expect(failure).toMatchObject({ code: 'WEBHOOK_UNAVAILABLE', message: expect.stringMatching(words) });
  expect((failure as Error).message).not.toContain('token');
  expect(receiver.received.map(({ path }) => path)).toEqual(['/token-4711']);
});

test('a receiver that never answers is given up, and one that is not there is named', async () => {
  receiver.next.push(() => {});
  await expect(webhook({}, 200).send(message)).rejects.toThrow(/did not answer within 0\.2 s/);
  await expect(webhook({ HOOK: 'http://127.0.0.1:1/x' }).send(message)).rejects.toThrow(
    /http:\/\/127\.0\.0\.1:1 can't be reached/,
  );
});

test.each([
  ['no address', { HOOK: 'ftp://example.com' }, /UNITRAIL_WEBHOOK_URL: what lies at env:HOOK is no https/],
  ['no secret', { SECRET: '%%%' }, /UNITRAIL_WEBHOOK_SECRET: what lies at env:SECRET is no "whsec_"/],
  ['nothing', { SECRET: '' }, /UNITRAIL_WEBHOOK_SECRET: env:SECRET is empty or not there/],
])('a reference to %s is refused without its value', async (_what, env, words) => {
  const failure = webhook(env).send(message);
  await expect(failure).rejects.toMatchObject({ code: 'CONFIGURATION_INVALID' });
  await expect(failure).rejects.toThrow(words);
  expect(receiver.received).toEqual([]);
});

test('address and secret may lie in files, with a line end', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'unitrail-webhook-'));
  try {
    const [url, key] = [join(folder, 'url'), join(folder, 'secret')];
    await writeFile(url, `${receiver.url}/from-file\n`);
    await writeFile(key, `${secret}\n`);
    await createWebhook({ url: `file:${url}`, secret: `file:${key}`, env: {} }).send(message);
    expect(receiver.received.map(({ path }) => path)).toEqual(['/from-file']);
    const missing = createWebhook({ url: `file:${url}.gone`, secret: `file:${key}`, env: {} });
    await expect(missing.send(message)).rejects.toThrow(
      /UNITRAIL_WEBHOOK_URL: file:.*can't be read \(ENOENT\)/,
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
