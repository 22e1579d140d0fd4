import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import {
  comparePlant,
  parsePlant,
  refusalsOf,
  type Issued,
  type PlantChange,
  type PlantDocument,
} from '../../domain/plant';
import type { Sha256Hex } from '../../domain/brands';

type Loose = Record<string, any>; // eslint-disable-line @typescript-eslint/no-explicit-any -- wrong on purpose

const sampleText = readFileSync(join(__dirname, '../../sample/plant.yaml'), 'utf8');
const sample = (): Loose => parse(sampleText) as Loose;
const nothingIssued: Issued = {
  schemesUsed: [],
  firmwareUsed: [],
  productsUsed: [],
  macPoolsUsed: [],
  macRangesGranted: [],
  buyersUsed: [],
  buyersListed: [],
  stationsOccupied: [],
  siteNames: [],
};

describe('the difference between two plants', () => {
  it('adds everything where there was no plant', () => {
    const difference = comparePlant(null, document(), nothingIssued);
    expect(new Set(difference.map((one) => one.change))).toEqual(new Set(['added']));
    expect(difference.filter((one) => one.kind === 'firmware').map((one) => one.name)).toEqual([
      'EUBT/1.0.0',
      'EUDV/1.4.1',
      'EUDV/1.4.2',
    ]);
  });

  it('is the same for a file whose entries stand in another order', () => {
    const next = document((f) => {
      f.schemes.reverse();
      f.stations.reverse();
      f.products = f.products.map((product: Loose) => Object.fromEntries(Object.entries(product).reverse()));
    });
    const difference = comparePlant(document(), next, nothingIssued);
    expect(difference.filter((one) => one.change !== 'same')).toEqual([]);
    expect(JSON.stringify(difference.map(title))).toBe(
      JSON.stringify(comparePlant(null, next, nothingIssued).map(title)),
    );
  });

  it('shows what was added, changed and removed, with both sides', () => {
    const next = document((f) => {
      f.operators = [
        { number: 17, name: 'Ada L.' },
        { number: 30, name: 'Mira' },
      ];
    });
    const difference = comparePlant(document(), next, nothingIssued).filter((one) => one.change !== 'same');
    expect(difference).toEqual([
      {
        kind: 'operator',
        name: '17',
        change: 'changed',
        before: { number: 17, name: 'Ada Lindqvist' },
        after: { number: 17, name: 'Ada L.' },
      },
      { kind: 'operator', name: '21', change: 'removed', before: { number: 21, name: 'Jonas Weber' } },
      { kind: 'operator', name: '30', change: 'added', after: { number: 30, name: 'Mira' } },
    ]);
  });

  const used: Issued = {
    schemesUsed: ['EUDV/1'],
    firmwareUsed: ['EUDV/1.4.2'],
    productsUsed: ['EUDV', 'EUBT'],
    macPoolsUsed: ['main'],
    macRangesGranted: [{ pool: 'main', receiver: 'batch B2647-01', first: 4, end: 28 }],
    buyersUsed: ['acme'],
    buyersListed: ['nordlicht'],
    stationsOccupied: ['line-1'],
    siteNames: ['W1'],
  };
  const otherDigest = 'f'.repeat(64);

  it.each<[string, (file: Loose) => void, string, string]>([
    [
      'a used scheme is edited',
      (f) => (f.schemes[0].pattern = 'EUDV{seq:8}'),
      'scheme EUDV/1',
      'keep the entry as it was and add EUDV/2',
    ],
    [
      'a used scheme counts otherwise',
      (f) => (f.schemes[0].scope = 'year'),
      'scheme EUDV/1',
      'keep the entry as it was and add EUDV/2',
    ],
    [
      'a used scheme skips more',
      (f) => (f.schemes[0].skip = ['666']),
      'scheme EUDV/1',
      'keep the entry as it was and add EUDV/2',
    ],
    [
      'a used scheme begins to hide its sequence',
      (f) => (f.schemes[0].hidden = { key: 'env:EUDV_KEY' }),
      'scheme EUDV/1',
      'keep the entry as it was and add EUDV/2',
    ],
    [
      'a used scheme is removed',
      (f) => {
        f.schemes[0].version = 2;
      },
      'scheme EUDV/1',
      'keep the entry',
    ],
    [
      'a released image changes',
      (f) => (f.firmwareReleases[0].image.sha256 = otherDigest),
      'firmware EUDV/1.4.1',
      'a changed image is a new version',
    ],
    [
      'the SBOM of a used release changes',
      (f) => (f.firmwareReleases[1].sbom.sha256 = otherDigest),
      'firmware EUDV/1.4.2',
      'a changed one is a new version',
    ],
    [
      'a buyer whose numbers are listed is removed',
      (f) => (f.buyers = f.buyers.filter(({ id }: Loose) => id !== 'nordlicht')),
      'buyer nordlicht',
      'numbers of nordlicht are listed; keep the buyer',
    ],
    [
      'a used release is removed',
      (f) => f.firmwareReleases.splice(1, 1),
      'firmware EUDV/1.4.2',
      'keep the release',
    ],
    [
      'the GTIN of a used product changes',
      (f) => (f.products[0].gtin = '09506000134376'),
      'product EUDV',
      'carry the GTIN 09506000134352',
    ],
    [
      'a used product is removed',
      (f) => {
        f.products.pop();
        f.firmwareReleases.pop();
      },
      'product EUBT',
      'keep the product',
    ],
    [
      'a used pool changes',
      (f) => (f.macPools[0].reserveFirst = 8),
      'macPool main',
      'keep the pool as it was and add another',
    ],
    [
      'a used pool turns to EUI-64',
      (f) => (f.macPools[0].eui = 64),
      'macPool main',
      'keep the pool as it was and add another',
    ],
    [
      'a used pool declares what it gave away itself',
      (f) => (f.macPools[0].used = [{ from: '70:B3:D5:00:00:1B', to: '70:B3:D5:00:00:1F' }]),
      'macPool main',
      '70:B3:D5:00:00:04 to 70:B3:D5:00:00:1B were granted to batch B2647-01',
    ],
    [
      'a used buyer turns real',
      (f) => (f.buyers[0].test = false),
      'buyer acme',
      'as a test buyer; add another buyer',
    ],
    ['a used buyer is removed', (f) => f.buyers.shift(), 'buyer acme', 'keep the buyer'],
    [
      'a station with units is removed',
      (f) => f.stations.shift(),
      'station line-1',
      'clear its slots before you remove it',
    ],
    [
      'a station with units shrinks',
      (f) => (f.stations[0].slots = 4),
      'station line-1',
      'clear its slots before you take any away',
    ],
    [
      'the issuer of issued serials changes',
      (f) => (f.manufacturer.issuer = 'other'),
      'manufacturer manufacturer',
      'the issuer stays',
    ],
  ])('carries a refusal where %s', (_name, change, entry, refusal) => {
    const refused = refusalsOf(comparePlant(document(), document(change), used));
    expect(refused.map(title)).toEqual([entry]);
    expect(refused[0]?.refusal).toContain(refusal);
  });

  it('carries a refusal where a station turns from virtual to real, also an empty one', () => {
    const next = document();
    const stations = next.stations.map((station) => ({ ...station, virtual: false }));
    const refused = refusalsOf(comparePlant(document(), { ...next, stations }, nothingIssued));
    expect(refused.map(title)).toEqual(['station label-1', 'station line-1']);
  });

  it.each<[string, (file: Loose) => void]>([
    [
      'a used scheme gets a new version',
      (f) => f.schemes.push({ ...f.schemes[0], version: 2, pattern: 'EUDV{seq:8}' }),
    ],
    ['a test plan changes', (f) => (f.testPlans[0].measurements[0].high = 3.5)],
    ['a label template changes', (f) => (f.labelTemplates[0].position = 'elsewhere')],
    ['a used product gets another test plan', (f) => (f.products[0].recipe.testPlan = 'EUBT-final')],
    ['a station gets more slots', (f) => (f.stations[0].slots = 16)],
    ['an unused release is removed', (f) => f.firmwareReleases.splice(0, 1)],
    ['a used pool says of which length its addresses are', (f) => (f.macPools[0].eui = 48)],
    [
      'a used pool declares what was used before',
      (f) => (f.macPools[0].used = [{ from: '70:B3:D5:00:0F:00', to: '70:B3:D5:00:0F:0F' }]),
    ],
    ['a used buyer gets a new name', (f) => (f.buyers[0].name = 'Acme Ltd')],
  ])('carries no refusal where %s', (_name, change) => {
    expect(refusalsOf(comparePlant(document(), document(change), used))).toEqual([]);
  });

  it('lets the used ranges of a used pool grow, and never shrink', () => {
    const declared = (from: string, to: string) =>
      document((f) => (f.macPools[0].used = [{ from: `70:B3:D5:00:${from}`, to: `70:B3:D5:00:${to}` }]));
    const refusals = (before: PlantDocument, after: PlantDocument) =>
      refusalsOf(comparePlant(before, after, used)).map(title);
    const [small, large] = [declared('01:00', '01:0F'), declared('00:F0', '01:1F')];
    expect(refusals(small, large)).toEqual([]);
    expect(refusals(large, small)).toEqual(['macPool main']);
    expect(refusals(small, document())).toEqual(['macPool main']);
  });

  it('lets everything change before anything was issued, but not a released image', () => {
    const next = document((f) => {
      f.schemes[0].pattern = 'EUDV{seq:8}';
      f.products[0].gtin = '09506000134376';
      f.macPools[0].block = '70:B3:D5:00:10:00/36';
      f.firmwareReleases[0].sbom.sha256 = otherDigest;
    });
    expect(refusalsOf(comparePlant(document(), next, nothingIssued))).toEqual([]);
  });
});

/** The sample as it is kept, with digests for files. */
function document(change: (file: Loose) => void = () => undefined): PlantDocument {
  const file = sample();
  change(file);
  const plant = parsePlant(file);
  const kept = (sha256: Sha256Hex) => ({ sha256, sizeBytes: 1 });
  return {
    ...plant,
    firmwareReleases: plant.firmwareReleases.map((release) => ({
      ...release,
      image: kept(release.image.sha256),
      sbom: kept(release.sbom.sha256),
    })),
  };
}

function title(change: PlantChange): string {
  return `${change.kind} ${change.name}`;
}
