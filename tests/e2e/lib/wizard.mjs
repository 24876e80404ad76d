// What a person does in the form of an account: pastes keys, lets files go over fields, adds an account to the end.
import assert from 'node:assert/strict';

/** The verbs of the form, on an open page. */
export function wizard(shop) {
  const field = (name) => shop.part(`field-${name}`);
  /** Waits until a field says so: its problem, its form. */
  const is = (name, what, value) =>
    shop.page.locator(`[data-testid="field-${name}"][data-${what}="${value}"]`).waitFor();

  /** Pastes as a person does, by the clipboard's own event. */
  async function paste(name, text) {
    await field(name)
      .locator('textarea')
      .evaluate((box, pasted) => {
        box.focus();
        const clipboardData = new DataTransfer();
        clipboardData.setData('text/plain', pasted);
        const bubbles = { bubbles: true, cancelable: true };
        box.dispatchEvent(new ClipboardEvent('paste', { clipboardData, ...bubbles }));
      }, text);
  }

  /** Fills in what is given: keys and certificates are pasted, the rest is typed. */
  async function fill(fields) {
    for (const [name, value] of Object.entries(fields)) {
      if (value.includes('-----BEGIN')) {
        await paste(name, value);
        await shop.page.locator(`[data-testid="field-${name}"]:not([data-form=""])`).waitFor();
      } else {
        await field(name).locator('input').fill(value);
      }
    }
  }

  return {
    field,
    is,
    paste,
    fill,
    /** Lets a file go over a field. */
    async drop(name, text) {
      const carried = await shop.page.evaluateHandle((content) => {
        const transfer = new DataTransfer();
        transfer.items.add(new File([content], 'key.pem', { type: 'application/x-pem-file' }));
        return transfer;
      }, text);
      const bubbles = { dataTransfer: carried, bubbles: true, cancelable: true };
      await field(name).dispatchEvent('dragover', bubbles);
      await field(name).dispatchEvent('drop', bubbles);
    },
    /** Key material never stands on the page, not even in what is hidden. */
    async showsNothingOf(key) {
      const [, line] = key.split('\n');
      const shown = await shop.page.evaluate(() =>
        [...document.querySelectorAll('textarea, input')]
          .map((box) => box.value)
          .concat(document.documentElement.outerHTML)
          .join(' '),
      );
      assert.ok(!shown.includes(line), 'a key stands on the page');
    },
    /** Picks a sandbox account of a channel in the open wizard. */
    async pick(channel, gateway) {
      await shop.part('kind-sandbox').check();
      await shop.part(`pick-${channel}`).click();
      await shop.part('gateway').fill(gateway);
    },
    /** Tests what is filled in, until every line has answered. */
    async test() {
      await shop.part('wizard-test').click();
      await shop.part('test-sum').waitFor({ timeout: 60_000 });
    },
    /** Keeps it and goes back to the list. */
    async keep(label = '') {
      await shop.part('account-label').fill(label);
      await shop.part('wizard-add').click();
      await shop.part('wizard-added').waitFor({ timeout: 60_000 });
      await shop.part('wizard-close').click();
    },
  };
}
