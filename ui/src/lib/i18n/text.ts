/// Words come from the two catalogues in `messages/`; this is the door to them for keys that are
/// known only at run time (error codes, event kinds, reasons).
import { m } from '$paraglide/messages.js';

export { m };

type Message = (params: Record<string, string>) => string;
const catalogue = m as unknown as Record<string, Message | undefined>;

export function hasText(key: string): boolean {
  return typeof catalogue[key] === 'function';
}

/// The text of the first key that exists, else null: the caller decides what to show then.
export function textOf(
  keys: string | readonly string[],
  params: Record<string, string> = {},
): string | null {
  for (const key of typeof keys === 'string' ? [keys] : keys) {
    const message = catalogue[key];
    if (typeof message === 'function') return message(params);
  }
  return null;
}

/// The text of a key, or the bare name: used for lists that may grow in the core before a text does.
export function textOrName(prefix: string, name: string): string {
  return textOf(`${prefix}_${name}`) ?? name.replaceAll('_', ' ');
}
