import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import {
  LineCounter,
  isNode,
  isScalar,
  parseDocument,
  type Document,
  type Node,
  type YAMLParseError,
  type YAMLWarning,
} from 'yaml';
import { UnitrailError } from '../../domain/errors';
import type { DocumentKind } from '../../domain/parsing';
import type { Locate, Problem } from '../../domain/refusal';

/** A YAML or JSON file as plain values, and where in it each value stands. */
export interface DocumentFile {
  readonly value: unknown;
  readonly locate: Locate;
}

/**
 * Reads one document of YAML 1.2 (of which JSON is a part). No tags, no second document, no key twice, and no
 * aliases: a few lines of them can unfold into more than fits the memory, and people read these files.
 * @throws UnitrailError with the kind's code and one message that names the file and what is wrong with it
 */
export async function readDocumentFile(
  path: string,
  kind: DocumentKind,
  maxSizeBytes: number,
): Promise<DocumentFile> {
  const fail = (what: string, cause?: unknown) =>
    new UnitrailError(
      kind.code,
      `${kind.title} can't be read: ${JSON.stringify(path)} ${what}.`,
      {},
      { cause },
    );
  const bytes = await readBounded(path, maxSizeBytes, fail);
  const text = decode(bytes, fail);
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    version: '1.2',
    schema: 'core',
    strict: true,
    uniqueKeys: true,
    stringKeys: true,
    merge: false,
    resolveKnownTags: false,
    prettyErrors: false,
    // At 'silent' a second document in the file would be dropped without a word.
    logLevel: 'error',
  });
  const fault = document.errors[0] ?? document.warnings[0];
  if (fault) {
    const line = lines.linePos(fault.pos[0]).line;
    throw fail(`is not good YAML at line ${line}: ${faultText(fault)}`, fault);
  }
  if (document.contents === null) throw fail('is empty');
  return { value: toPlain(document, fail), locate: locator(document, lines) };
}

type Fail = (what: string, cause?: unknown) => UnitrailError;

/** The content of a regular file of bounded size. */
export async function readBounded(path: string, maxSizeBytes: number, fail: Fail): Promise<Uint8Array> {
  const { file, sizeBytes } = await openBounded(path, maxSizeBytes, fail);
  try {
    return await readAtMost(file, sizeBytes);
  } finally {
    await file.close();
  }
}

/** A regular file of bounded size, open to read. The caller closes it. */
export async function openBounded(
  path: string,
  maxSizeBytes: number,
  fail: Fail,
): Promise<{ file: FileHandle; sizeBytes: number }> {
  const file = await openFile(path, fail);
  try {
    const found = await file.stat();
    if (found.isDirectory()) throw fail('is a folder; give the file in it');
    if (!found.isFile()) throw fail('is no regular file');
    if (found.size === 0) throw fail('is empty');
    if (found.size > maxSizeBytes) throw fail(`has ${found.size} bytes; at most ${maxSizeBytes} are allowed`);
    return { file, sizeBytes: found.size };
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** Not `readFile`: that would follow a file that grows while it is read. */
async function readAtMost(file: FileHandle, sizeBytes: number): Promise<Uint8Array> {
  const buffer = Buffer.alloc(sizeBytes);
  let filled = 0;
  while (filled < sizeBytes) {
    const { bytesRead } = await file.read(buffer, filled, sizeBytes - filled, filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return new Uint8Array(buffer.buffer, buffer.byteOffset, filled);
}

async function openFile(path: string, fail: Fail): Promise<FileHandle> {
  try {
    // Non-blocking, or a named pipe would hold us until somebody writes to it.
    return await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (cause) {
    throw fail(openProblem(cause), cause);
  }
}

function openProblem(cause: unknown): string {
  const code = (cause as NodeJS.ErrnoException).code;
  if (code === 'ENOENT' || code === 'ENOTDIR') return 'does not exist';
  if (code === 'EACCES' || code === 'EPERM') return 'may not be read by this user';
  if (code === 'EISDIR') return 'is a folder; give the file in it';
  return `can't be opened (${code ?? 'unknown reason'})`;
}

function decode(bytes: Uint8Array, fail: Fail): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw fail('is not text in UTF-8', cause);
  }
}

function toPlain(document: Document, fail: Fail): unknown {
  try {
    return document.toJS({ maxAliasCount: 0 });
  } catch (cause) {
    throw fail('uses an alias (*name); write the value out', cause);
  }
}

function locator(document: Document, lines: LineCounter): Locate {
  return (path) => {
    const node = nodeAt(document, path);
    const start = node?.range?.[0];
    return {
      line: start === undefined ? undefined : lines.linePos(start).line,
      source: isScalar(node) ? node.source : undefined,
    };
  };
}

/** The value's node, or, where there is none (a field is missing), the nearest one around it. */
function nodeAt(document: Document, path: Problem['path']): Node | null {
  for (let length = path.length; length >= 0; length--) {
    const node: unknown = length === 0 ? document.contents : document.getIn(path.slice(0, length), true);
    if (isNode(node)) return node;
  }
  return null;
}

function faultText(fault: YAMLParseError | YAMLWarning): string {
  if (fault.code === 'MULTIPLE_DOCS') return 'a second document begins; only one is allowed';
  if (fault.code === 'RESOURCE_EXHAUSTION') return 'it is nested too deeply';
  const firstLine = fault.message.split('\n')[0] ?? '';
  return firstLine.replace(/[.:]\s*$/, '').slice(0, 200);
}
