/// Words for coded errors: what happened, whether money is affected, what to do next.
import type { CommandError } from './contract';
import { decimalText } from '$lib/money/format';
import { m, textOf } from '$lib/i18n/text';

/// The sentence of the code. Amounts among the values come as minor units and are put into words here.
export function errorText(error: CommandError): string {
  const params: Record<string, string> = { ...error.params };
  for (const name of ['amount_minor', 'max_minor', 'refundable_minor']) {
    const value = params[name];
    if (value !== undefined) {
      params[name.replace('_minor', '')] = decimalText(value, Number(params['exponent'] ?? '2'));
    }
  }
  return textOf(`error_${error.code}`, params) ?? m.error_internal();
}

/// Whether money is affected, as its own sentence.
export function moneyText(error: CommandError): string {
  switch (error.money) {
    case 'not_moved':
      return m.money_not_moved();
    case 'moved':
      return m.money_moved();
    case 'unknown':
      return m.money_unknown();
  }
}
