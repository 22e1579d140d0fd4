/**
 * Makes the page that lies in every capsule: one file, with its script and its style in it, that asks for nothing else.
 *
 *   npm run build:capsule-page [-- --check]
 */
import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'esbuild';

const source = join(__dirname, 'capsule-page');
const target = join(__dirname, '..', 'adapters', 'capsule', 'index.html');

/** The same bytes for the same sources: the page's policy names its script and its style by their digests. */
export async function capsulePage(): Promise<string> {
  const script = (await bundle('main.ts')).trim();
  const style = (await bundle('style.css')).trim();
  const parts: Readonly<Record<string, string>> = {
    script,
    style,
    scriptHash: hashOf(script),
    styleHash: hashOf(style),
  };
  const page = await readFile(join(source, 'page.html'), 'utf8');
  return page.replace(/\{\{(\w+)\}\}/g, (_, name: string) => parts[name]!);
}

async function bundle(name: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [join(source, name)],
    bundle: true,
    minify: true,
    write: false,
    format: 'iife',
    platform: 'browser',
    target: ['chrome110', 'firefox115', 'safari16'],
    charset: 'ascii',
    legalComments: 'none',
    logLevel: 'warning',
  });
  const text = outputFiles[0]!.text;
  // Inside the page it would end the script.
  if (/<\/script|<!--/i.test(text)) throw new Error(`${name}: the bundle holds what ends a script in HTML`);
  return text;
}

function hashOf(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`;
}

async function main(): Promise<void> {
  const page = await capsulePage();
  if (!process.argv.includes('--check')) return writeFile(target, page);
  if ((await readFile(target, 'utf8')) === page) return;
  throw new Error('adapters/capsule/index.html is not what its sources come to: npm run build:capsule-page');
}

if (require.main === module)
  main().catch((error: Error) => {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  });
