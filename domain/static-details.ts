import { code, escaped } from './markdown';

/** What the web UI shows as *Details* of a unit's workflow: what never changes, and where the rest stands. */
export function unitStaticDetails(unit: { serial: string; batch: string; product: string }): string {
  const { serial, batch, product } = unit;
  return [
    `Unit **${escaped(serial, 100)}**, product ${escaped(product, 64)}, batch ${escaped(batch, 100)}.`,
    'Where it stands, what failed and what to do: under *Current Details*.',
    `Its whole history: ${code(`unitrail unit show ${serial}`)}.`,
  ].join('  \n');
}
