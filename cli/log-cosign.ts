import { readFile } from 'node:fs/promises';
import { Option, type Command } from 'commander';
import { cosign, CosignRefusal, cosignedText, cosignOptions } from '../tools/export-verifier/cosign';
import { logGroup } from './log-group';
import { printJson, say } from './output';
import type { ServerContext } from './server-context';
import { wrongOption } from '../domain/wrong-option';

interface Options {
  readonly checkpoint: string;
  readonly logKey: string;
  readonly key: string;
  readonly name: string;
  readonly previous?: string;
  readonly consistency?: string;
}

export function register(program: Command, context: ServerContext): void {
  logGroup(program)
    .command('cosign')
    .description(
      "Co-signs a checkpoint as a witness, without server, database or network. Standard output is the checkpoint with the witness's line.",
    )
    .requiredOption(
      '--checkpoint <file>',
      "the signed note: an export's file .checkpoint, or that of the log",
    )
    .requiredOption('--log-key <key>', 'the public key of the log, got on another way than the files')
    .requiredOption('--key <file>', "the witness's own private key of Ed25519, PEM")
    .requiredOption('--name <name>', 'what the witness is called, such as acme.example/witness')
    .addOption(
      new Option('--previous <file>', 'what this key co-signed last; left out at the first time only'),
    )
    .addOption(
      new Option(
        '--consistency <file>',
        'a manifest, or the hashes of `unitrail log consistency`, that show how the one goes on from the other',
      ),
    )
    .action((options: Options) => cosignFile(context, options));
}

async function cosignFile(context: ServerContext, options: Options): Promise<void> {
  const { logKey, name } = options;
  const request = {
    ...{ logKey, name, time: Math.floor(Date.now() / 1000) },
    checkpoint: await textIn('--checkpoint', options.checkpoint),
    privateKey: await textIn('--key', options.key),
    previous: options.previous === undefined ? null : await textIn('--previous', options.previous),
    consistency:
      options.consistency === undefined ? null : await textIn('--consistency', options.consistency),
  };
  const cosigned = cosignedOr(request, options);
  if (context.json) return printJson(context, cosigned);
  context.out.write(cosigned.note);
  await say(context, cosignedText(cosigned));
}

/** What is wrong is told of the option that it was given by, with what was typed there: never with what is in a file. */
function cosignedOr(
  request: Parameters<typeof cosign>[0],
  { key: privateKey, ...typed }: Options,
): ReturnType<typeof cosign> {
  try {
    return cosign(request);
  } catch (error) {
    if (!(error instanceof CosignRefusal)) throw error;
    const { about, message } = error;
    const value = { ...typed, privateKey }[about];
    const what = about === 'checkpoint' ? 'a checkpoint that may be co-signed: ' : '';
    throw wrongOption(cosignOptions[about], value, `${what}${message}`);
  }
}

async function textIn(option: string, file: string): Promise<string> {
  return readFile(file, 'utf8').catch((error: Error) => {
    throw wrongOption(option, file, `a file that can be read (${error.message})`);
  });
}
