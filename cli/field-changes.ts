/** One value that differs between two versions of an entry. */
export interface FieldChange {
  /** `measurements[2].high` */
  readonly field: string;
  /** Undefined where it was not there. */
  readonly before: unknown;
  readonly after: unknown;
}

/** What differs, field by field down to single values. Lists are compared by place. */
export function fieldChanges(before: unknown, after: unknown, field = ''): FieldChange[] {
  if (!isNested(before) || !isNested(after) || Array.isArray(before) !== Array.isArray(after)) {
    return Object.is(before, after) ? [] : [{ field, before, after }];
  }
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  return names.flatMap((name) =>
    fieldChanges(before[name], after[name], nested(field, name, Array.isArray(before))),
  );
}

function isNested(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function nested(field: string, name: string, inList: boolean): string {
  if (inList) return `${field}[${name}]`;
  return field === '' ? name : `${field}.${name}`;
}
