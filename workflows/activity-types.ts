/** What workflows may call, by task queue. Types only: nothing of these modules is bundled. */
import type { createAssignActivities } from '../activities/assign';
import type { createBatchActivities } from '../activities/batch';
import type { createBatchControlActivities } from '../activities/batch-control';
import type { createQualityActivities } from '../activities/check-quality';
import type { createCheckStoreActivities } from '../activities/check-store';
import type { createExportActivities } from '../activities/exports';
import type { createFlashActivities } from '../activities/flash';
import type { createHoldActivities } from '../activities/hold';
import type { createLabelActivities } from '../activities/label';
import type { createLoadUnitActivities } from '../activities/load-unit';
import type { createLogActivities } from '../activities/log';
import type { createNoticeActivities } from '../activities/notices';
import type { createPackingActivities } from '../activities/pack-by-hand';
import type { createCertificateActivities, createProvisionActivities } from '../activities/provision';
import type { createResolveActivities } from '../activities/resolve-units';
import type { createRetentionActivities } from '../activities/retention';
import type { createShipActivities } from '../activities/ship';
import type { createSlotActivities } from '../activities/slot';
import type { createTestActivities } from '../activities/test';

export type OfficeActivities = ReturnType<typeof createLoadUnitActivities> &
  ReturnType<typeof createAssignActivities> &
  ReturnType<typeof createSlotActivities> &
  ReturnType<typeof createCertificateActivities> &
  ReturnType<typeof createHoldActivities> &
  ReturnType<typeof createBatchActivities> &
  ReturnType<typeof createBatchControlActivities> &
  ReturnType<typeof createShipActivities> &
  ReturnType<typeof createPackingActivities> &
  ReturnType<typeof createResolveActivities> &
  ReturnType<typeof createNoticeActivities> &
  ReturnType<typeof createExportActivities> &
  ReturnType<typeof createLogActivities> &
  ReturnType<typeof createRetentionActivities> &
  ReturnType<typeof createCheckStoreActivities>;

export type StationActivities = ReturnType<typeof createFlashActivities> &
  ReturnType<typeof createTestActivities> &
  ReturnType<typeof createProvisionActivities> &
  ReturnType<typeof createLabelActivities> &
  ReturnType<typeof createQualityActivities>;
