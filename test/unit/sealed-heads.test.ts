import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExportSet } from '../../tools/export-verifier/manifests';
import { amendedUnits, noteRecord, unitKey } from '../../tools/export-verifier/sealed-heads';

/** What a unit was sealed with, by the records of several sets: an amendment is compared with it. */
test('a record that tells no history takes away nothing that another record has told', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'unitrail-sealed-heads-'));
  try {
    const name = 'acme-000002.amendments.jsonl';
    await writeFile(join(folder, name), '{"issuer":"unitrail","serial":"S1"}\n');
    const set = { base: 'acme-000002', files: [{ name }] } as unknown as ExportSet;
    const heads = await amendedUnits(folder, [set]);
    const unit = unitKey('unitrail', 'S1');
    expect(heads.get(unit)).toEqual({ sealed: null, sets: [] });
    const history = { events: 23, head: 'ab' };
    noteRecord(heads, unit, { history }, 'acme-000001');
    for (const broken of [{}, { history: null }, { history: { events: '23', head: 'cd' } }])
      noteRecord(heads, unit, broken, 'acme-000003');
    noteRecord(heads, unitKey('unitrail', 'S2'), { history }, 'acme-000001');
    expect([...heads]).toEqual([
      [unit, { sealed: history, sets: ['acme-000001', 'acme-000003', 'acme-000003', 'acme-000003'] }],
    ]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
