/** C10 to C14: how the agent behaves towards those around it. */
import { isTerminal } from '../../agent/core/job-execution.ts';
import type { Check, Complain } from './check.ts';
import type { Placed } from './chronicle.ts';
import { CANARY } from './job-script.ts';
import { JOBS_PREFIX } from './simulated-cloud.ts';

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;

/** C10. */
export const keepsSecrets: Check = ({ of }, complain) => {
  const look = (where: string, value: unknown, place: number, id?: string) => {
    if (JSON.stringify(value).includes(CANARY)) complain(`a secret is in ${where}`, place, id);
  };
  for (const { entry, place } of of('record')) look('the journal', entry, place, entry.id);
  for (const { body, place } of of('asked')) look('a request', body, place);
  for (const { details, place, id } of of('changed')) look('status details', details, place, id);
  for (const { line, place } of of('log')) look('the log', line, place);
  for (const { illness, place } of of('ill')) look('what the agent says of itself', illness, place);
};

/**
 * A minute without anything to do has no more than these; each thing that happens allows for some more, and so does each
 * execution that is open: what has no answer is asked again every ten seconds. Each message that goes wrong allows for one.
 */
const IDLE = { asked: 20, log: 40, record: 10 } as const;
const PER_HAPPENING = { asked: 4, log: 6, record: 4 } as const;
const PER_OPEN = { asked: 6, log: 0, record: 0 } as const;

/** C11. */
export const isBounded: Check = ({ entries, executions, processes }, complain) => {
  for (const what of ['asked', 'log', 'record'] as const) {
    for (const [minute, { count, happenings, faults, open, place }] of minutesOf(entries, what)) {
      const most = IDLE[what] + PER_HAPPENING[what] * happenings + PER_OPEN[what] * open + faults;
      if (count > most)
        complain(`${count} of "${what}" in minute ${minute}, when ${happenings} things happened`, place);
    }
  }
  for (const { id, runs, records } of executions) {
    const asked = records.filter(({ state }) => state === 'asked');
    const most = 10 + 4 * runs.length + 2 * processes.length;
    if (asked.length > most) complain(`${asked.length} records were written of it`, asked.at(-1)?.place ?? 0, id);
  }
};

interface Minute {
  count: number;
  happenings: number;
  faults: number;
  /** Executions that were not over when it began. */
  readonly open: number;
  place: number;
}

/** What happens to the agent, and what it does about it, often falls on both sides of a full minute. */
function minutesOf(entries: readonly Placed[], what: 'asked' | 'log' | 'record'): ReadonlyMap<number, Minute> {
  const minutes = new Map<number, Minute>();
  let open = 0;
  const minuteOf = (at: number) => {
    const minute = minutes.get(at) ?? { count: 0, happenings: 0, faults: 0, open, place: 0 };
    minutes.set(at, minute);
    return minute;
  };
  for (const entry of entries) {
    const at = Math.floor(entry.atMs / MINUTE_MS);
    if (entry.what === what && !(entry.what === 'record' && entry.state !== 'asked')) {
      const minute = minuteOf(at);
      minute.count += 1;
      minute.place = entry.place;
    } else if (HAPPENINGS.includes(entry.what)) {
      open += openedBy(entry);
      minuteOf(at).happenings += 1;
      minuteOf(at + 1).happenings += 1;
    } else if (entry.what === 'fault') {
      minuteOf(at).faults += 1;
      minuteOf(at + 1).faults += 1;
    }
  }
  return minutes;
}

function openedBy(entry: Placed): number {
  if (entry.what === 'offered') return 1;
  return entry.what === 'changed' && isTerminal(entry.to) ? -1 : 0;
}

const HAPPENINGS: readonly string[] = [
  'offered',
  'changed',
  'deleted',
  'started',
  'ended',
  'connected',
  'process started',
];

/** C12. */
export const getsWell: Check = ({ settled, processes, of }, complain) => {
  if (settled !== undefined) {
    if (!settled.isConnected) complain('it is not connected', settled.place);
    if (settled.illness !== null) complain(`it is ill: ${settled.illness}`, settled.place);
    if (settled.open.length > 0) complain(`it still has ${settled.open.join(', ')}`, settled.place);
  }
  for (const { ended } of processes) {
    if (ended !== undefined && !GOOD_ENDS.includes(ended.how))
      complain(`a process ended so: ${ended.how}`, ended.place);
  }
  for (const { illness, place } of of('ill')) {
    if (illness !== 'the journal cannot be written') complain(`it said of itself: ${illness}`, place);
  }
};

/** By the world's doing, or by the watchdog's when the disk had failed. */
const GOOD_ENDS: readonly string[] = ['stopped', 'killed', 'power', 'watchdog', 'exit 74'];

/** From which attempt in a row the waits have grown to their ceiling, and what their mean is at least then. */
const GROWN = 8;
const ENOUGH = 12;
const MEAN_MS = 25 * SECOND_MS;
const STABLE_MS = 60 * SECOND_MS;

/** C13. */
export const connectsSlowly: Check = ({ entries }, complain) => {
  let before: Placed<'connecting'> | undefined;
  let connectedMs: number | null = null;
  let waits: number[] = [];
  for (const entry of entries) {
    if (entry.what === 'connected') connectedMs = entry.atMs;
    if (entry.what === 'closed' && connectedMs !== null) {
      if (entry.atMs - connectedMs >= STABLE_MS) waits = [];
      connectedMs = null;
    }
    if (entry.what === 'process started') waits = [];
    if (entry.what !== 'connecting') continue;
    const gapMs = before === undefined ? Infinity : entry.atMs - before.atMs;
    if (gapMs < SECOND_MS) complain(`it connected again after ${gapMs} ms`, entry.place);
    if (before?.life === entry.life) waits.push(gapMs);
    isEverSlower(waits, entry, complain);
    before = entry;
  }
};

function isEverSlower(waits: readonly number[], { place }: Placed<'connecting'>, complain: Complain): void {
  const grown = waits.slice(GROWN);
  if (grown.length !== ENOUGH) return;
  const meanMs = grown.reduce((sum, ms) => sum + ms, 0) / grown.length;
  if (meanMs < MEAN_MS) complain(`after ${waits.length} attempts it waits ${Math.round(meanMs)} ms`, place);
}

/** C14. */
export const mindsItsOwn: Check = ({ of, executions }, complain) => {
  const offered = new Set(executions.map(({ id }) => id));
  for (const { topic, place } of of('asked')) {
    if (!topic.startsWith(JOBS_PREFIX)) complain(`it sent to ${topic}`, place);
    const [, jobId] = /\/jobs\/([^/]+)\/(?:get|update)$/.exec(topic) ?? [];
    if (jobId !== undefined && !executions.some((one) => one.jobId === jobId))
      complain(`it asked for ${jobId}, which is not its own`, place);
  }
  for (const { id, place } of of('started')) if (!offered.has(id)) complain('it ran what was not its own', place, id);
  for (const { entry, place } of of('record')) {
    if (!offered.has(entry.id)) complain('it wrote down what was not its own', place, entry.id);
  }
};
