/// How states and channels look: tone, mark and word, in one table for every screen.
import type { PayState, RefundStateView, StatusView } from '$lib/api/contract';
import { m, textOrName } from '$lib/i18n/text';
import { preferences } from '$lib/state/preferences.svelte';

export type Tone = 'ok' | 'warn' | 'danger' | 'info' | 'muted';

export interface Look {
  tone: Tone;
  mark: string;
  label: string;
}

const STATUS: Record<StatusView, [Tone, string]> = {
  awaiting_payment: ['muted', 'circle'],
  in_progress: ['info', 'loader'],
  paid: ['ok', 'check'],
  unknown: ['warn', 'clock'],
  failed: ['danger', 'cross'],
  ending: ['warn', 'loader'],
  closed: ['muted', 'minus'],
  reversed: ['muted', 'minus'],
  paid_late: ['warn', 'alert'],
  paid_over: ['warn', 'alert'],
  paid_short: ['warn', 'alert'],
  part_paid: ['warn', 'circle'],
  refunding: ['warn', 'loader'],
  part_refunded: ['info', 'undo'],
  refunded: ['muted', 'undo'],
  refund_failed: ['danger', 'alert'],
};

const REFUND: Record<RefundStateView, [Tone, string]> = {
  accepted: ['warn', 'loader'],
  cancelled: ['muted', 'minus'],
  done: ['ok', 'check'],
  failed: ['danger', 'alert'],
  waiting_for_balance: ['warn', 'clock'],
  unknown: ['warn', 'clock'],
};

export const STATUSES = Object.keys(STATUS) as StatusView[];

export function statusLook(status: StatusView): Look {
  const [tone, mark] = STATUS[status];
  return { tone, mark, label: textOrName('status', status) };
}

export function refundLook(state: RefundStateView): Look {
  const [tone, mark] = REFUND[state];
  return { tone, mark, label: textOrName('refund_state', state) };
}

export function stageTone(state: PayState): Tone {
  switch (state) {
    case 'paid':
    case 'part_paid':
      return 'ok';
    case 'unknown':
    case 'ending':
    case 'paid_late':
    case 'paid_over':
    case 'paid_short':
      return 'warn';
    case 'failed':
      return 'danger';
    case 'closed':
    case 'reversed':
      return 'muted';
    case 'at_reader':
    case 'confirming':
    case 'customer_paying':
    case 'page_open':
    case 'showing_qr':
    case 'waiting':
      return 'info';
  }
}

/// Stands in the place of a channel where money is in the shop's own drawer.
export const CASH = 'cash';

export function channelName(id: string): string {
  return textOrName('channel', id);
}

/// Our own neutral letter, not a trademark; the name always stands beside it.
export function channelLetter(id: string): string {
  const name = channelName(id);
  return preferences.locale === 'en' ? name.slice(0, 1).toUpperCase() : name.slice(0, 1);
}

/// A way to pay in coins, by the ending of the channel's name of it; a way that is not known keeps that name.
export function coinWay(method: string): string {
  if (method.endsWith('-CHAIN')) return m.coins_way_chain();
  return method.endsWith('-LN') ? m.coins_way_lightning() : method;
}

export function personName(actor: string): string {
  return actor === 'program' ? m.actor_program() : actor;
}
