/**
 * What the auditor promises to have checked: docs/invariants.md lists the same, and a test compares both.
 * A number is never used again for another promise.
 */
export const invariants = {
  A1: 'Every stream is an unbroken hash chain: seq 1 to n without a hole, each header made of its row, each hash recomputed from the stored bytes, and the head on record is the last event.',
  A2: 'Every event body is canonical JSON by RFC 8785.',
  A3: 'Every event has a key of its own, a known type on the right kind of stream, and a login that may append it.',
  A4: 'Every event of a unit was allowed from where the unit stood: the order of steps, of tries and of prints holds.',
  A5: 'What the rows say of units, lots, holds, tries, revocations, batches, orders, shipments, cartons and pallets equals the fold of the events.',
  A6: 'An identifier belongs to one unit: events and registry tell the same owner, state and place in its block, and the block gives that value.',
  A7: "The ledger of every block adds up to its range, no account is overdrawn, blocks of one number space do not overlap, and none holds a number that was used before Unitrail. Of each number below a counter's next it is known why it is in no block, and of each epoch of the registry who opened it.",
  A8: 'No unit is lost: a batch holds exactly the units that were claimed, all at rest when it completed, and an order counts those that are alive, never more than it was once for, of which never more have shipped than it is for. A batch gives numbers back once, after it was cancelled and before it ended.',
  A9: 'Every shipped unit has exactly one sealed record that says what its events say and waits for the log, and no other unit has one. What was said after the sealing names that record, and waits for the log as well.',
  A10: 'A unit ships in a carton of one closed shipment, for the buyer that its batch was made for, with the label that QC saw where it was scanned, off every quality hold, never from a trial batch, and simulated only to a test buyer. No carton or pallet holds more than it takes, and an SSCC is one thing only.',
  A11: 'A unit holds at most one slot, and no event carries a fence that its slot has not reached.',
  A12: 'The lifecycle tables of the database are those of the code.',
  A13: "No operator's name stands in any event or record.",
  A14: "A buyer's list is whole and what its event says of it, and no number of one buyer is listed twice.",
  A15: "What was adopted from before Unitrail is whole and what its event says of it, every number of it is in the registry, and none of them is a unit's as well.",
  A16: "A lease between sites is what was signed, by a key that the plant file named, it is booked as its event says, and its numbers are nobody else's here.",
  A17: "The exports of a buyer are numbered without a hole, each behind the one before; every item is in one of them, and is the buyer's; each is what its events say, and its manifest is signed by a key on record and names the manifest before it. Its files are those of the manifest, what is delivered was brought by a try on record, and the fate of a number is what its history says. Each key on record is named by the event of an export or a capsule, or is one of those given.",
  A18: 'The log has a leaf for every sealed record, every correction, return, scrap, loss and void, for what the heads said of open streams, and for each document that was refused a place: each leaf is what its stored bytes and its salt give, and there is none missing between them; what waits is what was queued. What is open when a checkpoint is signed is told by heads before one that is signed two hours later, and nothing counts as told that is not there. Their tree is that of every checkpoint that was signed or that a witness has co-signed, of the one that is kept outside the database, and of the tiles there. What witnesses have signed is what their lines say, and is kept from no export.',
  A19: 'What has moved out of the database is in its capsule in the content store: each file is what was booked, each history goes on to where the database says, each record has its digest, each row of the table is that of its record, column by column, and a copy was read back by another login before anything went. State, times, units, files and copies of each capsule are what the streams of the retention runs tell between their opening and their end, only a run whose clock was trusted plans, moves or erases, nothing is erased before its archive is over by the kept versions of the plant file and the last shipment of the product, and its manifests are signed by a key on record. Each legal hold, each version of the plant file and each approval of its terms is what its stream tells, and so are the persons on record, with the digests of their names, and what was decided to leave the content store and has left it, in both directions. Nothing of a unit or a batch moved or went while a hold on it was open, and no name went while any was, before its person had left, or before its time.',
  A21: 'What devices reported after shipping is whole and what its event says of it, each of a unit that had shipped, and one thing of one unit, time and source.',
} as const;

export type Invariant = keyof typeof invariants;
