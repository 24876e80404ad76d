/// Fees by the contract before charging: a courtesy under the amount.
import { callConsole } from '$lib/api/client';
import type { ExpectedFee } from '$lib/api/contract';
import { app } from '$lib/state/app.svelte';

/// By channel, for those that are connected and have a rate.
export async function expectedFees(amount_minor: string): Promise<Record<string, ExpectedFee>> {
  const fees: Record<string, ExpectedFee> = {};
  for (const channel of app.status?.channels ?? []) {
    if (channel.state === 'not_connected' || channel.rate_millionths === null) continue;
    try {
      fees[channel.id] = await callConsole('expected_fee', { amount_minor, channel: channel.id });
    } catch {
      // The amount itself is refused when it is charged, with words; a fee line is a courtesy.
    }
  }
  return fees;
}
