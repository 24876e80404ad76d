import { render, screen, waitFor } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { afterEach, describe, expect, it } from 'vitest';
import { useTransport } from '$lib/api/client';
import { app } from '$lib/state/app.svelte';
import { preferences } from '$lib/state/preferences.svelte';
import { FakeConsole, refusal, type FakeOptions } from '../../test/fake';
import ShopLog from './ShopLog.svelte';

let fake: FakeConsole;
let stop: () => void;

async function open(options: FakeOptions = {}): Promise<void> {
  fake = new FakeConsole(options);
  useTransport(fake);
  stop = app.start();
  await waitFor(() => expect(app.status).not.toBeNull());
  render(ShopLog);
}

afterEach(() => {
  stop();
  preferences.locale = 'zh-CN';
});

describe('the record of the shop', () => {
  it('says who exported what, with which filter and digest, and which key signs', async () => {
    await open();
    const [exported, key] = await screen.findAllByTestId('shop-event');
    for (const part of ['12', 'paid.csv', '蛋糕', '已收款', '收银员 1', 'ab'.repeat(32)]) {
      expect(exported).toHaveTextContent(part);
    }
    expect(key).toHaveTextContent('启用了密钥');
    expect(key).toHaveTextContent('12ab 34cd');
  });

  it('goes back page by page to the beginning', async () => {
    await open();
    await waitFor(() => expect(screen.getAllByTestId('shop-event')).toHaveLength(20));
    await userEvent.click(screen.getByTestId('shop-log-more'));
    await waitFor(() => expect(screen.getAllByTestId('shop-event')).toHaveLength(32));
    expect(screen.queryByTestId('shop-log-more')).toBeNull();
    expect(fake.called('shop_events')).toEqual([
      { below: null, limit: 20 },
      { below: 13, limit: 20 },
    ]);
  });

  it('says why it is not there, and tries again', async () => {
    await open({ errors: { shop_events: refusal('database_busy') } });
    expect(await screen.findByRole('alert')).toBeInTheDocument();
    fake.options.errors = {};
    await userEvent.click(screen.getByTestId('shop-log-more'));
    await waitFor(() => expect(screen.getAllByTestId('shop-event')).toHaveLength(20));
  });
});
