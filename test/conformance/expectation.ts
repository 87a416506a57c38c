/** What a case expects of the service. It runs as a program too, so it knows no test runner. */
import { inspect, isDeepStrictEqual } from 'node:util';

/** The service did something else than expected. */
export class Difference extends Error {
  override readonly name = 'Difference';
  readonly what: string;
  readonly expected: string;
  readonly came: string;
  constructor(what: string, expected: string, came: string) {
    super(`${what}: expected ${expected}, got ${came}`);
    this.what = what;
    this.expected = expected;
    this.came = came;
  }
}

/** A value that only has to satisfy this; its name is printed. */
export type Predicate = (value: unknown) => boolean;

/** @throws Difference unless it is wholly equal. */
export function expectEqual(what: string, came: unknown, expected: unknown): void {
  if (!isDeepStrictEqual(came, expected)) throw new Difference(what, show(expected), show(came));
}

/**
 * Every member of `expected` is as it says: a function decides, `undefined` means absent, a list has the same length.
 * Further members may be there. @throws Difference
 */
export function expectLike(what: string, came: unknown, expected: unknown): void {
  const at = firstUnlike(came, expected, '');
  if (at !== undefined) throw new Difference(at === '' ? what : `${what}, ${at}`, show(expected), show(came));
}

/** The object has these members and no other. @throws Difference */
export function expectMembers(what: string, came: unknown, names: readonly string[]): void {
  expectEqual(`${what}, its members`, isObject(came) ? Object.keys(came).sort() : came, [...names].sort());
}

/** The call is refused with this error of AWS's. @returns the error. @throws Difference */
export async function expectRefused(
  what: string,
  call: Promise<unknown>,
  name: string,
  httpStatus?: number,
): Promise<Readonly<Record<string, unknown>>> {
  let error: unknown;
  try {
    const came = await call;
    throw new Difference(what, `${name}`, `success: ${show(came)}`);
  } catch (refusal) {
    error = refusal;
  }
  if (error instanceof Difference) throw error;
  const { name: came, $metadata } = error as { name?: string; $metadata?: { httpStatusCode?: number } };
  const status = $metadata?.httpStatusCode;
  if (came !== name || (httpStatus !== undefined && status !== httpStatus)) {
    const wanted = httpStatus === undefined ? name : `${name} ${httpStatus}`;
    throw new Difference(what, wanted, `${came} ${status}: ${(error as Error).message}`);
  }
  return error as Readonly<Record<string, unknown>>;
}

/** Seconds since the epoch, whole, of about now: within a day. */
export function secondsOfToday(value: unknown): boolean {
  return Number.isInteger(value) && Math.abs(Number(value) - Date.now() / 1000) < 86_400;
}

/** A date of about now: within a day. */
export function dateOfToday(value: unknown): boolean {
  return value instanceof Date && Math.abs(value.getTime() - Date.now()) < 86_400_000;
}

export function nonEmptyString(value: unknown): boolean {
  return typeof value === 'string' && value !== '';
}

export function oneOf(...values: readonly unknown[]): Predicate {
  const fits = (value: unknown) => values.some((allowed) => isDeepStrictEqual(allowed, value));
  return Object.defineProperty(fits, 'name', { value: `one of ${show(values)}` });
}

function firstUnlike(came: unknown, expected: unknown, path: string): string | undefined {
  if (typeof expected === 'function') return (expected as Predicate)(came) ? undefined : path;
  if (Array.isArray(expected)) {
    if (!Array.isArray(came) || came.length !== expected.length) return path;
    return firstOf(expected.map((item, index) => firstUnlike(came[index], item, `${path}[${index}]`)));
  }
  if (isObject(expected)) {
    if (!isObject(came)) return path;
    const members = Object.entries(expected);
    return firstOf(members.map(([name, value]) => firstUnlike(came[name], value, path ? `${path}.${name}` : name)));
  }
  return isDeepStrictEqual(came, expected) ? undefined : path;
}

function firstOf(paths: readonly (string | undefined)[]): string | undefined {
  return paths.find((path) => path !== undefined);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function show(value: unknown): string {
  if (typeof value === 'function') return value.name;
  return inspect(value, { depth: 6, breakLength: Number.POSITIVE_INFINITY, maxStringLength: 200 });
}
