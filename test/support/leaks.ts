/**
 * A test file that leaves a socket, a listening port or a child process open fails, and says so.
 *
 * The check has to run after the file's own `afterAll`, which closes its pools: jest-circus runs hooks in the
 * order of their definition, so an `afterAll` from here would come first. Its event handlers are the way in;
 * they are reached by their symbol because a second import of jest-circus resets the runner's state.
 */
import type { Circus } from '@jest/types';

/** Closing is asynchronous: a socket that was ended just now may still be on its way out. Only a file that leaks waits so long. */
const graceMs = 10_000;
const pollMs = 50;

const watched: Record<string, string> = {
  TCPSocketWrap: 'socket',
  TCPServerWrap: 'listening port',
  ProcessWrap: 'child process',
};

function countOpen(): Map<string, number> {
  const counts = new Map<string, number>();
  for (const kind of process.getActiveResourcesInfo()) {
    const name = watched[kind];
    if (name) counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return counts;
}

/** What is open now and was not when the file began: `2 × socket`. */
function leftSince(before: Map<string, number>): string[] {
  return [...countOpen()]
    .map(([name, count]) => ({ name, more: count - (before.get(name) ?? 0) }))
    .filter(({ more }) => more > 0)
    .map(({ name, more }) => `${more} × ${name}`);
}

async function leftAfterGrace(before: Map<string, number>): Promise<string[]> {
  const deadline = Date.now() + graceMs;
  let left = leftSince(before);
  while (left.length > 0 && Date.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, pollMs));
    left = leftSince(before);
  }
  return left;
}

function circusHandlers(): Circus.EventHandler[] {
  const handlers = (globalThis as Record<symbol, unknown>)[Symbol.for('EVENT_HANDLERS')];
  if (!Array.isArray(handlers))
    throw new Error('jest-circus moved its event handlers: mend test/support/leaks.ts');
  return handlers as Circus.EventHandler[];
}

const before = countOpen();

circusHandlers().push(async (event: Circus.Event, state: Circus.State) => {
  if (event.name !== 'run_finish') return;
  const left = await leftAfterGrace(before);
  if (left.length > 0) {
    state.unhandledErrors.push(
      new Error(`this file leaves open: ${left.join(', ')}. Close them in afterAll.`),
    );
  }
});
