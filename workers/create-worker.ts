import {
  bundleWorkflowCode,
  DefaultLogger,
  Worker,
  type WorkflowBundleWithSourceMap,
} from '@temporalio/worker';
import { FailureInterceptor } from '../activities/failure-interceptor';
import { createAssignActivities } from '../activities/assign';
import { createBatchActivities } from '../activities/batch';
import { createBatchControlActivities } from '../activities/batch-control';
import { createQualityActivities } from '../activities/check-quality';
import { createCheckStoreActivities, type CheckStoreActivityDeps } from '../activities/check-store';
import { createExportActivities } from '../activities/exports';
import { createFlashActivities } from '../activities/flash';
import { createHoldActivities } from '../activities/hold';
import { createLabelActivities } from '../activities/label';
import { createLoadUnitActivities } from '../activities/load-unit';
import { createLogActivities } from '../activities/log';
import { createNoticeActivities } from '../activities/notices';
import { createPackingActivities } from '../activities/pack-by-hand';
import { createCertificateActivities, createProvisionActivities } from '../activities/provision';
import { createResolveActivities } from '../activities/resolve-units';
import { createRetentionActivities, type RetentionDeps } from '../activities/retention';
import { createShipActivities } from '../activities/ship';
import { createSlotActivities } from '../activities/slot';
import { createTestActivities } from '../activities/test';
import type { CertificateAuthority } from '../adapters/ca/port';
import type { StationDevices } from '../adapters/devices/ports';
import type { SchemeKeys } from '../adapters/keys/scheme-keys';
import type { Database } from '../adapters/postgres/database';
import type { Notifications } from '../adapters/postgres/notifications';
import type { Watermark } from '../adapters/registry/watermark';
import type { ContentStore } from '../adapters/store/port';
import type { Webhook } from '../adapters/webhook/webhook';
import { taskQueues } from '../domain/workflow-ids';
import type { OfficeActivities, StationActivities } from '../workflows/activity-types';
import { measuring, type ActivityMeter } from './measure-activities';
import type { TemporalHost } from './temporal-host';

/** Longer than the longest section of a flash that must not be cut: a worker that is told to stop lets it finish. */
const SHUTDOWN_GRACE = '2 minutes';
/** Most of them wait in line for a slot, which costs a timer: ten batches that wait leave room for decisions. */
const OFFICE_ACTIVITIES_AT_ONCE = 480;

export interface OfficeDeps
  extends Omit<RetentionDeps, 'client'>, Omit<CheckStoreActivityDeps, 'db' | 'store'> {
  readonly db: Database;
  readonly calls: Notifications;
  readonly store: ContentStore;
  readonly ca: CertificateAuthority;
  readonly watermark: Watermark;
  readonly keys: SchemeKeys;
  /** Who hears of units that are held too long; null: nobody. */
  readonly webhook?: Webhook | null;
  readonly heldTooLongMinutes?: number;
  readonly meter?: ActivityMeter | undefined;
}

export interface StationDeps {
  readonly station: string;
  readonly slots: number;
  readonly db: Database;
  readonly devices: StationDevices;
  readonly store: ContentStore;
  readonly meter?: ActivityMeter | undefined;
}

const interceptors = { activity: [() => ({ inbound: new FailureInterceptor() })] };

/** How each kind of worker is run. bench/lifecycle.ts measures its floor under the same settings. */
export const workerSettings = {
  workflows: { shutdownGraceTime: SHUTDOWN_GRACE },
  office: {
    maxConcurrentActivityTaskExecutions: OFFICE_ACTIVITIES_AT_ONCE,
    shutdownGraceTime: SHUTDOWN_GRACE,
    interceptors,
  },
  /** As many acts at once as the station has slots. */
  station: (slots: number) => ({
    maxConcurrentActivityTaskExecutions: slots,
    shutdownGraceTime: SHUTDOWN_GRACE,
    interceptors,
  }),
} as const;

/** Everything that the office does: registry, CA, holds, batches, shipments, exports. */
export function officeActivities(deps: OfficeDeps, host: TemporalHost): OfficeActivities {
  return {
    ...createLoadUnitActivities(deps),
    ...createAssignActivities(deps),
    ...createSlotActivities(deps),
    ...createCertificateActivities(deps),
    ...createHoldActivities(deps),
    ...createBatchActivities(deps),
    ...createBatchControlActivities({ ...deps, client: host.client }),
    ...createShipActivities({ ...deps, client: host.client }),
    ...createPackingActivities({ ...deps, client: host.client }),
    ...createResolveActivities({ ...deps, client: host.client }),
    ...createNoticeActivities(deps),
    ...createExportActivities(deps),
    ...createLogActivities(deps),
    ...createRetentionActivities({ ...deps, client: host.client }),
    ...createCheckStoreActivities({ ...deps, db: deps.exportDb ?? deps.db }),
  };
}

/** Everything that a station does with the board in its slot. */
export function stationActivities(deps: StationDeps): StationActivities {
  return {
    ...createFlashActivities(deps),
    ...createTestActivities(deps),
    ...createProvisionActivities(deps),
    ...createLabelActivities(deps),
    ...createQualityActivities(deps),
  };
}

export function createOfficeWorker(host: TemporalHost, deps: OfficeDeps): Promise<Worker> {
  return Worker.create({
    connection: host.connection,
    namespace: host.namespace,
    taskQueue: taskQueues.office,
    activities: { ...officeActivities(deps, host) },
    ...measuring(workerSettings.office, deps.meter),
  });
}

/** One stable queue a station. */
export function createStationWorker(host: TemporalHost, deps: StationDeps): Promise<Worker> {
  return Worker.create({
    connection: host.connection,
    namespace: host.namespace,
    taskQueue: taskQueues.station(deps.station),
    activities: { ...stationActivities(deps) },
    ...measuring(workerSettings.station(deps.slots), deps.meter),
  });
}

/** Workflow code only: no database login, no device. */
export function createWorkflowWorker(
  host: TemporalHost,
  workflowBundle: WorkflowBundleWithSourceMap,
  maxCachedWorkflows?: number,
): Promise<Worker> {
  return Worker.create({
    connection: host.connection,
    namespace: host.namespace,
    taskQueue: taskQueues.workflows,
    workflowBundle,
    ...workerSettings.workflows,
    ...(maxCachedWorkflows !== undefined && { maxCachedWorkflows }),
  });
}

export function bundleWorkflows(): Promise<WorkflowBundleWithSourceMap> {
  return bundleWorkflowCode({
    workflowsPath: require.resolve('../workflows/index.ts'),
    logger: new DefaultLogger('WARN'),
  });
}
