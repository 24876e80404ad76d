/// A channel's bill against our books: which day of which account is looked at, and what was found.
/// It compares nothing itself. It stays while the program runs, so that a look at an order and back
/// does not cost the preview.
import { callConsole, commandErrorOf } from '$lib/api/client';
import type { Chosen } from '$lib/api/files';
import type {
  BillName,
  BillPreview,
  BillRowView,
  BillRunView,
  CommandError,
  DayList,
  DayResult,
  DifferenceView,
  FlowMoveView,
  FlowPreviewView,
  KeptFlowView,
  LookedFile,
  ReadingView,
  ReconciledDay,
} from '$lib/api/contract';
import { m } from '$lib/i18n/text';
import { app } from '$lib/state/app.svelte';
import { notices } from '$lib/state/notices.svelte';
import { SparseRows } from '$lib/ui/sparse.svelte';

export type Busy = 'fetching' | 'opening' | 'importing';

/// One of several files that were opened together.
export interface OpenedFile {
  readonly file: Chosen;
  readonly preview: LookedFile | null;
  readonly error: CommandError | null;
  readonly kept: boolean;
}

/// How often a run through missing bills is looked at.
const RUN_LOOK_MS = 500;

/// How often it is looked how far a file has been read; one that is read sooner shows nothing.
const READING_LOOK_MS = 400;

/// Lines of a fund-flow bill that are shown of a look.
const FLOW_LINES = 200;

class Reconcile {
  days = $state.raw<DayList | null>(null);
  day = $state<string | null>(null);
  preview = $state.raw<BillPreview | null>(null);
  kept = $state.raw<ReconciledDay | null>(null);
  /// Why the days did not come.
  listError = $state.raw<CommandError | null>(null);
  /// Why the bill of this day did not come.
  error = $state.raw<CommandError | null>(null);
  busy = $state<Busy | null>(null);
  part = $state<'differences' | 'all'>('differences');
  onlyDifferent = $state(false);
  linesError = $state.raw<CommandError | null>(null);
  /// Whether the lines that were asked for are here.
  linesHere = $state(false);
  readonly lines = new SparseRows<BillRowView>();
  /// The run through missing bills that is under way, or the last one since the program started.
  run = $state.raw<BillRunView | null>(null);
  runError = $state.raw<CommandError | null>(null);
  readonly missing = $derived(this.days?.days.filter((row) => row.missing).length ?? 0);
  /// Days whose trade bill is here, and whose fund-flow bill is not.
  readonly flowsMissing = $derived(
    this.days?.days.filter((row) => row.flow_missing && !row.missing).length ?? 0,
  );
  /// The fund-flow bill of the day on the screen.
  flow = $state.raw<KeptFlowView | null>(null);
  /// A fund-flow bill that was opened as a file, with its first lines.
  flowLook = $state.raw<{ flow: FlowPreviewView; moves: readonly FlowMoveView[] } | null>(null);
  #following = false;
  /// Files that were opened together.
  opened = $state.raw<readonly OpenedFile[]>([]);
  /// How far the file is that takes its time.
  reading = $state.raw<ReadingView | null>(null);
  /// A person asked to read no further.
  stopping = $state(false);
  readonly importable = $derived(this.opened.filter(isNew).length);
  #request = 0;

  readonly account = $derived(this.days?.account_id ?? null);
  /// The first day that is not over yet; a demo's channels can be a day ahead.
  #today = $state('');
  readonly running = $derived(this.day !== null && this.isRunning(this.day));
  readonly result = $derived<DayResult | null>(this.preview?.result ?? this.kept?.result ?? null);
  /// How many lines the bill on the screen has.
  readonly rows = $derived(this.preview?.rows ?? this.kept?.rows ?? 0);
  readonly differences = $derived<readonly DifferenceView[]>(
    this.preview?.differences ?? this.kept?.differences ?? [],
  );

  async load(): Promise<void> {
    void this.#follow();
    if (await this.#list(this.account)) await this.pickDay(this.day ?? this.#proposal(), true);
  }

  /// Whether a day is not over at its channel.
  isRunning(day: string): boolean {
    return this.#today !== '' && day >= this.#today;
  }

  async pickAccount(id: string): Promise<void> {
    if (this.busy || id === this.account) return;
    if (await this.#list(id)) await this.pickDay(this.day ?? this.#proposal(), true);
  }

  async pickDay(day: string | null, again = false): Promise<void> {
    if (this.busy || day === null || !this.account) return;
    const same = day === this.day && this.preview?.account_id === this.account;
    // Coming back to the same day finds its preview as it was left.
    if (same && again && this.preview?.day === day) return;
    // The day that is on the screen stays there while it is read again.
    const stays =
      again && this.kept?.day === day && this.kept.account_id === this.account && !this.preview;
    if (stays) this.#request++;
    else this.#clear();
    this.day = day;
    if (!this.days?.days.find((row) => row.day === day)?.result) {
      this.kept = null;
      return;
    }
    const request = this.#request;
    void this.#showFlow(day);
    try {
      const kept = await callConsole('reconciled_day', { account_id: this.account, day });
      if (request !== this.#request) return;
      if (stays && kept.bill !== this.kept?.bill) this.#clear();
      this.kept = kept;
    } catch (thrown) {
      if (request === this.#request) this.error = commandErrorOf(thrown);
    }
  }

  /// The fund-flow bill of a day, where one is kept.
  async #showFlow(day: string): Promise<void> {
    const { account } = this;
    const request = this.#request;
    if (!account || !this.days?.days.find((row) => row.day === day)?.flow) return;
    const flow = await callConsole('kept_flow', { account_id: account, day }).catch(() => null);
    if (request === this.#request) this.flow = flow;
  }

  async fetchMissing(): Promise<void> {
    const account_id = this.account;
    if (!account_id) return;
    this.runError = null;
    try {
      this.run = (await callConsole('fetch_missing_bills', { account_id })).run;
      void this.#follow();
    } catch (thrown) {
      this.runError = commandErrorOf(thrown);
    }
  }

  async stopRun(): Promise<void> {
    this.run = (await callConsole('stop_bill_run', {}).catch(() => null))?.run ?? this.run;
  }

  async fetchByThemselves(on: boolean): Promise<void> {
    this.runError = null;
    try {
      await callConsole('change_settings', { bills_by_themselves: on });
      await this.#list(this.account);
    } catch (thrown) {
      this.runError = commandErrorOf(thrown);
    }
  }

  /// Looks at the run until it is over; then the days say what came.
  async #follow(): Promise<void> {
    if (this.#following) return;
    this.#following = true;
    try {
      for (;;) {
        const before = this.run?.kept ?? 0;
        this.run = (await callConsole('bill_run', {})).run;
        if (!this.run || (this.run.is_over && this.run.kept === before)) return;
        if (this.run.account_id === this.account) await this.#list(this.account);
        if (this.run.is_over) return;
        await new Promise((resolve) => setTimeout(resolve, RUN_LOOK_MS));
      }
    } catch (thrown) {
      this.runError = commandErrorOf(thrown);
    } finally {
      this.#following = false;
    }
  }

  async fetchBill(): Promise<void> {
    const { account, day } = this;
    if (!account || !day) return;
    await this.#look('fetching', () => callConsole('fetch_bill', { account_id: account, day }));
  }

  async openFile(file: Chosen): Promise<void> {
    const { account, day } = this;
    if (!account || !day) return;
    await this.#look('opening', async () => {
      const ask = { account_id: account, day, file: await file.given() };
      const preview = await callConsole('open_bill', ask);
      if (preview.kind === 'trade') return preview;
      this.opened = [{ file, preview, error: null, kept: false }];
      await this.#lookAtFlow(preview);
      return null;
    });
  }

  /// One file is looked at for the day on the screen; several are told apart by what is in them.
  async openFiles(files: readonly Chosen[]): Promise<void> {
    if (files.length === 1 && files[0]) {
      await this.openFile(files[0]);
      return;
    }
    await this.#work('opening', async () => {
      this.opened = files.map((file) => ({ file, preview: null, error: null, kept: false }));
      for (const [index, file] of files.entries()) {
        if (this.stopping) return;
        await this.#change(index, async () => ({ preview: await recognised(file) }));
      }
    });
  }

  /// Imports what was opened and is not here yet; what is refused says why and stops nothing.
  async importOpened(): Promise<void> {
    await this.#work('importing', async () => {
      for (const [index, { file }] of this.opened.entries()) {
        if (this.stopping || !isNew(this.opened[index])) continue;
        await this.#change(index, async () => {
          // Read again: the core keeps only the latest looks at hand.
          const { kind, preview } = await recognised(file);
          if (kind === 'trade') await callConsole('import_bill', { preview });
          else await callConsole('import_flow', { preview });
          return { kept: true };
        });
      }
      await this.#list(this.account);
    });
  }

  async lookAtOpened(index: number): Promise<void> {
    const opened = this.opened[index];
    if (!opened?.preview) return;
    await this.#look('opening', async () => {
      const preview = await recognised(opened.file);
      if (preview.kind === 'fund_flow') {
        await this.#lookAtFlow(preview);
        return null;
      }
      if (preview.account_id !== this.account) await this.#list(preview.account_id);
      return preview;
    });
  }

  closeOpened(): void {
    if (this.busy) return;
    this.opened = [];
    this.flowLook = null;
  }

  async #lookAtFlow(flow: FlowPreviewView): Promise<void> {
    const of = { flow: 'looked_at', preview: flow.preview } as const;
    const found = await callConsole('flow_moves', { of, sort: null, from: 0, limit: FLOW_LINES });
    this.flowLook = { flow, moves: found.moves };
  }

  async #change(index: number, work: () => Promise<Partial<OpenedFile>>): Promise<void> {
    const change = await work().catch((thrown: unknown) => ({ error: commandErrorOf(thrown) }));
    this.opened = this.opened.map((it, at) => (at === index ? { ...it, ...change } : it));
  }

  async importBill(): Promise<void> {
    const { preview } = this;
    if (!preview) return;
    await this.#work('importing', async () => {
      const kept = await callConsole('import_bill', { preview: preview.preview });
      this.#clear();
      this.kept = kept;
      this.day = kept.day;
      notices.show('ok', m.bill_imported());
      await this.#list(kept.account_id);
      void this.#showFlow(kept.day);
    });
  }

  async discard(): Promise<void> {
    await this.pickDay(this.day);
  }

  async showLines(part: 'differences' | 'all', onlyDifferent = false): Promise<void> {
    this.part = part;
    this.onlyDifferent = onlyDifferent;
    const of = this.#bill();
    if (part !== 'all' || !of) return;
    try {
      this.linesHere = await this.lines.open(async (from, limit) => {
        const found = await callConsole('bill_rows', {
          of,
          only_different: onlyDifferent,
          from,
          limit,
        });
        return { ...found, last: from + found.rows.length >= found.total };
      });
      this.linesError = null;
    } catch (thrown) {
      this.linesError = commandErrorOf(thrown);
    }
  }

  /// What is on the screen: the look at a bill, or the one that is kept.
  #bill(): BillName | null {
    if (this.preview) return { bill: 'looked_at', preview: this.preview.preview };
    return this.kept ? { bill: 'kept', id: this.kept.bill } : null;
  }

  /// Yesterday: the newest day whose bill can be there.
  #proposal(): string | null {
    return this.days?.days[1]?.day ?? this.days?.days[0]?.day ?? null;
  }

  #clear(): void {
    this.#request++;
    this.preview = null;
    this.kept = null;
    this.flow = null;
    this.error = null;
    this.part = 'differences';
    this.onlyDifferent = false;
    this.linesError = null;
    this.linesHere = false;
    this.lines.clear();
  }

  async #list(account_id: string | null): Promise<boolean> {
    try {
      this.days = await callConsole('reconcile_days', { account_id });
      const ours = this.days.days[0]?.day ?? '';
      const theirs = app.demo ? await callConsole('sandbox_status', {}).catch(() => null) : null;
      this.#today = theirs?.day ?? ours;
      this.listError = null;
      return true;
    } catch (thrown) {
      this.listError = commandErrorOf(thrown);
      return false;
    }
  }

  async #look(busy: Busy, ask: () => Promise<BillPreview | null>): Promise<void> {
    await this.#work(busy, async () => {
      const preview = await ask();
      if (!preview) return;
      this.#clear();
      this.preview = preview;
      this.day = preview.day;
    });
  }

  /// One thing at a time: what is begun cannot be begun again meanwhile.
  async #work(busy: Busy, work: () => Promise<void>): Promise<void> {
    if (this.busy) return;
    this.busy = busy;
    this.error = null;
    this.stopping = false;
    const stopLooking = this.#lookHowFar();
    try {
      await work();
    } catch (thrown) {
      this.error = commandErrorOf(thrown);
    } finally {
      stopLooking();
      this.reading = null;
      this.busy = null;
    }
  }

  /// How far the file is that is being read, for as long as it takes; what is said afterwards is not heard any more.
  #lookHowFar(): () => void {
    let over = false;
    const look = async (): Promise<void> => {
      const found = await callConsole('bill_reading', {}).catch(() => null);
      if (!over) this.reading = found?.reading ?? null;
    };
    const looking = setInterval(() => void look(), READING_LOOK_MS);
    return () => {
      over = true;
      clearInterval(looking);
    };
  }

  async stopReading(): Promise<void> {
    this.stopping = true;
    await callConsole('stop_bill_reading', {}).catch(() => null);
  }
}

export const isNew = (opened: OpenedFile | undefined): boolean =>
  !!opened?.preview && opened.preview.known_since === null && !opened.kept && !opened.error;

async function recognised(file: Chosen): Promise<LookedFile> {
  return callConsole('recognise_bill', { file: await file.given() });
}

export const reconcile = new Reconcile();
