import { createHash } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import type { ByteSource } from '../../adapters/capsule-reader/bytes';
import { parsed } from '../../adapters/capsule-reader/documents';
import { differenceOf, expectedRow } from '../../adapters/capsule-reader/expected-row';
import { openParquet, type ParquetRow } from '../../adapters/capsule-reader/parquet-file';
import { UnitrailError } from '../../domain/errors';
import type { ReadContent } from './archive-files';
import type { Findings } from './findings';

const NAME = 'records.parquet';

/** The digest of the table, and how long it is. */
export interface TableFile {
  readonly sha256: string;
  readonly sizeBytes: number;
}

/**
 * A19. The table of a capsule beside the lines of its records, which the database knows by their digests: whoever has the
 * key can sign another table, with the events to match. The first row that is another is told: one damage, one finding.
 */
export class CapsuleTable {
  private readonly rows: AsyncGenerator<ParquetRow>;
  private row = 0;
  private isTold = false;

  constructor(
    private readonly capsule: string,
    read: ReadContent,
    file: TableFile,
    private readonly findings: Findings,
  ) {
    this.rows = rowsOf(sourceOf(read, file));
  }

  /** The row beside this line, or null behind the last line. */
  async compare(record: string | null): Promise<void> {
    if (this.isTold) return;
    this.row += 1;
    try {
      const { value: row } = (await this.rows.next()) as { value: ParquetRow | undefined };
      const wrong = wrongIn(row, record);
      if (wrong !== null) this.tell(`row ${this.row}: ${wrong}`);
    } catch (error) {
      // A store that does not answer says nothing of what is in it.
      if (error instanceof UnitrailError) throw error;
      this.tell(`can't be read: ${(error as Error).message}`);
    }
  }

  private tell(found: string): void {
    this.isTold = true;
    this.findings.violation(
      'A19',
      `capsule ${this.capsule}, ${NAME}`,
      found,
      'a row for each record, and as it says',
    );
  }
}

function wrongIn(row: ParquetRow | undefined, record: string | null): string | null {
  if (row === undefined) return record === null ? null : 'is not there';
  if (record === null) return `of ${String(row.serial)}, behind the last record`;
  if (row.record !== record) return `the record of ${String(row.serial)} is another`;
  const record_sha256 = createHash('sha256').update(record).digest('hex');
  return differenceOf(row, { ...expectedRow(parsed(record) ?? {}), record_sha256 });
}

async function* rowsOf(source: ByteSource): AsyncGenerator<ParquetRow> {
  yield* (await openParquet(source)).all();
}

/** A row group at a time, out of a folder or a bucket. */
function sourceOf(read: ReadContent, { sha256, sizeBytes }: TableFile): ByteSource {
  return {
    name: NAME,
    sizeBytes,
    async read(from, to) {
      if (from >= to) return new Uint8Array();
      try {
        const content = await read(sha256, { from, to });
        return content === null ? new Uint8Array() : new Uint8Array(await buffer(content));
      } catch (error) {
        if (error instanceof UnitrailError) throw error;
        const { message } = error as Error;
        throw new UnitrailError('STORE_UNAVAILABLE', `The content ${sha256} can't be read: ${message}`);
      }
    },
  };
}
