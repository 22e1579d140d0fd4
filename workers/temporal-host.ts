import type { Client } from '@temporalio/client';
import { DefaultLogger, NativeConnection, Runtime, type LogLevel } from '@temporalio/worker';
import type { Logger } from './log';
import type { TemporalAddress } from './temporal-address';
import { connectClient } from './temporal-client';

/** What every worker of a process shares: one connection for its tasks, one client. */
export interface TemporalHost {
  readonly connection: NativeConnection;
  readonly client: Client;
  readonly namespace: string;
  close(): Promise<void>;
}

let installed = false;

/** Once a process, before any connection: Temporal's native part takes its logger at birth. */
function installRuntime(log: Logger, sdkMetrics: string | null): void {
  if (installed) return;
  installed = true;
  Runtime.install({
    logger: new DefaultLogger('WARN', ({ level, message, meta }) =>
      log[severity(level, message)]({ ...plain(meta) }, message),
    ),
    // Ctrl-C is ours: it ends the workers in order, and lets a flash finish.
    shutdownSignals: [],
    telemetryOptions: {
      logging: { forward: {}, filter: 'ERROR' },
      ...(sdkMetrics !== null && { metrics: { prometheus: { bindAddress: sdkMetrics } } }),
    },
  });
}

/** `sdkMetrics`: where the native part offers its own metrics, `host:port`. Only the first call of a process decides. */
export async function openTemporalHost(
  at: TemporalAddress,
  log: Logger,
  sdkMetrics: string | null = null,
): Promise<TemporalHost> {
  const client = await connectClient(at);
  // Only now: the native part keeps a process alive, also one that found no server.
  installRuntime(log, sdkMetrics);
  const connection = await connectNative(at, client);
  return {
    connection,
    client,
    namespace: at.namespace,
    close: async () => {
      await connection.close();
      await client.connection.close();
    },
  };
}

async function connectNative(at: TemporalAddress, client: Client): Promise<NativeConnection> {
  try {
    return await NativeConnection.connect(
      at.connectionOptions as Parameters<typeof NativeConnection.connect>[0],
    );
  } catch (error) {
    await client.connection.close();
    throw error;
  }
}

/** Every worker of ours does one kind of work on purpose; the SDK warns of each that it does not do the other. */
function severity(level: LogLevel, message: string): 'debug' | 'info' | 'warn' | 'error' {
  return message.includes('not polling for') ? 'debug' : toPino(level);
}

function toPino(level: LogLevel): 'debug' | 'info' | 'warn' | 'error' {
  return ({ TRACE: 'debug', DEBUG: 'debug', INFO: 'info', WARN: 'warn', ERROR: 'error' } as const)[level];
}

/** The task token is a kilobyte of noise; of an error its name and message are enough. */
function plain(meta: unknown): Record<string, unknown> {
  const { error, ...rest } = (meta ?? {}) as Record<string, unknown>;
  delete rest.taskToken;
  return error instanceof Error ? { ...rest, error: `${error.name}: ${error.message}` } : rest;
}
