import { UnitrailError } from '../../domain/errors';
import { malformedSerial } from '../../domain/malformed-serial';
import { kindNames, readingsOf } from '../../domain/unit-lookup';
import { prepared, type Database } from './database';
import { mapped } from './errors';
import { loadPlant } from './plant-store';

/** The record's text (RFC 8785): the bytes that were sealed. */
export interface SealedRecord {
  readonly sealed: true;
  readonly text: string;
  readonly sha256: string;
  readonly sealedAt: Date;
}

/** Where the bytes of a unit are that the database has no more. */
export interface ArchivePlace {
  readonly capsule: string;
  /** Up to this event, whose hash is `head`. */
  readonly lastSeq: number;
  /** Hex. */
  readonly head: string;
  readonly recordSha256: string | null;
  /** Since when nobody has them any more, because their time was over. */
  readonly erasedAt: Date | null;
}

/** Which unit it is, its sealed record, and where its bytes are: the answer to one serial. */
export interface LocatedUnit {
  readonly unitId: string;
  readonly issuer: string;
  readonly serial: string;
  /** Null before it ships, and once it has moved. */
  readonly record: SealedRecord | null;
  /** Null where the database has the unit's bytes itself. */
  readonly place: ArchivePlace | null;
}

/** A part of a statement, with what stands for its question marks. */
export interface NamedUnits {
  readonly sql: string;
  readonly values: readonly string[];
  /** Belongs to this text alone: a statement that holds it is prepared under it. */
  readonly shape: string;
}

/**
 * The ids of the units that the text names, by an identifier of whatever kind or by unit id. The readings are rows of the
 * statement and no arrays: the planner knows how many they are before it sees them, and plans once a connection.
 * @throws UnitrailError INPUT_INVALID
 */
export function unitsNamedBy(id: string): NamedUnits {
  const readings = readingsOf(id);
  const ids = readings.filter(({ kind }) => kind === 'unit-id').map(({ value }) => value);
  const others = readings.filter(({ kind }) => kind !== 'unit-id');
  const rows = others.map(() => '(?::text, ?::text, ?::text)').join(', ');
  // No issuer: anybody's.
  const sql = `
    select i.unit_id from (values ${rows}) as named (kind, value, issuer)
    join identifiers i on i.value = named.value and i.kind = named.kind and named.issuer in ('', i.issuer)
    ${ids.map(() => 'union select ?::uuid').join(' ')}`;
  const values = [...others.flatMap(({ kind, value, issuer = '' }) => [kind, value, issuer]), ...ids];
  return { sql, values, shape: `${others.length}_${ids.length}` };
}

interface LocatedRow {
  readonly unitId: string;
  readonly issuer: string;
  readonly serial: string;
  readonly body: string | null;
  readonly sha256: string;
  readonly sealedAt: Date;
  readonly capsule: string | null;
  readonly lastSeq: number;
  readonly head: string;
  readonly recordSha256: string | null;
  readonly erasedAt: Date | null;
}

const locatedUnits = (named: string): string => `
  select u.id as "unitId", u.issuer, u.serial, r.body, r.sha256, r.sealed_at as "sealedAt",
    m.capsule_id as capsule, m.last_seq::float8 as "lastSeq", encode(m.head, 'hex') as head,
    m.record_sha256 as "recordSha256", c.erased_at as "erasedAt"
  from units u
  left join records r on r.unit_id = u.id
  left join capsule_units m on m.unit_id = u.id and m.retired_at is not null
  left join capsules c on c.id = m.capsule_id
  where u.id in (${named})
  order by u.serial, u.issuer`;

/**
 * The one unit that the text names: by serial (also `issuer:serial`), unit id, MAC address, chip UID, certificate
 * fingerprint or a further identifier. One statement, so that a unit that moves meanwhile is either here or there.
 * @throws UnitrailError INPUT_INVALID where it names several, NOT_FOUND; SERIAL_MALFORMED where the check characters of a
 * scheme's serial are wrong
 */
export async function locateUnit(db: Database, id: string): Promise<LocatedUnit> {
  const { sql, values, shape } = unitsNamedBy(id);
  const { rows } = await mapped(prepared<LocatedRow>(db, `locate_unit_${shape}`, locatedUnits(sql), values));
  if (rows.length === 0) throw await nobodyNamed(db, id);
  return toLocated(onlyOne(id, rows));
}

function toLocated({ unitId, issuer, serial, ...row }: LocatedRow): LocatedUnit {
  const { body, sha256, sealedAt, capsule, lastSeq, head, recordSha256, erasedAt } = row;
  return {
    ...{ unitId, issuer, serial },
    record: body === null ? null : { sealed: true, text: body, sha256, sealedAt },
    place: capsule === null ? null : { capsule, lastSeq, head, recordSha256, erasedAt },
  };
}

/** @throws UnitrailError INPUT_INVALID where there are several: the caller is asked which is meant. */
export function onlyOne<Unit extends Pick<LocatedUnit, 'issuer' | 'serial'>>(
  id: string,
  units: readonly Unit[],
): Unit {
  const [unit, ...others] = units;
  if (unit && others.length === 0) return unit;
  const names = units.map(({ issuer, serial }) => `${issuer}:${serial}`);
  throw new UnitrailError(
    'INPUT_INVALID',
    `${JSON.stringify(id)} names ${names.length} units; say which: ${names.join(', ')}.`,
    { units: names },
  );
}

/** Why the text names no unit: nobody has it, or it was mistyped. */
export async function nobodyNamed(db: Database, id: string): Promise<UnitrailError> {
  const plant = await loadPlant(db);
  const kinds = [...new Set(readingsOf(id).map(({ kind }) => kindNames[kind]))];
  return (
    malformedSerial(id, plant?.schemes ?? []) ??
    new UnitrailError('NOT_FOUND', `No unit has ${JSON.stringify(id.trim())} as ${kinds.join(', ')}.`, {
      kinds,
    })
  );
}
