/// The counter: one amount, one payment on the stage. It decides nothing about money; it sends
/// intents and shows what the core says. No state is assumed before the core has said it.
import { callConsole, commandErrorOf } from '$lib/api/client';
import type {
  CommandError,
  PageOpened,
  PartOf,
  PaymentView,
  RecentPayments,
} from '$lib/api/contract';
import { errorText } from '$lib/api/errors';
import { newIntentId } from '$lib/api/intent';
import { m } from '$lib/i18n/text';
import { EnteredAmount } from '$lib/money/entry';
import { decimalText, formatFigures, isZero } from '$lib/money/format';
import { play, type Tone } from '$lib/sound/sound';
import { app } from '$lib/state/app.svelte';
import { notices } from '$lib/state/notices.svelte';
import { CashReceived } from './cash.svelte';
import { TillCurrency } from './currency.svelte';
import { LeftOrders } from './leftOrders';
import { announce, endOf } from './said';
import { SplitOrder } from './split.svelte';
import { ExpectedFees } from './fees.svelte';
import { UsedCodes } from './usedCodes';
import { STAGES, TAKEN, type StageName } from './stages';

export type Method = 'scan' | 'qr' | 'cash' | 'reader';

/// A double read of the same code arrives within this time.
const DOUBLE_READ_MS = 800;
/// Events carry the news; this only covers one that got lost.
const LOOK_AGAIN_MS = 2000;
/// What lasts no longer than this is not painted: the paint would hold up what follows.
const BLINK_MS = 40;
/// One look at the recent payments serves all events of this time.
const RECENT_MS = 120;
/// How often the sound of an unknown result repeats.
const REMIND_MS = 10_000;

export interface RepeatQuestion {
  earlier: Record<string, string>;
  again: (confirmedRepeatOf: string) => void;
}

interface Attempt {
  intent_id: string;
  amount_minor: string;
  currency: string;
  note: string;
  confirmed_repeat_of: string | null;
  part?: PartOf;
}

export class PaySession {
  method = $state<Method>('scan');
  readonly cash = new CashReceived();
  readonly split = new SplitOrder();
  note = $state('');
  view = $state<PaymentView | null>(null);
  /// A charge is on its way for longer than a blink.
  sending = $state(false);
  refusal = $state<CommandError | null>(null);
  /// What became of the page that was opened last.
  page = $state<PageOpened | null>(null);
  question = $state<RepeatQuestion | null>(null);
  readonly fees = new ExpectedFees();
  recent = $state<RecentPayments | null>(null);
  recentFailed = $state(false);
  /// What the core's clock says now, carried on by this window's own.
  now = $state(Date.now());
  busy = $state(false);
  #typed = $state('');
  readonly currency = new TillCurrency();
  #offset = 0;
  /// A charge is on its way. Not for the screen: it changes before anything is painted.
  #inFlight = false;
  /// The newest version of an order that an event told of; it may be known before the charge's own answer.
  #toldOf: { order_id: string; version: number } | null = null;
  #recentTimer: ReturnType<typeof setTimeout> | undefined;
  /// A scan before this moment is the second half of a double read.
  private doubleReadUntil = 0;
  #lastCode = '';
  #remindedAt = 0;
  readonly #left = new LeftOrders();
  readonly #hearing = (tone: Tone) => this.#sound(tone);
  #usedCodes = new UsedCodes();
  #followers = 0;
  #unfollow: () => void = () => {};

  readonly amount = $derived(
    new EnteredAmount(
      this.#typed,
      this.currency.now.exponent,
      app.status?.amount_entry ?? 'from_the_right',
    ),
  );
  readonly stage = $derived<StageName>(
    this.view
      ? this.view.state
      : this.sending
        ? 'sending'
        : this.refusal
          ? 'refused'
          : !this.amount.isPositive
            ? 'no_amount'
            : this.method === 'scan'
              ? 'ready'
              : `ready_${this.method}`,
  );
  /// The stage holds something that is neither decided nor handed on.
  readonly inProgress = $derived(
    this.sending || (this.view !== null && !STAGES[this.view.state].ended),
  );
  /// Nothing else may be started now.
  get isBusy(): boolean {
    return this.#inFlight || this.inProgress;
  }
  readonly ended = $derived(this.view !== null && STAGES[this.view.state].ended);
  /// Of the order on the stage something is left to pay, and can be taken now.
  readonly goesOn = $derived(this.view?.split?.can_go_on ?? false);
  readonly seconds = $derived(
    this.view ? Math.max(0, Math.floor((this.now - this.view.since) / 1000)) : 0,
  );
  readonly qrSecondsLeft = $derived(
    this.view?.qr ? Math.max(0, Math.ceil((this.view.qr.expires_at - this.now) / 1000)) : 0,
  );
  /// Those whose readers stand on the counter, whether one was chosen yet or not.
  readonly readerChannels = $derived(this.currency.takers.filter((channel) => channel.has_readers));
  /// The first whose reader can take the amount now.
  readonly readerReady = $derived(this.readerChannels.find((channel) => channel.reader !== null));

  readonly pageSecondsLeft = $derived(
    this.view?.page_until ? Math.max(0, Math.ceil((this.view.page_until - this.now) / 1000)) : 0,
  );

  /// Follows events and the clock until every returned function was called. The window follows all
  /// the time, so that a result is heard on any screen; the counter joins and reads afresh.
  start(): () => void {
    void this.loadRecent();
    void this.look();
    if (this.#followers++ === 0) this.#unfollow = this.#follow();
    return () => {
      if (--this.#followers === 0) this.#unfollow();
    };
  }

  #follow(): () => void {
    const stop = app.onOrderChanged((change) => {
      this.#toldOf = change;
      if (change.order_id === this.view?.order_id && change.version > this.view.version) {
        void this.look();
      }
      void this.#left.look(change.order_id, this.#hearing);
      clearTimeout(this.#recentTimer);
      this.#recentTimer = setTimeout(() => void this.loadRecent(), RECENT_MS);
    });
    const clock = setInterval(() => (this.now = Date.now() + this.#offset), 500);
    const look = setInterval(() => {
      if (this.view && (this.inProgress || STAGES[this.view.state].mayStillChange))
        void this.look();
      this.#remind();
    }, LOOK_AGAIN_MS);
    const left = setInterval(() => this.#left.lookAtUnknown(this.#hearing), REMIND_MS);
    return () => {
      stop();
      clearInterval(clock);
      clearInterval(look);
      clearInterval(left);
      this.fees.stop();
      clearTimeout(this.#recentTimer);
    };
  }

  // ---- the amount

  get canChangeCurrency(): boolean {
    return !this.isBusy && !this.view && !this.split.on && !this.receiving;
  }

  /// Digits that stand mean something else where a currency has other decimals: they are not carried over.
  chooseCurrency(code: string): void {
    if (!this.canChangeCurrency || code === this.currency.now.code) return;
    const { exponent } = this.currency.now;
    this.currency.choose(code);
    this.refusal = null;
    if (this.currency.now.exponent !== exponent) this.#setTyped('');
    if (!this.currency.isOwn && this.method === 'cash') this.choose('scan');
    this.#askFees();
  }

  type(characters: string): void {
    if (this.isBusy) return;
    this.#freeStage();
    this.refusal = null;
    if (this.receiving) {
      this.cash.type(characters);
      void this.cash.work(this.amount.minor);
      return;
    }
    let amount = this.split.offered ? this.amount.cleared() : this.amount;
    this.split.offered = false;
    for (const character of characters) amount = amount.typed(character);
    this.#setTyped(amount.text);
  }

  /// A key of the keypad; `00` counts as one.
  press(keys: string): void {
    this.type(keys);
  }

  backspace(): void {
    if (this.isBusy) return;
    this.#freeStage();
    if (this.receiving) {
      this.cash.backspace();
      void this.cash.work(this.amount.minor);
      return;
    }
    const offered = this.split.offered;
    this.split.offered = false;
    this.#setTyped(offered ? '' : this.amount.withoutLast().text);
  }

  /// First what was handed over, then a split that nothing was paid of, then the amount.
  clear(): void {
    if (this.isBusy) return;
    if (this.receiving) {
      this.cash.reset();
      void this.cash.work(this.amount.minor);
      return;
    }
    const { total } = this.split;
    if (total && !this.split.orderId) {
      this.split.reset();
      this.#setMinor(total.minor);
      return;
    }
    this.#startAfresh();
  }

  get canSplit(): boolean {
    return !this.split.on && !this.isBusy && !this.view && this.amount.isPositive;
  }

  /// The amount is collected in parts: all of it is offered as the first, until another amount is typed.
  beginSplit(): void {
    if (!this.canSplit) return;
    const { minor, exponent } = this.amount;
    this.split.begin({ minor, exponent, currency: this.currency.now.code });
    this.refusal = null;
    this.#workCash();
  }

  /// Goes on with an order of which something is left to pay. False while the till is busy.
  resume(order: PaymentView): boolean {
    if (this.isBusy || !order.split?.can_go_on) return false;
    this.#startAfresh();
    this.currency.choose(order.amount.currency);
    this.split.follow(order);
    this.#offerRest();
    return true;
  }

  #offerRest(): void {
    const left = this.split.left;
    if (!left) return;
    this.#setMinor(left.minor);
    this.split.offered = true;
    this.#workCash();
  }

  /// Quick amounts of what stands; digits still belong to the amount.
  #workCash(): void {
    this.cash.reset();
    if (this.method === 'cash') void this.cash.work(this.amount.minor);
  }

  #setMinor(minor: string): void {
    const { entry, exponent } = this.amount;
    this.#setTyped(entry === 'with_point' ? decimalText(minor, exponent) : minor);
  }

  /// What is paid of an order stays there; it is found again on the list.
  #leaveSplit(): void {
    const { view, orderId } = this.split;
    this.split.reset();
    if (!view || !orderId || isZero(view.paid.minor) || isZero(view.left.minor)) return;
    const params = { left: formatFigures(view.left), end: endOf(orderId) };
    notices.show('warn', m.split_left_open(params));
  }

  // ---- cash

  /// Digits belong to what the payer hands over.
  get receiving(): boolean {
    return this.stage === 'ready_cash' && this.cash.active;
  }

  /// Another way to pay; with an amount that stands, cash is asked for at once.
  choose(method: Method): void {
    if (this.inProgress || (method === 'cash' && !this.currency.isOwn)) return;
    this.method = method;
    this.cash.reset();
    if (this.stage !== 'ready_cash') return;
    this.cash.active = true;
    void this.cash.work(this.amount.minor);
  }

  /// A quick amount was handed over.
  receive(minor: string): void {
    this.cash.take(minor);
    void this.cash.work(this.amount.minor);
  }

  /// The next step of cash: from the amount to what was handed over, from there to the payment.
  enterCash(): void {
    if (this.stage !== 'ready_cash' || this.isBusy) return;
    if (!this.cash.active) this.cash.active = true;
    else if (this.cash.due?.change) void this.#takeCash(this.cash.amount.minor);
  }

  /// Always in the currency that the drawer is counted in.
  #takeCash(received_minor: string): Promise<void> {
    return this.#send(this.#attempt(), (confirmed) =>
      callConsole('take_cash', { ...confirmed, received_minor }),
    );
  }

  /// A result gives way to what is typed: the next part, or the next customer.
  #freeStage(): void {
    if (!this.ended) return;
    if (this.goesOn) this.next();
    else this.#startAfresh();
  }

  #startAfresh(): void {
    this.#leave();
    this.refusal = null;
    this.note = '';
    this.cash.reset();
    this.#leaveSplit();
    this.#setTyped('');
    this.currency.reset();
  }

  /// For the scan detector: the amount before a burst.
  remember(): () => void {
    const typed = this.#typed;
    const view = this.view;
    const note = this.note;
    const received = this.cash.remember();
    const split = this.split.remember();
    return () => {
      if (view) this.#left.comeBack(view.order_id);
      this.#setTyped(typed);
      this.view = view;
      this.note = note;
      received();
      split();
    };
  }

  #setTyped(text: string): void {
    if (text === this.#typed) return;
    this.#typed = text;
    this.#askFees();
    if (this.method === 'cash') this.#workCash();
  }

  #askFees(): void {
    const { minor, isPositive } = this.amount;
    if (isPositive && this.method !== 'cash') this.fees.ask(minor, this.currency.now.code);
    else this.fees.drop();
  }

  // ---- charging

  /// Why a scan cannot charge now, or null.
  refusesScan(code: string, dialogOpen: boolean): string | null {
    if (dialogOpen) return m.scan_refused_dialog();
    if (this.isBusy) return m.scan_refused_busy();
    if (this.view?.state === 'unknown') return m.scan_refused_unknown();
    if (this.view && this.view.state !== 'failed') return m.scan_refused_amount();
    if (!this.amount.isPositive) return m.scan_refused_amount();
    if (this.#usedCodes.has(code)) return m.error_code_used();
    return null;
  }

  /// The order whose receipt was due last: the one on the stage, or the newest that was paid.
  get lastPaidOrder(): string | null {
    if (this.view?.state === 'paid') return this.view.order_id;
    const paid = this.recent?.rows.find((row) => TAKEN.includes(row.status));
    return paid?.order_id ?? null;
  }

  /// One pull of the trigger can read the same code twice; another code is the next customer's.
  isDoubleRead(code: string): boolean {
    return code === this.#lastCode && Date.now() < this.doubleReadUntil;
  }

  takePayment(code: string): Promise<void> {
    this.#lastCode = code;
    const attempt = this.#attempt();
    return this.#send(attempt, async (confirmed) => {
      const view = await callConsole('take_payment', { ...confirmed, code });
      this.#usedCodes.remember(code);
      return view;
    });
  }

  showQr(channel: string): Promise<void> {
    return this.#send(this.#attempt(), (confirmed) =>
      callConsole('show_qr', { ...confirmed, channel }),
    );
  }

  /// Has the chosen card reader of a channel take the amount.
  useReader(channel: string): Promise<void> {
    return this.#send(this.#attempt(), (confirmed) =>
      callConsole('use_reader', { ...confirmed, channel }),
    );
  }

  /// The next step at the reader: the one that is chosen takes the amount.
  enterReader(): void {
    if (this.stage !== 'ready_reader' || this.isBusy || !this.readerReady) return;
    void this.useReader(this.readerReady.id);
  }

  /// Has a browser of this PC open a page of the channel, where the customer pays.
  openPage(channel: string): Promise<void> {
    return this.#send(this.#attempt(), async (confirmed) => {
      const shown = await callConsole('open_page', { ...confirmed, channel });
      this.page = shown;
      return shown.view;
    });
  }

  async reopenPage(): Promise<void> {
    await this.#act(async (order_id) => {
      this.page = await callConsole('reopen_page', { order_id });
      return this.page.view;
    });
  }

  #attempt(): Attempt {
    const part = this.split.part(this.amount.minor);
    // Made before the first try and kept through the question, so that a repeat is the same order.
    return {
      ...(part ? { part } : {}),
      intent_id: newIntentId(),
      amount_minor: this.amount.minor,
      currency: this.currency.now.code,
      note: this.note.trim(),
      confirmed_repeat_of: null,
    };
  }

  async #send(attempt: Attempt, call: (attempt: Attempt) => Promise<PaymentView>): Promise<void> {
    if (this.#inFlight) return;
    this.#inFlight = true;
    const answer = call(attempt);
    const blink = setTimeout(() => (this.sending = true), BLINK_MS);
    this.refusal = null;
    this.#leave();
    try {
      this.#show(await answer);
    } catch (thrown) {
      const error = commandErrorOf(thrown);
      if (error.code === 'repeat_question') {
        this.question = {
          earlier: error.params,
          again: (confirmed_repeat_of) => {
            this.question = null;
            void this.#send({ ...attempt, confirmed_repeat_of }, call);
          },
        };
      } else {
        this.refuse(error);
      }
    } finally {
      clearTimeout(blink);
      this.#inFlight = false;
      this.sending = false;
    }
  }

  refuse(error: CommandError): void {
    this.refusal = error;
    this.#sound('failed');
    notices.say(errorText(error), true);
  }

  // ---- the stage

  async look(): Promise<void> {
    const order_id = this.view?.order_id;
    if (!order_id) return;
    try {
      const view = await callConsole('payment_view', { order_id });
      if (this.view?.order_id === order_id) this.#show(view);
    } catch {
      // The next event or look comes soon; what is shown stays true as of its time.
    }
  }

  async checkNow(): Promise<void> {
    await this.#act((order_id) => callConsole('check_now', { order_id }));
  }

  async cancel(): Promise<void> {
    await this.#act((order_id) => callConsole('cancel_payment', { order_id }));
  }

  async #act(call: (order_id: string) => Promise<PaymentView>): Promise<void> {
    const order_id = this.view?.order_id;
    if (!order_id || this.busy) return;
    this.busy = true;
    try {
      const view = await call(order_id);
      if (this.view?.order_id === order_id) this.#show(view);
    } catch (thrown) {
      notices.show('warn', errorText(commandErrorOf(thrown)));
    } finally {
      this.busy = false;
    }
  }

  /// Frees the till. A payment that is not known yet goes on resolving without the screen.
  next(): void {
    if (this.isBusy) return;
    const keepAmount = this.view?.state === 'failed';
    const goesOn = this.goesOn;
    this.#leave();
    this.refusal = null;
    if (keepAmount) return;
    if (goesOn) this.#offerRest();
    else this.#startAfresh();
  }

  /// After a refusal: the amount stays, the customer scans again.
  scanAgain(): void {
    this.#leave();
    this.refusal = null;
  }

  /// The stage is freed; what may still become of its order is heard from now on.
  #leave(): void {
    if (this.view) this.#left.leave(this.view);
    this.view = null;
  }

  #show(view: PaymentView): void {
    const before = this.view;
    if (before && before.order_id === view.order_id && view.version < before.version) return;
    this.#offset = view.now - Date.now();
    this.now = view.now;
    this.view = view;
    this.split.follow(view);
    if (view.qr) app.shownCode = view.qr.text;
    const told = this.#toldOf;
    this.#toldOf = null;
    if (told?.order_id === view.order_id && told.version > view.version) void this.look();
    if (before?.order_id === view.order_id && before.state === view.state) return;
    if (STAGES[view.state].ended) this.doubleReadUntil = Date.now() + DOUBLE_READ_MS;
    announce(view, this.#hearing);
  }

  /// An unknown result asks for attention until the till is freed.
  #remind(): void {
    if (this.view?.state !== 'unknown' || Date.now() - this.#remindedAt < REMIND_MS) return;
    this.#sound('unknown');
  }

  #sound(tone: Tone): void {
    if (tone === 'unknown') this.#remindedAt = Date.now();
    if (app.status) play(tone, app.status.sound);
  }

  async loadRecent(): Promise<void> {
    try {
      this.recent = await callConsole('recent_payments', {});
      this.recentFailed = false;
    } catch {
      this.recentFailed = true;
    }
  }
}

export const pay = new PaySession();
