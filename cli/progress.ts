import { Listr, type ListrTask } from 'listr2';
import type { CliContext } from './context';

/** One thing that takes a while. `say` tells how far it is: one line that is renewed on a terminal, lines elsewhere. */
export interface Job {
  readonly title: string;
  run(say: (line: string) => void): Promise<string | void>;
}

/**
 * Runs the jobs one after the other, with a live display on a terminal and plain lines where there is none.
 * Everything goes to standard error: standard output is for results.
 */
export async function runJobs(context: CliContext, jobs: readonly Job[]): Promise<void> {
  const live = (context.err as { isTTY?: boolean }).isTTY === true && context.isTty;
  if (!live) return runPlain(context, jobs);
  const tasks = jobs.map(({ title, run }): ListrTask => ({
    title,
    task: async (_, task) => {
      const ended = await run((line) => void (task.output = line));
      if (ended) task.title = `${title}: ${ended}`;
    },
  }));
  // Ctrl-C belongs to the command.
  await new Listr(tasks, {
    registerSignalListeners: false,
    rendererOptions: { collapseSubtasks: false },
  }).run();
}

async function runPlain(context: CliContext, jobs: readonly Job[]): Promise<void> {
  for (const { title, run } of jobs) {
    context.err.write(`${title}\n`);
    let last = '';
    const ended = await run((line) => {
      if (line !== last) context.err.write(`  ${line}\n`);
      last = line;
    });
    if (ended && ended !== last) context.err.write(`  ${ended}\n`);
  }
}
