/** What the ways of getting the `temporal` program have in common. */
export interface BinarySearch {
  readonly env: NodeJS.ProcessEnv;
  /** Progress, one line at a time. */
  readonly say: (line: string) => void;
  readonly signal?: AbortSignal | undefined;
}

/** What is downloaded or built; the tool module tools/temporal-cli pins the same. */
export const pinnedVersion = '1.8.2';

/** Unfinished work lies beside the program under names with this beginning; whoever holds the lock may clear it. */
export const unfinishedPrefix = 'unfinished-';
