/**
 * A user of the stack in a process of its own: `node --import tsx stack-member.ts HOME`. Joins, says where the
 * servers are in one line of JSON, and leaves when its input ends.
 */
import { joinStack } from '../../adapters/stack/stack';

async function main(home: string): Promise<void> {
  const say = (line: string): void => void process.stderr.write(`${line}\n`);
  const stack = await joinStack({ home, say });
  const { ownerUrl, temporal } = stack;
  process.stdout.write(`${JSON.stringify({ ownerUrl, temporal })}\n`);
  process.stdin.resume();
  await new Promise((resolve) => process.stdin.once('end', resolve));
  await stack.leave();
}

main(process.argv[2]!).catch((error: unknown) => {
  process.stderr.write(`${String(error)}\n`);
  process.exitCode = 1;
});
