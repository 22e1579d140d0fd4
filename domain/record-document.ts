import type { TestResult, Verdict } from './judge-test';
import type { ComponentLots } from './unit-row';

export const RECORD_FORMAT = 'unitrail.record/1';
/** What a unit's record would say today. Another format, so that nobody takes it for a sealed one. */
export const DRAFT_FORMAT = 'unitrail.record-draft/1';

/**
 * The sealed record, `unitrail.record/1`. Times are RFC 3339 UTC with milliseconds; serials, MAC addresses and lots
 * are text. Null is what is not there: in a sealed record only `buyerPart` may be null, in a draft anything.
 */
export interface RecordV1 {
  readonly format: typeof RECORD_FORMAT | typeof DRAFT_FORMAT;
  readonly issuer: string;
  readonly serial: string;
  readonly product: string;
  readonly gtin: string;
  readonly macs: readonly string[];
  readonly chipUid: string | null;
  readonly batch: string;
  readonly boardBatch: string | null;
  readonly boardLot: string | null;
  readonly components: readonly ComponentLots[] | null;
  readonly order: string;
  readonly buyerPart: string | null;
  readonly attributes: Readonly<Record<string, string>>;
  readonly origin: 'built';
  readonly simulated: boolean;
  readonly firmware: { readonly version: string | null; readonly sha256: string | null } | null;
  readonly provisioning: RecordProvisioning | null;
  readonly test: RecordTest | null;
  readonly labels: readonly RecordLabel[];
  readonly qc: {
    readonly at: string;
    readonly by: string | null;
    readonly statementSha256: string | null;
  } | null;
  readonly shipment: RecordShipment | null;
  /** `head` is the hash of the newest event: in a sealed record that of `shipped`. */
  readonly history: { readonly events: number; readonly head: string };
}

export interface RecordProvisioning {
  readonly at: string;
  readonly certificateSha256: string | null;
  readonly issuer: string | null;
  readonly chainNotAfter: string | null;
}

export interface RecordTest {
  readonly plan: string | null;
  readonly planSha256: string | null;
  readonly verdict: Verdict | null;
  readonly attempt: number | null;
  readonly at: string;
  readonly station: string | null;
  readonly results: readonly TestResult[];
}

export interface RecordLabel {
  readonly place: string;
  readonly symbology: string;
  readonly content: string | null;
  readonly print: number;
  readonly material: string;
  readonly printedAt: string | null;
  readonly verifiedAt: string | null;
}

export interface RecordShipment {
  readonly id: string;
  readonly at: string | null;
  readonly carton: string;
  readonly buyer: string;
  readonly destination: string;
}
