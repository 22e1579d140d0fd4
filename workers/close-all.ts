export type Closer = () => Promise<void>;

/** Closes all, the last that was opened first, whatever happens to one of them; the first error is the one that is told. */
export async function closeAll(opened: Closer[]): Promise<void> {
  const errors: unknown[] = [];
  for (let close = opened.pop(); close; close = opened.pop())
    await close().catch((error: unknown) => errors.push(error));
  if (errors.length > 0) throw errors[0];
}
