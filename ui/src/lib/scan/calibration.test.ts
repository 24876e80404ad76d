import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { GapMeter, proposedGap, type Measured } from './calibration';

const CODE = '134627913550288200';

describe('measuring a scanner', () => {
  let found: Measured[] = [];
  let meter: GapMeter;
  let now = 0;

  beforeEach(() => {
    vi.useFakeTimers();
    found = [];
    now = 1000;
    meter = new GapMeter((measured) => found.push(measured));
  });

  afterEach(() => vi.useRealTimers());

  function press(name: string, gap: number): boolean {
    now += gap;
    vi.advanceTimersByTime(gap);
    return meter.take({
      key: name,
      timeStamp: now,
      ctrlKey: false,
      altKey: false,
      metaKey: false,
      isComposing: false,
      keyCode: 0,
    });
  }

  it('finds the largest gap of one scan and leaves room above it', () => {
    for (const [index, character] of [...CODE].entries()) press(character, index === 7 ? 23 : 9);
    expect(press('Enter', 9)).toBe(true);
    expect(found).toEqual([{ largestMs: 23, proposedMs: 50 }]);
  });

  it('ends on silence where the scanner sends no terminator', () => {
    for (const character of CODE) press(character, 12);
    vi.advanceTimersByTime(300);
    expect(found).toEqual([{ largestMs: 12, proposedMs: 25 }]);
  });

  it('is not taken in by a person', () => {
    for (const character of '123456789') press(character, 300);
    expect(press('Enter', 300)).toBe(false);
    for (const character of '1234') press(character, 20);
    vi.advanceTimersByTime(300);
    expect(found).toEqual([]);
  });

  it('keeps the proposal within what can be set', () => {
    expect(proposedGap(2)).toBe(15);
    expect(proposedGap(60)).toBe(100);
    expect(proposedGap(100)).toBe(100);
    expect(proposedGap(101)).toBeNull();
  });
});
