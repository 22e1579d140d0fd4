import type { BenchControl, BenchControls, BoardSummary, FaultEntry } from '../../domain/bench-protocol';
import { UnitrailError } from '../../domain/errors';
import { BenchRefusal, openBenchConnection } from './virtual-bench-connection';

/*
 * The other side of the virtual bench: what demos and tests ask of it, and no station ever does.
 */

const connectMs = 2_000;
const answerMs = 5_000;
const boardsPerPage = 200;

/** Replaces the faults that are still to come. A plan with mistakes is refused as a whole, INPUT_INVALID. */
export async function planFaults(address: string, plan: readonly FaultEntry[]): Promise<void> {
  await control(address, 'faults', { plan });
}

/** The faults that have not happened yet. */
export async function remainingFaults(address: string): Promise<readonly FaultEntry[]> {
  return (await control(address, 'faults', {})).remaining;
}

/** Every board that the bench ever had, as somebody sees them who stands there. */
export async function listBoards(address: string): Promise<readonly BoardSummary[]> {
  const seen: BoardSummary[] = [];
  for (;;) {
    const { total, boards } = await control(address, 'boards', { offset: seen.length, limit: boardsPerPage });
    seen.push(...boards);
    if (boards.length === 0 || seen.length >= total) return seen;
  }
}

async function control<Control extends BenchControl>(
  address: string,
  name: Control,
  args: BenchControls[Control]['args'],
): Promise<BenchControls[Control]['ok']> {
  const connection = openBenchConnection({ address, connectMs });
  try {
    return (await connection.request({ ...args, do: name }, answerMs)) as BenchControls[Control]['ok'];
  } catch (error) {
    throw error instanceof BenchRefusal ? new UnitrailError('INPUT_INVALID', error.message) : error;
  } finally {
    await connection.close();
  }
}
