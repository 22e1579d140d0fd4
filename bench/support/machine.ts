import { availableParallelism, cpus, loadavg, release, totalmem, type } from 'node:os';

/** What a figure was measured on, in one line. The load tells how much of the machine was others'. */
export function machineText(): string {
  const memoryGiB = Math.round(totalmem() / 2 ** 30);
  return `${availableParallelism()} × ${cpus()[0]?.model.trim() ?? 'unknown processor'}, ${memoryGiB} GiB, ${type()} ${release()}, Node ${process.versions.node}, load ${loadavg()[0]!.toFixed(1)}`;
}
