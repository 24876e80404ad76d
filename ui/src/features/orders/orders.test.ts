import { render, screen, waitFor } from '@testing-library/svelte';
import { tick } from 'svelte';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { useTransport } from '$lib/api/client';
import { app } from '$lib/state/app.svelte';
import { EXTENT_MAX, scaleOf } from '$lib/ui/scroll';
import { PAGES_MAX, REST_MS } from '$lib/ui/sparse.svelte';
import { FakeConsole, orderRow, refusal } from '../../test/fake';
import OrderRows from './OrderRows.svelte';
import { OrderList } from './orders.svelte';

const MILLION = 1_000_000;
const VIEW = 600;
const ROW = 40;
const GATHER_MS = 200;

let fake: FakeConsole;
let list: OrderList;
let stop: () => void;
let stopApp: () => void;
let height: ReturnType<typeof vi.spyOn>;

const grid = (): HTMLElement => screen.getByRole('grid');
const asked = (): { position: number; limit: number }[] =>
  fake.called('list_orders') as { position: number; limit: number }[];
const shown = (): (string | null)[] =>
  screen
    .queryAllByTestId('order-row')
    .map((row) => [row.parentElement?.style.top ?? '', row.getAttribute('data-order')] as const)
    .sort(([one], [other]) => parseFloat(one) - parseFloat(other))
    .map(([, order]) => order);
const press = (key: string) =>
  grid().dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }));

/// No layout here: the extent is what the style says.
function drag(scrollTop: number): void {
  grid().scrollTop = scrollTop;
  grid().dispatchEvent(new Event('scroll'));
}

const wait = (milliseconds: number) => new Promise((done) => setTimeout(done, milliseconds));

beforeEach(async () => {
  height = vi.spyOn(HTMLElement.prototype, 'clientHeight', 'get').mockReturnValue(VIEW);
  fake = new FakeConsole({ rows: MILLION });
  useTransport(fake);
  stopApp = app.start();
  list = new OrderList();
  stop = list.start();
  render(OrderRows, { list, openId: null, onopen: () => undefined });
  await waitFor(() => expect(list.rows.total).toBe(MILLION));
  await waitFor(() => expect(shown()[0]).toBe(orderRow(0).order_id));
});

afterEach(() => {
  stop();
  stopApp();
  height.mockRestore();
});

describe('the scale of a long list', () => {
  it('is one to one while the engine can hold it', () => {
    const scale = scaleOf(1000, ROW, VIEW);
    expect([scale.scaled, scale.extent, scale.topOf(123), scale.scrollOf(123)]).toEqual([
      false,
      40_000,
      123,
      123,
    ]);
  });

  it('ends at the last row and begins at the first, however long', () => {
    for (const total of [417_501, MILLION, 100_000_000]) {
      const scale = scaleOf(total, ROW, VIEW);
      expect(scale.scaled).toBe(true);
      expect(scale.extent).toBeLessThanOrEqual(EXTENT_MAX);
      expect(scale.topOf(scale.extent - VIEW)).toBe(total * ROW - VIEW);
      expect(scale.topOf(0)).toBe(0);
      expect(scale.scrollOf(total * ROW - VIEW)).toBe(scale.extent - VIEW);
    }
  });
});

describe('a million orders', () => {
  it('asks for what is seen, by place', () => {
    expect(asked().length).toBeLessThanOrEqual(2);
    expect(grid()).toHaveAttribute('aria-rowcount', String(MILLION));
    expect(screen.getAllByRole('row').length).toBeLessThan(25);
  });

  it('reaches the last row by End, and every row by keys from there', async () => {
    press('End');
    await waitFor(() => expect(shown().at(-1)).toBe(orderRow(MILLION - 1).order_id));
    expect(grid()).toHaveAttribute('aria-activedescendant', `row-${MILLION - 1}`);
    press('ArrowUp');
    await tick();
    expect(grid()).toHaveAttribute('aria-activedescendant', `row-${MILLION - 2}`);
    press('PageUp');
    await tick();
    expect(grid()).toHaveAttribute('aria-activedescendant', `row-${MILLION - 16}`);
    press('Home');
    await waitFor(() => expect(shown()[0]).toBe(orderRow(0).order_id));
    expect(asked().length).toBeLessThanOrEqual(6);
  });

  it('reaches the last row by dragging to the bottom', async () => {
    drag(EXTENT_MAX - VIEW);
    await tick();
    expect(screen.getAllByTestId('row-coming').length).toBeGreaterThan(0);
    await waitFor(() => expect(shown().at(-1)).toBe(orderRow(MILLION - 1).order_id));
    expect(asked().length).toBeLessThanOrEqual(4);
  });

  it('asks nothing while the thumb is dragged, then for the place where it rests', async () => {
    const before = asked().length;
    for (let step = 1; step <= 200; step++) drag((EXTENT_MAX / 220) * step);
    await tick();
    expect(asked().length).toBe(before);
    await wait(REST_MS + 40);
    expect(asked().length - before).toBeLessThanOrEqual(2);
    const scale = scaleOf(MILLION, ROW, VIEW);
    const first = Math.floor(scale.topOf((EXTENT_MAX / 220) * 200) / ROW);
    await waitFor(() => expect(shown()[0]).toBe(orderRow(first).order_id));
  });

  it('keeps few pages however much was seen', async () => {
    for (let step = 1; step <= 30; step++) {
      list.rows.show(step * 30_000, step * 30_000 + 17);
      await wait(REST_MS + 10);
    }
    expect(asked().length).toBeGreaterThan(30);
    expect(asked().length).toBeLessThanOrEqual(64);
    expect(list.rows.kept).toBeLessThanOrEqual(PAGES_MAX);
  });

  it('moves by rows under the wheel, not by the scale of the scrollbar', async () => {
    grid().dispatchEvent(new WheelEvent('wheel', { deltaY: 3 * ROW, cancelable: true }));
    grid().dispatchEvent(new Event('scroll'));
    await waitFor(() => expect(shown()[0]).toBe(orderRow(3).order_id));
  });

  it('holds its place when orders change, and counts what came above', async () => {
    drag(EXTENT_MAX / 2);
    await wait(REST_MS + 40);
    await waitFor(() => expect(shown().length).toBeGreaterThan(10));
    const before = shown();
    const from = asked().at(-1)?.position ?? 0;
    fake.options.rows = MILLION + 3;
    fake.emit({ event: 'order_changed', order_id: 'X', version: 2 });
    await wait(GATHER_MS);
    await waitFor(() => expect(screen.getByTestId('fresh-rows')).toBeInTheDocument());
    expect(list.fresh).toBe(3);
    // The stand-in grows at its end, so the same place three further on is what a shift shows.
    expect(asked().at(-1)?.position).toBe(from + 3);
    expect(shown().length).toBe(before.length);
    expect(list.rows.total).toBe(MILLION);
  });

  it('says where a page did not come, and asks again when told to', async () => {
    fake.options.errors = { list_orders: refusal('database_busy') };
    press('End');
    await waitFor(() => expect(screen.getByTestId('rows-error')).toBeInTheDocument());
    const before = asked().length;
    await wait(REST_MS * 2);
    expect(asked().length).toBe(before);
    fake.options.errors = {};
    list.rows.retry();
    await waitFor(() => expect(shown().at(-1)).toBe(orderRow(MILLION - 1).order_id));
  });

  it('lets the newest question win', async () => {
    list.search = 'first';
    const first = list.reload();
    list.search = 'second';
    await Promise.all([first, list.reload()]);
    expect(list.rows.generation).toBe(2);
  });
});
