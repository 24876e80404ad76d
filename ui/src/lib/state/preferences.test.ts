import { beforeEach, describe, expect, it } from 'vitest';
import { OrderList } from '$features/orders/orders.svelte';
import { useTransport } from '$lib/api/client';
import { FakeConsole } from '../../test/fake';
import { PANEL_MAX, PANEL_MIN, preferences } from './preferences.svelte';

beforeEach(() => {
  localStorage.clear();
  preferences.load();
});

describe('what this PC remembers', () => {
  it('keeps the text size and the panel within its limits', () => {
    preferences.textSize = 'larger';
    preferences.panelWidth = 5000;
    preferences.load();
    expect(preferences.textSize).toBe('larger');
    expect(preferences.panelWidth).toBe(PANEL_MAX);
    preferences.panelWidth = 1;
    expect(preferences.panelWidth).toBe(PANEL_MIN);
  });

  it('falls back where what is kept is broken', () => {
    localStorage.setItem('paydesk.text-size', '"huge"');
    localStorage.setItem('paydesk.panel-width', 'not json');
    localStorage.setItem('paydesk.order-views', '[{"name":1},null]');
    preferences.load();
    expect(preferences.textSize).toBe('normal');
    expect(preferences.panelWidth).toBe(352);
    expect(preferences.views).toEqual([]);
  });

  it('keeps views by name and applies them to the list', async () => {
    const fake = new FakeConsole();
    useTransport(fake);
    const list = new OrderList();
    list.tab = 'unpaid';
    list.search = ' A12 ';
    list.status = 'failed';
    preferences.saveView({ name: 'A', ...list.asked });
    preferences.saveView({ name: 'A', ...list.asked });
    preferences.load();
    expect(preferences.views).toHaveLength(1);

    const other = new OrderList();
    const [view] = preferences.views;
    expect(other.shows(view!)).toBe(false);
    other.apply(view!);
    expect(other.shows(view!)).toBe(true);
    expect(fake.called('list_orders').at(-1)).toMatchObject({
      query: { tab: 'unpaid', search: 'A12', status: 'failed' },
    });
    preferences.removeView('A');
    preferences.load();
    expect(preferences.views).toEqual([]);
  });
});
