import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { wasTyped } from '$features/shell/scans';
import { ScanDetector, SILENCE_MS, TORN_MS, type ScanKey, type Torn } from './detector';

const CODE = '134627913550288200';

function key(name: string, timeStamp: number, changes: Partial<ScanKey> = {}): ScanKey {
  return {
    key: name,
    timeStamp,
    ctrlKey: false,
    altKey: false,
    metaKey: false,
    isComposing: false,
    keyCode: 0,
    ...changes,
  };
}

describe('scan detector', () => {
  let field = '';
  let scans: string[] = [];
  let inputMethod = 0;
  let torn: Torn[] = [];
  let detector: ScanDetector;
  let now = 0;
  let waits = false;

  beforeEach(() => {
    vi.useFakeTimers();
    field = '';
    scans = [];
    inputMethod = 0;
    torn = [];
    now = 1000;
    waits = false;
    detector = new ScanDetector({
      waits: () => waits,
      remember: () => {
        const before = field;
        return () => (field = before);
      },
      onScan: (text) => scans.push(text),
      onGiveBack: (characters) => (field += characters),
      onTorn: (found) => torn.push(found),
      onInputMethod: () => inputMethod++,
    });
  });

  afterEach(() => vi.useRealTimers());

  /// Presses keys as the page would get them: what is not swallowed lands in the field.
  function press(text: string, gap: number, end: string | null = null): boolean[] {
    const names = [...text, ...(end ? [end] : [])];
    return names.map((name) => {
      now += gap;
      const swallowed = detector.take(key(name, now));
      if (!swallowed && name.length === 1) field += name;
      return swallowed;
    });
  }

  it('hands over a burst and leaves the field as it was', () => {
    press('A12', 200);
    now += 500;
    const swallowed = press(CODE, 8, 'Enter');
    expect(scans).toEqual([CODE]);
    expect(field).toBe('A12');
    expect(swallowed.at(-1)).toBe(true);
  });

  it('ends on silence when the scanner sends no terminator', () => {
    press(CODE, 8);
    expect(scans).toEqual([]);
    vi.advanceTimersByTime(SILENCE_MS);
    expect(scans).toEqual([CODE]);
  });

  it('shows nothing of a scan where keys can wait', () => {
    waits = true;
    const shown: string[] = [];
    for (const character of CODE) {
      now += 8;
      vi.advanceTimersByTime(8);
      detector.take(key(character, now));
      shown.push(field);
    }
    now += 8;
    detector.take(key('Enter', now));
    expect(new Set(shown)).toEqual(new Set(['']));
    expect(scans).toEqual([CODE]);
  });

  it('gives typed keys back in order, and before the key that ends them', () => {
    waits = true;
    for (const character of '4650') {
      now += 120;
      detector.take(key(character, now));
      vi.advanceTimersByTime(120);
    }
    expect(field).toBe('4650');
    now += 120;
    detector.take(key('1', now));
    now += 10;
    expect(detector.take(key('2', now))).toBe(true);
    expect(field).toBe('4650');
    now += 10;
    expect(detector.take(key('Backspace', now))).toBe(false);
    expect(field).toBe('465012');
    now += 120;
    detector.take(key('3', now));
    now += 10;
    expect(detector.take(key('Enter', now))).toBe(false);
    expect(field).toBe('4650123');
  });

  it('takes back what a stalled machine let through before it was known as a scan', () => {
    waits = true;
    field = '1230';
    detector.take(key('1', now));
    // The timer runs although the next key was pressed in time: the machine delivers it late.
    vi.advanceTimersByTime(60);
    expect(field).toBe('12301');
    for (const character of CODE.slice(1)) {
      now += 8;
      detector.take(key(character, now));
    }
    now += 8;
    detector.take(key('Enter', now));
    expect(scans).toEqual([CODE]);
    expect(field).toBe('1230');
  });

  it('lets a person type', () => {
    expect(press('4650', 120, 'Enter')).toEqual([false, false, false, false, false]);
    expect(field).toBe('4650');
    expect(scans).toEqual([]);
  });

  it('gives a fast short burst back', () => {
    press('4650', 12);
    vi.advanceTimersByTime(SILENCE_MS);
    expect(field).toBe('4650');
    expect(scans).toEqual([]);
  });

  it('keeps one late key of a busy machine inside the burst', () => {
    press(CODE.slice(0, 8), 8);
    now += 60;
    press(CODE.slice(8), 8, 'Enter');
    expect(scans).toEqual([CODE]);
  });

  it.each([1, 2, 3])('takes no rest of a scan torn after %i characters for a code', (at) => {
    press('1230', 200);
    now += 1000;
    press(CODE.slice(0, at), 8);
    now += 60;
    press(CODE.slice(at), 8, 'Enter');
    expect(scans).toEqual([]);
    expect(torn).toHaveLength(1);
    expect(wasTyped(torn[0]!)).toBe(false);
  });

  it('keeps the tail of a scan torn in the middle from the page', () => {
    press(CODE.slice(0, 12), 8);
    vi.advanceTimersByTime(SILENCE_MS);
    now += SILENCE_MS + 20;
    const swallowed = press(CODE.slice(12), 8, 'Enter');
    expect(swallowed.every(Boolean)).toBe(true);
    expect(field).toBe('');
    expect(scans).toEqual([CODE.slice(0, 12)]);
  });

  it('reads a scan that follows typing after a breath', () => {
    press('1230', 120);
    now += TORN_MS + 20;
    press(CODE, 8, 'Enter');
    expect(scans).toEqual([CODE]);
    expect(torn).toEqual([]);
    expect(field).toBe('1230');
  });

  it.each(['4650', '1231', '12342', '0'])(
    'charges nothing right after typing %s, but knows that it was typed',
    (typed) => {
      press(typed, 120);
      now += TORN_MS - 100;
      press(CODE, 8, 'Enter');
      expect(scans).toEqual([]);
      expect(torn).toHaveLength(1);
      expect(torn[0]).toMatchObject({ text: CODE, typedSlowly: true, ended: true });
      expect(wasTyped(torn[0]!)).toBe(true);
      expect(field).toBe(typed);
    },
  );

  it('does not trust quick typing before a scan', () => {
    press('4650', 60);
    now += 150;
    press(CODE, 8, 'Enter');
    expect(scans).toEqual([]);
    expect(wasTyped(torn[0]!)).toBe(false);
  });

  it('does not take the torn beginning of a scan for typing, however slowly it came', () => {
    // A code whose rest looks like a code of its own once its first two digits are gone.
    const code = '282513900412345678';
    for (const character of code.slice(0, 2)) press(character, 140);
    now += 140;
    press(code.slice(2), 8, 'Enter');
    expect(scans).toEqual([]);
    expect(torn).toHaveLength(1);
    expect(wasTyped(torn[0]!)).toBe(false);
  });

  it('reads a slow scanner only with the wider gap', () => {
    press(CODE, 60, 'Enter');
    expect(scans).toEqual([]);
    field = '';
    detector.gapMs = 100;
    now += 1000;
    press(CODE, 60, 'Enter');
    expect(scans).toEqual([CODE]);
    expect(field).toBe('');
  });

  it('never judges shortcuts or an input method', () => {
    for (let index = 0; index < 10; index++) {
      now += 5;
      expect(detector.take(key('1', now, { ctrlKey: true }))).toBe(false);
      expect(detector.take(key('Process', now, { keyCode: 229 }))).toBe(false);
    }
    expect(scans).toEqual([]);
    expect(inputMethod).toBe(1);
  });

  it('tells two scans apart', () => {
    press(CODE, 8, 'Enter');
    now += 300;
    press('TK7Q21261121000A4X', 8, 'Enter');
    expect(scans).toEqual([CODE, 'TK7Q21261121000A4X']);
    expect(field).toBe('');
  });
});
