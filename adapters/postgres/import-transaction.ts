import type { Database } from './database';
import { mapped } from './errors';

/** Long files are read inside the transaction: nobody sees any of their rows before all of them are good. */
const MAX_PAUSE_MS = 600_000;

/** An import is one transaction: it stays where `isKept` says so of its outcome; a try, a repeat or an error is taken back. */
export async function importInOne<Outcome>(
  db: Database,
  work: (trx: Database) => Promise<Outcome>,
  isKept: (outcome: Outcome) => boolean,
): Promise<Outcome> {
  const trx = await mapped(db.transaction());
  try {
    await mapped(trx.raw(`set local idle_in_transaction_session_timeout = ${MAX_PAUSE_MS}`));
    const outcome = await mapped(work(trx));
    await mapped(isKept(outcome) ? trx.commit() : trx.rollback());
    return outcome;
  } catch (error) {
    // What went wrong is told; that the connection may be gone as well adds nothing.
    if (!trx.isCompleted()) await trx.rollback().catch(() => {});
    throw error;
  }
}
