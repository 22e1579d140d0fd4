/**
 * The verifier as a program of its own, for whoever has nothing but Node: `node verify-export.cjs DIR --key FILE`.
 * `npm run build:verifier` makes it one file.
 */
import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { readLogKeys } from './checkpoint';
import { cosign, CosignRefusal, cosignedText, cosignOptions } from './cosign';
import { readWitnessKey, type WitnessKey } from './cosignature';
import { readKeys } from './keys';
import { reportText } from './report';
import { verifyFolder } from './verify';

const USAGE = `Checks exports of Unitrail: who signed them, that nothing is missing or was changed, that none was left out.

  node verify-export.cjs DIR --key FILE [--after EXPORT] [--before-log] [--witness KEY]... [--json]
  node verify-export.cjs cosign --checkpoint FILE --log-key KEY --key FILE --name NAME [--previous FILE --consistency FILE]

  DIR             the folder with the files of one or more exports
  --key FILE      the manufacturer's public keys, as \`unitrail keys\` prints them; got on another way than the files
  --after EXPORT  the last export that was verified before, where the folder begins behind it: the SHA-256 of its
                  manifest, as a run prints it; or its id, acme-000011, which does not show that it is the same one
  --before-log    exports that tell of no log are from before there was one; otherwise that is wrong where FILE has its keys
  --witness KEY   the public key of a witness, as \`cosign\` prints it: it has to have co-signed the log; may be repeated
  --json          one JSON document instead of lines

  cosign          co-signs a checkpoint as a witness: standard output is the checkpoint with your line, for the manufacturer
  --checkpoint    an export's file .checkpoint, or that of the log
  --log-key KEY   the public key of the log, as \`unitrail keys\` prints it; got on another way than the files
  --key FILE      your own private key: \`openssl genpkey -algorithm ed25519 -out FILE\`
  --name NAME     what you are called as a witness: acme.example/witness
  --previous      the checkpoint that you co-signed last, as it was printed then; left out at the first time only
  --consistency   that the new one goes on from it: the manifest of the export behind, or hashes as \`unitrail log consistency\` prints them

Exits 0 where all is well, 1 where something is wrong, 2 where it could not be judged.`;

async function main(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      key: { type: 'string' },
      after: { type: 'string' },
      'before-log': { type: 'boolean' },
      witness: { type: 'string', multiple: true },
      checkpoint: { type: 'string' },
      'log-key': { type: 'string' },
      name: { type: 'string' },
      previous: { type: 'string' },
      consistency: { type: 'string' },
      json: { type: 'boolean' },
      help: { type: 'boolean' },
    },
  });
  if (values.help || positionals.length !== 1) {
    process.stdout.write(`${USAGE}\n`);
    return values.help ? 0 : 2;
  }
  if (positionals[0] === 'cosign') return cosignFile(values);
  const text = values.key === undefined ? null : await keysIn(values.key);
  const report = await verifyFolder(positionals[0]!, {
    keys: text === null ? null : readKeys(text),
    logKeys: readLogKeys(text ?? ''),
    after: values.after ?? null,
    beforeLog: values['before-log'] ?? false,
    witnesses: (values.witness ?? []).map(witnessOf),
  });
  process.stdout.write(`${values.json ? JSON.stringify(report) : reportText(report)}\n`);
  return report.ok ? 0 : 1;
}

interface CosignValues {
  readonly checkpoint?: string;
  readonly 'log-key'?: string;
  readonly key?: string;
  readonly name?: string;
  readonly previous?: string;
  readonly consistency?: string;
}

async function cosignFile(values: CosignValues): Promise<number> {
  const { checkpoint, 'log-key': logKey, key, name, previous, consistency } = values;
  if (checkpoint === undefined || logKey === undefined || key === undefined || name === undefined)
    throw new Error('cosign: --checkpoint, --log-key, --key and --name are needed');
  const cosigned = cosign({
    ...{ checkpoint: await readFile(checkpoint, 'utf8'), logKey, name },
    privateKey: await readFile(key, 'utf8'),
    previous: previous === undefined ? null : await readFile(previous, 'utf8'),
    consistency: consistency === undefined ? null : await readFile(consistency, 'utf8'),
    time: Math.floor(Date.now() / 1000),
  });
  process.stdout.write(cosigned.note);
  process.stderr.write(`${cosignedText(cosigned)}\n`);
  return 0;
}

function witnessOf(text: string): WitnessKey {
  const witness = readWitnessKey(text);
  if (witness) return witness;
  throw new Error(`--witness: ${text} is no public key of a witness: <name>+<id>+<base64>`);
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
    const option = error instanceof CosignRefusal ? `${cosignOptions[error.about]}: ` : '';
    process.stderr.write(`verify-export: ${option}${error.message}\n`);
    process.exitCode = 2;
  },
);
