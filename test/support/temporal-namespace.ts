import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Connection } from '@temporalio/client';
import { msToTs } from '@temporalio/common/lib/time';
import { searchAttributes } from '../../domain/search-attributes';
import type { TemporalAddress } from '../../workers/temporal-address';

const keyword = 2; // temporal.api.enums.v1.IndexedValueType
const pollMs = 50;
const usableTimeoutMs = 60_000;
const callTimeoutMs = 20_000;

/** A namespace of its own for a test file: queue names and workflow ids are fixed, so files can't share one. */
export async function createNamespace(address: string): Promise<TemporalAddress> {
  const namespace = `test-${randomBytes(6).toString('hex')}`;
  const connection = await Connection.connect({ address, connectTimeout: callTimeoutMs });
  try {
    await connection.workflowService.registerNamespace({
      namespace,
      workflowExecutionRetentionPeriod: msToTs('1 day'),
    });
    await untilUsable(connection, namespace);
  } finally {
    await connection.close();
  }
  return { namespace, connectionOptions: { address } };
}

/** The server's parts learn of a new namespace one after the other. */
async function untilUsable(connection: Connection, namespace: string): Promise<void> {
  const deadline = Date.now() + usableTimeoutMs;
  for (;;) {
    try {
      await connection.withDeadline(Date.now() + callTimeoutMs, () => addAttributes(connection, namespace));
      return;
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await sleep(pollMs);
    }
  }
}

async function addAttributes(connection: Connection, namespace: string): Promise<void> {
  const { operatorService } = connection;
  const keywords = Object.fromEntries(searchAttributes.map((name) => [name, keyword]));
  await operatorService.addSearchAttributes({ namespace, searchAttributes: keywords });
  const { customAttributes } = await operatorService.listSearchAttributes({ namespace });
  const missing = searchAttributes.filter((name) => customAttributes?.[name] !== keyword);
  if (missing.length > 0) throw new Error(`the namespace lacks ${missing.join(', ')}`);
}
