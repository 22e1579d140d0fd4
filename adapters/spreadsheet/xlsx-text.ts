/** Far more than a number has; what is longer is cut, and refused for its length. */
const MAX_KEPT_CHARACTERS = 200;

/**
 * The text of a cell from its pieces: plain (`<t>`), or rich in several runs (`<r><t>`). How it is read aloud (`<rPh>`) is
 * no part of it.
 */
export class TextCollector {
  private text = '';
  private inText = false;
  private inPhonetic = false;

  begin(): void {
    this.text = '';
    this.inText = this.inPhonetic = false;
  }

  open(name: string): void {
    if (name === 'rPh') this.inPhonetic = true;
    this.inText = name === 't' && !this.inPhonetic;
  }

  add(piece: string): void {
    if (this.inText) this.text = kept(this.text, piece);
  }

  close(name: string): void {
    if (name === 'rPh') this.inPhonetic = false;
    this.inText = false;
  }

  take(): string {
    return unescapeText(this.text);
  }
}

export function kept(text: string, more: string): string {
  return text.length > MAX_KEPT_CHARACTERS ? text : text + more.slice(0, MAX_KEPT_CHARACTERS + 1);
}

/** ECMA-376 ST_Xstring: _x0041_ in a cell is the letter A. */
export function unescapeText(text: string): string {
  return text.replace(/_x([0-9a-f]{4})_/gi, (_, code: string) => String.fromCharCode(parseInt(code, 16)));
}
