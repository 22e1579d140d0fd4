/** What workflows can be found by in Temporal: all of type Keyword, and never a name of a person or a buyer. */
export const searchAttributes = [
  'UnitState',
  'UnitStep',
  'BatchId',
  'Product',
  'FailureCode',
  'StationId',
] as const;
