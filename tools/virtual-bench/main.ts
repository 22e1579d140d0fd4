/**
 * The virtual bench: a fixture for demos and tests, and nothing else. One process stands for the slots,
 * programmers, testers, label printers and scanners of all stations. No real board is ever behind it; a unit
 * that was built on it is marked as simulated by the system that uses it.
 *
 *   node --require tsx/cjs tools/virtual-bench/main.ts --port 0 --home DIR [--speed fast|real] [--faults FILE]
 *                                                      [--seed TEXT]
 *
 * Prints {"port":N} on one line when it listens. README.md beside this file describes the protocol.
 */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { FaultEntry, SensorEvent } from '../../domain/bench-protocol';
import { createBench } from './bench';
import { makeFolder } from './files';
import { checkHome, claimHome, releaseHome } from './home-claim';
import { paceOf, speeds, type Speed } from './pace';
import { parseFaultPlan } from './requests';
import { listen, type BenchServer } from './server';
import { openWorld } from './world';

interface Options {
  readonly port: number;
  readonly home: string;
  readonly speed: Speed;
  readonly seed: string;
  readonly faults: readonly FaultEntry[] | undefined;
}

function readOptions(): Options {
  const { values } = parseArgs({
    options: {
      port: { type: 'string', default: '0' },
      home: { type: 'string' },
      speed: { type: 'string', default: 'fast' },
      seed: { type: 'string', default: 'unitrail' },
      faults: { type: 'string' },
    },
  });
  const { home, seed, speed } = values;
  if (!home) throw new Error('--home: nothing was given; a folder for the boards is needed.');
  if (!/^\d{1,5}$/.test(values.port) || Number(values.port) > 65535)
    throw new Error(`--port: "${values.port}" is not allowed; 0 to 65535, 0 for any free one.`);
  if (!isSpeed(speed)) throw new Error(`--speed: "${speed}" is not allowed; one of ${speeds.join(', ')}.`);
  return {
    port: Number(values.port),
    home,
    speed,
    seed,
    faults: values.faults ? readPlan(values.faults) : undefined,
  };
}

function isSpeed(text: string): text is Speed {
  return (speeds as readonly string[]).includes(text);
}

function readPlan(file: string): readonly FaultEntry[] {
  try {
    return parseFaultPlan(JSON.parse(readFileSync(file, 'utf8')));
  } catch (error) {
    throw new Error(`--faults: ${file} can't be used. ${error instanceof Error ? error.message : ''}`, {
      cause: error,
    });
  }
}

async function run({ port, home, speed, seed, faults }: Options): Promise<void> {
  makeFolder(home);
  const instance = await checkHome(home);
  const listeners = new Set<(event: SensorEvent) => void>();
  const world = openWorld(home, seed, (event) => listeners.forEach((listener) => listener(event)));
  if (faults) world.faults.continueWith(faults);
  const server = await listen(createBench(world, paceOf(speed), instance), port);
  listeners.add(server.broadcast);
  claimHome(home, { port: server.port, instance });
  endWith(server, home);
  process.stdout.write(`${JSON.stringify({ port: server.port })}\n`);
}

/** Ends on a signal, and with a parent that forked us; otherwise the bench lives on its own. */
function endWith(server: BenchServer, home: string): void {
  const end = (): void => {
    releaseHome(home);
    void server.close().then(() => process.exit(0));
  };
  process.once('SIGTERM', end);
  process.once('SIGINT', end);
  if (process.connected) process.once('disconnect', end);
}

// The reader of our output may be gone long before us.
process.stdout.on('error', () => {});
process.stderr.on('error', () => {});

async function main(): Promise<void> {
  let options: Options;
  try {
    options = readOptions();
  } catch (error) {
    return fail(error, 2);
  }
  await run(options).catch((error: unknown) => fail(error, 1));
}

function fail(error: unknown, exitCode: number): void {
  process.stderr.write(
    `The virtual bench can't start. ${error instanceof Error ? error.message : String(error)}\n`,
  );
  process.exitCode = exitCode;
}

void main();
