/// Some days in a row, as a person names them: the name stays, the days follow the calendar.

export const SPANS = ['day', 'yesterday', 'week', 'month', 'last_month', 'year', 'pick'] as const;
export type SpanName = (typeof SPANS)[number];

export interface Days {
  from: string;
  to: string;
}

const iso = (at: Date): string => at.toISOString().slice(0, 10);

/// The day so many days, or months, away.
export function dayAway(day: string, days: number, months = 0): string {
  const at = new Date(`${day}T00:00:00Z`);
  at.setUTCMonth(at.getUTCMonth() + months);
  at.setUTCDate(at.getUTCDate() + days);
  return iso(at);
}

/// What a name means on this day; for days that were picked, `null`.
export function daysOf(name: SpanName, today: string): Days | null {
  const first = `${today.slice(0, 7)}-01`;
  switch (name) {
    case 'day':
      return { from: today, to: today };
    case 'yesterday':
      return { from: dayAway(today, -1), to: dayAway(today, -1) };
    case 'week':
      return { from: dayAway(today, -6), to: today };
    case 'month':
      return { from: first, to: today };
    case 'last_month':
      return { from: dayAway(first, 0, -1), to: dayAway(first, -1) };
    case 'year':
      return { from: `${today.slice(0, 4)}-01-01`, to: today };
    case 'pick':
      return null;
  }
}

/// Days as they are kept between starts; what is not whole is nothing.
export function rememberedDays(found: unknown): (Days & { span: SpanName }) | null {
  if (typeof found !== 'object' || found === null) return null;
  const { span, from, to } = found as Record<string, unknown>;
  const name = SPANS.find((it) => it === span);
  const isDay = (day: unknown): day is string =>
    typeof day === 'string' && /^\d{4}-\d{2}-\d{2}$/.test(day);
  return name && isDay(from) && isDay(to) ? { span: name, from, to } : null;
}
