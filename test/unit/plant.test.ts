import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { UnitrailError } from '../../domain/errors';
import { currentScheme, parsePlant, stationLogin } from '../../domain/plant';

type Loose = Record<string, any>; // eslint-disable-line @typescript-eslint/no-explicit-any -- wrong on purpose

const sampleText = readFileSync(join(__dirname, '../../sample/plant.yaml'), 'utf8');
const sample = (): Loose => parse(sampleText) as Loose;

describe('a plant file', () => {
  it('is completed with its defaults', () => {
    const plant = parsePlant(sample());
    expect(plant.schemes[0]).toMatchObject({ name: 'EUDV', trial: false });
    expect(plant.macPools[0]).toEqual({
      name: 'main',
      block: '70:B3:D5:00:00:00/36',
      reserveFirst: 4,
      reserveLast: 4,
    });
    expect(plant.buyers.map((buyer) => [buyer.id, buyer.test])).toEqual([
      ['acme', true],
      ['nordlicht', false],
    ]);
    expect(plant.products[1]).not.toHaveProperty('macs');
  });

  it('issues serials by the highest version of a scheme', () => {
    const file = sample();
    file.schemes.push({ ...file.schemes[0], version: 3, pattern: 'V3{seq:6}' });
    file.schemes.push({ ...file.schemes[0], version: 2, pattern: 'V2{seq:6}' });
    expect(currentScheme(parsePlant(file), 'EUDV')?.version).toBe(3);
  });

  it('gives each station a database login of its own', () => {
    expect(parsePlant(sample()).stations.map((station) => stationLogin(station.id))).toEqual([
      'unitrail_station_line_1',
      'unitrail_station_label_1',
    ]);
  });

  it.each<[string, (file: Loose) => void, string, string, string]>([
    ['another format', (f) => (f.unitrail = 'plant/2'), 'unitrail', '"plant/2"', 'one of plant/1'],
    [
      'a wrong check digit',
      (f) => (f.products[0].gtin = '09506000134353'),
      'products[0].gtin',
      '"09506000134353"',
      'a GTIN of 14 digits with a right check digit',
    ],
    [
      'a GTIN that lost its zero',
      (f) => (f.products[0].gtin = 9506000134352),
      'products[0].gtin',
      '9506000134352',
      'put it in quotes',
    ],
    [
      'a 30 February',
      (f) => (f.products[0].supportEnds = '2036-02-30'),
      'products[0].supportEnds',
      '"2036-02-30"',
      'a date YYYY-MM-DD',
    ],
    [
      'three addresses a unit',
      (f) => (f.products[0].macs.count = 3),
      'products[0].macs.count',
      '3',
      'one of 1, 2, 4, 8',
    ],
    [
      'a bad pattern',
      (f) => (f.schemes[0].pattern = 'EUDV{seq}'),
      'schemes[0].pattern',
      '"EUDV{seq}"',
      'literals A–Z 0–9 - . with the tokens',
    ],
    [
      'a multicast block',
      (f) => (f.macPools[0].block = '01:00:5E:00:00:00/24'),
      'macPools[0].block',
      '"01:00:5E:00:00:00/24"',
      'the first address of an IEEE block',
    ],
    [
      'a block of 32 bits',
      (f) => (f.macPools[0].block = '70:B3:D5:00:00:00/32'),
      'macPools[0].block',
      '"70:B3:D5:00:00:00/32"',
      'the first address of an IEEE block',
    ],
    [
      'an upper-case station',
      (f) => (f.stations[0].id = 'Line_1'),
      'stations[0].id',
      '"Line_1"',
      '1 to 40 of a–z 0–9 -',
    ],
    [
      'an unknown step',
      (f) => (f.stations[0].steps = ['ship']),
      'stations[0].steps[0]',
      '"ship"',
      'one of flash, test, provision, label, qc',
    ],
    [
      'a station without slots',
      (f) => (f.stations[0].slots = 0),
      'stations[0].slots',
      '0',
      'a whole number from 1 to 256',
    ],
    [
      'an address that is a word',
      (f) => (f.stations[0].devices.address = 'bench'),
      'stations[0].devices.address',
      '"bench"',
      'host:port, or env:NAME',
    ],
    [
      'an absolute path',
      (f) => (f.firmwareReleases[0].image.file = '/etc/passwd'),
      'firmwareReleases[0].image.file',
      '"/etc/passwd"',
      'a path relative to the plant file',
    ],
    [
      'a short digest',
      (f) => (f.firmwareReleases[0].image.sha256 = 'ab'),
      'firmwareReleases[0].image.sha256',
      '"ab"',
      'a SHA-256 as 64 digits',
    ],
    [
      'a limit that is text',
      (f) => (f.testPlans[0].measurements[0].low = '3.2'),
      'testPlans[0].measurements[0].low',
      '"3.2"',
      'the lowest value that passes',
    ],
    [
      'an endless limit',
      (f) => (f.testPlans[0].measurements[0].high = Infinity),
      'testPlans[0].measurements[0].high',
      'Infinity',
      'the highest value that passes',
    ],
    [
      'a paper label',
      (f) => (f.labelTemplates[0].material = 'paper'),
      'labelTemplates[0].material',
      '"paper"',
      'one of polyimide, polyester',
    ],
    [
      'an end of certificates',
      (f) => (f.certificateProfiles[0].notAfter = '20361231235959Z'),
      'certificateProfiles[0].notAfter',
      '"20361231235959Z"',
      'one of 99991231235959Z',
    ],
    [
      'an unknown field',
      (f) => (f.products[0].colour = 'red'),
      'products[0].colour',
      '"red"',
      'the fields here are code, name, gtin',
    ],
    [
      'a check over what it is not made for',
      (f) => (f.schemes[0].pattern = '{product}-{seq:6}{check:luhn}'),
      'schemes[0].pattern',
      '"{product}-{seq:6}{check:luhn}"',
      '{check:luhn} where no letter varies',
    ],
    [
      'an unknown scope',
      (f) => (f.schemes[0].scope = 'month'),
      'schemes[0].scope',
      '"month"',
      'one of ever, year, week, product',
    ],
    [
      'a key in the place of its reference',
      (f) => (f.schemes[0].hidden = { key: 'c0ffee00'.repeat(8) }),
      'schemes[0].hidden.key',
      '(hidden)',
      'where the key lies, and never the key itself: env:NAME of an environment variable, or file:/PATH',
    ],
    [
      'a key in a folder of nobody knows where',
      (f) => (f.schemes[0].hidden = { key: 'file:keys/eudv' }),
      'schemes[0].hidden.key',
      '(hidden)',
      'where the key lies, and never the key itself: env:NAME of an environment variable, or file:/PATH',
    ],
    [
      'small letters to skip',
      (f) => (f.schemes[0].skip = ['bad']),
      'schemes[0].skip[0]',
      '"bad"',
      '1 to 20 of A–Z 0–9 - . *',
    ],
    [
      'a site with a separator',
      (f) => (f.manufacturer.site = 'W-1'),
      'manufacturer.site',
      '"W-1"',
      '1 to 8 of A–Z 0–9',
    ],
    ['no station', (f) => (f.stations = []), 'stations', 'an empty list', 'a list of 1 to 200'],
    ['no product', (f) => delete f.products, 'products', '(missing)', 'a list of 1 to 1000'],
  ])('with %s is refused by field, value and what is allowed', (_name, change, field, value, allowed) => {
    expectRefusal(change, field, value, allowed);
  });

  it.each<[string, (file: Loose) => void, string, string, string]>([
    [
      'an unknown scheme',
      (f) => (f.products[0].serialScheme = 'NONE'),
      'products[0].serialScheme',
      '"NONE"',
      'a scheme with trial: false: one of EUDV, EUBT',
    ],
    [
      'a trial scheme for real units',
      (f) => (f.products[0].serialScheme = 'EUDV-TRIAL'),
      'products[0].serialScheme',
      '"EUDV-TRIAL"',
      'a scheme with trial: false',
    ],
    [
      'a real scheme for trials',
      (f) => (f.products[0].trialScheme = 'EUDV'),
      'products[0].trialScheme',
      '"EUDV"',
      'a scheme with trial: true',
    ],
    [
      'an unknown pool',
      (f) => (f.products[0].macs.pool = 'other'),
      'products[0].macs.pool',
      '"other"',
      'one of main',
    ],
    [
      'an unknown test plan',
      (f) => (f.products[0].recipe.testPlan = 'X'),
      'products[0].recipe.testPlan',
      '"X"',
      'one of EUDV-final, EUBT-final',
    ],
    [
      'an unknown template',
      (f) => (f.products[0].recipe.labelTemplates = ['X']),
      'products[0].recipe.labelTemplates[0]',
      '"X"',
      'one of EUDV-housing',
    ],
    [
      'an unknown profile',
      (f) => (f.products[0].recipe.certificateProfile = 'X'),
      'products[0].recipe.certificateProfile',
      '"X"',
      'one of device-identity',
    ],
    [
      'an unknown policy',
      (f) => (f.products[0].retentionPolicy = 'X'),
      'products[0].retentionPolicy',
      '"X"',
      'one of ten-years',
    ],
    [
      'firmware for nothing',
      (f) => (f.firmwareReleases[0].product = 'X'),
      'firmwareReleases[0].product',
      '"X"',
      'one of EUDV, EUBT',
    ],
    [
      'a product twice',
      (f) => f.products.push({ ...f.products[0], gtin: '09506000134376' }),
      'products[2].code',
      '"EUDV"',
      'each one once in its list',
    ],
    [
      'a GTIN twice',
      (f) => (f.products[1].gtin = '09506000134352'),
      'products[1].gtin',
      '"09506000134352"',
      'each one once in its list',
    ],
    [
      'a version of a scheme twice',
      (f) => f.schemes.push(f.schemes[0]),
      'schemes[6].version',
      '"EUDV/1"',
      'each one once in its list',
    ],
    [
      'a counter that starts again unseen',
      (f) => (f.schemes[2].scope = 'year'),
      'schemes[2].scope',
      '"year"',
      'one of ever with this pattern',
    ],
    [
      'a check that may give * and does not skip it',
      (f) => (f.schemes[2].pattern = 'EUBT-{seq:8}{check:37-2}'),
      'schemes[2].skip',
      '(missing)',
      'a list with "*", because {check:37-2} may give it and no serial may hold it',
    ],
    [
      'a tag without a key',
      (f) => (f.schemes[2].pattern = 'EUBT-{seq:8}{tag:3}'),
      'schemes[2].hidden',
      '(missing)',
      'a key, because the pattern of EUBT/1 has {tag:N}, which is made by it',
    ],
    [
      'every serial skipped',
      (f) => (f.schemes[2].skip = ['UB']),
      'schemes[2].skip',
      '"UB"',
      'texts that do not stand in every serial of the pattern',
    ],
    [
      'a site in serials and none at the manufacturer',
      (f) => delete f.manufacturer.site,
      'manufacturer.site',
      '(missing)',
      '1 to 8 of A–Z 0–9, because the pattern of CHECKED/1 has {site}',
    ],
    [
      'a line in serials and none at the scheme',
      (f) => (f.schemes[2].pattern = '{line}-{seq:8}'),
      'schemes[2].line',
      '(missing)',
      '1 to 8 of A–Z 0–9, because the pattern of EUBT/1 has {line}',
    ],
    [
      'a line that is in no serial',
      (f) => (f.schemes[2].line = '7'),
      'schemes[2].line',
      '"7"',
      'no line, because the pattern has no {line}',
    ],
    [
      'one pattern with two counters',
      (f) => (f.schemes[3].pattern = f.schemes[2].pattern),
      'schemes[3].pattern',
      '"EUBT-{seq:8}"',
      'a pattern of its own: EUBT/1 issues the same serials by another counter',
    ],
    [
      'a product that is no part of a serial',
      (f) => renameButton(f, 'eubt'),
      'products[1].code',
      '"eubt"',
      'A–Z 0–9 only, because the pattern of SHORT/1 has {product}',
    ],
    [
      'a product that makes its serials too long',
      (f) => renameButton(f, 'EUBTEUBTEUBTX'),
      'products[1].serialScheme',
      '"SHORT"',
      'a scheme whose serials have at most 20 characters for EUBTEUBTEUBTX; these have 21',
    ],
    [
      'a release twice',
      (f) => (f.firmwareReleases[1].version = '1.4.1'),
      'firmwareReleases[1].version',
      '"EUDV/1.4.1"',
      'each one once in its list',
    ],
    [
      'an operator twice',
      (f) => (f.operators[1].number = 17),
      'operators[1].number',
      '"17"',
      'each one once in its list',
    ],
    [
      'a measurement twice',
      (f) => (f.testPlans[0].measurements[1].name = 'vcc_3v3'),
      'testPlans[0].measurements[1].name',
      '"vcc_3v3"',
      'each measurement once in its plan',
    ],
    [
      'limits upside down',
      (f) => (f.testPlans[0].measurements[0].low = 3.5),
      'testPlans[0].measurements[0].low',
      '3.5',
      'a number up to high, 3.4',
    ],
    [
      'an aim outside its limits',
      (f) => (f.testPlans[0].measurements[0].nominal = 5),
      'testPlans[0].measurements[0].nominal',
      '5',
      'a number from low, 3.2, to high, 3.4',
    ],
    [
      'blocks that overlap',
      (f) => f.macPools.push({ name: 'wide', block: '70:B3:D5:00:00:00/28' }),
      'macPools[1].block',
      '"70:B3:D5:00:00:00/28"',
      'a block apart from that of main',
    ],
    [
      'a block reserved whole',
      (f) => (f.macPools[0].reserveFirst = 4092),
      'macPools[0].reserveFirst',
      '4092',
      'fewer than 4096 together with reserveLast',
    ],
    [
      'a used range that ends before it begins',
      (f) => (f.macPools[0].used = [{ from: '70:B3:D5:00:00:10', to: '70:B3:D5:00:00:0F' }]),
      'macPools[0].used[0].to',
      '"70:B3:D5:00:00:0F"',
      'an address from 70:B3:D5:00:00:10 on',
    ],
    [
      'a used address of another block',
      (f) => (f.macPools[0].used = [{ from: '70:B3:D5:00:00:10', to: '70:B3:D5:00:10:00' }]),
      'macPools[0].used[0].to',
      '"70:B3:D5:00:10:00"',
      'an address of 70:B3:D5:00:00:00/36, as EUI-48',
    ],
    [
      'a used EUI-48 in a pool of EUI-64',
      (f) =>
        Object.assign(f.macPools[0], {
          eui: 64,
          used: [{ from: '70:B3:D5:00:00:10', to: '70:B3:D5:00:00:10' }],
        }),
      'macPools[0].used[0].from',
      '"70:B3:D5:00:00:10"',
      'an address of 70:B3:D5:00:00:00/36, as EUI-64',
    ],
    [
      'used ranges that overlap',
      (f) =>
        (f.macPools[0].used = [
          { from: '70:B3:D5:00:00:10', to: '70:B3:D5:00:00:1F' },
          { from: '70:B3:D5:00:00:1F', to: '70:B3:D5:00:00:2F' },
        ]),
      'macPools[0].used[1].from',
      '"70:B3:D5:00:00:1F"',
      'a range apart from 70:B3:D5:00:00:10 to 70:B3:D5:00:00:1F',
    ],
    ['an EUI of another length', (f) => (f.macPools[0].eui = 60), 'macPools[0].eui', '60', 'one of 48, 64'],
    [
      'a bench called real',
      (f) => (f.stations[0].virtual = false),
      'stations[0].virtual',
      'false',
      'true where the driver is virtual-bench',
    ],
    [
      'a buyer in the namespace of MAC addresses',
      (f) => (f.buyers[0].id = 'ieee'),
      'buyers[0].id',
      '"ieee"',
      "an id that is not the manufacturer's issuer, a chip family, ieee or device-ca",
    ],
    [
      'a buyer’s pattern that is a regular expression',
      (f) => (f.buyers[0].serialPattern = '^(A+)+$'),
      'buyers[0].serialPattern',
      '"^(A+)+$"',
      'a mask of literals and the tokens {digit:N}',
    ],
    [
      'a buyer in our namespace',
      (f) => (f.buyers[0].id = 'unitrail'),
      'buyers[0].id',
      '"unitrail"',
      "an id that is not the manufacturer's issuer",
    ],
  ])('that contradicts itself with %s is refused likewise', (_name, change, field, value, allowed) => {
    expectRefusal(change, field, value, allowed);
  });
});

/** The push button under another code, with serials that hold it. */
function renameButton(file: Loose, code: string): void {
  file.products[1].code = code;
  file.products[1].serialScheme = 'SHORT';
  file.firmwareReleases[2].product = code;
}

function expectRefusal(change: (file: Loose) => void, field: string, value: string, allowed: string): void {
  const file = sample();
  change(file);
  expect(refusalOf(file)).toContain(`\n  ${field}: ${value} is not allowed; ${allowed}`);
}

function refusalOf(input: unknown): string {
  try {
    parsePlant(input);
  } catch (error) {
    if (error instanceof UnitrailError && error.code === 'PLANT_INVALID') return error.message;
    throw error;
  }
  throw new Error('the plant file was taken');
}
