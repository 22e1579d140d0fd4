import type { Findings } from './findings';

const LETTER = /[\p{L}\p{N}]/u;

/**
 * A13. Looks for people's names in a body. A name counts only as whole words: the operator "Ed" is not in "Edge".
 * The finding does not repeat the name, so that the report can be passed on.
 */
export class NameSearch {
  private readonly pattern: RegExp | null;

  constructor(names: readonly string[]) {
    // As JSON writes them: a quotation mark in a name is escaped in the body.
    const escaped = names
      .map((name) => JSON.stringify(name).slice(1, -1))
      .map((name) => name.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&'));
    this.pattern =
      escaped.length === 0 ? null : new RegExp(escaped.sort((a, b) => b.length - a.length).join('|'), 'g');
  }

  check(body: string, subject: () => string, findings: Findings): void {
    if (this.pattern === null) return;
    for (const match of body.matchAll(this.pattern)) {
      const [before, after] = [body[match.index - 1] ?? '', body[match.index + match[0].length] ?? ''];
      if (LETTER.test(before) || LETTER.test(after)) continue;
      const found = `an operator's name of ${match[0].length} characters at character ${match.index}`;
      findings.violation('A13', subject(), found, 'people as operator numbers');
      return;
    }
  }
}
