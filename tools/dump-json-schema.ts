/**
 * Writes the JSON Schemas of the plant file and the order for editors: `npx tsx tools/dump-json-schema.ts`,
 * then `npx prettier --write docs/schema`. They say what one field may hold; what fields say of each other
 * (names, digests, limits) is checked when the file is read.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { orderSchema } from '../domain/order';
import { plantSchema } from '../domain/plant-schema';

export const schemaFolder = join(__dirname, '..', 'docs', 'schema');

/** File name → schema. */
export function jsonSchemas(): Record<string, unknown> {
  return {
    'order.schema.json': toJsonSchema(orderSchema),
    'plant.schema.json': toJsonSchema(plantSchema),
  };
}

/** Of the input: fields with a default may be left out. */
function toJsonSchema(schema: z.ZodType): unknown {
  return z.toJSONSchema(schema, { io: 'input', target: 'draft-2020-12' });
}

async function writeSchemas(): Promise<void> {
  await mkdir(schemaFolder, { recursive: true });
  for (const [name, schema] of Object.entries(jsonSchemas())) {
    await writeFile(join(schemaFolder, name), `${JSON.stringify(schema, null, 2)}\n`);
  }
}

if (require.main === module) void writeSchemas();
