export const exportFormats = ['xlsx', 'csv', 'records'] as const;
export type ExportFormat = (typeof exportFormats)[number];

/** One column as the buyer wants it: a field of ours, under a heading of the buyer's. */
export interface ExportColumnChoice {
  readonly field: string;
  readonly name?: string;
}

export interface CsvStyle {
  readonly separator: ',' | ';' | '\t';
  readonly encoding: 'utf-8' | 'utf-8-bom' | 'windows-1252' | 'utf-16le';
}

/** How the files of one export look. It is pinned when the export is opened. */
export interface ExportLook {
  /** Null for all of them, in our order and by our names. */
  readonly columns: readonly ExportColumnChoice[] | null;
  readonly formats: readonly ExportFormat[];
  readonly csv: CsvStyle;
  /** The test vector as columns of the units (value, limits and verdict stand on a sheet of their own always). */
  readonly testColumns: boolean;
}

/** Which final reports of numbers the buyer wants besides the shipped units; a buyer may decline them. */
export interface ExportInclusion {
  readonly scrapped: boolean;
  readonly unused: boolean;
}

/** Where a buyer's files go. Secrets are references, never values. */
export interface SftpTarget {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** Absolute, or relative to the login's home. */
  readonly folder: string;
  /** `SHA256:…` fingerprints as `ssh-keygen -lf` prints them; one of them must be the server's. */
  readonly hostKeys: readonly string[];
  /** Reference to a private key (OpenSSH or PEM), or to a password: exactly one. */
  readonly key?: string;
  readonly passphrase?: string;
  readonly password?: string;
}

/** A buyer's `export` in the plant file. */
export interface ExportSettings extends ExportLook {
  readonly include: ExportInclusion;
  /** Cron of five fields in the time zone, or none: exports are then begun by hand. */
  readonly schedule: string | null;
  readonly timeZone: string;
  /** `{buyer}` and `{export}` are replaced; none other is known. */
  readonly naming: string;
  readonly sftp: SftpTarget | null;
}
