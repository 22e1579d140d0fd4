import { culpritText, culpritsOf } from '../../domain/balance';
import { blockLedgers } from '../../adapters/postgres/balance-queries';
import { claimUnits } from '../../adapters/postgres/claims';
import { claimsOf, openBenchBatch } from './batches';
import { makeFloor, stageRows, type Floor } from './floor';
import { CLAIM_CHUNK, CLIENTS, type Site } from './site';

/** Seconds that all clients took for as many units, one after the other on the same server. */
export interface ClaimRound {
  readonly units: number;
  readonly realSeconds: number;
  readonly floorSeconds: number;
}

type Chunk = () => PromiseLike<unknown>;

/** By turns, so that whatever else the machine does meets both. The first round warms up, and is not told. */
export async function claimRounds(
  site: Site,
  { rounds, unitsOfClient }: { rounds: number; unitsOfClient: number },
  say: (line: string) => void,
): Promise<ClaimRound[]> {
  const floor = await makeFloor(site.superuser);
  const measured: ClaimRound[] = [];
  for (let round = 0; round <= rounds; round += 1) {
    const units = CLIENTS * unitsOfClient;
    const batches = Array.from({ length: CLIENTS }, (_, client) => `CLAIM-${round}-${client}`);
    const realSeconds = await timed(site, await realChunks(site, batches, unitsOfClient));
    await stageRows(site.superuser, batches);
    const floorSeconds = await timed(site, floorChunks(floor, batches, unitsOfClient));
    say(`Round ${round}: ${realSeconds.toFixed(2)} s, floor ${floorSeconds.toFixed(2)} s`);
    if (round > 0) measured.push({ units, realSeconds, floorSeconds });
  }
  return measured;
}

/** The clients work at once, each through its own chunks in order. */
async function timed({ signal }: Site, ofClients: readonly (readonly Chunk[])[]): Promise<number> {
  const began = performance.now();
  await Promise.all(
    ofClients.map(async (chunks) => {
      for (const chunk of chunks) {
        signal.throwIfAborted();
        await chunk();
      }
    }),
  );
  return (performance.now() - began) / 1_000;
}

async function realChunks(
  { office }: Site,
  batches: readonly string[],
  unitsOfClient: number,
): Promise<Chunk[][]> {
  const ofClients: Chunk[][] = [];
  for (const batch of batches) {
    // One chunk stays unclaimed: the ledger has to explain it.
    await openBenchBatch(office, batch, unitsOfClient + CLAIM_CHUNK);
    const claims = await claimsOf(office, batch);
    ofClients.push(
      startsOf(unitsOfClient).map(
        (from) => () => claimUnits(office, batch, claims.slice(from, from + CLAIM_CHUNK)),
      ),
    );
  }
  return ofClients;
}

function floorChunks(floor: Floor, batches: readonly string[], unitsOfClient: number): Chunk[][] {
  return batches.map((batch) =>
    startsOf(unitsOfClient).map((from) => () => floor(batch, from / CLAIM_CHUNK)),
  );
}

function startsOf(units: number): number[] {
  return Array.from({ length: Math.ceil(units / CLAIM_CHUNK) }, (_, chunk) => chunk * CLAIM_CHUNK);
}

/** What is wrong with the numbers after all that: nothing. */
export async function claimProblems({ superuser }: Site, rounds: readonly ClaimRound[]): Promise<string[]> {
  const { rows } = await superuser.raw<{ rows: { units: number; serials: number; places: number }[] }>(
    `select count(*)::integer as units, count(distinct value)::integer as serials,
       count(distinct (block_id, ordinal))::integer as places from identifiers where kind = 'serial'`,
  );
  const { units, serials, places } = rows[0]!;
  const expected = (rounds.length + 1) * rounds[0]!.units;
  const unexplained = (await blockLedgers(superuser)).flatMap(culpritsOf).map(culpritText);
  const isWhole = [units, serials, places].every((count) => count === expected);
  return isWhole
    ? unexplained
    : [
        `${units} identifiers, ${serials} serials at ${places} places; ${expected} were claimed`,
        ...unexplained,
      ];
}
