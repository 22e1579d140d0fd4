import type { CapsuleSeal, FoundUnit, ProvenDocument } from '../../adapters/capsule-reader/capsule';
import { isMap, listAt, mapAt, type Facts } from '../../adapters/capsule-reader/documents';
import { element } from './dom';
import { proofCheck, verdictOf, type Check, type Verdict } from './verdicts';

type Fact = readonly [name: string, value: unknown, isCode?: boolean];

/** One unit on a sheet, that can be printed as it is. */
export function unitSheet(unit: FoundUnit, seal: CapsuleSeal): HTMLElement {
  const { serial, issuer, record, from, statements } = unit;
  const where = [seal.capsule, from].filter((one) => one !== null).join(', ');
  return element(
    'article',
    { class: 'sheet' },
    element(
      'header',
      {},
      element('h2', {}, serial),
      element('p', {}, `Number of ${issuer}${where === '' ? '' : ` · from ${where}`}`),
    ),
    verdictPart(verdictOf(unit, seal)),
    ...(record
      ? recordParts(record.facts)
      : [part('Record', element('p', {}, 'None: this unit was never shipped.'))]),
    ...(statements.length > 0 ? [part('Said later', ...statements.map(statementOf))] : []),
    ...(record ? [rawPart(record)] : []),
  );
}

export function checkList(checks: readonly Check[]): HTMLElement {
  return element(
    'ul',
    {},
    ...checks.map(({ mark, text }) => element('li', { class: `check ${mark}` }, text)),
  );
}

function verdictPart({ mark, title, checks }: Verdict): HTMLElement {
  return element('section', { class: `verdict ${mark}` }, element('h3', {}, title), checkList(checks));
}

function recordParts(record: Facts): HTMLElement[] {
  const [firmware, provisioning, shipment, qc, test] = [
    'firmware',
    'provisioning',
    'shipment',
    'qc',
    'test',
  ].map((name) => mapAt(record, name)) as [Facts, Facts, Facts, Facts, Facts];
  return [
    part(
      'Who it is',
      facts([
        ['Product', record.product],
        ['GTIN', record.gtin, true],
        ['MAC addresses', listAt(record, 'macs').join(', '), true],
        ['Chip UID', record.chipUid, true],
        ['Batch', record.batch],
        ['Order', record.order],
        ['Buyer’s part', record.buyerPart],
        ...Object.entries(mapAt(record, 'attributes')).map(([name, value]): Fact => [name, value]),
        ['Simulated', record.simulated === true ? 'yes: no real device stands for it' : null],
      ]),
    ),
    part(
      'Shipped',
      facts([
        ['To', [shipment.buyer, shipment.destination].filter(Boolean).join(', ')],
        ['When', time(shipment.at)],
        ['Shipment', shipment.id],
        ['Carton (SSCC)', shipment.carton, true],
      ]),
    ),
    part(
      'Made of',
      facts([
        ['Board', `batch ${shown(record.boardBatch)}, lot ${shown(record.boardLot)}`],
        ...listAt(record, 'components')
          .filter(isMap)
          .map((one): Fact => [String(one.position), listAt(one, 'lots').join(', ')]),
      ]),
    ),
    part(
      'Firmware and certificate',
      facts([
        ['Firmware', firmware.version],
        ['Its SHA-256', firmware.sha256, true],
        ['Certificate', provisioning.certificateSha256, true],
        ['Signed by', provisioning.issuer],
        ['Installed', time(provisioning.at)],
        ['Chain ends', time(provisioning.chainNotAfter)],
      ]),
    ),
    part('Final test', facts(testFacts(test)), resultsTable(listAt(test, 'results').filter(isMap))),
    part(
      'Labels and check',
      facts([
        ...listAt(record, 'labels').filter(isMap).flatMap(labelFacts),
        ['Checked', [time(qc.at), qc.by].filter(Boolean).join(', by ')],
        ['What the device said', qc.statementSha256, true],
      ]),
    ),
  ];
}

function testFacts(test: Facts): Fact[] {
  return [
    ['Verdict', test.verdict],
    ['Plan', test.plan],
    ['When', time(test.at)],
    ['Where', test.station],
    ['Attempt', test.attempt],
  ];
}

function labelFacts(label: Facts): Fact[] {
  const print = `print ${shown(label.print)}, ${shown(label.material)}, scanned ${time(label.verifiedAt) ?? '–'}`;
  return [
    [`Label, ${shown(label.place)}`, String(label.content ?? '–').replaceAll('\u001d', ' <GS> '), true],
    ['', `${shown(label.symbology)}, ${print}`],
  ];
}

function resultsTable(results: readonly Facts[]): HTMLElement {
  const cell = (name: 'td' | 'th', text: string, kind = ''): HTMLElement =>
    element(name, kind ? { class: kind } : {}, text);
  const head = element(
    'tr',
    {},
    cell('th', 'Measurement'),
    cell('th', 'Value', 'number'),
    cell('th', 'Low', 'number'),
    cell('th', 'High', 'number'),
    cell('th', 'Unit'),
    cell('th', 'Verdict'),
  );
  const rows = results.map(({ name, value, low, high, unit, verdict }) =>
    element(
      'tr',
      {},
      cell('td', shown(name)),
      ...[value, low, high].map((number) => cell('td', shown(number), 'number')),
      cell('td', shown(unit)),
      cell('td', shown(verdict), verdict === 'PASS' ? '' : 'missed'),
    ),
  );
  return element('table', {}, element('thead', {}, head), element('tbody', {}, ...rows));
}

function statementOf(statement: ProvenDocument): HTMLElement {
  const [, , , type = '', , , at = ''] = String(statement.facts.header).split('|');
  return element(
    'div',
    { class: 'statement' },
    element('h4', {}, `${words(type)}, ${time(at) ?? at}`),
    facts(Object.entries(mapAt(statement.facts, 'body')).map(([name, value]): Fact => [words(name), value])),
    checkList([proofCheck(statement, 'This statement')]),
  );
}

function rawPart({ document }: ProvenDocument): HTMLElement {
  const summary = element('summary', {}, 'The sealed record, byte for byte');
  return element('section', { class: 'part' }, element('details', {}, summary, element('pre', {}, document)));
}

function part(title: string, ...children: HTMLElement[]): HTMLElement {
  return element('section', { class: 'part' }, element('h3', {}, title), ...children);
}

/** What is not there is left out. */
function facts(list: readonly Fact[]): HTMLElement {
  const told = list.filter(([, value]) => value !== null && value !== undefined && value !== '');
  return element(
    'dl',
    { class: 'facts' },
    ...told.flatMap(([name, value, isCode]) => [
      element('dt', {}, name),
      element('dd', isCode ? { class: 'code' } : {}, shown(value)),
    ]),
  );
}

function shown(value: unknown): string {
  if (value === null || value === undefined) return '–';
  return typeof value === 'object' ? JSON.stringify(value) : String(value as string | number | boolean);
}

/** `2026-11-23 08:20:00 UTC`; what is no time is shown as it is. */
function time(value: unknown): string | null {
  if (typeof value !== 'string') return null;
  const parts = /^(\d{4}-\d{2}-\d{2})T(\d{2}:\d{2}:\d{2})(\.\d+)?Z$/.exec(value);
  return parts ? `${parts[1]} ${parts[2]} UTC` : value;
}

/** `recordCorrected` as people write it. */
function words(name: string): string {
  const text = name.replace(/([a-z])([A-Z])/g, '$1 $2').toLowerCase();
  return text.charAt(0).toUpperCase() + text.slice(1);
}
