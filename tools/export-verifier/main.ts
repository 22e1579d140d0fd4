/**
 * The verifier as a program of its own, for whoever has nothing but Node: `node verify-export.cjs DIR --key FILE`.
 * `npm run build:verifier` makes it one file.
 */
import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { readLogKeys } from './checkpoint';
import { readKeys } from './keys';
import { reportText } from './report';
import { verifyFolder } from './verify';

const USAGE = `Checks exports of Unitrail: who signed them, that nothing is missing or was changed, that none was left out.

  node verify-export.cjs DIR --key FILE [--after EXPORT] [--before-log] [--json]

  DIR             the folder with the files of one or more exports
  --key FILE      the manufacturer's public keys, as \`unitrail keys\` prints them; got on another way than the files
  --after EXPORT  the last export that was verified before, where the folder begins behind it: the SHA-256 of its
                  manifest, as a run prints it; or its id, acme-000011, which does not show that it is the same one
  --before-log    exports that tell of no log are from before there was one; otherwise that is wrong where FILE has its keys
  --json          one JSON document instead of lines

Exits 0 where all is well, 1 where something is wrong, 2 where it could not be judged.`;

async function main(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      key: { type: 'string' },
      after: { type: 'string' },
      'before-log': { type: 'boolean' },
      json: { type: 'boolean' },
      help: { type: 'boolean' },
    },
  });
  if (values.help || positionals.length !== 1) {
    process.stdout.write(`${USAGE}\n`);
    return values.help ? 0 : 2;
  }
  const text = values.key === undefined ? null : await keysIn(values.key);
  const report = await verifyFolder(positionals[0]!, {
    keys: text === null ? null : readKeys(text),
    logKeys: readLogKeys(text ?? ''),
    after: values.after ?? null,
    beforeLog: values['before-log'] ?? false,
  });
  process.stdout.write(`${values.json ? JSON.stringify(report) : reportText(report)}\n`);
  return report.ok ? 0 : 1;
}

async function keysIn(file: string): Promise<string> {
  try {
    const text = await readFile(file, 'utf8');
    readKeys(text);
    return text;
  } catch (error) {
    throw new Error(`--key: ${file}: ${(error as Error).message}`, { cause: error });
  }
}

main(process.argv.slice(2)).then(
  (code) => (process.exitCode = code),
  (error: Error) => {
    process.stderr.write(`verify-export: ${error.message}\n`);
    process.exitCode = 2;
  },
);
