/// The fees of kept bills against the contract. The core works them out; here stand days and what is looked at.
import { callConsole, commandErrorOf } from '$lib/api/client';
import type { AccountFees, CommandError, FeeFindingView, RateRow } from '$lib/api/contract';
import { app } from '$lib/state/app.svelte';
import { keep, recall } from '$lib/state/local';
import { daysOf, rememberedDays, type Days, type SpanName } from '$lib/time/span';
import { SparseRows } from '$lib/ui/sparse.svelte';

const REMEMBERED = 'fees';

class Fees {
  span = $state<SpanName>('month');
  picked = $state.raw<Days>({ from: '', to: '' });
  accounts = $state.raw<readonly AccountFees[]>([]);
  chosen = $state(0);
  busy = $state(false);
  loaded = $state(false);
  error = $state.raw<CommandError | null>(null);
  readonly rows = new SparseRows<FeeFindingView>();
  #request = 0;

  readonly today = $derived(app.status?.business_day ?? '');
  readonly days = $derived<Days>(daysOf(this.span, this.today) ?? this.picked);
  readonly fees = $derived<AccountFees | null>(this.accounts[this.chosen] ?? null);

  constructor() {
    const kept = rememberedDays(recall(REMEMBERED));
    if (!kept) return;
    this.span = kept.span;
    this.picked = { from: kept.from, to: kept.to };
  }

  async load(): Promise<void> {
    const request = ++this.#request;
    this.busy = true;
    try {
      const { accounts } = await callConsole('audit_fees', { account_id: null, ...this.days });
      if (request !== this.#request) return;
      this.accounts = accounts;
      this.error = null;
      await this.choose(Math.min(this.chosen, accounts.length - 1));
    } catch (thrown) {
      if (request === this.#request) this.error = commandErrorOf(thrown);
    } finally {
      if (request === this.#request) {
        this.busy = false;
        this.loaded = true;
      }
    }
  }

  async show(span: SpanName, days: Days): Promise<void> {
    this.span = span;
    this.picked = days;
    keep(REMEMBERED, { span, ...days });
    await this.load();
  }

  async choose(index: number): Promise<void> {
    this.chosen = Math.max(0, index);
    const findings = this.fees?.findings ?? [];
    await this.rows.open((from, limit) =>
      Promise.resolve({
        rows: findings.slice(from, from + limit),
        total: findings.length,
        last: from + limit >= findings.length,
      }),
    );
  }

  /// Keeps a contract and works the fees out by it; the refusal where there is one.
  async keepContract(
    rate_millionths: number | null,
    rates: RateRow[],
  ): Promise<CommandError | null> {
    const account = this.fees?.account;
    if (!account) return null;
    try {
      await callConsole('change_account', {
        account_id: account.id,
        rate: { rate_millionths },
        rates,
      });
    } catch (thrown) {
      return commandErrorOf(thrown);
    }
    await this.load();
    return null;
  }
}

export const fees = new Fees();
