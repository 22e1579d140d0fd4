/** Workflow types by name: the names are an interface (links, schedules and running workflows use them). */
export { batch } from './batch';
export { sendExports as export } from './export';
export { keepLog as log } from './log';
export { notices } from './notices';
export { packing } from './packing';
export { partition } from './partition';
export { resolveUnits } from './resolve-units';
export { retention } from './retention';
export { shipment } from './shipment';
export { storeCheck } from './store-check';
export { unit } from './unit';
