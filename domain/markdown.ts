import { plainText } from './plain-text';

/**
 * Text from a device, a tool or a person inside Markdown: what it says is shown, and nothing of it is obeyed. An
 * underscore inside a word (vcc_3v3) means nothing to Markdown and stays readable in the raw text. Addresses of pages
 * and people become links by themselves, without brackets: these are broken as well.
 */
export function escaped(text: string, maxLength = 500): string {
  return plainText(text, maxLength)
    .replace(/[\\`*[\]<>&|~!#@]/g, '\\$&')
    .replace(/(?<![0-9A-Za-z])_|_(?![0-9A-Za-z])/g, '\\_')
    .replace(/:\/\//g, '\\://')
    .replace(/www\./gi, (www) => `${www.slice(0, 3)}\\.`);
}

/** Lines as they are. The fence is longer than any that stands in them. */
export function verbatim(lines: readonly string[]): string {
  const runs = lines.join('\n').match(/`+/g) ?? [];
  const fence = '`'.repeat(Math.max(3, ...runs.map((run) => run.length + 1)));
  return [`${fence}text`, ...lines.map((line) => plainText(line, 200)), fence].join('\n');
}

/** A value inside backticks: a JSON example, an id. */
export function code(text: string, maxLength = 200): string {
  return `\`${plainText(text, maxLength).replaceAll('`', 'ʼ')}\``;
}
