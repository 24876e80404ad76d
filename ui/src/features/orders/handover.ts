/// Notes for the next shift (B12): a mark in the note's own text, so that the search finds them and
/// other programs can read them.
import type { SavedView } from '$lib/state/preferences.svelte';

const MARK = '@handover';

/// A note as it is kept.
export function handedOver(text: string): string {
  return isHandover(text) ? text : `${MARK} ${text}`;
}

export function isHandover(text: string): boolean {
  return text === MARK || text.startsWith(`${MARK} `);
}

/// A note as people read it: the mark is shown as a word of their language instead.
export function withoutMark(text: string): string {
  return isHandover(text) ? text.slice(MARK.length).trimStart() : text;
}

/// The list for the next shift.
export function handoverView(name: string): SavedView {
  return {
    name,
    tab: 'all',
    search: MARK,
    day: 'all',
    dayFrom: '',
    dayTo: '',
    status: '',
    channel: '',
  };
}
