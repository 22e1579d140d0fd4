import { join } from 'node:path';
import { makeFolder, readJson, writeJson } from './files';

export type JobState = 'printed' | 'never' | 'unknown';

export type Printer = ReturnType<typeof openPrinter>;

/** The printer's memory: one file a job, since a line prints many thousands. */
export function openPrinter(home: string) {
  const root = makeFolder(join(home, 'printer'));
  const file = (jobId: string) => join(root, `${encodeURIComponent(jobId)}.json`);
  return {
    jobState: (jobId: string): JobState => readJson<JobState>(file(jobId)) ?? 'never',
    remember: (jobId: string, state: JobState): void => writeJson(file(jobId), state),
  };
}
