import fc from 'fast-check';
import { code, escaped, verbatim } from '../../domain/markdown';
import { plainText } from '../../domain/plain-text';

/** What Markdown shows of a text in which it obeys nothing: a backslash before punctuation is left out. */
function shown(markdown: string): string {
  return markdown.replace(/\\([!-/:-@[-`{-~])/g, '$1');
}

/** The characters before which no backslash stands. */
function unescaped(markdown: string): string {
  return markdown.replace(/\\[!-/:-@[-`{-~]/g, '');
}

const nasty = fc.string({
  unit: fc.constantFrom(...'\\`*_[](){}<>&|~!#@:/.-+=w\n\r\t\0 aA1é"'),
  maxLength: 60,
});

describe('text inside Markdown', () => {
  it.each([
    ['bold and code', '**x** `rm -rf`', '\\*\\*x\\*\\* \\`rm -rf\\`'],
    ['a link', '[free](http://evil.example)', '\\[free\\](http\\://evil.example)'],
    ['a picture', '![x](//evil.example/p.png)', '\\!\\[x\\](//evil.example/p.png)'],
    ['an address in brackets', '<https://evil.example>', '\\<https\\://evil.example\\>'],
    ['an address without a scheme', '_WWW.evil.example', '\\_WWW\\.evil.example'],
    ['a person', 'ada@evil.example', 'ada\\@evil.example'],
    ['HTML', '<script>alert(1)</script>', '\\<script\\>alert(1)\\</script\\>'],
    ['an entity', '&lt;b&gt;', '\\&lt;b\\&gt;'],
    ['a cell', 'a | b', 'a \\| b'],
    ['a backslash that would free the next character', '\\*x\\*', '\\\\\\*x\\\\\\*'],
    ['a new line and a heading', 'a\n# b\r\n- c', 'a␊\\# b␍␊- c'],
    ['the name of a measurement', 'vcc_3v3 of _this_', 'vcc_3v3 of \\_this\\_'],
  ])('is shown and not obeyed: %s', (_, text, markdown) => {
    expect(escaped(text)).toBe(markdown);
    expect(shown(markdown)).toBe(plainText(text));
  });

  it('has no character left that Markdown obeys, whatever it is, and reads the same', () => {
    fc.assert(
      fc.property(nasty, (text) => {
        const markdown = escaped(text);
        expect(shown(markdown)).toBe(plainText(text));
        expect(unescaped(markdown)).not.toMatch(/[\\`*[\]<>&|~!#@\n\r]|:\/\/|www\./i);
        expect(markdown).not.toMatch(/(?<![0-9A-Za-z\\])_|(?<!\\)_(?![0-9A-Za-z])/);
      }),
    );
  });

  it('is cut before it is escaped, so that no backslash is left alone at its end', () => {
    expect(escaped('*'.repeat(10_000), 5)).toBe('\\*\\*\\*\\*…');
  });
});

describe('a tool’s output', () => {
  it('stays in its fence, whatever fence it holds', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(nasty, fc.constantFrom('```', '````\n# x', '~~~')), { maxLength: 5 }),
        (lines) => {
          const [first, ...rest] = verbatim(lines).split('\n');
          const fence = /^(`{3,})text$/.exec(first!)![1]!;
          expect(rest.pop()).toBe(fence);
          expect(rest).toEqual(lines.map((line) => plainText(line, 200)));
          expect(rest.filter((line) => line.includes(fence))).toEqual([]);
        },
      ),
    );
  });
});

describe('a value in backticks', () => {
  it('has none of its own, and stays on its line', () => {
    expect(code('a`b`` [x](y)\n')).toBe('`aʼbʼʼ [x](y)␊`');
    fc.assert(fc.property(nasty, (text) => expect(code(text)).toMatch(/^`[^`\n\r]*`$/)));
  });
});
