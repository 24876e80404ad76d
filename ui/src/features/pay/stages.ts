/// What the stage shows in each of its states: one table, read by the stage, its result and the session.
/// It says how a state looks and what a person can do in it; it holds no state and calls nothing.
import type { Component } from 'svelte';
import Banknote from '@lucide/svelte/icons/banknote';
import CircleCheck from '@lucide/svelte/icons/circle-check';
import CircleMinus from '@lucide/svelte/icons/circle-minus';
import CircleDotDashed from '@lucide/svelte/icons/circle-dot-dashed';
import CircleX from '@lucide/svelte/icons/circle-x';
import CreditCard from '@lucide/svelte/icons/credit-card';
import Globe from '@lucide/svelte/icons/globe';
import Hourglass from '@lucide/svelte/icons/hourglass';
import LoaderCircle from '@lucide/svelte/icons/loader-circle';
import QrCode from '@lucide/svelte/icons/qr-code';
import ScanBarcode from '@lucide/svelte/icons/scan-barcode';
import TriangleAlert from '@lucide/svelte/icons/triangle-alert';
import type { PayState, StatusView } from '$lib/api/contract';
import { m } from '$lib/i18n/text';

export type StageName =
  | 'no_amount'
  | 'ready'
  | 'ready_cash'
  | 'ready_qr'
  | 'ready_reader'
  | 'sending'
  | 'refused'
  | PayState;
export type StageTone = 'plain' | 'solid-ok' | 'danger' | 'warn' | 'muted' | 'busy';
/// What can be done with a result, in the order of its buttons; the last one is the next safe step.
export type Step =
  | 'cancel'
  | 'check'
  | 'go_on'
  | 'leave_part'
  | 'next_customer'
  | 'new_payment'
  | 'next_payment'
  | 'open_order'
  | 'print'
  | 'scan_again'
  | 'start_over';

export interface StageLook {
  Icon: Component<{ size?: number; strokeWidth?: number; 'aria-hidden'?: 'true' }>;
  title: () => string;
  tone: StageTone;
  /// The till is free for the next customer.
  ended: boolean;
  /// Ended for the till, but the channel may still say something else: it is listened for.
  mayStillChange: boolean;
  /// How long it has taken is shown.
  counts: boolean;
  /// One line for the customer where the core names none.
  text: (() => string) | null;
  steps: readonly Step[];
}

const GOING_ON = {
  tone: 'plain',
  ended: false,
  mayStillChange: false,
  counts: false,
  text: null,
  steps: [],
} as const;
const BUSY = {
  ...GOING_ON,
  Icon: LoaderCircle,
  tone: 'busy',
  counts: true,
  steps: ['cancel'],
} as const;
const OVER = { ...GOING_ON, ended: true } as const;

/// Orders that took money, whatever went back since: each has a receipt.
export const TAKEN: StatusView[] = [
  'paid',
  'paid_late',
  'paid_over',
  'part_paid',
  'part_refunded',
  'refund_failed',
  'refunded',
  'refunding',
];

export const STAGES: Record<StageName, StageLook> = {
  no_amount: { ...GOING_ON, Icon: ScanBarcode, title: m.stage_no_amount },
  ready: { ...GOING_ON, Icon: ScanBarcode, title: m.stage_ready },
  ready_cash: { ...GOING_ON, Icon: Banknote, title: m.stage_ready_cash },
  ready_qr: { ...GOING_ON, Icon: QrCode, title: m.stage_ready_qr },
  ready_reader: { ...GOING_ON, Icon: CreditCard, title: m.stage_ready_reader },
  sending: { ...BUSY, title: m.stage_sending },
  waiting: { ...BUSY, title: m.stage_waiting },
  customer_paying: { ...BUSY, title: m.stage_customer_paying },
  // A chain takes its time: the till is free, and what becomes of it is said aloud.
  confirming: {
    ...OVER,
    Icon: Hourglass,
    title: m.stage_confirming,
    tone: 'plain',
    mayStillChange: true,
    counts: true,
    text: m.stage_confirming_text,
    steps: ['check', 'next_customer'],
  },
  at_reader: { ...BUSY, Icon: CreditCard, title: m.stage_at_reader, tone: 'plain' },
  showing_qr: { ...BUSY, Icon: QrCode, title: m.stage_showing_qr, tone: 'plain' },
  // It takes minutes: the till is free, and what becomes of it is said aloud.
  page_open: {
    ...OVER,
    Icon: Globe,
    title: m.stage_page_open,
    tone: 'plain',
    mayStillChange: true,
  },
  ending: { ...BUSY, title: m.stage_ending, tone: 'warn', text: m.stage_ending_text },
  paid: {
    ...OVER,
    Icon: CircleCheck,
    title: m.stage_paid,
    tone: 'solid-ok',
    steps: ['print', 'next_payment'],
  },
  part_paid: {
    ...OVER,
    Icon: CircleDotDashed,
    title: m.stage_part_paid,
    steps: ['leave_part', 'go_on'],
  },
  unknown: {
    ...OVER,
    Icon: TriangleAlert,
    title: m.stage_unknown,
    tone: 'warn',
    mayStillChange: true,
    counts: true,
    steps: ['check', 'next_customer'],
  },
  paid_late: {
    ...OVER,
    Icon: TriangleAlert,
    title: m.stage_paid_late,
    tone: 'warn',
    text: m.stage_paid_late_text,
    steps: ['open_order', 'next_customer'],
  },
  paid_over: {
    ...OVER,
    Icon: TriangleAlert,
    title: m.stage_paid_over,
    tone: 'warn',
    text: m.stage_paid_over_text,
    steps: ['open_order', 'next_customer'],
  },
  paid_short: {
    ...OVER,
    Icon: TriangleAlert,
    title: m.stage_paid_short,
    tone: 'warn',
    text: m.stage_paid_short_text,
    steps: ['open_order', 'next_customer'],
  },
  failed: {
    ...OVER,
    Icon: CircleX,
    title: m.stage_failed,
    tone: 'danger',
    mayStillChange: true,
    steps: ['start_over', 'scan_again'],
  },
  refused: { ...GOING_ON, Icon: CircleX, title: m.stage_refused, tone: 'danger' },
  reversed: {
    ...OVER,
    Icon: CircleMinus,
    title: m.stage_reversed,
    tone: 'muted',
    mayStillChange: true,
    steps: ['new_payment'],
  },
  closed: {
    ...OVER,
    Icon: CircleMinus,
    title: m.stage_closed,
    tone: 'muted',
    mayStillChange: true,
    steps: ['new_payment'],
  },
};
