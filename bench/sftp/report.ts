import { spawnSync } from 'node:child_process';
import { median } from '../support/figures';
import { machineText } from '../support/machine';
import { table } from '../support/table';
import { CIPHER, ways, type Round, type Taken, type Way } from './rounds';

/** design.md, "Figures that the design has to reach". */
const GOAL = 0.8;

export function resultText(
  rounds: readonly Round[],
  megabytes: number,
): { readonly text: string; readonly ok: boolean } {
  const of = (way: Way, what: keyof Taken) => median(rounds.map((round) => round[way][what]));
  const rows = rounds.map((round, at) => [
    `round ${at + 1}, MiB/s`,
    ...ways.map((way) => (megabytes / round[way].seconds).toFixed(0)),
  ]);
  const middle = ways.map((way) => (megabytes / of(way, 'seconds')).toFixed(0));
  const processor = ways.map((way) => of(way, 'processorSeconds').toFixed(2));
  const ratio = (ours: Way, theirs: Way) =>
    median(rounds.map((round) => round[theirs].seconds / round[ours].seconds));
  const reached = ratio('ours', 'OpenSSH');
  return {
    text: [
      `Machine   ${machineText()}`,
      `Settings  ${megabytes} MiB of random bytes; ${clientVersion()}, server with internal-sftp in a chroot on a tmpfs, loopback; ours by ${CIPHER}; fsync asked for by both`,
      '',
      table(['', ...ways], [...rows, ['median, MiB/s', ...middle], ['client, processor s', ...processor]]),
      '',
      `Ratio to OpenSSH's client as it comes        ${reached.toFixed(2)}`,
      `Ratio to it with our cipher                  ${ratio('ours', 'OpenSSH, same cipher').toFixed(2)}`,
      `Ratio with every byte read back, of both     ${ratio('ours, read back', 'OpenSSH, put and get').toFixed(2)}`,
      `Goal: at least ${GOAL} of OpenSSH's client as it comes: ${reached >= GOAL ? 'reached' : 'not reached'}`,
    ].join('\n'),
    ok: reached >= GOAL,
  };
}

function clientVersion(): string {
  return spawnSync('ssh', ['-V'], { encoding: 'utf8' }).stderr.trim().split(',')[0] ?? 'OpenSSH';
}
