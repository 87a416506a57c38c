/**
 * Messages that make no sense are ignored (I7), counted, and logged once for each kind: a broken or hostile sender must
 * not fill the log of a gateway (I8).
 */
import type { Logger } from 'pino';

export interface Oddities {
  /** @param kind constant; what varies goes into `facts`, which are logged the first time. */
  note(kind: string, facts: Readonly<Record<string, string | number>>): void;
  counts(): Readonly<Record<string, number>>;
}

export function createOddities(log: Logger): Oddities {
  const counts = new Map<string, number>();
  return {
    note(kind, facts) {
      const count = (counts.get(kind) ?? 0) + 1;
      counts.set(kind, count);
      if (count === 1) log.warn({ kind, ...facts }, 'message ignored; others of this kind are only counted');
    },
    counts: () => Object.fromEntries(counts),
  };
}
