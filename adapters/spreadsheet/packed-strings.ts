const FIRST_BYTES = 64 * 1024;

/**
 * A list of many short texts in one piece of memory. As strings they would keep the pieces of the file that they were cut
 * from, and so in the end the whole file.
 */
export class PackedStrings {
  private bytes: Buffer = Buffer.alloc(FIRST_BYTES);
  private ends = new Uint32Array(1024);
  private used = 0;
  length = 0;

  add(text: string): void {
    const sizeBytes = Buffer.byteLength(text);
    if (this.used + sizeBytes > this.bytes.length) this.bytes = grown(this.bytes, this.used + sizeBytes);
    this.used += this.bytes.write(text, this.used);
    if (this.length === this.ends.length) {
      const ends = new Uint32Array(this.ends.length * 2);
      ends.set(this.ends);
      this.ends = ends;
    }
    this.ends[this.length++] = this.used;
  }

  at(index: number): string | undefined {
    if (!Number.isInteger(index) || index < 0 || index >= this.length) return undefined;
    return this.bytes.toString('utf8', index === 0 ? 0 : this.ends[index - 1]!, this.ends[index]!);
  }

  get sizeBytes(): number {
    return this.used;
  }
}

function grown(bytes: Buffer, needed: number): Buffer {
  const larger = Buffer.alloc(Math.max(needed, bytes.length * 2));
  bytes.copy(larger);
  return larger;
}
