/// What is said of a payment: of the one on the stage, and of an earlier customer's while another one is served.
import type { PaymentView } from '$lib/api/contract';
import { m } from '$lib/i18n/text';
import { formatFigures } from '$lib/money/format';
import type { Tone } from '$lib/sound/sound';
import { notices } from '$lib/state/notices.svelte';

/// A person at the till knows an order by the end of its number.
const NUMBER_END = 4;

/// What is said of money that is not as it was asked for.
export const AMISS_TEXT = {
  paid_late: m.stage_paid_late,
  paid_over: m.stage_paid_over,
  paid_short: m.stage_paid_short,
};

export function endOf(orderId: string): string {
  return orderId.slice(-NUMBER_END);
}

export interface LaterNews {
  tone: Tone;
  kind: 'ok' | 'info' | 'warn' | 'danger';
  text: string;
}

/// Of an earlier customer's payment, with the amount and the order. Nothing as long as it is not decided.
export function laterNews(view: PaymentView): LaterNews | null {
  const params = { amount: formatFigures(view.amount), end: endOf(view.order_id) };
  switch (view.state) {
    case 'paid':
      return { tone: 'paid', kind: 'ok', text: m.later_paid(params) };
    case 'part_paid':
      return { tone: 'paid', kind: 'ok', text: m.later_part_paid(params) };
    case 'paid_late':
      return { tone: 'unknown', kind: 'warn', text: m.later_paid_late(params) };
    case 'paid_over':
    case 'paid_short':
      return { tone: 'unknown', kind: 'warn', text: m.later_paid_amiss(params) };
    case 'failed':
      return { tone: 'failed', kind: 'danger', text: m.later_failed(params) };
    case 'reversed':
      return { tone: 'failed', kind: 'info', text: m.later_reversed(params) };
    case 'closed':
      return { tone: 'failed', kind: 'info', text: m.later_closed(params) };
    case 'waiting':
    case 'at_reader':
    case 'confirming':
    case 'customer_paying':
    case 'page_open':
    case 'showing_qr':
    case 'ending':
    case 'unknown':
      return null;
  }
}

export function announce(view: PaymentView, sound: (tone: Tone) => void): void {
  const amount = formatFigures(view.amount);
  switch (view.state) {
    case 'paid':
      sound('paid');
      notices.say(
        view.cash
          ? m.say_cash_change({ amount, change: formatFigures(view.cash.change) })
          : m.say_paid({ amount }),
      );
      break;
    case 'part_paid':
      sound('paid');
      notices.say(
        m.say_part_paid({ amount, left: view.split ? formatFigures(view.split.left) : '' }),
      );
      break;
    case 'unknown':
      sound('unknown');
      notices.say(m.stage_unknown(), true);
      break;
    case 'failed':
      sound('failed');
      notices.say(m.stage_failed(), true);
      break;
    case 'paid_late':
    case 'paid_over':
    case 'paid_short':
      sound('unknown');
      notices.say(AMISS_TEXT[view.state](), true);
      break;
    case 'reversed':
      notices.say(m.stage_reversed());
      break;
    case 'closed':
      notices.say(m.stage_closed());
      break;
    case 'confirming':
      notices.say(m.say_confirming());
      break;
    case 'customer_paying':
      notices.say(m.stage_customer_paying());
      break;
    case 'at_reader':
      notices.say(m.stage_at_reader());
      break;
    case 'waiting':
    case 'ending':
    case 'page_open':
    case 'showing_qr':
      notices.say(m.say_waiting({ amount }));
      break;
  }
}
