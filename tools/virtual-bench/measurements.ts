import { createHash } from 'node:crypto';

/** What a good board shows. Readings are normal around the nominal, cut off at three sigma. */
export const measurements: Readonly<Record<string, { nominal: number; sigma: number; digits: number }>> = {
  vcc_3v3: { nominal: 3.3, sigma: 0.015, digits: 4 },
  vcc_1v8: { nominal: 1.8, sigma: 0.008, digits: 4 },
  current_idle_ma: { nominal: 12, sigma: 0.4, digits: 3 },
  rf_power_dbm: { nominal: 10, sigma: 0.3, digits: 2 },
  rssi_dbm: { nominal: -48, sigma: 2, digits: 1 },
  temp_c: { nominal: 27, sigma: 1.2, digits: 2 },
};

/** Far outside any limits that make sense. */
const faultySigmas = 40;

/** The same seed gives the same value, on every machine. Null for a name that the bench can't measure. */
export function reading(name: string, seed: string): number | null {
  const known = lookUp(name);
  if (!known) return null;
  const deviation = Math.max(-3, Math.min(3, standardNormal(`${seed}|${name}`)));
  return Number((known.nominal + deviation * known.sigma).toFixed(known.digits));
}

export function faultyReading(name: string): number | null {
  const known = lookUp(name);
  return known ? Number((known.nominal + faultySigmas * known.sigma).toFixed(known.digits)) : null;
}

function lookUp(name: string) {
  return Object.hasOwn(measurements, name) ? measurements[name] : undefined;
}

/** Box and Muller's transform of two uniform numbers out of a hash. */
function standardNormal(seed: string): number {
  const digest = createHash('sha256').update(seed).digest();
  const first = (digest.readUInt32BE(0) + 1) / 2 ** 32;
  const second = digest.readUInt32BE(4) / 2 ** 32;
  return Math.sqrt(-2 * Math.log(first)) * Math.cos(2 * Math.PI * second);
}
