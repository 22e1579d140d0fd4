/**
 * A file to a real OpenSSH server: our delivery against OpenSSH's own client, in turns.
 *
 *   npm run bench:sftp -- [--megabytes 200] [--rounds 5]
 */
import { parseArgs } from 'node:util';
import { Interrupted, Interruption } from '../cli/interruption';
import { measureRounds } from './sftp/rounds';
import { resultText } from './sftp/report';
import { wholeNumber } from './support/options';
import { runBench, say, tellLine } from './support/printing';

const MAX_MEGABYTES = 2_000;
const MAX_ROUNDS = 50;

async function main(): Promise<void> {
  const text = (byDefault: string) => ({ type: 'string' as const, default: byDefault });
  const { values } = parseArgs({ options: { megabytes: text('200'), rounds: text('5') } });
  const megabytes = wholeNumber('megabytes', values.megabytes, MAX_MEGABYTES);
  const rounds = wholeNumber('rounds', values.rounds, MAX_ROUNDS);
  const interruption = new Interruption();
  const signal = interruption.takeOver(() => say('The server is being stopped'));
  try {
    const result = resultText(await measureRounds({ megabytes, rounds, signal, say }), megabytes);
    tellLine(result.text);
    if (!result.ok) process.exitCode = 1;
  } catch (error) {
    if (!(signal.reason instanceof Interrupted)) throw error;
    process.exitCode = signal.reason.exitCode;
  } finally {
    interruption.close();
  }
}

runBench(main, 'bench/sftp');
