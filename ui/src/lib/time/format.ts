/// Times are UTC milliseconds and are shown in the store's zone, never in the PC's.
import { preferences } from '$lib/state/preferences.svelte';

const formatters = new Map<string, Intl.DateTimeFormat>();

function formatter(zone: string, name: string, options: Intl.DateTimeFormatOptions) {
  const key = `${preferences.locale} ${zone} ${name}`;
  let found = formatters.get(key);
  if (!found) {
    let timeZone: string | undefined = zone;
    try {
      new Intl.DateTimeFormat('en', { timeZone });
    } catch {
      // A zone this engine does not know: the PC's own is the next best, and only the view suffers.
      timeZone = undefined;
    }
    const locale = preferences.locale === 'en' ? 'en-GB' : preferences.locale;
    found = new Intl.DateTimeFormat(locale, { ...options, ...(timeZone ? { timeZone } : {}) });
    formatters.set(key, found);
  }
  return found;
}

export function formatTime(at: number, zone: string): string {
  return formatter(zone, 'time', {
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
  }).format(at);
}

export function formatDay(at: number, zone: string): string {
  return formatter(zone, 'day', { month: 'short', day: 'numeric', weekday: 'short' }).format(at);
}

/// With the year: for what lasts longer than one.
export function formatDate(at: number, zone: string): string {
  return formatter(zone, 'full-date', { year: 'numeric', month: 'short', day: 'numeric' }).format(
    at,
  );
}

export function formatDayAndTime(at: number, zone: string): string {
  return `${formatter(zone, 'date', { month: 'short', day: 'numeric' }).format(at)} ${formatTime(at, zone)}`;
}

/// `2026-11-21` as people say it; a business day has no zone of its own.
export function formatBusinessDay(day: string): string {
  const at = Date.parse(`${day}T12:00:00Z`);
  return Number.isNaN(at) ? day : formatDay(at, 'UTC');
}

/// `2026-11-21` without its weekday: for many in a row.
export function formatShortDay(day: string): string {
  const at = Date.parse(`${day}T12:00:00Z`);
  return Number.isNaN(at)
    ? day
    : formatter('UTC', 'short-day', { month: 'short', day: 'numeric' }).format(at);
}

/// `2026-11` as people say it.
export function formatMonth(month: string): string {
  const at = Date.parse(`${month}-15T12:00:00Z`);
  return Number.isNaN(at) ? month : formatter('UTC', 'month', { month: 'short' }).format(at);
}

/// Seconds as `0:23` or `1:05`.
export function formatSeconds(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`;
}
