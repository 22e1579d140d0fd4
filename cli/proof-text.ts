import type { ProofVerdict } from '../adapters/capsule-reader/inclusion';

/** In words, whether the log holds a document. */
export function proofText(proof: ProofVerdict, origin: string | null = null): string {
  switch (proof.verdict) {
    case 'holds':
      return `holds: leaf ${proof.index} of ${proof.size} in the log${origin === null ? '' : ` ${origin}`}`;
    case 'broken':
      return `DOES NOT HOLD: ${proof.why}`;
    case 'missing':
      return `can't be told: ${proof.why}`;
  }
}
