/// What a chart draws, and where its axis ends.
export interface ChartSeries {
  name: string;
  /// One for each place; whole numbers, so that money stays exact in the table.
  values: readonly bigint[];
}

export interface ChartData {
  /// Under each place, short.
  labels: readonly string[];
  /// Each place in full.
  names: readonly string[];
  /// At most five: there are as many colours.
  series: readonly ChartSeries[];
}

const STEPS = [1n, 2n, 5n];

/// Round numbers up to the first that holds the most; three steps, or four.
export function axisOf(most: bigint): { end: bigint; ticks: bigint[] } {
  let ten = 1n;
  for (;;) {
    for (const step of STEPS) {
      const tick = step * ten;
      for (const count of [3n, 4n]) {
        if (tick * count >= most) {
          const ticks = Array.from({ length: Number(count) + 1 }, (_, at) => tick * BigInt(at));
          return { end: tick * count, ticks };
        }
      }
    }
    ten *= 10n;
  }
}

interface Point {
  at: string;
  channel: string;
  value: string;
}

/// Points as a chart: every place there is, in their order, and one series for each channel.
export function chartOf(
  points: readonly Point[],
  places: readonly string[],
  label: (at: string) => string,
  name: (at: string) => string,
  channelName: (id: string) => string,
): ChartData {
  const channels = [...new Set(points.map(({ channel }) => channel))].sort();
  const found = new Map<string, bigint>();
  for (const { at, channel, value } of points) {
    const key = `${at} ${channel}`;
    found.set(key, (found.get(key) ?? 0n) + BigInt(value));
  }
  return {
    labels: channels.length > 0 ? places.map(label) : [],
    names: places.map(name),
    series: channels.map((channel) => ({
      name: channelName(channel),
      values: places.map((at) => found.get(`${at} ${channel}`) ?? 0n),
    })),
  };
}
