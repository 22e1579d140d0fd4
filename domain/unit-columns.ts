import type { CellValue, Column, ColumnKind } from './columns';
import { componentsText, type UnitRow } from './unit-row';

type Value = (row: UnitRow) => CellValue;

const structured: Readonly<Record<string, (row: UnitRow) => unknown>> = {
  macs: (row) => row.macs,
  components: (row) => row.components,
};

/** All that a list of units says of each, in this order, wherever it is shown. */
export const unitColumns: readonly Column<UnitRow>[] = [
  column('serial', 'Serial', 'text', (row) => row.serial),
  column('issuer', 'Issuer', 'text', (row) => row.issuer),
  column('product', 'Product', 'text', (row) => row.product),
  column('state', 'State', 'text', (row) => row.state),
  column('step', 'Step', 'text', (row) => row.step),
  column('attempt', 'Attempt', 'number', (row) => row.attempt),
  column('failureCode', 'Failure', 'text', (row) => row.failureCode),
  column('batch', 'Batch', 'text', (row) => row.batch),
  column('batchIndex', 'No. in batch', 'number', (row) => row.batchIndex),
  column('order', 'Order', 'text', (row) => row.order),
  column('firmware', 'Firmware', 'text', (row) => row.firmware),
  column('firmwareSha256', 'Firmware in flash (SHA-256)', 'text', (row) => row.flashedSha256),
  column('reportedFirmware', 'Reported firmware', 'text', (row) => row.reportedFirmware),
  column('reportedSha256', 'Reported firmware (SHA-256)', 'text', (row) => row.reportedSha256),
  column('reportedAt', 'Reported (UTC)', 'date', (row) => row.reportedAt),
  column('reportedBy', 'Reported by', 'text', (row) => row.reportedBy),
  column('macs', 'MAC addresses', 'text', (row) => row.macs.join(', ') || null),
  column('chipUid', 'Chip UID', 'text', (row) => row.chipUid),
  column('certificateSha256', 'Certificate (SHA-256)', 'text', (row) => row.certificateSha256),
  column('boardBatch', 'Board batch', 'text', (row) => row.boardBatch),
  column('boardLot', 'Board lot', 'text', (row) => row.boardLot),
  column('components', 'Component lots', 'text', (row) => componentsText(row.components) || null),
  column('buyer', 'Buyer', 'text', (row) => row.buyer),
  column('destination', 'Country', 'text', (row) => row.destination),
  column('shipment', 'Shipment', 'text', (row) => row.shipment),
  column('carton', 'Carton', 'text', (row) => row.carton),
  column('shippedAt', 'Shipped (UTC)', 'date', (row) => row.shippedAt),
  column('simulated', 'Simulated', 'boolean', (row) => row.simulated),
  column('trial', 'Trial', 'boolean', (row) => row.trial),
  column('updatedAt', 'Last event (UTC)', 'date', (row) => row.updatedAt),
  column('unitId', 'Unit id', 'text', (row) => row.unitId),
];

const narrow = [
  'serial',
  'state',
  'step',
  'failureCode',
  'batch',
  'firmware',
  'reportedFirmware',
  'buyer',
  'destination',
  'shippedAt',
];

/** What fits on a terminal; every other column is in the other formats and on the unit's page. */
export const unitTableColumns = unitColumns.filter(({ name }) => narrow.includes(name));

function column(name: string, heading: string, kind: ColumnKind, value: Value): Column<UnitRow> {
  const list = structured[name];
  return list ? { name, heading, kind, value, structured: list } : { name, heading, kind, value };
}
