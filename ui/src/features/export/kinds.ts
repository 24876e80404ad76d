// What an export dialog can write: each kind with its formats, its proposed name and its command.
import type { ExportedFile, FileFormat } from '$lib/api/contract';

/// What a person filled in.
export interface ExportAsked {
  format: FileFormat;
  file: string;
  replace: boolean;
  /// First and last day, where the kind is of several.
  from: string;
  to: string;
}

export interface ExportKind {
  id: string;
  /// Its name in the present language.
  label: () => string;
  formats: readonly FileFormat[];
  /// Whether it is of several days.
  hasDays: boolean;
  /// A name for the file, without its ending.
  name: (days: { from: string; to: string }) => string;
  run: (asked: ExportAsked) => Promise<ExportedFile>;
}

export const LIST_FORMATS: readonly FileFormat[] = ['csv', 'xlsx', 'csv_plain'];

/// What the name of such a file ends in.
export function ending(format: FileFormat): string {
  return format === 'csv_plain' ? 'csv' : format;
}

/// `2026-11-01-2026-11-21`, or the one day.
export function spanOf(from: string, to: string): string {
  return to && to !== from ? `${from}-${to}` : from;
}
