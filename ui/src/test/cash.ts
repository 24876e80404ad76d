/// Cash answers of the stand-in: a drawer in use, and change worked out as the core does.
import type { CashDue, DrawerView, MoneyView, PaymentView } from '$lib/api/contract';
import type { Answers } from './fake';

type CashAnswers = Pick<Answers, 'take_cash' | 'cash_due' | 'drawer' | 'move_drawer'>;

const QUICK = [0n, 50n, 350n, 1350n, 5350n];

function due(
  money: (minor: bigint) => MoneyView,
  amount_minor: string,
  received_minor: string | null,
): CashDue {
  const amount = BigInt(amount_minor);
  const change = received_minor === null ? null : BigInt(received_minor) - amount;
  return {
    quick: QUICK.map((more) => money(amount + more)),
    change: change !== null && change >= 0n ? money(change) : null,
    short: change !== null && change < 0n ? money(-change) : null,
  };
}

export function cashAnswers(
  money: (minor: bigint) => MoneyView,
  paid: (amount_minor: string) => PaymentView,
  now: number,
): CashAnswers {
  let drawer: DrawerView = {
    stage: 'open',
    float: money(20_000n),
    opened_by: '收银员 1',
    opened_at: now,
    no_sales: 0,
    count: null,
    moves: [],
  };
  return {
    take_cash: ({ amount_minor, received_minor }) => ({
      ...paid(amount_minor),
      cash: {
        received: money(BigInt(received_minor)),
        change: money(BigInt(received_minor) - BigInt(amount_minor)),
      },
    }),
    cash_due: ({ amount_minor, received_minor }) => due(money, amount_minor, received_minor),
    drawer: () => drawer,
    move_drawer: ({ act, reason, amount_minor }) => {
      const kind = { count: 'counted', open: 'opened', pay_in: 'paid_in', pay_out: 'paid_out' };
      drawer = {
        ...drawer,
        moves: [
          {
            seq: drawer.moves.length + 1,
            at: now,
            by: '收银员 1',
            kind: act === 'no_sale' ? act : kind[act],
            amount: amount_minor === null ? null : money(BigInt(amount_minor)),
            reason,
            order_id: null,
          },
          ...drawer.moves,
        ],
      };
      return drawer;
    },
  };
}
