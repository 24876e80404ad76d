import { describe, expect, it } from 'vitest';
import { daysOf, rememberedDays, type SpanName } from './span';

describe('days that have a name', () => {
  it.each<[SpanName, string, string, string]>([
    ['yesterday', '2026-03-01', '2026-02-28', '2026-02-28'],
    ['yesterday', '2024-03-01', '2024-02-29', '2024-02-29'],
    ['week', '2026-01-03', '2025-12-28', '2026-01-03'],
    ['month', '2026-11-21', '2026-11-01', '2026-11-21'],
    ['last_month', '2026-01-31', '2025-12-01', '2025-12-31'],
    ['last_month', '2026-03-31', '2026-02-01', '2026-02-28'],
    ['year', '2026-11-21', '2026-01-01', '2026-11-21'],
  ])('%s on %s is %s to %s', (name, today, from, to) => {
    expect(daysOf(name, today)).toEqual({ from, to });
  });

  it('leave picked days alone', () => {
    expect(daysOf('pick', '2026-11-21')).toBeNull();
  });

  it('are remembered only as a whole', () => {
    const kept = { span: 'pick', from: '2026-11-01', to: '2026-11-05' };
    expect(rememberedDays(kept)).toEqual(kept);
    for (const broken of [null, 'x', {}, { ...kept, span: 'ever' }, { ...kept, to: '5' }]) {
      expect(rememberedDays(broken)).toBeNull();
    }
  });
});
