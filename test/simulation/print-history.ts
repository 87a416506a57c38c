/** A history for a person: one line an entry, and of a violation only what leads up to it. */
import type { Violation } from './check.ts';
import type { HistoryEntry } from './history.ts';

/** So many lines before a violation, of its execution and of the world round it. */
const TAIL_LINES = 60;

export function printTail(history: readonly HistoryEntry[], { place, id }: Violation): string {
  const jobId = id?.split('.')[0];
  const lines = history
    .slice(0, place + 1)
    .filter((entry) => jobId === undefined || isAbout(entry, jobId))
    .slice(-TAIL_LINES);
  return lines.map(printEntry).join('\n');
}

export function printEntry(entry: HistoryEntry): string {
  const { atMs, what, ...facts } = entry;
  return `${printTime(atMs)} ${what} ${JSON.stringify(shorten(entry, facts))}`;
}

/** What is about no execution at all is about every one of them. */
function isAbout(entry: HistoryEntry, jobId: string): boolean {
  switch (entry.what) {
    case 'record':
      return entry.entry.id.startsWith(`${jobId}.`);
    case 'asked':
    case 'served':
      return isOf(entry.topic, jobId);
    case 'heard':
      return isOf(entry.topic, jobId) || entry.payload.includes(`"${jobId}"`);
    case 'log':
      return entry.line.includes(`"${jobId}"`);
    default:
      return !('id' in entry) || entry.id.startsWith(`${jobId}.`);
  }
}

/** A topic that names no job may be about this one. */
function isOf(topic: string, jobId: string): boolean {
  const [, named] = /\/jobs\/([^/]+)\/(?:get|update)(?:\/|$)/.exec(topic) ?? [];
  return named === undefined || named === jobId;
}

function shorten(entry: HistoryEntry, facts: object): object {
  if (entry.what === 'record') return { state: entry.state, ...entry.entry.body, v: undefined, key: undefined };
  if (entry.what === 'opened')
    return { ...facts, entries: entry.entries.map(({ id, body }) => `${id} ${String(body.phase)}`) };
  if (entry.what === 'heard') return { topic: topicTail(entry.topic), payload: entry.payload.slice(0, 300) };
  if (entry.what === 'asked') return { ...entry.body, topic: topicTail(entry.topic), life: entry.life };
  if (entry.what === 'served') return { ...facts, topic: topicTail(entry.topic) };
  return facts;
}

function topicTail(topic: string): string {
  return topic.replace(/^\$aws\/things\/gateway-1\/jobs\//, '');
}

/** Days, hours, minutes and seconds since the world began. */
function printTime(atMs: number): string {
  const seconds = (atMs / 1_000).toFixed(3).padStart(12);
  return `${seconds}s`;
}
