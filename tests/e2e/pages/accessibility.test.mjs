// Every screen, dialog and state of a payment, with data, in Chinese and light: axe finds nothing.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { after, afterEach, before, test } from 'node:test';

import { openPage } from '../lib/browser.mjs';
import { CUSTOMER, alipayCode, wechatCode } from '../lib/codes.mjs';
import { ownFolder, picture } from '../lib/place.mjs';
import { until } from '../lib/processes.mjs';
import { violationsIn } from './axe.mjs';

/** Fewer distinct states than this and the run has skipped some. */
const STATES_MIN = 50;

let till;
const found = [];
const looked = new Set();
let violations = 0;

before(async () => {
  till = await openPage();
});

after(async () => {
  await till?.close();
  console.log(`${looked.size} states, ${violations} violations`);
});

function note(name, lines) {
  assert.ok(!looked.has(name), `${name} was looked at twice`);
  looked.add(name);
  violations += lines.length;
  for (const line of lines) found.push(`${name}: ${line}`);
}

/** Looks at what is open: by eye (a picture is kept) and by axe. */
async function isClean(name) {
  await till.page.evaluate(() => document.fonts.ready);
  await till.shoot(`page-${name}`);
  note(name, await till.violations());
}

/** The same for a page of its own, beside the till's. */
async function isCleanIn(page, name, how) {
  await page.evaluate(() => document.fonts.ready);
  await page.screenshot({ path: picture(`page-${name}`), animations: 'disabled', caret: 'hide' });
  note(name, await violationsIn(page, how));
}

/** Another window's page over the same console; `prepare` may stand between it and the console. */
async function besideTill(prepare, look) {
  const page = await till.page.context().newPage();
  try {
    await prepare(page);
    await look(page);
  } finally {
    await page.close();
  }
}

const rowOf = (status) =>
  till.page.locator(`[data-testid="order-row"][data-status="${status}"]`).first();

/** Opens an order of this status from the list, as a person does, and looks at its panel. */
async function panelIsClean(status, tab = 'all') {
  await till.part('nav-orders').click();
  await till.part(`tab-${tab}`).click();
  await rowOf(status).click();
  await till.says('order-detail', 'status', status);
  await isClean(`order-${status}`);
  await till.part('close-detail').click();
}

// Collected per test, so that one violation does not hide those of the screens after it.
afterEach(() => {
  assert.deepEqual(found.splice(0), []);
});

async function pay(digits, minor, code, state, withinMs) {
  await till.enterAmount(digits, minor);
  await till.scan(code);
  await till.says('stage', 'state', state, withinMs);
}

const next = async () => {
  await till.part('next').click();
  // A scan right after a result counts as a double read; a person's pause is longer.
  await till.page.waitForTimeout(900);
  await till.says('stage', 'state', 'no_amount');
};

test('first start', async () => {
  await till.part('first-run').waitFor();
  await isClean('first-language');
  await till.part('language-zh-CN').click();
  await isClean('first-mode');
  await till.part('mode-demo').click();
  await isClean('first-store');
  await till.part('first-finish').click();
  // A month of trade is played before the counter opens.
  await till.part('screen-pay').waitFor({ timeout: 240_000 });
});

test('lists with nothing in them', async () => {
  // A demo opens with a month behind it; a shop that has just opened has nothing.
  const opened = await openPage();
  try {
    const { page, part } = opened;
    await page.route('**/api/set_up', (route) =>
      route.continue({
        postData: JSON.stringify({ ...route.request().postDataJSON(), past_days: 0 }),
      }),
    );
    await opened.setUpDemo();
    await isCleanIn(page, 'pay-empty');
    await part('nav-orders').click();
    for (const tab of ['all', 'attention', 'paid', 'refunds', 'unpaid']) {
      await part(`tab-${tab}`).click();
      await part('orders-empty').waitFor();
      await isCleanIn(page, `orders-empty-${tab}`);
    }
    await part('order-search').fill('nothing is called so');
    await part('clear-filters').waitFor();
    await isCleanIn(page, 'orders-empty-filtered');
    assert.deepEqual(opened.faults, []);
  } finally {
    await opened.close();
  }
});

test('the counter before and after a payment', async () => {
  await till.enterAmount('4650', '4650');
  await isClean('pay-ready');
  await till.part('type-code').click();
  await till.part('type-code-dialog').waitFor();
  await isClean('type-code');
  await till.page.keyboard.press('Escape');
  await till.scan(alipayCode());
  await till.says('stage', 'state', 'paid');
  await isClean('pay-paid');
  await next();
  await pay('1230', '1230', wechatCode('03'), 'failed');
  await isClean('pay-failed');
  await next();
  await till.part('clear').click();
});

test('what is refused, and said at the edge of the window', async () => {
  await till.enterAmount('510', '510');
  await till.scan('6901234567892');
  await till.says('stage', 'state', 'refused');
  await isClean('pay-refused');
  await till.part('scan-again').click();
  await till.part('clear').click();
  await till.scan(alipayCode());
  await till.part('notice').first().waitFor();
  await isClean('notice');
});

test('a shown code, and the phone that pays it', async () => {
  await till.enterAmount('710', '710');
  await till.part('method-qr').click();
  await isClean('pay-ready-qr');
  await till.part('show-qr-wechatpay').click();
  await till.says('stage', 'state', 'showing_qr');
  await isClean('pay-qr');
  const order = await till.part('stage').getAttribute('data-order');
  const { value } = await till.ask('payment_view', { order_id: order });
  await till.part('nav-demo').click();
  await till.part('phone-qr').fill(value.qr.text);
  await till.part('phone-scan').click();
  await till.part('phone-state').waitFor();
  await isClean('demo');
  await till.part('phone-pay').click();
  await till.part('nav-pay').click();
  await till.says('stage', 'state', 'paid');
  await next();
  await till.enterAmount('720', '720');
  await till.part('show-qr-wechatpay').click();
  await till.says('stage', 'state', 'showing_qr');
  await till.part('cancel-payment').click();
  await till.says('stage', 'state', 'closed', 60_000);
  await isClean('pay-closed');
  await next();
  await till.part('method-scan').click();
});

test('the customer who types a password', async () => {
  await pay('820', '820', wechatCode('01'), 'customer_paying');
  await isClean('pay-customer-paying');
  await panelIsClean('in_progress');
  await till.part('nav-pay').click();
  await till.says('stage', 'state', 'paid', 60_000);
  await next();
});

test('a result that is not known, ended by the till', async () => {
  await till.ask('sandbox_set_fault', { name: 'request_lost', on: true });
  await pay('1800', '1800', wechatCode(CUSTOMER.pays), 'unknown', 20_000);
  await isClean('pay-unknown');
  await till.part('nav-orders').click();
  await till.part('tab-attention').click();
  await till.part('order-row').first().waitFor();
  await isClean('orders-attention');
  await rowOf('unknown').click();
  await till.says('order-detail', 'status', 'unknown');
  await isClean('order-unknown');
  // The fault stays, so that the ending goes on as long as somebody looks.
  await till.says('order-detail', 'status', 'ending', 90_000);
  await isClean('order-ending');
  await till.part('nav-pay').click();
  await till.says('stage', 'state', 'ending');
  await isClean('pay-ending');
  await till.ask('sandbox_set_fault', { name: 'all', on: false });
  await till.says('stage', 'state', 'reversed', 60_000);
  await isClean('pay-reversed');
  await next();
});

test('money that comes after the end', async () => {
  await pay('1910', '1910', wechatCode('09'), 'paid_late', 150_000);
  await isClean('pay-paid-late');
  await next();
  await panelIsClean('paid_late');
});

test('the panel of an order in each way it can have ended', async () => {
  for (const status of ['failed', 'closed', 'reversed']) await panelIsClean(status);
});

test('quitting with an open result', async () => {
  const quit = 'event: quit_asked\ndata: {"event":"quit_asked","open_doubts":2}\n\n';
  await besideTill(
    // The window asks before it closes; a browser has no such window, so its question is said here.
    (page) =>
      page.route('**/api/events', (route) =>
        route.fulfill({ contentType: 'text/event-stream', body: quit }),
      ),
    async (page) => {
      await page.goto(till.address);
      await page.getByTestId('quit-dialog').waitFor();
      await isCleanIn(page, 'quit');
    },
  );
});

test('a folder that does not open', async () => {
  for (const code of ['database_newer', 'database_corrupt']) {
    const refusal = { code, money: 'not_moved', params: {}, incident: 'K7Q2M' };
    await besideTill(
      (page) =>
        page.route('**/api/app_status', (route) => route.fulfill({ status: 422, json: refusal })),
      async (page) => {
        await page.goto(till.address);
        await page.locator(`[data-testid="start-failed"][data-code="${code}"]`).waitFor();
        await isCleanIn(page, `start-failed-${code}`);
      },
    );
  }
});

test('the same amount again is one question', async () => {
  await pay('990', '990', alipayCode(), 'paid');
  await next();
  await till.enterAmount('990', '990');
  await till.scan(alipayCode());
  await till.part('repeat-dialog').waitFor();
  await isClean('repeat');
  await till.part('repeat-confirm').click();
  await till.says('stage', 'state', 'paid');
  await next();
});

test('orders, one order and its receipt', async () => {
  await till.part('nav-orders').click();
  await till.part('tab-all').click();
  await isClean('orders');
  await till.part('export').click();
  await till.part('export-dialog').waitFor();
  await isClean('export');
  await till.part('export-file').fill('orders.csv');
  await till.part('export-start').click();
  await till.part('export-error').waitFor();
  await isClean('export-refused');
  const exported = ownFolder();
  try {
    await till.part('export-file').fill(`${exported.path}/orders.csv`);
    await till.part('export-start').click();
    await till.part('export-done').waitFor({ timeout: 60_000 });
    await isClean('export-done');
    const bytes = readFileSync(`${exported.path}/orders.csv`);
    const digest = createHash('sha256').update(bytes).digest('hex');
    assert.equal(await till.part('export-hash').textContent(), digest);
  } finally {
    exported.remove();
  }
  await till.page.keyboard.press('Escape');
  await rowOf('paid').click();
  await till.part('order-detail').waitFor();
  await isClean('order-paid');
  await till.part('receipt').click();
  await till.part('receipt-frame').waitFor();
  await isClean('receipt');
  // No script runs in the frame, so what it shows is looked at as a page of its own.
  const paper = await until('the receipt in its frame', () =>
    till.part('receipt-frame').evaluate((frame) => {
      const shown = frame.contentDocument;
      return shown?.readyState === 'complete' && shown.body.textContent.trim() !== ''
        ? `<!doctype html>${shown.documentElement.outerHTML}`
        : null;
    }),
  );
  await besideTill(
    (page) => page.setContent(paper),
    (page) => isCleanIn(page, 'receipt-paper', { framed: true }),
  );
  await till.page.keyboard.press('Escape');
});

test('a refund: its dialog in each state, in part, in full', async () => {
  await till.part('refund').click();
  await till.part('refund-dialog').waitFor();
  await till.part('refund-amount').waitFor();
  await isClean('refund');
  await till.part('refund-amount').fill('99999');
  await isClean('refund-too-much');
  await till.part('refund-amount').fill('1.00');
  await till.part('reason-other').check();
  await isClean('refund-note-missing');
  await till.part('reason-goods_returned').check();
  await till.part('refund-confirm').click();
  await till.says('order-detail', 'status', 'part_refunded', 30_000);
  await isClean('order-part_refunded');
  await till.part('refund').click();
  await till.part('refund-full').click();
  await till.part('reason-goods_returned').check();
  // Another window is quicker: what was left when this dialog opened is gone.
  const order_id = await till.part('order-detail').getAttribute('data-order');
  const { value } = await till.ask('prepare_refund', { order_id });
  await till.ask('request_refund', {
    refund_intent: value.refund_intent,
    order_id,
    amount_minor: value.refundable.minor,
    reason: 'goods_returned',
    note: '',
  });
  await till.part('refund-confirm').click();
  await till.part('refund-error').waitFor();
  await isClean('refund-error');
  await till.part('refund-cancel').click();
  await till.says('order-detail', 'status', 'refunded', 30_000);
  await isClean('order-refunded');
  await till.part('nav-refunds').click();
  await till.part('screen-refunds').waitFor();
  await isClean('refunds');
});

test('a note for the next shift', async () => {
  await till.part('nav-orders').click();
  await till.part('tab-all').click();
  await rowOf('refunded').click();
  await till.part('note-text').fill('客人明早取蛋糕');
  await till.part('note-handover').check();
  await till.part('note-add').click();
  await till.part('notes').getByText('客人明早取蛋糕').waitFor();
  await till.page.locator('[data-testid="view-apply"]').first().click();
  // Its row alone: nobody else left a note for the next shift.
  await till.page.waitForFunction(
    () => document.querySelectorAll('[data-testid="order-row"]').length === 1,
  );
  await rowOf('refunded').waitFor();
  await isClean('orders-handover');
  await till.part('order-search').fill('');
  await rowOf('paid').waitFor();
});

test('a refund that the channel refused', async () => {
  // The demo's channels refuse no refund, so this one word of the console's answer is another.
  const { value } = await till.ask('list_orders', {
    query: { tab: 'all', search: '', day_from: null, day_to: null, status: 'refunded', channel: null },
    cursor: null,
    position: 0,
    limit: 1,
  });
  const { order_id } = value.rows[0];
  await besideTill(
    (page) =>
      page.route('**/api/order_detail', async (route) => {
        const answer = await route.fetch();
        const detail = await answer.json();
        detail.row.status = 'refund_failed';
        for (const refund of detail.refunds) {
          const why_text = 'code_merchant_funds';
          Object.assign(refund, { state: 'failed', why: 'REFUND_NOT_ENOUGH', why_text });
          refund.again = 'same_reference';
        }
        await route.fulfill({ response: answer, json: detail });
      }),
    async (page) => {
      await page.goto(`${till.address}#/orders/${order_id}`);
      await page.locator('[data-testid="order-detail"][data-status="refund_failed"]').waitFor();
      await page.getByTestId('refund-why').first().waitFor();
      await isCleanIn(page, 'order-refund_failed');
    },
  );
});

test('a refund that nobody confirms', async () => {
  await till.part('nav-orders').click();
  await rowOf('paid').click();
  await till.says('order-detail', 'status', 'paid');
  await till.part('refund').click();
  await till.part('reason-goods_returned').check();
  await till.ask('sandbox_set_fault', { name: 'request_lost', on: true });
  await till.part('refund-confirm').click();
  await till.says('order-detail', 'status', 'refunding', 30_000);
  await isClean('order-refunding');
  await till.ask('sandbox_set_fault', { name: 'all', on: false });
});

test('the accounts of the demo, and one that is tested', async () => {
  await till.part('nav-channels').click();
  await till.part('demo-accounts').waitFor();
  await isClean('channels-demo');
  await till.part('account-test').first().click();
  await till.part('test-sum').waitFor({ timeout: 60_000 });
  await isClean('channels-demo-tested');
});

test('settings, help, the palette and the sheet of sample codes', async () => {
  await till.part('nav-settings').click();
  await till.part('screen-settings').waitFor();
  await isClean('settings');
  await till.page.keyboard.press('F1');
  await till.part('help-dialog').waitFor();
  await isClean('help');
  await till.page.keyboard.press('Escape');
  await till.page.keyboard.press('Control+K');
  await till.part('palette').waitFor();
  await isClean('palette');
  await till.page.keyboard.press('Escape');
  await till.part('nav-demo').click();
  await till.part('open-sheet').click();
  await till.part('sample-sheet').waitFor();
  // The codes come after the dialog; a picture that cannot be shown has no width for ever.
  await till.page.waitForFunction(
    () =>
      document.images.length > 10 &&
      [...document.images].every((it) => it.complete && it.naturalWidth > 0),
  );
  await isClean('sample-sheet');
  await till.page.keyboard.press('Escape');
  await till.part('operator').click();
  await till.part('operator-list').waitFor();
  await isClean('operators');
});

/** Drops a file where a hand would let it go; the page sees no more than its bytes and its name. */
async function dropFile(name, text) {
  const carried = await till.page.evaluateHandle(
    ([called, content]) => {
      const transfer = new DataTransfer();
      transfer.items.add(new File([content], called, { type: 'text/plain' }));
      return transfer;
    },
    [name, text],
  );
  const bubbles = { dataTransfer: carried, bubbles: true, cancelable: true };
  await till.part('reconcile-day').dispatchEvent('dragover', bubbles);
  await till.part('drop-here').waitFor();
  await till.part('reconcile-day').dispatchEvent('drop', bubbles);
}

test('a bill against our books', async () => {
  await till.part('nav-reconcile').click();
  await till.part('no-bill').waitFor();
  await isClean('reconcile-no-bill');
  await dropFile('notes.txt', 'no bill at all');
  await till.part('bill-error').waitFor();
  await isClean('reconcile-wrong-file');
  await till.part('nav-demo').click();
  await till.part('end-day').click();
  await till.part('notice').first().waitFor();
  await till.part('nav-reconcile').click();
  await till.part('bill-fetch').click();
  await till.says('reconcile-day', 'state', 'preview', 60_000);
  // Yesterday's bill has differences planted in it.
  await till.part('difference').first().waitFor();
  await isClean('reconcile-preview');
  await till.part('lines-all').click();
  await till.part('bill-row').first().waitFor();
  await isClean('reconcile-lines');
  await till.part('bill-import').click();
  await till.says('reconcile-day', 'state', 'kept', 60_000);
  await isClean('reconcile-kept');
  // What was imported keeps all its lines, not only what differs.
  await till.part('lines-all').click();
  await till.part('bill-row').first().waitFor();
  await isClean('reconcile-kept-lines');
});

test('every state was looked at', () => {
  assert.ok(looked.size >= STATES_MIN, `${looked.size} states`);
});

test('the page itself had no fault on the way', () => {
  // The policy refuses the receipt's style sheet as text; the page then adopts the same rules.
  const faults = till.faults.filter((fault) => !fault.startsWith('Applying inline style'));
  assert.deepEqual(faults, []);
});
