/**
 * The cron expressions of maintenance windows: `cron(Minutes Hours Day-of-month Month Day-of-week Year)`, in UTC (AWS,
 * "Cron expressions" of scheduled rules, whose form SchedulingConfig uses). Fields take `*`, numbers, names of months and
 * days, ranges, lists and steps; days also `?`, `L` and `#`, a day of the month also `W`.
 */
import { InvalidMember } from './validation.ts';

/** A day of the month or of the week that depends on the month. */
type DayRule = (day: Date) => boolean;

interface CronSchedule {
  readonly minutes: readonly number[];
  readonly hours: readonly number[];
  readonly isDay: DayRule;
  /** From 1. */
  readonly months: readonly number[];
  readonly years: readonly number[];
  /** What was found last: the search may take long, and is asked for again with every request. */
  found: { readonly afterMs: number; readonly atMs: number | undefined } | undefined;
}

interface FieldRange {
  readonly name: string;
  readonly min: number;
  readonly max: number;
  /** The first stands for `min`. */
  readonly names?: readonly string[];
}

const MINUTES: FieldRange = { name: 'Minutes', min: 0, max: 59 };
const HOURS: FieldRange = { name: 'Hours', min: 0, max: 23 };
const DAY_OF_MONTH: FieldRange = { name: 'Day-of-month', min: 1, max: 31 };
const MONTH: FieldRange = {
  name: 'Month',
  min: 1,
  max: 12,
  names: ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'],
};
/** 1 is Sunday. */
const DAY_OF_WEEK: FieldRange = {
  name: 'Day-of-week',
  min: 1,
  max: 7,
  names: ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'],
};
const YEAR: FieldRange = { name: 'Year', min: 1970, max: 2199 };

const DAY_MS = 86_400_000;
/** Many more expressions than jobs of one desk have; behind it all are read anew. */
const MAX_KNOWN = 1000;

const parsed = new Map<string, CronSchedule>();

/** @throws InvalidMember */
export function parseCron(expression: string): CronSchedule {
  const known = parsed.get(expression);
  if (known) return known;
  const schedule = readCron(expression);
  if (parsed.size >= MAX_KNOWN) parsed.clear();
  parsed.set(expression, schedule);
  return schedule;
}

function readCron(expression: string): CronSchedule {
  const inside = /^cron\((.*)\)$/.exec(expression.trim())?.[1];
  const fields = inside?.trim().split(/\s+/) ?? [];
  const [minutes, hours, dayOfMonth, month, dayOfWeek, year] = fields;
  if (fields.length !== 6 || !minutes || !hours || !dayOfMonth || !month || !dayOfWeek || !year) {
    throw invalid(expression, 'it must be cron(Minutes Hours Day-of-month Month Day-of-week Year)');
  }
  if ((dayOfMonth === '?') === (dayOfWeek === '?')) {
    throw invalid(expression, 'one of Day-of-month and Day-of-week must be ?, and not both');
  }
  return {
    minutes: readField(MINUTES, minutes),
    hours: readField(HOURS, hours),
    isDay: dayOfWeek === '?' ? readDayOfMonth(dayOfMonth) : readDayOfWeek(dayOfWeek),
    months: readField(MONTH, month),
    years: readField(YEAR, year),
    found: undefined,
  };
}

/** The first time after `afterMs` that fits, or undefined when none ever does. Milliseconds since the epoch. */
export function nextCronMs(expression: string, afterMs: number): number | undefined {
  const schedule = parseCron(expression);
  const { found } = schedule;
  if (found && afterMs >= found.afterMs && afterMs < (found.atMs ?? Infinity)) return found.atMs;
  const atMs = searchNext(schedule, afterMs);
  schedule.found = { afterMs, atMs };
  return atMs;
}

function searchNext(schedule: CronSchedule, afterMs: number): number | undefined {
  const after = new Date(afterMs);
  for (const year of schedule.years) {
    if (year < after.getUTCFullYear()) continue;
    for (const month of schedule.months) {
      const lastDayMs = Date.UTC(year, month, 0);
      if (lastDayMs + DAY_MS <= afterMs) continue;
      for (let dayMs = Date.UTC(year, month - 1, 1); dayMs <= lastDayMs; dayMs += DAY_MS) {
        const atMs = dayMs + DAY_MS <= afterMs ? undefined : nextOfDay(schedule, dayMs, afterMs);
        if (atMs !== undefined) return atMs;
      }
    }
  }
  return undefined;
}

function nextOfDay({ isDay, hours, minutes }: CronSchedule, dayMs: number, afterMs: number): number | undefined {
  if (!isDay(new Date(dayMs))) return undefined;
  for (const hour of hours) {
    for (const minute of minutes) {
      const atMs = dayMs + (hour * 60 + minute) * 60_000;
      if (atMs > afterMs) return atMs;
    }
  }
  return undefined;
}

/** Every value that a field allows, in order. */
function readField(range: FieldRange, text: string): number[] {
  const values = new Set<number>();
  for (const part of text.split(',')) {
    for (const value of readPart(range, part)) values.add(value);
  }
  return [...values].sort((a, b) => a - b);
}

function readPart(range: FieldRange, part: string): number[] {
  const [span = '', step, ...rest] = part.split('/');
  const stride = step === undefined ? 1 : /^\d{1,4}$/.test(step) ? Number(step) : 0;
  if (rest.length > 0 || stride < 1) throw badField(range, part);
  const [from, to] = readSpan(range, span, step !== undefined);
  if (from > to) throw badField(range, part);
  return Array.from({ length: Math.floor((to - from) / stride) + 1 }, (_, index) => from + index * stride);
}

/** `5/15` begins at 5 and goes on to the end. */
function readSpan(range: FieldRange, span: string, hasStep: boolean): [number, number] {
  if (span === '*') return [range.min, range.max];
  const [first = '', last, ...rest] = span.split('-');
  if (rest.length > 0) throw badField(range, span);
  const from = readValue(range, first);
  if (last !== undefined) return [from, readValue(range, last)];
  return [from, hasStep ? range.max : from];
}

function readValue(range: FieldRange, text: string): number {
  const named = range.names?.indexOf(text.toUpperCase()) ?? -1;
  const value = named === -1 ? (/^\d{1,4}$/.test(text) ? Number(text) : Number.NaN) : named + range.min;
  if (!(value >= range.min && value <= range.max)) throw badField(range, text);
  return value;
}

function readDayOfMonth(text: string): DayRule {
  if (text === 'L') return (day) => day.getUTCDate() === lastOfMonth(day);
  const nearest = /^(\d{1,2})W$/.exec(text)?.[1];
  if (nearest !== undefined) {
    const wanted = readValue(DAY_OF_MONTH, nearest);
    return (day) => day.getUTCDate() === nearestWeekday(day, wanted);
  }
  const days = new Set(readField(DAY_OF_MONTH, text));
  return (day) => days.has(day.getUTCDate());
}

function readDayOfWeek(text: string): DayRule {
  if (text === 'L') return (day) => day.getUTCDay() === 6;
  const last = /^(.+)L$/.exec(text)?.[1];
  if (last !== undefined) {
    const weekday = readValue(DAY_OF_WEEK, last);
    return (day) => weekdayOf(day) === weekday && day.getUTCDate() + 7 > lastOfMonth(day);
  }
  const [, named, nth] = /^(.+)#([1-5])$/.exec(text) ?? [];
  if (named !== undefined) {
    const weekday = readValue(DAY_OF_WEEK, named);
    return (day) => weekdayOf(day) === weekday && Math.ceil(day.getUTCDate() / 7) === Number(nth);
  }
  const days = new Set(readField(DAY_OF_WEEK, text));
  return (day) => days.has(weekdayOf(day));
}

function weekdayOf(day: Date): number {
  return day.getUTCDay() + 1;
}

function lastOfMonth(day: Date): number {
  return new Date(Date.UTC(day.getUTCFullYear(), day.getUTCMonth() + 1, 0)).getUTCDate();
}

/** The day from Monday to Friday next to that day of the month, within the month. */
function nearestWeekday(day: Date, wanted: number): number {
  const last = lastOfMonth(day);
  const date = Math.min(wanted, last);
  const weekday = new Date(Date.UTC(day.getUTCFullYear(), day.getUTCMonth(), date)).getUTCDay();
  if (weekday === 6) return date === 1 ? 3 : date - 1;
  if (weekday === 0) return date === last ? date - 2 : date + 1;
  return date;
}

function badField(range: FieldRange, text: string): InvalidMember {
  return new InvalidMember(`'${text}' is no ${range.name} of a cron expression: ${range.min} to ${range.max}`);
}

function invalid(expression: string, why: string): InvalidMember {
  return new InvalidMember(`'${expression}' is not a cron expression: ${why}`);
}
