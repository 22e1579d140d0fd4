import { Context } from '@temporalio/activity';
import type { Database } from '../adapters/postgres/database';
import {
  findNotice,
  noticeDelivered,
  noticeTried,
  raiseNotices,
  undeliveredNotices,
  type Notice,
} from '../adapters/postgres/notices';
import type { Webhook } from '../adapters/webhook/webhook';
import { canonicalJson } from '../domain/canonical';

/** What one run of the workflow sends at most; the next run goes on. */
const AT_ONCE = 100;

export interface NoticeDeps {
  readonly db: Database;
  /** Null: there are no notices. */
  readonly webhook?: Webhook | null;
  readonly heldTooLongMinutes?: number;
}

/** Tells somebody of units that are held too long. A notice that was taken twice has the same id both times. */
export function createNoticeActivities({ db, webhook = null, heldTooLongMinutes = 240 }: NoticeDeps) {
  return {
    /** Raises what is due, and names what nobody has taken yet. */
    async raiseNotices(): Promise<{ raised: number; undelivered: string[] }> {
      if (!webhook) return { raised: 0, undelivered: [] };
      const raised = await raiseNotices(db, heldTooLongMinutes);
      return { raised, undelivered: await undeliveredNotices(db, AT_ONCE) };
    },

    /** At least once: a crash between the receiver's answer and our note of it sends the notice again. */
    async deliverNotice({ notice: id }: { notice: string }): Promise<void> {
      const notice = await findNotice(db, id);
      if (!notice || notice.isDelivered || !webhook) return;
      await noticeTried(db, id);
      await webhook.send({ id, body: bodyOf(notice) }, Context.current().cancellationSignal);
      await noticeDelivered(db, id);
    },
  };
}

/** The same bytes at each sending. */
function bodyOf({ serial, batch, product, step, failureCode, heldAt, raisedAt }: Notice): string {
  return canonicalJson({
    type: 'unit.held.too.long',
    timestamp: raisedAt.toISOString(),
    data: { serial, batch, product, step, failureCode, heldAt: heldAt.toISOString() },
  });
}
