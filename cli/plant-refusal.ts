import { UnitrailError } from '../domain/errors';
import type { PlantChange } from '../domain/plant';

const MAX_SHOWN = 20;

/** Everything in the plant file that would break what is issued, in one message. */
export function refusedPlant(refusals: readonly PlantChange[]): UnitrailError {
  const lines = refusals
    .slice(0, MAX_SHOWN)
    .map(({ kind, name, change, refusal }) => `${kind} ${name}: ${verbs[change]} is not allowed; ${refusal}`);
  const unseen = refusals.length - lines.length;
  if (unseen > 0) lines.push(`and ${unseen} more`);
  return new UnitrailError(
    'PLANT_INVALID',
    ['The plant file is refused, nothing was changed:', ...lines].join('\n  '),
    {
      refusals: refusals.map(({ kind, name, refusal }) => ({ kind, name, refusal })).slice(0, MAX_SHOWN),
    },
  );
}

const verbs = { added: 'to add it', changed: 'this change', removed: 'to remove it', same: 'this' } as const;
