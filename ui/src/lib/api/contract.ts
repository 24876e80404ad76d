/// The contract between the page and the console, as far as it is settled.

export type MoneyMoved = 'not_moved' | 'moved' | 'unknown';
export interface Money {
  minor: string;
  currency: string;
  exponent: number;
}
export interface CodedError {
  code: string;
  money: MoneyMoved;
  params: Record<string, string>;
  incident: string;
}
export type ChannelId = 'alipay' | 'wechatpay';
export type ChannelHealth = 'ok' | 'degraded' | 'offline' | 'not_connected';
export interface ChannelStatus {
  id: ChannelId;
  state: ChannelHealth;
  last_success_at: number | null;
  clock_skew_ms: number | null;
  rate_millionths: number | null;
}
export interface Sound {
  muted: boolean;
  volume: number;
}
export interface AppStatus {
  stage: 'first_run' | 'ready';
  mode: 'demo' | 'real';
  store_name: string;
  locale: 'zh-CN' | 'en';
  theme: 'system' | 'light' | 'dark';
  time_zone: string;
  cutoff_hour: number;
  operator: string;
  operators: string[];
  currency: string;
  exponent: number;
  version: string;
  device: string;
  open_doubts: number;
  attention: number;
  channels: ChannelStatus[];
  offline: boolean;
  sound: Sound;
  scanner_gap_ms: number;
  keypad: 'phone' | 'calculator';
  amount_entry: 'minor' | 'decimal';
  sandbox: boolean;
}
export type PaymentState =
  | 'waiting'
  | 'customer_paying'
  | 'showing_qr'
  | 'paid'
  | 'unknown'
  | 'failed'
  | 'ending'
  | 'reversed'
  | 'closed'
  | 'paid_late';
export interface PaymentQr {
  svg: string;
  text: string;
  expires_at: number;
}
export interface PaymentFailure {
  code: string;
  channel_message: string;
}
export interface PaymentView {
  order_id: string;
  number: string;
  amount: Money;
  channel: ChannelId;
  state: PaymentState;
  since: number;
  asked_seconds: number;
  unknown_reason: string | null;
  qr: PaymentQr | null;
  failure: PaymentFailure | null;
  fee: Money | null;
  net: Money | null;
  next_action: string;
  version: number;
}
