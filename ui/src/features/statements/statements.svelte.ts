/// Statements of banks: what is kept, and which file is looked at. It reads and compares nothing itself. It stays
/// while the program runs, so that a look elsewhere does not cost the preview.
import { callConsole, commandErrorOf } from '$lib/api/client';
import { contentOf } from '$lib/api/files';
import type {
  BankColumns,
  BankLineView,
  BankSheet,
  CommandError,
  ErrorCode,
  StatementFileView,
  StatementList,
  StatementName,
} from '$lib/api/contract';
import { m } from '$lib/i18n/text';
import { notices } from '$lib/state/notices.svelte';
import { SparseRows } from '$lib/ui/sparse.svelte';

export type Busy = 'opening' | 'importing';

/// How a person wants a file to be read.
export interface Reading {
  columns: BankColumns | null;
  template: string | null;
  account: string | null;
}

/// A file that was opened.
export interface OpenedStatement {
  readonly name: string;
  /// Its bytes, base64.
  readonly content: string;
  readonly reading: Reading;
  readonly look: StatementFileView | null;
  readonly error: CommandError | null;
  readonly kept: boolean;
}

/// A table whose columns a person tells apart.
export interface MappedFile {
  readonly index: number;
  readonly sheet: BankSheet;
}

/// A table may be read after all, once somebody says which column is which.
const BY_COLUMNS: readonly ErrorCode[] = [
  'statement_columns',
  'statement_unknown',
  'statement_date',
  'statement_currency',
  'statement_missing',
  'statement_amount',
];

export const isNew = ({ look, error, kept }: OpenedStatement): boolean =>
  !!look &&
  !look.refusal &&
  !error &&
  !kept &&
  look.statements.some(({ known_since }) => known_since === null);

class Statements {
  list = $state.raw<StatementList | null>(null);
  listError = $state.raw<CommandError | null>(null);
  /// The kept statement on the screen.
  chosen = $state<string | null>(null);
  opened = $state.raw<readonly OpenedStatement[]>([]);
  /// The opened file on the screen, and which of its statements.
  looked = $state<number | null>(null);
  place = $state(0);
  mapped = $state.raw<MappedFile | null>(null);
  error = $state.raw<CommandError | null>(null);
  busy = $state<Busy | null>(null);
  search = $state('');
  readonly lines = new SparseRows<BankLineView>();
  linesHere = $state(false);
  linesError = $state.raw<CommandError | null>(null);

  readonly importable = $derived(this.opened.filter(isNew).length);
  readonly file = $derived(this.looked === null ? null : (this.opened[this.looked] ?? null));
  readonly look = $derived(this.file?.look ?? null);
  readonly kept = $derived(this.list?.statements.find(({ id }) => id === this.chosen) ?? null);

  async load(): Promise<void> {
    try {
      this.list = await callConsole('list_statements', {});
      this.listError = null;
      const first = this.list.statements[0];
      if (!this.chosen && !this.look && first) await this.pick(first.id);
    } catch (thrown) {
      this.listError = commandErrorOf(thrown);
    }
  }

  async pick(id: string): Promise<void> {
    if (this.busy) return;
    this.#leave();
    this.chosen = id;
    await this.#showLines();
  }

  async openFiles(files: readonly File[]): Promise<void> {
    await this.#work('opening', async () => {
      this.#leave();
      this.opened = [];
      for (const file of files) {
        const content = await contentOf(file, 'statement_too_large');
        await this.#take(file.name, content);
      }
      await this.#lookAtOnly();
    });
  }

  /// The statement of the demo's bank.
  async openDemo(form: 'csv' | 'camt053'): Promise<void> {
    await this.#work('opening', async () => {
      const { name, file } = await callConsole('sandbox_bank_statement', {
        form,
        from: null,
        to: null,
      });
      this.#leave();
      this.opened = [];
      await this.#take(name, file);
      await this.#lookAtOnly();
    });
  }

  async lookAt(index: number): Promise<void> {
    if (this.busy || !this.opened[index]?.look) return;
    this.#leave();
    this.looked = index;
    await this.#showLines();
  }

  async showPlace(place: number): Promise<void> {
    this.place = place;
    await this.#showLines();
  }

  /// Reads an opened file another way: other columns, a saved template, a name for its account.
  async readAgain(index: number, reading: Partial<Reading>): Promise<boolean> {
    const before = this.opened[index];
    if (!before) return false;
    await this.#work('opening', async () => {
      const again = await opened(before.name, before.content, { ...before.reading, ...reading });
      this.#change(index, again);
    });
    if (this.opened[index]?.error) return false;
    this.mapped = null;
    await this.lookAt(index);
    return true;
  }

  /// Opens the table of a file, so that its columns can be told apart.
  async map(index: number): Promise<void> {
    const file = this.opened[index];
    if (!file) return;
    await this.#work('opening', async () => {
      const { sheets } = await callConsole('bank_sheet', { file: file.content });
      const sheet = sheets[0];
      if (sheet) this.mapped = { index, sheet };
    });
  }

  closeMapping(): void {
    this.mapped = null;
  }

  async saveTemplate(name: string, account: string, columns: BankColumns): Promise<boolean> {
    return this.#work('opening', async () => {
      this.list = await callConsole('save_bank_template', { name, account, columns });
      notices.show('ok', m.template_saved({ name }));
    });
  }

  async removeTemplate(name: string): Promise<void> {
    await this.#work('opening', async () => {
      this.list = await callConsole('remove_bank_template', { name });
    });
  }

  async importLook(): Promise<void> {
    const { look, looked } = this;
    if (!look || looked === null) return;
    await this.#work('importing', async () => {
      const { statements, came } = await callConsole('import_statement', {
        preview: look.preview,
      });
      this.#change(looked, { kept: true });
      notices.show('ok', m.statements_imported({ count: came }));
      if (this.importable === 0) this.opened = [];
      this.list = await callConsole('list_statements', {});
      this.#leave();
      this.chosen = statements[0]?.id ?? this.chosen;
      await this.#showLines();
    });
  }

  /// Imports every opened file that brings something new; what is refused says why and stops nothing.
  async importAll(): Promise<void> {
    await this.#work('importing', async () => {
      let count = 0;
      for (const [index, file] of this.opened.entries()) {
        if (!isNew(file)) continue;
        try {
          // Read again: the core keeps only the latest looks at hand, and another file may have told its lines.
          const again = await opened(file.name, file.content, file.reading);
          const preview = again.look?.preview;
          if (!preview) continue;
          count += (await callConsole('import_statement', { preview })).came;
          this.#change(index, { kept: true });
        } catch (thrown) {
          this.#change(index, { error: commandErrorOf(thrown) });
        }
      }
      notices.show('ok', m.statements_imported({ count }));
      this.list = await callConsole('list_statements', {});
    });
  }

  discard(): void {
    if (this.busy) return;
    this.#leave();
    this.opened = [];
    const first = this.list?.statements[0];
    if (first) void this.pick(first.id);
  }

  async find(search: string): Promise<void> {
    this.search = search;
    await this.#showLines();
  }

  #leave(): void {
    this.chosen = null;
    this.looked = null;
    this.place = 0;
    this.mapped = null;
    this.error = null;
    this.search = '';
    this.linesHere = false;
    this.linesError = null;
    this.lines.clear();
  }

  #shown(): StatementName | null {
    if (this.look) {
      return { statement: 'looked_at', preview: this.look.preview, index: this.place };
    }
    return this.chosen ? { statement: 'kept', id: this.chosen } : null;
  }

  async #showLines(): Promise<void> {
    const of = this.#shown();
    if (!of) return;
    const { search } = this;
    try {
      this.linesHere = await this.lines.open(async (from, limit) => {
        const found = await callConsole('bank_lines', { of, search, from, limit });
        return { ...found, last: from + found.rows.length >= found.total };
      });
      this.linesError = null;
    } catch (thrown) {
      this.linesError = commandErrorOf(thrown);
    }
  }

  async #take(name: string, content: string): Promise<void> {
    const reading = { columns: null, template: null, account: null };
    this.opened = [...this.opened, await opened(name, content, reading)];
  }

  /// One file alone is looked at, or asked about, at once.
  async #lookAtOnly(): Promise<void> {
    const [only, ...others] = this.opened;
    if (!only || others.length > 0) return;
    if (only.look) {
      this.looked = 0;
      await this.#showLines();
    } else if (only.error && BY_COLUMNS.includes(only.error.code)) {
      const found = await callConsole('bank_sheet', { file: only.content }).catch(() => null);
      const sheet = found?.sheets[0];
      if (sheet) this.mapped = { index: 0, sheet };
    }
  }

  #change(index: number, change: Partial<OpenedStatement>): void {
    this.opened = this.opened.map((it, at) => (at === index ? { ...it, ...change } : it));
  }

  /// One thing at a time: what is begun cannot be begun again meanwhile.
  async #work(busy: Busy, work: () => Promise<void>): Promise<boolean> {
    if (this.busy) return false;
    this.busy = busy;
    this.error = null;
    try {
      await work();
      return true;
    } catch (thrown) {
      this.error = commandErrorOf(thrown);
      return false;
    } finally {
      this.busy = null;
    }
  }
}

/// Whether telling the columns apart may help.
export const canMap = ({ look, error }: OpenedStatement): boolean =>
  error ? BY_COLUMNS.includes(error.code) : (look?.tables.length ?? 0) > 0;

async function opened(name: string, content: string, reading: Reading): Promise<OpenedStatement> {
  const file = { name, content, reading, look: null, error: null, kept: false };
  try {
    return {
      ...file,
      look: await callConsole('open_statement', { name, file: content, ...reading }),
    };
  } catch (thrown) {
    return { ...file, error: commandErrorOf(thrown) };
  }
}

export const statements = new Statements();
