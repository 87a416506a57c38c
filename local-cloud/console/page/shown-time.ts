/** Times and durations for a person. */
import { h } from './element.ts';

const FULL = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' });
const CLOCK = new Intl.DateTimeFormat(undefined, { timeStyle: 'medium' });

/** The date too, unless it is today. */
export function shownTime(timeMs: number): HTMLElement {
  const date = new Date(timeMs);
  const isToday = date.toDateString() === new Date().toDateString();
  const text = (isToday ? CLOCK : FULL).format(date);
  return h('time', { datetime: date.toISOString(), title: date.toISOString() }, text);
}

/** At most two units: `2 d 3 h`, `4 min 5 s`, `1.3 s`, `20 ms`. */
export function shownDuration(durationMs: number): string {
  if (durationMs < 1_000) return `${Math.round(durationMs)} ms`;
  if (durationMs < 10_000) return `${(Math.round(durationMs / 100) / 10).toFixed(1)} s`;
  const units = [
    ['d', 86_400_000],
    ['h', 3_600_000],
    ['min', 60_000],
    ['s', 1_000],
  ] as const;
  let restMs = durationMs;
  const parts: string[] = [];
  for (const [name, unitMs] of units) {
    const count = Math.floor(restMs / unitMs);
    restMs -= count * unitMs;
    if (count > 0 || parts.length > 0) parts.push(count > 0 ? `${count} ${name}` : '');
    if (parts.length === 2) break;
  }
  return parts.filter((part) => part !== '').join(' ');
}
