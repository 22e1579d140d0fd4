import {
  CAPSULE_EVENT_FORMAT,
  CAPSULE_FORMAT,
  CAPSULE_STATEMENT_FORMAT,
  capsuleFiles,
} from '../../domain/capsule';
import { PROOF_FORMAT } from '../../domain/log-proof';
import { RECORD_FORMAT } from '../../domain/record-document';
import { parquetColumns, parquetTypes, recordColumns } from './parquet-columns';

/** `schema.json`: what every column and every name in a line means. In lines, because people read it as well. */
export function schemaDocument(): string {
  return `${JSON.stringify(schema(), null, 2)}\n`;
}

function schema(): Record<string, unknown> {
  return {
    format: 'unitrail.capsule-schema/1',
    of: CAPSULE_FORMAT,
    [capsuleFiles.parquet]: {
      sortedBy: ['serial', 'issuer'],
      columns: [
        ...parquetColumns.map(({ name, kind, path, meaning }) => ({
          name,
          type: parquetTypes[kind],
          path,
          meaning,
        })),
        ...recordColumns.map(({ name, meaning }) => ({ name, type: parquetTypes.text, meaning })),
      ],
    },
    [capsuleFiles.records]: { sortedBy: ['serial', 'issuer'], line: RECORD_FORMAT, names: record },
    [capsuleFiles.statements]: {
      sortedBy: ['serial', 'issuer'],
      line: CAPSULE_STATEMENT_FORMAT,
      names: {
        issuer: whose,
        serial: 'The unit that it is about',
        document:
          'What the log commits to, as text: {body: the statement, hash and header: of the event that it is}. The header reads v1|stream|number|type|key|login|time',
      },
    },
    [capsuleFiles.proofs]: {
      sortedBy: ['serial', 'issuer'],
      line: PROOF_FORMAT,
      names: {
        document: 'Format of the document that is proven',
        serial: 'The unit that it is about',
        sha256: 'Of the document, hexadecimal',
        index: 'Place of its leaf in the log, from 0',
        salt: '32 bytes in base64, that stand before the document in its leaf',
        path: 'Hashes beside the way from the leaf to the root, in base64',
      },
    },
    [capsuleFiles.events]: {
      sortedBy: ['serial', 'issuer', 'number of the event'],
      line: CAPSULE_EVENT_FORMAT,
      names: {
        issuer: whose,
        serial: 'The unit whose history it is',
        header: 'As text: v1|stream|number|type|key|login|time',
        body: 'What happened, JSON as text',
        hash: 'Hexadecimal: SHA-256(hash of the event before ‖ SHA-256(header) ‖ SHA-256(body)); before the first one stand 32 zero bytes',
      },
    },
  };
}

const whose = 'Whose serial number it is: the manufacturer or a buyer';

/** A name in a list stands behind `[]`. Times are RFC 3339 in UTC. */
const record: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    parquetColumns
      .filter(({ kind }) => kind !== 'texts' && kind !== 'json')
      .map(({ path, meaning }) => [path.slice(2), meaning.replace('. The rows are sorted by it', '')]),
  ),
  macs: 'All MAC addresses, the first one first',
  'components[].position': 'A position on the board',
  'components[].lots': 'Lots of the component there, that were in force when the board was placed',
  attributes: 'What the order says besides',
  'test.results[].name': 'A measurement of the test plan',
  'test.results[].value': 'What was measured; null where it could not be',
  'test.results[].unit': 'Of value and limits',
  'test.results[].low': 'The least that passes',
  'test.results[].high': 'The most that passes',
  'test.results[].verdict': 'PASS; FAIL: the device; ERROR: the station',
  'labels[].place': 'Where the label is',
  'labels[].symbology': 'Kind of the code on it',
  'labels[].content': 'What a scanner reads from it',
  'labels[].print': 'Which print of it is on the unit',
  'labels[].material': 'What it is made of',
  'labels[].printedAt': 'When that was printed',
  'labels[].verifiedAt': 'When it was scanned on the unit',
  'qc.statementSha256': 'Digest of what the device said of itself',
  'history.events': "How many events the unit's history had when it was sealed",
};
