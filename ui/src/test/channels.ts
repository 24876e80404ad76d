/// The stand-in's channels, and a page of one of them.
import type { ChannelView, PageOpened, PaymentView } from '$lib/api/contract';

export function connected(
  id: string,
  last_success_at: number,
  clock_skew_ms: number,
  rate_millionths: number | null,
): ChannelView {
  return {
    id,
    state: 'ok',
    last_success_at,
    clock_skew_ms,
    rate_millionths,
    currencies: ['CNY'],
    shows_code: true,
    has_page: false,
    has_readers: false,
    reader: null,
    account_id: 'demo',
    sandbox: true,
  };
}

export function pageOpened(view: PaymentView): PageOpened {
  return { view, file: '/data/pages/TK7Q21261121000A4X.html', opened: false };
}
