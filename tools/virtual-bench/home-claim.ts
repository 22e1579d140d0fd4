import { randomUUID } from 'node:crypto';
import { rmSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { readJson, writeJson } from './files';

/*
 * Two benches on one folder would overwrite each other's boards. The claim names port and instance of the
 * bench that works there; it holds for as long as that bench answers, so that a killed one leaves no lock,
 * and a process id that was given out anew fools nobody.
 */

export interface HomeClaim {
  readonly port: number;
  readonly instance: string;
}

const helloDeadlineMs = 1000;

/** Throws where another bench works in this folder; otherwise returns the name of this instance. */
export async function checkHome(home: string): Promise<string> {
  const claim = readJson<HomeClaim>(claimFile(home));
  if (claim && (await answers(claim)))
    throw new Error(
      `--home: another bench works in ${home}; it listens on port ${claim.port}. End it or use it.`,
    );
  return randomUUID();
}

/** Also tells whoever wants to use a bench that runs already where it listens. */
export function claimHome(home: string, claim: HomeClaim): void {
  writeJson(claimFile(home), claim);
}

export function releaseHome(home: string): void {
  rmSync(claimFile(home), { force: true });
}

function claimFile(home: string): string {
  return join(home, 'listening.json');
}

function answers({ port, instance }: HomeClaim): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.setTimeout(helloDeadlineMs, () => socket.destroy());
    socket.setEncoding('utf8');
    socket.on('connect', () => socket.write('{"id":1,"do":"hello"}\n'));
    socket.on('data', (text) => {
      resolve(text.includes(instance));
      socket.destroy();
    });
    // Whatever ends the socket without an answer: nobody is there.
    socket.on('error', () => {});
    socket.on('close', () => resolve(false));
  });
}
