/// What of a reconciled day can be written to a file. The core writes it; here stand the choices.
import { callConsole } from '$lib/api/client';
import type { DayExport, FileFormat, JournalTemplateView, ReconciledDay } from '$lib/api/contract';
import { LIST_FORMATS, spanOf, type ExportKind } from '$features/export/kinds';
import { m, textOrName } from '$lib/i18n/text';

const REPORT_FORMATS: readonly FileFormat[] = ['pdf', 'xlsx', 'csv'];

/// What each program reads, the usual one first.
const TEMPLATES: readonly [JournalTemplateView, readonly FileFormat[]][] = [
  ['kingdee', ['xlsx', 'csv']],
  ['yonyou_t', ['xlsx', 'csv']],
  ['yonyou_u8', ['txt']],
  ['beancount', ['beancount']],
  ['generic', LIST_FORMATS],
];

export function exportsOf(kept: ReconciledDay): ExportKind[] {
  const { account_id, day } = kept;
  const ofDay = (what: DayExport, label: () => string, formats: readonly FileFormat[]) => ({
    id: what,
    label,
    formats,
    hasDays: false,
    name: () => `${what}-${account_id}-${day}`,
    run: ({ format, file, replace }: { format: FileFormat; file: string; replace: boolean }) =>
      callConsole('export_day', {
        account_id,
        day,
        what,
        format,
        file,
        replace,
        seen: kept.result,
      }),
  });
  return [
    ofDay('report', m.report_day, REPORT_FORMATS),
    ofDay('differences', m.export_list_differences, LIST_FORMATS),
    ofDay('lines', m.export_list_lines, LIST_FORMATS),
    {
      id: 'settled',
      label: m.report_statement,
      formats: REPORT_FORMATS,
      hasDays: true,
      name: ({ from, to }) => `settled-${account_id}-${spanOf(from, to)}`,
      run: ({ format, file, replace, from, to }) =>
        callConsole('export_settled', { account_id, from, to, format, file, replace }),
    },
    ...TEMPLATES.map(([template, formats]): ExportKind => ({
      id: `journal_${template}`,
      label: () => m.export_journal_for({ program: textOrName('journal_for', template) }),
      formats,
      hasDays: true,
      name: ({ from, to }) => `journal-${template}-${spanOf(from, to)}`,
      run: ({ format, file, replace, from, to }) =>
        callConsole('export_journal', {
          account_id: null,
          from,
          to,
          template,
          format,
          file,
          replace,
        }),
    })),
  ];
}
