import type { Wrong } from './findings';
import type { Snapshot } from './snapshot';

/** The sequencer tells the heads at least once in 55 minutes; the rest is for whoever was slow. */
const LATE = "interval '2 hours'";

/** Written down here a second time on purpose: the states of a unit that has not ended. */
const OPEN = `('InProgress', 'AwaitingEngineer', 'ReadyToShip', 'Packed')`;

/**
 * Streams that the heads have to tell, as far as they stand, and up to where they were told. A unit's end is told once more; one
 * that is found again after that has been told up to there.
 */
const STREAMS = `
  select s.stream, s.seq, coalesce(t.seq, 0) as told from streams s left join log_told t on t.stream = s.stream
  union all
  select 'unit:' || u.id, u.seq,
    coalesce(t.seq, (select max(v.seq) - 1 from unit_events v where v.stream = 'unit:' || u.id and v.type = 'found'), 0)
  from units u left join log_told t on t.unit_id = u.id
  where u.state in ${OPEN} or t.seq is not null`;

/**
 * A18. The heads of what is open are told every hour while the log goes on: whoever keeps them from being told could change a history
 * that nothing commits to yet. What is there when a checkpoint is signed has heads before one that is signed two hours later. Nothing
 * counts as told that is not there.
 */
export async function checkTold(snapshot: Snapshot, wrong: Wrong): Promise<void> {
  // Not by the event's own time: a clock that jumps makes that hours old before the next heads could tell it.
  const late = await snapshot.rows<{
    stream: string;
    seq: number;
    at: string;
    before: string;
    signed: string;
  }>(
    `with newest as (select max(booked_at) as at from log_checkpoints where booked_at <= now()),
       before as (select max(c.booked_at) as at from log_checkpoints c, newest n where c.booked_at < n.at - ${LATE})
     select m.stream, e.seq, e.at, b.at as before, n.at as signed from newest n cross join before b cross join (${STREAMS}) m
     cross join lateral (select v.seq, v.at from unit_events v where v.stream = m.stream and v.seq = m.told + 1 limit 1) e
     where m.seq > m.told and e.at < b.at order by m.stream limit 100`,
  );
  for (const { stream, seq, at, before, signed } of late)
    wrong(
      `${stream}, event ${seq}`,
      `of ${at}, and in no heads`,
      `heads that tell it: checkpoints were signed after it, at ${before} and at ${signed}`,
    );
  const ahead = await snapshot.rows<{ stream: string; seq: number; told: number }>(
    `select m.stream, m.seq, m.told from (${STREAMS}) m where m.told > m.seq order by m.stream limit 100`,
  );
  for (const { stream, seq, told } of ahead)
    wrong(`heads of ${stream}`, `said to be told up to event ${told}`, `${seq} at most, the last one`);
  const unqueued = await snapshot.rows<{ number: number }>(
    `select h.number from log_heads h where not exists (select from log_queue q
       where q.format = 'unitrail.heads/1' and q.stream = 'log' and q.seq = h.number) order by h.number limit 100`,
  );
  for (const { number } of unqueued)
    wrong(`heads ${number} of the log`, 'no row in the log queue', 'a leaf of unitrail.heads/1');
}
