/** Workflow types by name: the names are an interface (links, schedules and running workflows use them). */
export { batch } from './batch';
export { partition } from './partition';
export { shipment } from './shipment';
export { unit } from './unit';
