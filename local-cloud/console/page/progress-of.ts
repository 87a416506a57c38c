/**
 * How far an execution has come, where its statusDetails tell. AWS gives no key for it; `percent` is what this project's
 * handlers report, the others are what handlers elsewhere call it.
 */
const KEYS = ['percent', 'progressPercent', 'percentComplete', 'percentage', 'progress'];

/** From 0 to 100; undefined where no key has such a number, with or without a percent sign. */
export function progressOf(statusDetails: Readonly<Record<string, string>>): number | undefined {
  for (const key of KEYS) {
    const text = Object.hasOwn(statusDetails, key) ? (statusDetails[key] ?? '') : '';
    const [, digits] = /^\s*(\d{1,3}(?:\.\d{1,6})?)\s*%?\s*$/.exec(text) ?? [];
    const percent = digits === undefined ? Number.NaN : Number(digits);
    if (percent <= 100) return percent;
  }
  return undefined;
}
