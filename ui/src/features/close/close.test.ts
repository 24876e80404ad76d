import { beforeEach, describe, expect, it } from 'vitest';
import { useTransport } from '$lib/api/client';
import { FakeConsole } from '../../test/fake';
import { close } from './close.svelte';
import { lacksBill } from './day';
import { NO_FILTERS, rememberedFilters } from './filters';

describe('a day is worked off', () => {
  beforeEach(async () => {
    useTransport(new FakeConsole());
    close.stop();
    close.state = 'open';
    await close.filter(NO_FILTERS);
    close.remark = '';
    await close.load(null);
  });

  it('lists what is open and keeps the place when one is decided', async () => {
    expect(close.rows.total).toBe(3);
    await close.select(1);
    close.ask('exception');
    close.remark = 'asked the channel';
    await close.submit();
    expect(close.rows.total).toBe(2);
    expect(close.selected).toBe(1);
    expect(close.asking).toBeNull();
    expect(close.remark).toBe('asked the channel');
  });

  it('accepts only what is explained', async () => {
    await close.select(1);
    await close.accept();
    expect(close.refusal).not.toBeNull();
    expect(close.rows.total).toBe(3);
    await close.select(0);
    await close.accept();
    expect(close.rows.total).toBe(2);
  });

  it('says why a decision does not fit, and keeps asking', async () => {
    await close.select(1);
    close.ask('written_off');
    close.remark = 'small';
    await close.submit();
    expect(close.refusal).not.toBeNull();
    expect(close.asking).toBe('written_off');
    expect(close.rows.total).toBe(3);
  });

  it('looks before it decides about many, and takes all of it back at once', async () => {
    close.remark = 'as agreed';
    close.ask('written_off', true);
    await close.weigh();
    expect(close.dry?.fits).toBe(1);
    expect(close.dry?.unfit_count).toBe(2);
    expect(close.rows.total).toBe(3);
    await close.submit();
    expect(close.rows.total).toBe(2);
    await close.undo();
    expect(close.rows.total).toBe(3);
  });

  it('is signed once nothing is open, and opened again with a reason', async () => {
    close.remark = 'asked the channel';
    close.ask('exception', true);
    await close.submit();
    expect(close.overview?.hindrances).toEqual([]);
    expect(await close.sign()).toBe(true);
    close.ask('fee');
    expect(close.asking).toBeNull();
    expect(await close.reopen('the channel answered')).toBe(true);
  });

  it('misses a bill only of an account that traded', () => {
    const day = close.overview!;
    const hindrance = { why: 'bill_missing', account_id: 'demo-alipay', count: 0 };
    const missing = { ...day, hindrances: [hindrance] };
    expect(lacksBill(missing, 'demo-alipay')).toBe(true);
    expect(lacksBill(missing, 'demo-stripe')).toBe(false);
    expect(lacksBill(day, 'demo-alipay')).toBe(false);
  });

  it('decides about what is filtered, and about nothing else', async () => {
    await close.filter({ ...NO_FILTERS, code: 'missing_ours' });
    expect(close.rows.total).toBe(1);
    expect(close.counts).toEqual({ open: 1, exceptions: 0, settled: 0 });
    close.remark = 'asked the channel';
    close.ask('exception', true);
    await close.weigh();
    expect(close.dry?.fits).toBe(1);
    await close.submit();
    await close.filter(NO_FILTERS);
    expect(close.rows.total).toBe(2);
    await close.undo();
    expect(close.rows.total).toBe(3);
  });

  it('takes back only what was decided together', async () => {
    close.remark = 'asked the channel';
    await close.accept();
    await close.show(null);
    close.ask('exception', true);
    await close.submit();
    await close.undo();
    expect(close.counts).toEqual({ open: 2, exceptions: 0, settled: 1 });
  });

  it('asks for the days that are chosen, and remembers what was filtered', async () => {
    const filters = { ...NO_FILTERS, owner: '', span: 'pick' as const };
    await close.filter({ ...filters, from: '2026-11-01', to: '2026-11-05' });
    expect(close.query).toMatchObject({ day_from: '2026-11-01', day_to: '2026-11-05', owner: '' });
    const kept: unknown = JSON.parse(localStorage.getItem('paydesk.worklist') ?? 'null');
    expect(rememberedFilters(kept)).toEqual(close.filters);
    await close.filter({ ...NO_FILTERS, span: 'week' });
    expect(close.query).toMatchObject({ day_from: '2026-11-14', day_to: '2026-11-20' });
    for (const broken of [null, 'x', {}, { code: 'none', owner: 7, span: 'ever' }]) {
      expect(rememberedFilters(broken)).toEqual(NO_FILTERS);
    }
  });
});
