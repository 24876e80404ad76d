import { describe, expect, it } from 'vitest';
import { axisOf, chartOf } from './chart';

describe('a chart', () => {
  it.each([
    [0n, 3n, 4],
    [3n, 3n, 4],
    [4n, 4n, 5],
    [999n, 1500n, 4],
    [12_345_678_901_234n, 15_000_000_000_000n, 4],
  ])('of at most %s ends at %s', (most, end, ticks) => {
    const axis = axisOf(most);
    expect(axis.end).toBe(end);
    expect(axis.ticks).toHaveLength(ticks);
    expect(axis.ticks.at(-1)).toBe(end);
    expect(axis.end).toBeGreaterThanOrEqual(most);
  });

  it('has a value for every place and channel, and adds what stands twice', () => {
    const points = [
      { at: 'b', channel: 'y', value: '5' },
      { at: 'a', channel: 'x', value: '7' },
      { at: 'a', channel: 'x', value: '9007199254740993' },
    ];
    const same = (text: string): string => text;
    expect(chartOf(points, ['a', 'b', 'c'], same, same, same)).toEqual({
      labels: ['a', 'b', 'c'],
      names: ['a', 'b', 'c'],
      series: [
        { name: 'x', values: [9_007_199_254_741_000n, 0n, 0n] },
        { name: 'y', values: [0n, 5n, 0n] },
      ],
    });
    expect(chartOf([], ['a'], same, same, same).labels).toEqual([]);
  });
});
