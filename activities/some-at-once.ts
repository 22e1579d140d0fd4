import { Context } from '@temporalio/activity';

/** Fewer than the office's connections: decisions go on meanwhile. */
const AT_ONCE = 8;

/** Each is a round trip of its own: one after the other they would leave the servers idle. */
export async function someAtOnce<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  for (let from = 0; from < items.length; from += AT_ONCE) {
    await Promise.all(items.slice(from, from + AT_ONCE).map(work));
    Context.current().heartbeat();
  }
}
