/** Tells a receiver outside, by the Standard Webhooks scheme: a body that is signed, under an id that a repeat keeps. */
import { readFile, stat } from 'node:fs/promises';
import { Webhook as Signer } from 'standardwebhooks';
import { UnitrailError } from '../../domain/errors';

export interface WebhookMessage {
  /** The receiver knows a repeat by it. */
  readonly id: string;
  readonly body: string;
}

export interface Webhook {
  /**
   * Resolves once the receiver has answered 2xx.
   * @throws UnitrailError WEBHOOK_UNAVAILABLE where it did not; CONFIGURATION_INVALID where address or secret are none.
   */
  send(message: WebhookMessage, signal?: AbortSignal): Promise<void>;
}

export interface WebhookOptions {
  /** References, `env:NAME` or `file:PATH`, which are read at each sending: a changed secret needs no new start. */
  readonly url: string;
  readonly secret: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly timeoutMs?: number;
}

const TIMEOUT_MS = 10_000;
const MAX_SECRET_BYTES = 4_096;

export function createWebhook({ url, secret, env, timeoutMs = TIMEOUT_MS }: WebhookOptions): Webhook {
  return {
    async send({ id, body }, signal) {
      const target = addressIn(url, await readReference('UNITRAIL_WEBHOOK_URL', url, env));
      const signer = signerOf(secret, await readReference('UNITRAIL_WEBHOOK_SECRET', secret, env));
      const now = new Date();
      const headers = {
        'content-type': 'application/json',
        'user-agent': 'unitrail',
        'webhook-id': id,
        'webhook-timestamp': String(Math.floor(now.getTime() / 1_000)),
        'webhook-signature': signer.sign(id, now, body),
      };
      const status = await post(target, { headers, body }, timeoutMs, signal);
      if (status >= 200 && status < 300) return;
      throw away(
        target,
        status >= 300 && status < 400
          ? `answered ${status}, a redirect, which is not followed: name the address itself`
          : `answered ${status}`,
      );
    },
  };
}

async function post(
  target: URL,
  { headers, body }: { headers: Record<string, string>; body: string },
  timeoutMs: number,
  signal?: AbortSignal,
): Promise<number> {
  // A controller of our own: the timer of a signal that `AbortSignal.any` has taken in may be collected before it fires.
  const call = new AbortController();
  const tooLate = new Error('too late');
  const timer = setTimeout(() => call.abort(tooLate), timeoutMs);
  const cancel = (): void => call.abort(signal?.reason);
  signal?.addEventListener('abort', cancel, { once: true });
  try {
    const answer = await fetch(target, {
      ...{ method: 'POST', redirect: 'manual', headers, body },
      signal: call.signal,
    });
    // What it says besides is of no use, and might be long.
    await answer.body?.cancel();
    return answer.status;
  } catch (error) {
    if (error === tooLate) throw away(target, `did not answer within ${timeoutMs / 1_000} s`);
    const { name, cause } = error as Error & { cause?: { code?: string } };
    throw away(target, `can't be reached (${cause?.code ?? name})`);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', cancel);
  }
}

/** The path is not shown: many receivers have their token in it. */
function away(target: URL, what: string): UnitrailError {
  return new UnitrailError(
    'WEBHOOK_UNAVAILABLE',
    `The webhook at ${target.origin} ${what}. The notice is kept and is sent again.`,
    { origin: target.origin },
  );
}

async function readReference(
  variable: string,
  reference: string,
  env: WebhookOptions['env'],
): Promise<string> {
  const place = reference.slice(reference.indexOf(':') + 1);
  const text = reference.startsWith('file:') ? await readSmall(variable, place) : env[place];
  if (text?.trim()) return text.trim();
  throw wrong(variable, `${reference} is empty or not there`);
}

async function readSmall(variable: string, path: string): Promise<string> {
  try {
    const found = await stat(path);
    if (found.isFile() && found.size <= MAX_SECRET_BYTES) return await readFile(path, 'utf8');
  } catch (error) {
    throw wrong(variable, `file:${path} can't be read (${(error as NodeJS.ErrnoException).code})`);
  }
  throw wrong(variable, `file:${path} is no file of at most ${MAX_SECRET_BYTES} bytes`);
}

function addressIn(reference: string, text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url && ['https:', 'http:'].includes(url.protocol) && !url.username) return url;
  throw wrong('UNITRAIL_WEBHOOK_URL', `what lies at ${reference} is no https:// or http:// address`);
}

function signerOf(reference: string, text: string): Signer {
  try {
    return new Signer(text);
  } catch {
    throw wrong('UNITRAIL_WEBHOOK_SECRET', `what lies at ${reference} is no "whsec_" and base64 text`);
  }
}

function wrong(variable: string, problem: string): UnitrailError {
  return new UnitrailError('CONFIGURATION_INVALID', `${variable}: ${problem}.`);
}
