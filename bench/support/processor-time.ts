import { readdir, readFile } from 'node:fs/promises';

/** Milliseconds of processor time that each group of processes has used so far. */
export type ProcessorTimes = Readonly<Record<string, number>>;

interface ProcessStat {
  readonly pid: number;
  readonly parent: number;
  readonly usedMs: number;
  readonly commandLine: string;
}

/** Linux counts in hundredths of a second for every program (USER_HZ). */
const MS_PER_TICK = 10;

/**
 * This process's own use, and that of the processes whose command lines hold the texts, with their children. Less
 * sensitive to what else a machine does than the clock is. Elsewhere than on Linux only this process's.
 */
export async function processorTimes(
  own: string,
  groups: Readonly<Record<string, string>>,
): Promise<ProcessorTimes> {
  const { user, system } = process.cpuUsage();
  const all = process.platform === 'linux' ? await readProcesses() : [];
  const used = Object.entries(groups).map(([name, text]) => [name, usedBy(all, text)]);
  return { [own]: (user + system) / 1_000, ...Object.fromEntries(used) };
}

export function usedBetween(before: ProcessorTimes, after: ProcessorTimes): ProcessorTimes {
  return Object.fromEntries(Object.entries(after).map(([name, ms]) => [name, ms - (before[name] ?? 0)]));
}

function usedBy(all: readonly ProcessStat[], text: string): number {
  const heads = all.filter(({ pid, commandLine }) => pid !== process.pid && commandLine.includes(text));
  const pids = new Set(heads.map(({ pid }) => pid));
  const family = all.filter(({ pid, parent }) => pids.has(pid) || pids.has(parent));
  return family.reduce((sum, { usedMs }) => sum + usedMs, 0);
}

async function readProcesses(): Promise<ProcessStat[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  return (await Promise.all(pids.map(readProcess))).filter((found) => found !== null);
}

/** Null where the process has ended meanwhile. Times of children that were waited for are their parent's. */
async function readProcess(pid: number): Promise<ProcessStat | null> {
  try {
    const [stat, commandLine] = await Promise.all([
      readFile(`/proc/${pid}/stat`, 'utf8'),
      readFile(`/proc/${pid}/cmdline`, 'utf8'),
    ]);
    // The name in brackets may hold blanks: the fields are counted from behind it (proc(5): state is field 3).
    const fields = stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number);
    const [utime, stime, cutime, cstime] = [fields[11]!, fields[12]!, fields[13]!, fields[14]!];
    return { pid, parent: fields[1]!, usedMs: (utime + stime + cutime + cstime) * MS_PER_TICK, commandLine };
  } catch {
    return null;
  }
}
