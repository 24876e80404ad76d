/// A day before and after it is signed, and its differences: which are looked at, what is being decided.
/// It decides nothing itself: whether a decision fits is the core's word.
import { callConsole, commandErrorOf } from '$lib/api/client';
import type {
  ActArgs,
  Candidates,
  CommandError,
  DayOverview,
  ItemRef,
  PartArgs,
  ProofFile,
  Weighing,
  WorkCountsView,
  WorkItemView,
  WorkQuery,
} from '$lib/api/contract';
import { m, textOrName } from '$lib/i18n/text';
import { keep, recall } from '$lib/state/local';
import { notices } from '$lib/state/notices.svelte';
import { daysOf } from '$lib/time/span';
import { SparseRows } from '$lib/ui/sparse.svelte';
import { NO_FILTERS, rememberedFilters, type WorkFilters } from './filters';

/// Decisions that ask for a remark before they are made.
export type Asking =
  'fee' | 'written_off' | 'added' | 'exception' | 'noted' | 'split' | 'linked' | 'give_to';

export type StateFilter = 'open' | 'exception' | 'settled' | null;

const REMEMBERED = 'worklist';

class Close {
  overview = $state.raw<DayOverview | null>(null);
  error = $state.raw<CommandError | null>(null);
  busy = $state(false);
  /// Which differences are listed.
  state = $state<StateFilter>('open');
  filters = $state.raw<WorkFilters>(rememberedFilters(recall(REMEMBERED)));
  /// How many of those that are asked for stand where.
  counts = $state.raw<WorkCountsView | null>(null);
  readonly rows = new SparseRows<WorkItemView>();
  selected = $state(0);
  found = $state.raw<Candidates | null>(null);
  /// What is being decided, and about how much.
  asking = $state<Asking | null>(null);
  bulk = $state(false);
  dry = $state.raw<Weighing | null>(null);
  linkTo = $state.raw<WorkItemView | null>(null);
  /// The last one is offered again: a row of alike differences has one reason.
  remark = $state('');
  proof = $state.raw<ProofFile | null>(null);
  refusal = $state<string | null>(null);
  #undo: ItemRef[][] = [];
  #request = 0;

  readonly day = $derived(this.overview?.day ?? null);
  readonly item = $derived(this.rows.at(this.selected) ?? null);
  readonly days = $derived(
    daysOf(this.filters.span, this.day ?? '') ?? { from: this.filters.from, to: this.filters.to },
  );
  readonly query = $derived<WorkQuery>({
    day_from: this.days.from,
    day_to: this.days.to,
    account_id: this.filters.account_id,
    code: this.filters.code,
    state: this.state,
    owner: this.filters.owner,
  });
  /// Nothing of a signed day can be decided about; of several days the core says which are.
  readonly locked = $derived(
    this.overview?.signed === true && this.days.from === this.day && this.days.to === this.day,
  );

  async load(day: string | null = this.day): Promise<void> {
    await this.#work(async () => {
      this.overview = await callConsole('day_overview', { day });
      await this.list(0);
    });
  }

  async step(by: number): Promise<void> {
    if (!this.day || this.busy) return;
    const date = new Date(`${this.day}T00:00:00Z`);
    date.setUTCDate(date.getUTCDate() + by);
    this.stop();
    await this.load(date.toISOString().slice(0, 10));
  }

  async show(state: StateFilter): Promise<void> {
    this.state = state;
    this.stop();
    await this.#work(() => this.list(0));
  }

  async filter(filters: WorkFilters): Promise<void> {
    this.filters = filters;
    keep(REMEMBERED, filters);
    await this.show(this.state);
  }

  /// What of this day stands so, whatever was filtered before.
  async showOfDay(state: StateFilter): Promise<void> {
    this.state = state;
    await this.filter(NO_FILTERS);
  }

  async list(select: number): Promise<void> {
    const { query } = this;
    await this.rows.open(async (from, limit) => {
      const { items, counts } = await callConsole('worklist', { query, from, limit });
      this.counts = counts;
      const all = counts.open + counts.exceptions + counts.settled;
      const total = { open: counts.open, exception: counts.exceptions, settled: counts.settled };
      return {
        rows: items,
        total: query.state ? total[query.state as 'open'] : all,
        last: items.length < limit,
      };
    });
    await this.select(Math.max(0, Math.min(select, this.rows.total - 1)));
  }

  async select(index: number): Promise<void> {
    if (index < 0 || (this.rows.total > 0 && index >= this.rows.total)) return;
    this.selected = index;
    this.found = null;
    const request = ++this.#request;
    const item = this.rows.at(index);
    if (!item) return;
    const found = await callConsole('candidates', named(item)).catch(() => null);
    if (request === this.#request) this.found = found;
  }

  ask(asking: Asking, bulk = false): void {
    if (this.locked || (!bulk && !this.item)) return;
    this.asking = asking;
    this.bulk = bulk;
    this.dry = null;
    this.refusal = null;
    if (bulk) void this.weigh();
  }

  stop(): void {
    this.asking = null;
    this.bulk = false;
    this.dry = null;
    this.linkTo = null;
    this.proof = null;
    this.refusal = null;
  }

  link(candidate: WorkItemView): void {
    this.linkTo = candidate;
    this.ask('linked');
  }

  /// What the decision would do to everything that is listed.
  async weigh(): Promise<void> {
    const { asking } = this;
    if (!asking || asking === 'give_to') return;
    const act = this.#act([]);
    // Without a remark nothing would fit: this looks at all the rest.
    const remark = this.remark.trim() || '…';
    if (act) this.dry = await this.#decide(act, remark, true).catch(() => null);
  }

  /// Enter on a difference: what its explanation proves needs no words.
  async accept(): Promise<void> {
    if (!this.item || this.locked) return;
    if (this.item.difference.why === 'unexplained') {
      this.refusal = m.unfit_not_explained();
      return;
    }
    await this.#make({ act: 'explained' }, '');
  }

  async submit(parts: PartArgs[] = []): Promise<void> {
    if (this.asking === 'give_to') {
      await this.#give();
      return;
    }
    const act = this.#act(parts);
    if (act) await this.#make(act, this.remark);
  }

  async undo(): Promise<void> {
    const last = this.#undo.pop();
    const items = last ?? (this.item && this.item.decisions.length > 0 ? [named(this.item)] : []);
    if (items.length === 0) return;
    await this.#work(async () => {
      const weighing = await callConsole('undo_decision', { items });
      this.#say(weighing);
      if (weighing.fits > 0) notices.show('info', m.work_undone({ count: weighing.fits }));
      await this.#again();
    });
  }

  async compareAgain(account_id: string): Promise<void> {
    const { day } = this;
    if (!day) return;
    await this.#work(async () => {
      this.overview = await callConsole('compare_day_again', { account_id, day });
      await this.list(this.selected);
    });
  }

  /// Asks the channel about the order of this difference, then compares its day again.
  async askChannel(): Promise<void> {
    const { item } = this;
    const order_id = item?.difference.book?.order_id ?? item?.difference.bill?.order_id;
    if (!item || !order_id || this.locked) return;
    await this.#work(async () => {
      await callConsole('check_now', { order_id });
      const { account_id, day } = item;
      await callConsole('compare_day_again', { account_id, day });
      await this.#again();
      notices.show('info', m.work_asked());
    });
  }

  async sign(): Promise<boolean> {
    const { day } = this;
    if (!day) return false;
    await this.#work(async () => {
      this.overview = await callConsole('sign_day', { day, checked: true });
      notices.show('ok', m.day_signed_now());
    });
    return this.overview?.signed ?? false;
  }

  async reopen(reason: string): Promise<boolean> {
    const { day } = this;
    if (!day) return false;
    await this.#work(async () => {
      this.overview = await callConsole('reopen_day', { day, reason });
    });
    return !(this.overview?.signed ?? true);
  }

  async #give(): Promise<void> {
    await this.#work(async () => {
      const target = this.#target();
      await callConsole('give_to', { target, owner: this.remark });
      this.stop();
      await this.#again();
    });
  }

  #act(parts: PartArgs[]): ActArgs | null {
    switch (this.asking) {
      case null:
      case 'give_to':
        return null;
      case 'split':
        return { act: 'split', parts };
      case 'linked':
        return this.linkTo ? { act: 'linked', to: named(this.linkTo) } : null;
      default:
        return { act: this.asking };
    }
  }

  #target() {
    if (this.bulk) return { of: 'all' as const, query: this.query };
    return { of: 'items' as const, items: this.item ? [named(this.item)] : [] };
  }

  #decide(act: ActArgs, remark: string, dry_run: boolean): Promise<Weighing> {
    const target = this.#target();
    return callConsole('decide', { target, act, remark, proof: this.proof, dry_run });
  }

  async #make(act: ActArgs, remark: string): Promise<void> {
    await this.#work(async () => {
      const listed = this.bulk ? await this.#undecided() : this.item ? [named(this.item)] : [];
      const weighing = await this.#decide(act, remark, false);
      if (!this.#say(weighing) && weighing.fits === 0) return;
      // Where not every one that stays is named, which ones were decided is not known either.
      if (weighing.unfit_count === weighing.unfit.length) {
        const stays = new Set(weighing.unfit.map(({ item }) => nameText(item)));
        this.#undo.push(listed.filter((it) => !stays.has(nameText(it))));
      }
      if (this.bulk) notices.show('ok', m.work_decided({ count: weighing.fits }));
      this.stop();
      await this.#again();
    });
  }

  /// Those that a decision about everything that is listed can be about, to be undone together.
  async #undecided(): Promise<ItemRef[]> {
    const names: ItemRef[] = [];
    for (let from = 0; ; from += 200) {
      const page = await callConsole('worklist', { query: this.query, from, limit: 200 });
      names.push(...page.items.filter(({ state }) => state !== 'settled').map(named));
      if (page.items.length < 200) return names;
    }
  }

  /// Says why something stays as it is; true when nothing does.
  #say(weighing: Weighing): boolean {
    const first = weighing.unfit[0];
    this.refusal = first && weighing.fits === 0 ? textOrName('unfit', first.reason) : null;
    return weighing.unfit_count === 0;
  }

  async #again(): Promise<void> {
    this.overview = await callConsole('day_overview', { day: this.day });
    await this.list(this.selected);
  }

  async #work(work: () => Promise<void>): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    this.error = null;
    try {
      await work();
    } catch (thrown) {
      this.error = commandErrorOf(thrown);
    } finally {
      this.busy = false;
    }
  }
}

export function named({ account_id, day, item }: WorkItemView): ItemRef {
  return { account_id, day, item };
}

const nameText = ({ account_id, day, item }: ItemRef): string => `${account_id} ${day} ${item}`;

export const close = new Close();
