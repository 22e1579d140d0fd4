import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { fieldChanges } from '../../cli/field-changes';
import { defaultExportSettings } from '../../domain/export-schema';
import { comparePlant, parsePlant, type Issued, type PlantDocument } from '../../domain/plant';

type Loose = Record<string, any>; // eslint-disable-line @typescript-eslint/no-explicit-any -- wrong on purpose

const sampleText = readFileSync(join(__dirname, '../../sample/plant.yaml'), 'utf8');
const fingerprint = `SHA256:${'a'.repeat(43)}`;

function withExport(settings: unknown): Loose {
  const file = parse(sampleText) as Loose;
  file.buyers[0].export = settings;
  return file;
}

const sftp = {
  host: 'sftp.acme.example',
  user: 'unitrail',
  hostKeys: [fingerprint],
  key: 'file:/run/secrets/acme',
};

const twice = [{ field: 'serial' }, { field: 'macs', name: 'serial' }];

describe("a buyer's exports in the plant file", () => {
  it('are completed with what they do not say', () => {
    const settings = parsePlant(withExport({ sftp })).buyers[0]?.export;
    expect(settings).toEqual({
      columns: null,
      formats: ['xlsx', 'csv', 'records'],
      csv: { separator: ',', encoding: 'utf-8-bom' },
      testColumns: false,
      include: { scrapped: true, unused: true },
      schedule: null,
      timeZone: 'UTC',
      naming: '{buyer}-{export}',
      sftp: { ...sftp, port: 22, folder: '.' },
    });
    expect(defaultExportSettings()).toEqual({ ...settings, sftp: null });
  });

  it('may say everything themselves', () => {
    const settings = {
      columns: [{ field: 'serial', name: 'Seriennummer' }, { field: 'firmware' }],
      formats: ['csv'],
      csv: { separator: ';', encoding: 'windows-1252' },
      testColumns: true,
      include: { scrapped: false, unused: false },
      schedule: '*/15 6-18 1,15 JAN-NOV/2 MON-FRI',
      timeZone: 'Europe/Berlin',
      naming: '{export}_of_{buyer}',
      sftp: { ...sftp, port: 2222, folder: '/inbox/units' },
    };
    expect(parsePlant(withExport(settings)).buyers[0]?.export).toEqual(settings);
  });

  it.each<[string, unknown, string, string, string]>([
    ['too few fields of cron', { schedule: '0 6 * *' }, 'schedule', '"0 6 * *"', 'five fields of cron'],
    [
      'an hour that no day has',
      { schedule: '0 24 * * *' },
      'schedule',
      '"0 24 * * *"',
      'five fields of cron',
    ],
    ['a range that runs backwards', { schedule: '0 6 * * 5-1' }, 'schedule', '"0 6 * * 5-1"', 'five fields'],
    ['a step of nothing', { schedule: '*/0 6 * * *' }, 'schedule', '"*/0 6 * * *"', 'five fields of cron'],
    ['half a range', { schedule: '0 6 1- * *' }, 'schedule', '"0 6 1- * *"', 'five fields of cron'],
    ['a zone of no map', { timeZone: 'Europe/Bielefeld' }, 'timeZone', '"Europe/Bielefeld"', 'IANA'],
    ['a zone in other letters', { timeZone: 'europe/berlin' }, 'timeZone', '"europe/berlin"', 'IANA'],
    ['a name without the export', { naming: '{buyer}' }, 'naming', '"{buyer}"', 'with {export}'],
    ['a placeholder of nothing', { naming: '{export}{day}' }, 'naming', '"{export}{day}"', 'with {export}'],
    ['a name that leaves its folder', { naming: '../{export}' }, 'naming', '"../{export}"', 'with {export}'],
    ['no column at all', { columns: [] }, 'columns', 'an empty list', 'a list of 1 to'],
    [
      'a field of nobody',
      { columns: [{ field: 'colour' }] },
      'columns[0].field',
      '"colour"',
      'one of serial',
    ],
    ['a heading twice', { columns: twice }, 'columns[1].name', '"serial"', 'a name that no other'],
    ['a format that nobody writes', { formats: ['pdf'] }, 'formats[0]', '"pdf"', 'one of xlsx, csv, records'],
    ['a separator of its own', { csv: { separator: '|' } }, 'csv.separator', '"|"', 'one of ,, ;'],
    ['no pinned host key', { sftp: { ...sftp, hostKeys: [] } }, 'sftp.hostKeys', '(hidden)', '1 to 8'],
    ['neither key nor password', { sftp: { ...sftp, key: undefined } }, 'sftp.key', '', 'key and password'],
    ['a password itself', { sftp: { ...sftp, key: 'hunter2' } }, 'sftp.key', '(hidden)', 'env:NAME'],
    ['both', { sftp: { ...sftp, password: 'env:PW' } }, 'sftp.password', '(hidden)', 'only one of'],
    ['a folder above', { sftp: { ...sftp, folder: 'a/../..' } }, 'sftp.folder', '"a/../.."', 'no ..'],
  ])('%s is refused', (_, settings, field, value, allowed) => {
    const file = JSON.parse(JSON.stringify(withExport(settings))) as Loose;
    const refused = (): unknown => parsePlant(file);
    expect(refused).toThrow(`buyers[0].export.${field}: ${value}`);
    expect(refused).toThrow(allowed);
    expect(refused).not.toThrow('hunter2');
  });

  it('show what changes, value by value', () => {
    const document = (settings: unknown): PlantDocument => {
      const plant = parsePlant(withExport(settings));
      return { ...plant, firmwareReleases: [] };
    };
    const changes = comparePlant(document({}), document({ csv: { separator: ';' } }), nothingIssued);
    const [changed] = changes.filter(({ change }) => change !== 'same');
    expect(changed).toMatchObject({ kind: 'buyer', name: 'acme', change: 'changed' });
    expect(fieldChanges(changed?.before, changed?.after)).toEqual([
      { field: 'export.csv.separator', before: ',', after: ';' },
    ]);
  });
});

const nothingIssued: Issued = {
  ...{ schemesUsed: [], firmwareUsed: [], productsUsed: [], macPoolsUsed: [], macRangesGranted: [] },
  ...{ buyersUsed: [], buyersListed: [], stationsOccupied: [], siteNames: [] },
};
