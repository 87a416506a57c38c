/** One thing that is tried on the service. */
import type { ConformanceTarget } from './target.ts';

export interface ConformanceCase {
  /** A fact that could be false. */
  readonly title: string;
  /** Ids of the statements it holds. */
  readonly holds: readonly string[];
  /**
   * False where it turns the clock, waits for more than a minute, or uses names that somebody may have: those run on the
   * local cloud only.
   */
  readonly onAws: boolean;
  /** @throws Difference, or whatever a client throws. */
  run(target: ConformanceTarget): Promise<void>;
}

/** The cases of one file. */
export interface CaseGroup {
  /** Its name without `.ts`. */
  readonly file: string;
  readonly cases: readonly ConformanceCase[];
}

export type Run = (target: ConformanceTarget) => Promise<void>;

/** For a real account too. `holds` are ids with spaces between. */
export function anywhere(title: string, holds: string, run: Run): ConformanceCase {
  return { title, holds: holds.split(' '), onAws: true, run };
}

/** For the local cloud only, because it needs its clock turned. */
export function withClock(title: string, holds: string, run: Run): ConformanceCase {
  return { title, holds: holds.split(' '), onAws: false, run };
}

/** For the local cloud only, because an account may have things of these names. */
export const withPlainNames = withClock;
