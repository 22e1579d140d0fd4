import type { Command } from 'commander';
import { ensurePlant, openHouse, type House } from './house';
import { printJson, printLine } from './output';
import { runJobs } from './progress';
import type { ServerContext } from './server-context';

export function register(program: Command, context: ServerContext): void {
  program
    .command('up')
    .description('Starts the servers and all workers of the plant in one process, until Ctrl-C.')
    .option('--bench-speed <speed>', 'of the virtual bench: real or fast', 'real')
    .action(async ({ benchSpeed }: { benchSpeed: string }) =>
      up(context, benchSpeed === 'fast' ? 'fast' : 'real'),
    );
}

async function up(context: ServerContext, speed: 'fast' | 'real'): Promise<void> {
  const stop = context.takeOverSignals(() => context.err.write('The workers finish what is under way.\n'));
  const house = await startHouse(context, speed, stop);
  await told(context, house);
  try {
    await Promise.race([untilAborted(stop), house.line.failed]);
  } finally {
    await stopHouse(context, house);
  }
}

/** Ctrl-C before the house stands calls the start off: what was started by then is stopped again. */
export async function startHouse(
  context: ServerContext,
  speed: 'fast' | 'real',
  stop: AbortSignal,
): Promise<House> {
  let house: House | undefined;
  await runJobs(context, [
    { title: 'Servers', run: async (say) => void (await context.servers(say, stop)) },
    {
      title: 'Workers',
      run: async (say) => {
        const plant = await ensurePlant(context, say);
        say('Starting the workers of the office, the workflows and each station');
        stop.throwIfAborted();
        house = await openHouse(context, plant, speed);
      },
    },
  ]);
  return house!;
}

export async function stopHouse(context: ServerContext, house: House): Promise<void> {
  context.err.write('Stopping: the workers finish what is under way\n');
  await house.line.stop();
}

export function untilAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}

async function told(context: ServerContext, { servers, benchAddress, line }: House): Promise<void> {
  const address = servers.temporal.connectionOptions.address ?? null;
  if (context.json)
    return printJson(context, {
      temporalUi: servers.temporalUi,
      temporal: address,
      bench: benchAddress,
      metrics: line.metricsUrl,
    });
  await printLine(
    context,
    `Up. Temporal: ${servers.temporalUi ?? address}. Start a batch: npx unitrail batch start sample/order.yaml. Ctrl-C ends it.`,
  );
  if (line.metricsUrl) await printLine(context, `Metrics: ${line.metricsUrl}`);
}
