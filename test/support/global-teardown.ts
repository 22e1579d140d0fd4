import { rm } from 'node:fs/promises';

/** Stops what global-setup started, and takes its folder away. */
export default async function globalTeardown(): Promise<void> {
  const stack = globalThis.unitrailTestStack;
  if (!stack) return;
  await stack.leave();
  await rm(stack.home, { recursive: true, force: true });
}
