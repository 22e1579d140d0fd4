import { createHash } from 'node:crypto';
import { compareUnits, type CapsuleAbout, type CapsuleUnit } from '../../domain/capsule';
import { UnitrailError } from '../../domain/errors';

/** Refuses what must not get into the capsule: out of order, another buyer's, changed, or without its proof. */
export class UnitCheck {
  private before: CapsuleUnit | null = null;

  constructor(
    private readonly about: CapsuleAbout,
    private readonly logSize: number,
  ) {}

  /** @throws UnitrailError INTERNAL: the source is wrong, and no capsule is made */
  pass(unit: CapsuleUnit): void {
    const wrong =
      this.orderProblem(unit) ??
      this.recordProblem(unit) ??
      this.proofProblem(unit) ??
      this.eventProblem(unit);
    if (wrong !== null)
      throw new UnitrailError(
        'INTERNAL',
        `Capsule ${this.about.capsule} is not made: unit ${unit.serial} ${wrong}. Run the auditor.`,
        { capsule: this.about.capsule, serial: unit.serial },
      );
    this.before = unit;
  }

  private orderProblem(unit: CapsuleUnit): string | null {
    if (this.before === null || compareUnits(this.before, unit) < 0) return null;
    return `comes behind ${this.before.serial}, and the order is by serial and issuer, each once`;
  }

  private recordProblem({ record, sha256, issuer, serial }: CapsuleUnit): string | null {
    if (record === null) return null;
    if (sha256Of(record) !== sha256) return 'has a record that is not what its digest says';
    const told = JSON.parse(record) as ToldUnit;
    if (told.serial !== serial || told.issuer !== issuer) return `has the record of ${told.serial}`;
    const { buyer, product, month } = this.about;
    if (told.shipment?.buyer !== buyer) return `was shipped to ${told.shipment?.buyer}, not to ${buyer}`;
    if (told.product !== product) return `is of product ${told.product}, not of ${product}`;
    if (!told.shipment.at?.startsWith(`${month}-`))
      return `was shipped at ${told.shipment.at}, not in ${month}`;
    return record.includes('\n') ? 'has a record with a line end in it' : null;
  }

  private proofProblem({ record, statements, proofs }: CapsuleUnit): string | null {
    const documents = record === null ? statements : [record, ...statements];
    if (proofs.length !== documents.length)
      return `has ${proofs.length} proofs for ${documents.length} documents`;
    const at = documents.findIndex((document, index) => proofs[index]!.sha256 !== sha256Of(document));
    if (at >= 0) return `has a proof of another document than its own, no. ${at + 1}`;
    const late = proofs.find(({ index }) => index >= this.logSize);
    return late ? `has leaf ${late.index}, and the checkpoint ends before it` : null;
  }

  private eventProblem({ events }: CapsuleUnit): string | null {
    if (!this.about.events) return null;
    return events === undefined || events.length === 0 ? 'comes without its events' : null;
  }
}

interface ToldUnit {
  readonly issuer: string;
  readonly serial: string;
  readonly product: string;
  readonly shipment: { readonly buyer: string; readonly at: string | null } | null;
}

function sha256Of(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
