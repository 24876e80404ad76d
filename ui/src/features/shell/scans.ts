/// What happens to a scanned text. A payment code charges only on the counter, with an amount, with
/// nothing open; anything else is refused aloud. A scan never takes the cashier to another screen
/// to charge there.
import { pay } from '$features/pay/pay.svelte';
import { dialogIsOpen } from '$lib/actions/actions.svelte';
import { callConsole, commandErrorOf } from '$lib/api/client';
import type { ErrorCode } from '$lib/api/contract';
import { errorText } from '$lib/api/errors';
import type { Torn } from '$lib/scan/detector';
import { m } from '$lib/i18n/text';
import { play, type Tone } from '$lib/sound/sound';
import { app } from '$lib/state/app.svelte';
import { notices } from '$lib/state/notices.svelte';
import { router } from '$lib/state/router.svelte';

/// Every payment code is digits of this length; which channel, or whether any, the core decides.
const PAYMENT_CODE = /^\d{16,24}$/;

function sound(tone: Tone): void {
  if (app.status) play(tone, app.status.sound);
}

function refuse(text: string): void {
  sound('failed');
  notices.show('warn', text);
}

/// A code that is no payment code: told where the cashier looks.
function refuseCode(code: ErrorCode, params: Record<string, string> = {}): void {
  const error = { code, money: 'not_moved', params, incident: '' } as const;
  const onCounter = router.route.name === 'pay' && !pay.view && !pay.isBusy && !dialogIsOpen();
  if (onCounter) pay.refuse(error);
  else refuse(errorText(error));
}

/// A whole code of one of the channels; without its end, anything that begins like one.
const WHOLE_CODE = /^(?:1[0-5]\d{16}|(?:2[5-9]|30)\d{14,22})$/;
const CODE_BEGINNING = /^(?:1[0-5]|2[5-9]|30)/;

/// Whether the keys before a burst were certainly typed: it is a whole code by itself, they stood apart
/// as no scanner's do, and no number of them put before it makes a code.
export function wasTyped({ text, before, typedSlowly, ended }: Torn): boolean {
  if (!typedSlowly || !WHOLE_CODE.test(text)) return false;
  const like = ended ? WHOLE_CODE : CODE_BEGINNING;
  return ![...before].some((_, at) => like.test(before.slice(at) + text));
}

/// Its first characters may stand in the amount: unless they certainly do not, the amount goes, so that
/// no wrong one is ever charged. Nothing is charged either way.
export function handleTornScan(torn: Torn): void {
  if (wasTyped(torn)) return refuse(m.scan_torn_kept());
  const typing = !pay.view || pay.view.state === 'failed';
  if (router.route.name === 'pay' && typing && !dialogIsOpen()) pay.clear();
  refuse(m.scan_torn());
}

export async function handleScan(text: string): Promise<void> {
  if (app.status?.stage !== 'ready') return;
  if (PAYMENT_CODE.test(text)) {
    // The same code read twice by one pull of the trigger.
    if (pay.isDoubleRead(text)) return;
    if (router.route.name !== 'pay') return refuse(m.scan_refused_screen());
    const refusal = pay.refusesScan(text, dialogIsOpen());
    if (refusal) return refuse(refusal);
    // The charge leaves first: whatever else happens here would hold it up.
    const taken = pay.takePayment(text);
    sound('scan');
    return taken;
  }
  try {
    const scanned = await callConsole('classify_scan', { text });
    switch (scanned.kind) {
      case 'order':
        if (!scanned.known) return refuseCode('order_not_found');
        if (dialogIsOpen()) return refuse(m.scan_refused_dialog());
        sound('scan');
        return router.go(router.route.name === 'refunds' ? 'refunds' : 'orders', scanned.order_id);
      case 'goods':
        return refuseCode('goods_code');
      case 'collection_qr':
        return refuse(m.scan_collection_qr());
      case 'payment_code':
        return refuseCode('unknown_code', { last4: text.slice(-4) });
      case 'unknown':
        return refuseCode('unknown_code', { last4: scanned.last4 });
    }
  } catch (thrown) {
    refuse(errorText(commandErrorOf(thrown)));
  }
}
