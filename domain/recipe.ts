/** What a unit is built to. Pinned by its hash when the batch is opened, and checked at every step. */
export interface Recipe {
  readonly format: 'unitrail.recipe/1';
  readonly issuer: string;
  readonly product: {
    readonly code: string;
    readonly name: string;
    readonly gtin: string;
    readonly country: string;
    readonly supportEnds: string;
    readonly warrantyMonths: number;
    readonly chipFamily: string;
    readonly macs: { readonly pool: string; readonly count: number } | null;
  };
  readonly firmware: {
    readonly version: string;
    readonly sha256: string;
    readonly sizeBytes: number;
    readonly sbomSha256: string;
  };
  readonly testPlan: { readonly name: string; readonly measurements: readonly TestLimit[] };
  readonly testPlanSha256: string;
  readonly labelTemplate: {
    readonly name: string;
    readonly place: string;
    readonly symbology: 'gs1datamatrix';
    readonly material: string;
    readonly position: string;
    readonly sizeMm: { readonly width: number; readonly height: number };
  };
  readonly certificateProfile: {
    readonly name: string;
    readonly organisation: string;
    readonly notAfter: string;
  };
}

export interface TestLimit {
  readonly name: string;
  readonly unit: string;
  readonly low: number;
  readonly high: number;
}
