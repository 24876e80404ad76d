/// Where the bars of a payout's addition stand: geometry only, the figures beside them come from the core.
import type { PayoutView } from '$lib/api/contract';

export interface Bar {
  readonly name: string;
  readonly minor: string;
  /// From the left, in hundredths of the whole width.
  readonly left: number;
  readonly width: number;
  readonly isTotal: boolean;
}

/// Each number goes on where the one before ended; the sum, and what came to the bank, begin at nought.
export function barsOf({ terms, net, lines }: PayoutView): Bar[] {
  const steps: { name: string; minor: string; from: bigint; to: bigint; isTotal: boolean }[] = [];
  let at = 0n;
  for (const { name, amount } of terms) {
    const to = at + BigInt(amount.minor);
    steps.push({ name, minor: amount.minor, from: at, to, isTotal: false });
    at = to;
  }
  steps.push({ name: 'net', minor: net.minor, from: 0n, to: BigInt(net.minor), isTotal: true });
  if (lines.length > 0) {
    const came = lines.reduce((sum, { amount }) => sum + BigInt(amount.minor), 0n);
    steps.push({ name: 'bank', minor: String(came), from: 0n, to: came, isTotal: true });
  }
  const ends = steps.flatMap(({ from, to }) => [from, to]);
  const low = ends.reduce((least, end) => (end < least ? end : least), 0n);
  const high = ends.reduce((most, end) => (end > most ? end : most), 1n);
  // Hundredths of hundredths, so that whole numbers are exact enough to draw.
  const share = (amount: bigint): number => Number((amount * 10_000n) / (high - low)) / 100;
  return steps.map(({ name, minor, from, to, isTotal }) => {
    const [first, last] = from < to ? [from, to] : [to, from];
    return { name, minor, left: share(first - low), width: share(last - first), isTotal };
  });
}
