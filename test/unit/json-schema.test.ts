import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { jsonSchemas, schemaFolder } from '../../tools/dump-json-schema';

describe('the published JSON Schemas', () => {
  it.each(Object.entries(jsonSchemas()))(
    '%s is what the code gives: run tools/dump-json-schema.ts',
    (name, schema) => {
      const published: unknown = JSON.parse(readFileSync(join(schemaFolder, name), 'utf8'));
      expect(published).toEqual(JSON.parse(JSON.stringify(schema)));
    },
  );

  it.each(['plant', 'order'])('are what the sample %s tells the editor to use', (kind) => {
    const text = readFileSync(join(__dirname, `../../sample/${kind}.yaml`), 'utf8');
    expect(text.split('\n')[0]).toBe(`# yaml-language-server: $schema=../docs/schema/${kind}.schema.json`);
  });
});
