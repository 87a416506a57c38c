/** What is explored whole, and the small part of it that every test run explores. */
import { decide } from '../../agent/core/decide.ts';
import { SETTINGS, step } from '../fixtures/core-states.ts';
import type { Misfortunes, Scenario } from './world.ts';

/** Every kind of misfortune, as often in one walk as its number says, and no more than `all` together. */
const EVERY_KIND: Misfortunes = {
  all: 1,
  losses: 2,
  late: 1,
  doubles: 1,
  refusals: 1,
  crashes: 2,
  serviceEnds: 1,
  journalFailures: 1,
  journalLosses: 1,
  shutdowns: 1,
  progress: 1,
};

export const FAIL = step({ name: 'fail', timeoutMs: 1_000 });
export const RERUN = step({ name: 'rerun', onInterrupted: 'rerun' });
export const IGNORED = step({ name: 'ignored', timeoutMs: 1_000, ignoreFailure: true });

type ScenarioOptions = Pick<Scenario, 'name' | 'jobs'> & {
  readonly capacity?: number;
  readonly misfortunes?: Partial<Misfortunes>;
  readonly decide?: Scenario['decide'];
};

export function scenario({ name, jobs, capacity = 1, misfortunes = {}, ...options }: ScenarioOptions): Scenario {
  return {
    name,
    settings: { ...SETTINGS, capacity },
    jobs,
    misfortunes: { ...EVERY_KIND, ...misfortunes },
    decide: options.decide ?? decide,
  };
}

/** Small enough to be gone through to the end in seconds. */
export const SHORT: readonly Scenario[] = [
  scenario({ name: 'one job, one misfortune', jobs: [[FAIL]] }),
  scenario({ name: 'room for two, one job, no misfortune', capacity: 2, jobs: [[FAIL]], misfortunes: { all: 0 } }),
  scenario({ name: 'two jobs, no misfortune', jobs: [[FAIL], [RERUN]], misfortunes: { all: 0 } }),
];

/** Each is gone through to the end. */
export const WHOLE: readonly Scenario[] = [
  ...SHORT,
  scenario({ name: 'one job of two steps, one misfortune', jobs: [[FAIL, RERUN]] }),
  scenario({ name: 'one job of two other steps, one misfortune', jobs: [[IGNORED, FAIL]] }),
  scenario({ name: 'one job, two misfortunes', jobs: [[FAIL]], misfortunes: { all: 2 } }),
  scenario({ name: 'one job that may run again, two misfortunes', jobs: [[RERUN]], misfortunes: { all: 2 } }),
  scenario({ name: 'two jobs, one misfortune', jobs: [[FAIL], [RERUN]] }),
  scenario({ name: 'room for two, one job, one misfortune', capacity: 2, jobs: [[RERUN]] }),
  scenario({
    name: 'room for two, two jobs, no misfortune',
    capacity: 2,
    jobs: [[FAIL], [FAIL]],
    misfortunes: { all: 0 },
  }),
];
