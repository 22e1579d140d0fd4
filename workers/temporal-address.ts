import type { ConnectionOptions } from '@temporalio/client';
import { loadClientConnectConfig } from '@temporalio/envconfig';

export interface TemporalAddress {
  readonly namespace: string;
  readonly connectionOptions: ConnectionOptions;
}

/** The embedded server's address, or what Temporal's own variables and temporal.toml say (namespace, TLS and key too). */
export function temporalAddress(embedded: { address: string; namespace: string } | null): TemporalAddress {
  if (embedded) return { namespace: embedded.namespace, connectionOptions: { address: embedded.address } };
  const { namespace, connectionOptions } = loadClientConnectConfig();
  return { namespace: namespace ?? 'default', connectionOptions };
}
