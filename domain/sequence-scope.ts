import { factOf, type GrantFacts } from './grant-facts';
import { SEQUENCE_SCOPES, type SequenceScope } from './plant-document';
import { hasPart, type SerialPattern } from './serial-pattern';

interface Divisions {
  readonly product: boolean;
  readonly year: boolean;
  readonly week: boolean;
}

/**
 * What the pattern lacks for this scope, or null. A counter that starts again without its serials saying so would issue
 * them twice.
 */
export function scopeProblem(pattern: SerialPattern, scope: SequenceScope | undefined): string | null {
  if (scope === undefined || scope === 'ever') return null;
  const shown = {
    product: hasPart(pattern, 'product'),
    year: hasPart(pattern, 'year'),
    week: showsWeek(pattern),
  };
  if (shown[scope]) return null;
  const needed = { product: '{product}', year: '{yy} or {yyyy}', week: '{ww} with {yy} or {yyyy}' }[scope];
  const possible = SEQUENCE_SCOPES.filter((one) => one === 'ever' || shown[one]);
  return (
    `one of ${possible.join(', ')} with this pattern: ` +
    `a counter that starts again with each ${scope} needs ${needed}, or serials would be issued twice`
  );
}

/** Part of the number space's name: `2026W47`, `EUDV/2026W47`, `EUDV/`, or empty for one counter for ever. */
export function scopeKey(
  pattern: SerialPattern,
  scope: SequenceScope | undefined,
  facts: GrantFacts,
): string {
  const divided = divisions(pattern, scope);
  const product = divided.product ? `${factOf(facts, 'product')}/` : '';
  const week = divided.week ? `W${String(facts.isoWeek).padStart(2, '0')}` : '';
  const year = divided.year ? String(hasPart(pattern, 'isoWeek') ? facts.isoYear : facts.year) : '';
  return `${product}${year}${week}`;
}

/** In words: `ever`, `week`, `product and week`. */
export function scopeText(pattern: SerialPattern, scope: SequenceScope | undefined): string {
  const divided = divisions(pattern, scope);
  const time = divided.week ? ['week'] : divided.year ? ['year'] : [];
  return [...(divided.product ? ['product'] : []), ...time].join(' and ') || 'ever';
}

function divisions(pattern: SerialPattern, scope: SequenceScope | undefined): Divisions {
  if (scope === undefined) {
    return {
      product: hasPart(pattern, 'product'),
      year: hasPart(pattern, 'year'),
      week: hasPart(pattern, 'isoWeek'),
    };
  }
  return { product: scope === 'product', year: scope === 'year' || scope === 'week', week: scope === 'week' };
}

function showsWeek(pattern: SerialPattern): boolean {
  return hasPart(pattern, 'isoWeek') && hasPart(pattern, 'year');
}
