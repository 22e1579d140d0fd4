import { Client, Connection } from '@temporalio/client';
import { UnitrailError } from '../domain/errors';
import type { TemporalAddress } from './temporal-address';

export async function connectClient(at: TemporalAddress): Promise<Client> {
  try {
    const connection = await Connection.connect({ ...at.connectionOptions, connectTimeout: '10 seconds' });
    return new Client({ connection, namespace: at.namespace });
  } catch (cause) {
    throw new UnitrailError(
      'TEMPORAL_UNAVAILABLE',
      `Temporal does not answer at ${at.connectionOptions.address ?? 'its default address'}.`,
      {},
      { cause },
    );
  }
}
