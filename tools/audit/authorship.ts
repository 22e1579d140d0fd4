import type { Findings } from './findings';
import { eventKinds, type EventKind } from './lifecycle-tables';
import type { Plant } from './plant';
import { eventName, innerFacts, numberFact, streamKind, textFact, type ReadEvent } from './stored-event';

interface Problem {
  readonly found: string;
  readonly expected: string;
}

/** A3. Keys, types and logins of one stream. */
export function checkAuthorship(
  events: readonly ReadEvent[],
  plant: Plant,
  name: string,
  findings: Findings,
): void {
  const keys = new Set<string>();
  for (const event of events) {
    const kind = eventKinds.get(event.type);
    const problems = [
      keys.has(event.key) ? { found: `key ${event.key} a second time`, expected: 'a key of its own' } : null,
      kind ? null : { found: `type ${event.type}`, expected: 'a type that is known' },
      kind && kindProblem(event, kind),
      kind && keyProblem(event, kind),
      kind && loginProblem(event, kind, plant, findings),
    ];
    for (const problem of problems) {
      if (problem) findings.violation('A3', eventName(name, event), problem.found, problem.expected);
    }
    keys.add(event.key);
  }
}

function kindProblem(event: ReadEvent, kind: EventKind): Problem | null {
  if (streamKind(event.stream) === kind.streamKind) return null;
  return {
    found: `${event.type} on a stream of kind ${streamKind(event.stream)}`,
    expected: `a stream of kind ${kind.streamKind}`,
  };
}

/** A repeat is found by its key alone: results and endings have one form of key. (Those of intents are judged by A4.) */
function keyProblem(event: ReadEvent, kind: EventKind): Problem | null {
  const expected = keyOf(event, kind);
  return expected === null || event.key === expected
    ? null
    : { found: `key ${event.key}`, expected: `key ${expected}` };
}

function keyOf(event: ReadEvent, kind: EventKind): string | null {
  const unit = event.stream.slice('unit:'.length);
  if (event.type === 'claimed' || event.type === 'shipped') return `${unit}/${event.type}`;
  const identifier = ['kind', 'issuer', 'value'].map((name) => textFact(event.facts, name)).join('/');
  if (event.type === 'identified') return `${unit}/identified/${identifier}`;
  if (event.type === 'identifierWithdrawn') return `${unit}/identified/withdrawn/${identifier}`;
  // A print that a person found is a decision, under a key of the person's choice.
  if (kind.nature !== 'result' || event.type === 'printFound') return null;
  return `${unit}/${kind.part}/${numberFact(event.facts, 'attempt')}`;
}

function loginProblem(event: ReadEvent, kind: EventKind, plant: Plant, findings: Findings): Problem | null {
  const groups = plant.logins.get(event.login);
  if (!groups) {
    findings.note(
      `The login ${event.login} stands in the history and is gone: what it was allowed can not be judged.`,
    );
    return null;
  }
  if (kind.groups.length > 0 && !kind.groups.some((group) => groups.has(group))) {
    return {
      found: `${event.type} by login ${event.login}`,
      expected: `a login of ${kind.groups.join(' or ')}`,
    };
  }
  const byStation = !groups.has('unitrail_office') && groups.has('unitrail_station');
  return byStation && kind.streamKind === 'unit' ? stationProblem(event, plant) : null;
}

/** A station writes of its own slots only. */
function stationProblem(event: ReadEvent, plant: Plant): Problem | null {
  const place = innerFacts(event.facts, 'place');
  const station = plant.stations.get(String(place.station));
  if (station?.login !== event.login) {
    return {
      found: `login ${event.login} at station ${String(place.station)}`,
      expected: 'the login of the station that is named',
    };
  }
  if (place.virtual === station.virtual) return null;
  return {
    found: `virtual ${String(place.virtual)}`,
    expected: `virtual ${station.virtual}, as station ${station.id} is`,
  };
}
