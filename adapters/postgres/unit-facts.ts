import {
  doneSteps,
  factTypes,
  failureOf,
  trials,
  type FactEvent,
  type UnitFacts,
} from '../../domain/unit-facts';
import { prepared, type Database } from './database';
import { mapped } from './errors';
import type { UnitContext } from './unit-context';

/** Of the bodies what the page shows: a QC's statement alone is longer than the page. */
const eventsQuery = `
  select type, to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as at,
    jsonb_build_object('attempt', b -> 'attempt', 'try', b -> 'try', 'part', b -> 'part', 'step', b -> 'step',
      'station', b #> '{place,station}', 'code', b -> 'code', 'message', b -> 'message', 'by', b -> 'by',
      'reason', coalesce(b -> 'reason', b -> 'note'), 'output', coalesce(b -> 'output', b #> '{detail,output}')) as body
  from unit_events, lateral (select body::jsonb as b) parsed
  where stream = ? and type = any (?::text[]) order by seq`;

const unitQuery = `
  select (u.certificate_sha256 is not null and exists (select from revocations r where r.certificate_sha256 = u.certificate_sha256))
      as "needsCertificate",
    coalesce(u.open_print, case when u.label_seq is null and u.step = 'label' then u.label_print end) as "labelInQuestion"
  from units u where u.id = ?`;

type Questions = Pick<UnitFacts, 'needsCertificate' | 'labelInQuestion'>;

/** What the unit's page in the web UI tells beside where it stands. */
export async function loadUnitFacts(db: Database, unit: UnitContext): Promise<UnitFacts> {
  // Claimed and nothing else: the start of nearly every workflow, and nothing to be read.
  if (unit.seq === 1) return factsOf(unit, [], { needsCertificate: false, labelInQuestion: null });
  const events = await mapped(
    prepared<FactEvent>(db, 'unit_facts', eventsQuery, [`unit:${unit.unitId}`, factTypes]),
  );
  const row = await mapped(prepared<Questions>(db, 'unit_fact_row', unitQuery, [unit.unitId]));
  return factsOf(unit, events.rows, row.rows[0]!);
}

function factsOf(unit: UnitContext, events: FactEvent[], questions: Questions): UnitFacts {
  const { product, firmware } = unit.recipe;
  return {
    product: product.code,
    productName: product.name,
    index: unit.index,
    firmware: firmware.version,
    chipUid: unit.chipUid,
    ...questions,
    done: doneSteps(events),
    failure: failureOf(unit.state, events),
    tried: trials(events),
    failedTries: events.filter(({ type }) => type === 'stepFailed').length,
  };
}
