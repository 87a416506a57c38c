/** When a job runs: startTime, endTime and maintenance windows (API reference, SchedulingConfig). Times are in UTC. */
import type { JsonObject, JsonValue } from '../../agent/core/json.ts';
import { isJsonObject } from '../../agent/core/json.ts';
import { nextCronMs, parseCron } from './cron.ts';
import type { Job, MaintenanceWindow, Schedule } from './job-state.ts';
import type { ServiceOptions } from './service-options.ts';
import { constraint, InvalidMember, presentMember } from './validation.ts';

const MINUTE_MS = 60_000;
const YEAR_MS = 366 * 24 * 60 * MINUTE_MS;
/** "The minimum duration between startTime and endTime is thirty minutes." */
const MIN_DURATION_MS = 30 * MINUTE_MS;
/** "Displays the next seven maintenance window occurrences" (API reference, Job). */
const LISTED_WINDOWS = 7;
/** Then it is looked at again: windows without a gap may go on for ever. */
const MAX_JOINED = 1000;

/** @throws InvalidMember */
export function readSchedule(config: JsonValue | undefined, options: ServiceOptions, nowMs: number): Schedule {
  const given = isJsonObject(config) ? config : {};
  const leadMs = options.minScheduleLeadMinutes * MINUTE_MS;
  const startTimeMs = readTime(given, 'startTime');
  const endsAtMs = readTime(given, 'endTime');
  const windows = readWindows(given);
  if (startTimeMs !== undefined) {
    requireRange('startTime', startTimeMs - nowMs, { leastMs: leadMs, mostMs: YEAR_MS, since: 'the current time' });
  }
  if (endsAtMs !== undefined) {
    requireRange('endTime', endsAtMs - nowMs, { leastMs: leadMs, mostMs: 2 * YEAR_MS, since: 'the current time' });
    if (startTimeMs !== undefined) {
      const leastMs = Math.min(MIN_DURATION_MS, leadMs);
      requireRange('endTime', endsAtMs - startTimeMs, { leastMs, mostMs: 2 * YEAR_MS, since: 'startTime' });
    }
  }
  const behavior = given.endBehavior;
  // AWS names no default. Stopping the rollout changes nothing that a device has begun or was told of.
  const endBehavior = behavior === 'CANCEL' || behavior === 'FORCE_CANCEL' ? behavior : 'STOP_ROLLOUT';
  return { startsAtMs: startTimeMs ?? nowMs, endsAtMs, endBehavior, windows };
}

/** Whether the job may hand out executions at that time: it has started, and is inside a window if it has any. */
export function isWithinSchedule({ startsAtMs, windows }: Schedule, atMs: number): boolean {
  if (atMs < startsAtMs) return false;
  return windows.length === 0 || windows.some((window) => closesAtMs(window, atMs) !== undefined);
}

/** When `isWithinSchedule` next may change, and never before it does; undefined: never again. */
export function nextBoundaryMs(schedule: Schedule, atMs: number): number | undefined {
  const { startsAtMs, windows } = schedule;
  if (atMs < startsAtMs) return startsAtMs;
  let shutMs = latestCloseMs(windows, atMs);
  if (shutMs === undefined) {
    const starts = windows.map(({ start }) => nextCronMs(start, atMs)).filter((start) => start !== undefined);
    return starts.length === 0 ? undefined : Math.min(...starts);
  }
  // Windows that follow each other without a gap are one: a job that is always open has nothing to do at their ends.
  for (let joined = 0; joined < MAX_JOINED; joined++) {
    const nextMs = latestCloseMs(windows, shutMs);
    if (nextMs === undefined) break;
    shutMs = nextMs;
  }
  return shutMs;
}

/** When the last of the windows that are open at that time closes; undefined while none is. */
function latestCloseMs(windows: readonly MaintenanceWindow[], atMs: number): number | undefined {
  const closes = windows.map((window) => closesAtMs(window, atMs)).filter((close) => close !== undefined);
  return closes.length === 0 ? undefined : Math.max(...closes);
}

/** The starts of the next windows, as DescribeJob shows them in `scheduledJobRollouts`. */
export function nextWindowStarts({ schedule }: Job, nowMs: number): string[] {
  const { startsAtMs, endsAtMs = Infinity, windows } = schedule;
  const starts: number[] = [];
  for (const { start } of windows) {
    let atMs = Math.max(nowMs, startsAtMs - 1);
    for (let listed = 0; listed < LISTED_WINDOWS; listed++) {
      const next = nextCronMs(start, atMs);
      if (next === undefined || next >= endsAtMs) break;
      starts.push(next);
      atMs = next;
    }
  }
  const sorted = [...new Set(starts)].sort((a, b) => a - b);
  return sorted.slice(0, LISTED_WINDOWS).map(stringDateTime);
}

/** API reference, SchedulingConfig: "YYYY-MM-DD for the date and HH:MM for the time". */
export function stringDateTime(timeMs: number): string {
  return new Date(timeMs).toISOString().slice(0, 16).replace('T', ' ');
}

/** When the window that is open at that time closes; undefined while none is. */
function closesAtMs({ start, durationMs }: MaintenanceWindow, atMs: number): number | undefined {
  const latest = nextCronMs(start, atMs - durationMs);
  return latest !== undefined && latest <= atMs ? latest + durationMs : undefined;
}

function readWindows(config: JsonObject): MaintenanceWindow[] {
  const windows = presentMember(config, 'maintenanceWindows');
  if (!Array.isArray(windows)) return [];
  return windows.filter(isJsonObject).map(({ startTime, durationInMinutes }) => {
    const start = String(startTime);
    parseCron(start);
    return { start, durationMs: Number(durationInMinutes) * MINUTE_MS };
  });
}

/** A date and a time; `T` between them, seconds and an offset are taken too, as the AWS command line takes them. */
function readTime(config: JsonObject, member: string): number | undefined {
  const text = presentMember(config, member);
  if (text === undefined) return undefined;
  const form = /^(\d{4}-\d{2}-\d{2})[ T](\d{2}:\d{2})(:\d{2}(?:\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2})?$/;
  const [, date, time, seconds = '', offset = 'Z'] = form.exec(String(text)) ?? [];
  const timeMs = Date.parse(`${date}T${time}${seconds}${offset}`);
  // A 30th of February would become a day in March.
  const isDay = date !== undefined && new Date(`${date}T00:00Z`).toJSON()?.startsWith(date);
  if (Number.isNaN(timeMs) || !isDay) {
    throw constraint(`schedulingConfig.${member}`, text, 'be a date and a time: YYYY-MM-DD HH:MM');
  }
  return timeMs;
}

function requireRange(
  member: string,
  distanceMs: number,
  { leastMs, mostMs, since }: { leastMs: number; mostMs: number; since: string },
): void {
  if (distanceMs < leastMs) {
    throw new InvalidMember(`${member} must be at least ${leastMs / MINUTE_MS} minutes after ${since}`);
  }
  if (distanceMs > mostMs) {
    throw new InvalidMember(`${member} must be at most ${Math.round(mostMs / YEAR_MS)} years after ${since}`);
  }
}
