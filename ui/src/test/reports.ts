/// The part of the stand-in that plays the charts: two days, two channels, and money that is a week old.
import { money, type Answers } from './fake';

type ReportAnswers = Pick<Answers, 'takings' | 'money_in_transit'>;

export function reportAnswers(): ReportAnswers {
  return {
    takings: ({ from, to, by }) => {
      const [first, last] =
        by === 'hour'
          ? ['9', '18']
          : by === 'day'
            ? [from, to]
            : [from.slice(0, 7), to.slice(0, 7)];
      const of = (at: string, channel: string, taken: number, refunded: number) => ({
        at,
        channel,
        orders: 3,
        paid: 2,
        taken: money(taken),
        refunded: money(refunded),
        refund_share: Math.floor((refunded * 1_000_000) / taken),
      });
      const billed = (channel: string, paid: number, fee: number) => ({
        at: first ?? '',
        channel,
        bills: 1,
        paid: money(paid),
        refunded: money(0),
        fee: money(fee),
      });
      return {
        currency: 'CNY',
        currencies: ['CNY'],
        taken: [
          of(first ?? '', 'alipay', 120_000, 6_000),
          of(first ?? '', 'wechatpay', 80_000, 0),
          of(last ?? '', 'alipay', 50_000, 50_000),
        ],
        billed:
          by === 'hour' ? [] : [billed('alipay', 120_000, 720), billed('wechatpay', 80_000, 304)],
        totals: {
          orders: 9,
          paid: 6,
          taken: money(250_000),
          refunded: money(56_000),
          refund_share: 224_000,
          fee: money(by === 'hour' ? 0 : 1024),
          bills: by === 'hour' ? 0 : 2,
        },
      };
    },
    money_in_transit: () => ({
      steps: [
        { from_days: 0, to_days: 1, channel: 'alipay', payouts: 1, net: money(119_280) },
        { from_days: 15, to_days: null, channel: 'wechatpay', payouts: 1, net: money(-300) },
      ],
    }),
  };
}
