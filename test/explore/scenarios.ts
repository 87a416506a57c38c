/** What is explored whole, and the small part of it that every test run explores. */
import { decide } from '../../agent/core/decide.ts';
import type { CoreSettings } from '../../agent/core/state.ts';
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
  lies: 0,
  rebootFailures: 1,
  serviceEnds: 1,
  journalFailures: 1,
  journalLosses: 1,
  shutdowns: 1,
  progress: 1,
  laters: 0,
  reboots: 0,
  powerOffs: 0,
  heartbeats: 0,
  limits: 0,
  polls: Number.POSITIVE_INFINITY,
  hints: Number.POSITIVE_INFINITY,
};

/** None of them, and nothing of what is bounded. */
export const NO_KIND: Misfortunes = {
  all: 0,
  losses: 0,
  late: 0,
  doubles: 0,
  refusals: 0,
  crashes: 0,
  lies: 0,
  rebootFailures: 0,
  serviceEnds: 0,
  journalFailures: 0,
  journalLosses: 0,
  shutdowns: 0,
  progress: 0,
  laters: 0,
  reboots: 0,
  powerOffs: 0,
  heartbeats: 0,
  limits: 0,
  polls: Number.POSITIVE_INFINITY,
  hints: Number.POSITIVE_INFINITY,
};

export const FAIL = step({ name: 'fail', timeoutMs: 1_000 });
export const RERUN = step({ name: 'rerun', onInterrupted: 'rerun' });
export const IGNORED = step({ name: 'ignored', timeoutMs: 1_000, ignoreFailure: true });
export const PLAIN = step({ name: 'plain' });
export const VERIFIED = step({ name: 'verified', verifies: true });
export const CLEANS = step({ name: 'cleans', cleansUp: true, timeoutMs: 1_000 });
export const TWICE = step({ name: 'twice', timeoutMs: 1_000, retries: { count: 1, delayMs: 1_000 } });
export const ASKED = step({ name: 'asked', conditional: true });
export const ASKED_AGAIN = step({ name: 'asked again', conditional: true, onInterrupted: 'rerun' });
const undoing = (index: number, name: string) =>
  step({ name: `back ${name}`, role: 'rollback', undoes: { index, name } });
export const FINALLY = step({ name: 'finally', role: 'finally' });
/** Two steps that can be rolled back, and one that always runs. */
export const PROGRAMME = [PLAIN, PLAIN, undoing(1, 'b'), undoing(0, 'a'), FINALLY];
/** The second step may run again, fail and be cleaned up; the first can be rolled back. */
export const SHORT_PROGRAMME = [PLAIN, PLAIN, undoing(0, 'a'), FINALLY];
export const ALONE = step({ name: 'alone', exclusive: true });

export type ScenarioOptions = Pick<Scenario, 'name' | 'jobs'> & {
  readonly capacity?: number;
  readonly settings?: Partial<CoreSettings>;
  readonly limitSeconds?: number;
  readonly misfortunes?: Partial<Misfortunes>;
  readonly decide?: Scenario['decide'];
};

export function scenario({ name, jobs, capacity = 1, settings, misfortunes, ...options }: ScenarioOptions): Scenario {
  return {
    name,
    settings: { ...SETTINGS, ...settings, capacity },
    jobs,
    limitSeconds: options.limitSeconds ?? null,
    misfortunes: { ...EVERY_KIND, ...misfortunes },
    decide: options.decide ?? decide,
  };
}

/** Where the cloud ends what it has not heard of for long. */
export const WITH_STEP_TIMER = { stepTimeoutMinutes: 5 } as const;
/** Every description is followed by an update there. */
const FEW_POLLS = { polls: 1, hints: 0 } as const;
/** Nothing can go wrong but that the disk forgets up to two of its last records at a power cut, and that twice. */
export const LYING: Misfortunes = { ...NO_KIND, all: 2, lies: 2 };

/** Small enough to be gone through to the end in seconds. */
export const SHORT: readonly Scenario[] = [
  scenario({ name: 'one job, one misfortune', jobs: [[FAIL]], misfortunes: { progress: 0 } }),
  scenario({ name: 'room for two, one job, no misfortune', capacity: 2, jobs: [[FAIL]], misfortunes: { all: 0 } }),
  scenario({ name: 'two jobs, no misfortune', jobs: [[FAIL], [RERUN]], misfortunes: { all: 0, progress: 0 } }),
  scenario({
    name: 'a restart, one crash or failed restart',
    jobs: [[VERIFIED]],
    misfortunes: { ...NO_KIND, all: 1, crashes: 1, rebootFailures: 1, reboots: 1, hints: 0 },
  }),
  scenario({
    name: 'a power-off, one crash or failed power-off',
    jobs: [[PLAIN]],
    misfortunes: { ...NO_KIND, all: 1, crashes: 1, rebootFailures: 1, powerOffs: 1, hints: 0 },
  }),
  scenario({
    name: 'tried later, one crash',
    jobs: [[PLAIN]],
    misfortunes: { ...NO_KIND, all: 1, crashes: 1, laters: 1, hints: 0 },
  }),
  scenario({
    name: 'run again when it has failed, one crash',
    jobs: [[TWICE]],
    misfortunes: { ...NO_KIND, all: 1, crashes: 1, hints: 0 },
  }),
  scenario({
    name: 'what always runs, one crash',
    jobs: [[PLAIN, FINALLY]],
    misfortunes: { ...NO_KIND, all: 1, crashes: 1, hints: 0, polls: 0 },
  }),
  scenario({
    name: 'a wait that goes on, two crashes',
    jobs: [[PLAIN]],
    misfortunes: { ...NO_KIND, all: 2, crashes: 2, laters: 1, hints: 0, polls: 0 },
  }),
  scenario({ name: 'a programme, no misfortune', jobs: [PROGRAMME], misfortunes: { ...NO_KIND, hints: 0, polls: 0 } }),
  scenario({
    name: 'a condition, one crash',
    jobs: [[ASKED]],
    misfortunes: { ...NO_KIND, all: 1, crashes: 1, hints: 0 },
  }),
  scenario({
    name: 'a clean-up, two crashes',
    jobs: [[CLEANS]],
    misfortunes: { ...NO_KIND, all: 2, crashes: 2, hints: 0 },
  }),
  scenario({
    name: 'room for two, one alone, no misfortune',
    capacity: 2,
    jobs: [[PLAIN], [ALONE]],
    misfortunes: { ...NO_KIND, hints: 0 },
  }),
  scenario({
    name: 'a step timer, one service end',
    jobs: [[PLAIN]],
    settings: WITH_STEP_TIMER,
    misfortunes: { ...NO_KIND, ...FEW_POLLS, all: 1, serviceEnds: 1, heartbeats: 1 },
  }),
  scenario({ name: 'a disk that lies twice', jobs: [[PLAIN]], misfortunes: LYING }),
];

const RESTARTS: readonly Scenario[] = [
  scenario({
    name: 'a power-off, one misfortune',
    jobs: [[VERIFIED]],
    misfortunes: { powerOffs: 1, progress: 0 },
  }),
  scenario({
    name: 'room for two, a restart and a power-off',
    capacity: 2,
    jobs: [[PLAIN], [PLAIN]],
    misfortunes: { ...NO_KIND, reboots: 1, powerOffs: 1, hints: 0, polls: 0 },
  }),
  scenario({ name: 'a restart, one misfortune', jobs: [[PLAIN]], misfortunes: { reboots: 1, progress: 0 } }),
  scenario({
    name: 'a verified restart, one misfortune',
    jobs: [[VERIFIED]],
    misfortunes: { reboots: 1, progress: 0 },
  }),
  scenario({
    name: 'restarts without end, and tried later',
    jobs: [[VERIFIED]],
    settings: { maxReboots: 1 },
    misfortunes: { ...NO_KIND, reboots: 2, laters: 1 },
  }),
  scenario({
    name: 'a restart in each of two steps',
    jobs: [[PLAIN, VERIFIED]],
    misfortunes: { ...NO_KIND, all: 1, crashes: 1, rebootFailures: 1, reboots: 2, hints: 0 },
  }),
  scenario({
    name: 'two jobs, a restart, one service end',
    jobs: [[PLAIN], [PLAIN]],
    misfortunes: { ...NO_KIND, all: 1, serviceEnds: 1, rebootFailures: 1, reboots: 1, hints: 1 },
  }),
  scenario({
    name: 'room for two, two jobs, a restart',
    capacity: 2,
    jobs: [[PLAIN], [PLAIN]],
    misfortunes: { ...NO_KIND, reboots: 1, hints: 0 },
  }),
  scenario({
    name: 'room for two, two jobs of two steps, a restart',
    capacity: 2,
    jobs: [[PLAIN, PLAIN], [RERUN]],
    misfortunes: { ...NO_KIND, reboots: 1, hints: 0, polls: 0 },
  }),
];

const CONDITIONS: readonly Scenario[] = [
  scenario({ name: 'a condition, one misfortune', jobs: [[ASKED]], misfortunes: { progress: 0 } }),
  scenario({
    name: 'conditions of two steps, one crash',
    jobs: [[ASKED_AGAIN, ASKED]],
    misfortunes: { ...NO_KIND, all: 1, crashes: 1, hints: 0, polls: 0 },
  }),
  scenario({
    name: 'a condition, run again, one crash',
    jobs: [[{ ...ASKED_AGAIN, retries: TWICE.retries }]],
    misfortunes: { ...NO_KIND, all: 1, crashes: 1, hints: 0, polls: 0 },
  }),
  scenario({
    name: 'a condition, shut down, tried later',
    jobs: [[ASKED]],
    misfortunes: { ...NO_KIND, all: 1, shutdowns: 1, crashes: 1, laters: 1, hints: 0 },
  }),
];

const PROGRAMMES: readonly Scenario[] = [
  scenario({
    name: 'a programme, one crash',
    jobs: [PROGRAMME],
    misfortunes: { ...NO_KIND, all: 1, crashes: 1, hints: 0, polls: 0 },
  }),
  scenario({
    name: 'a programme, one misfortune',
    jobs: [SHORT_PROGRAMME],
    misfortunes: { progress: 0, hints: 0, polls: 0, losses: 0, late: 0, doubles: 0, refusals: 0 },
  }),
  // Power lost in a rollback, and again between the word that the next goes on and its record.
  scenario({
    name: 'a programme, two crashes',
    jobs: [SHORT_PROGRAMME],
    misfortunes: { ...NO_KIND, all: 2, crashes: 2, hints: 0, polls: 0 },
  }),
  scenario({
    name: 'a programme, a crash and a lost word',
    jobs: [SHORT_PROGRAMME],
    misfortunes: { ...NO_KIND, all: 2, crashes: 2, losses: 1, hints: 0, polls: 0 },
  }),
  scenario({
    name: 'a programme, shut down, one crash',
    jobs: [SHORT_PROGRAMME],
    misfortunes: { ...NO_KIND, all: 2, crashes: 1, shutdowns: 1, hints: 0, polls: 0 },
  }),
  scenario({
    name: 'a programme that cleans up, two crashes',
    jobs: [[PLAIN, CLEANS, undoing(0, 'a'), { ...FINALLY, cleansUp: true }]],
    misfortunes: { ...NO_KIND, all: 2, crashes: 2, hints: 0, polls: 0 },
  }),
  scenario({
    name: 'a programme, tried later and run again, two crashes',
    jobs: [[TWICE, FINALLY]],
    misfortunes: { ...NO_KIND, all: 2, crashes: 2, laters: 1, hints: 0, polls: 0 },
  }),
  scenario({
    name: 'a programme, a restart, one crash',
    jobs: [[PLAIN, PLAIN, undoing(0, 'a'), FINALLY]],
    misfortunes: { ...NO_KIND, all: 1, crashes: 1, reboots: 1, hints: 0, polls: 0 },
  }),
  scenario({
    name: 'a programme with conditions, two crashes',
    jobs: [[ASKED, { ...FINALLY, conditional: true }]],
    misfortunes: { ...NO_KIND, all: 2, crashes: 2, hints: 0, polls: 0 },
  }),
  scenario({
    name: 'a programme, a job limit while it waits, two crashes',
    jobs: [[PLAIN, FINALLY]],
    limitSeconds: 600,
    misfortunes: { ...NO_KIND, all: 2, crashes: 2, laters: 1, limits: 1, hints: 0, polls: 0 },
  }),
];

const WAITS: readonly Scenario[] = [
  scenario({
    name: 'run again when it has failed, two crashes',
    jobs: [[TWICE]],
    misfortunes: { ...NO_KIND, all: 2, crashes: 2, hints: 0 },
  }),
  scenario({
    name: 'run again when it has failed, one misfortune',
    jobs: [[TWICE]],
    misfortunes: { progress: 0, hints: 0, polls: 0 },
  }),
  scenario({
    name: 'run again when it has failed, tried later, a restart',
    jobs: [[{ ...TWICE, verifies: true, ignoreFailure: true }, PLAIN]],
    misfortunes: { ...NO_KIND, all: 1, crashes: 1, laters: 1, reboots: 1, hints: 0, polls: 0 },
  }),
  scenario({
    name: 'two jobs, one run again, one crash',
    jobs: [[TWICE], [PLAIN]],
    misfortunes: { ...NO_KIND, all: 1, crashes: 1, hints: 0 },
  }),
  scenario({ name: 'tried later, one misfortune', jobs: [[FAIL]], misfortunes: { laters: 1, progress: 0 } }),
  scenario({
    name: 'tried later, a loss and a crash',
    jobs: [[PLAIN, PLAIN]],
    misfortunes: { ...NO_KIND, all: 2, losses: 1, refusals: 1, crashes: 1, laters: 1, hints: 0, polls: 0 },
  }),
  scenario({
    name: 'tried later too often',
    jobs: [[RERUN]],
    settings: { maxPostponements: 1 },
    misfortunes: { ...NO_KIND, laters: 2 },
  }),
  scenario({
    name: 'two jobs, one tried later',
    jobs: [[PLAIN], [PLAIN]],
    misfortunes: { ...NO_KIND, all: 1, crashes: 1, laters: 1, hints: 0 },
  }),
  scenario({
    name: 'room for two, two jobs, one tried later',
    capacity: 2,
    jobs: [[PLAIN], [ALONE]],
    misfortunes: { ...NO_KIND, laters: 1, hints: 0 },
  }),
];

const TIMERS: readonly Scenario[] = [
  scenario({
    name: 'a step timer, one misfortune',
    jobs: [[PLAIN]],
    settings: WITH_STEP_TIMER,
    misfortunes: {
      ...NO_KIND,
      ...FEW_POLLS,
      all: 1,
      crashes: 1,
      losses: 1,
      serviceEnds: 1,
      refusals: 1,
      heartbeats: 1,
    },
  }),
  scenario({
    name: 'a step timer, tried later',
    jobs: [[PLAIN]],
    settings: WITH_STEP_TIMER,
    misfortunes: { ...NO_KIND, ...FEW_POLLS, heartbeats: 1, laters: 1 },
  }),
  scenario({
    name: 'a step timer, a restart',
    jobs: [[PLAIN]],
    settings: WITH_STEP_TIMER,
    misfortunes: { ...NO_KIND, ...FEW_POLLS, heartbeats: 1, reboots: 1 },
  }),
  scenario({
    name: 'a step timer, two jobs, one tried later',
    jobs: [[PLAIN], [PLAIN]],
    settings: WITH_STEP_TIMER,
    misfortunes: { ...NO_KIND, ...FEW_POLLS, polls: 0, all: 1, crashes: 1, laters: 1 },
  }),
  scenario({
    name: 'a job limit that may be the step timer',
    jobs: [[PLAIN]],
    settings: WITH_STEP_TIMER,
    misfortunes: { ...NO_KIND, ...FEW_POLLS, all: 1, serviceEnds: 1, heartbeats: 1, limits: 1 },
  }),
  scenario({
    name: 'a job limit, one misfortune',
    jobs: [[FAIL]],
    limitSeconds: 600,
    misfortunes: { limits: 1, progress: 0 },
  }),
  scenario({
    name: 'a job limit, cleaned up, two misfortunes',
    jobs: [[CLEANS]],
    limitSeconds: 600,
    misfortunes: { ...NO_KIND, all: 2, crashes: 2, serviceEnds: 1, shutdowns: 1, limits: 1, hints: 0 },
  }),
];

const LIES: readonly Scenario[] = [
  scenario({
    name: 'a disk that lies, and others',
    jobs: [[PLAIN]],
    misfortunes: { ...LYING, crashes: 1, losses: 1, refusals: 1, serviceEnds: 1 },
  }),
  scenario({
    name: 'a disk that lies, room for two',
    capacity: 2,
    jobs: [[PLAIN]],
    misfortunes: { ...LYING, losses: 1 },
  }),
  scenario({ name: 'a disk that lies, two jobs', jobs: [[PLAIN], [PLAIN]], misfortunes: { ...LYING, hints: 0 } }),
  scenario({ name: 'a disk that lies, two steps', jobs: [[PLAIN, PLAIN]], misfortunes: LYING }),
  scenario({ name: 'a disk that lies, two steps, one again', jobs: [[PLAIN, RERUN]], misfortunes: LYING }),
  scenario({ name: 'a disk that lies, a restart', jobs: [[VERIFIED]], misfortunes: { ...LYING, reboots: 1 } }),
  scenario({ name: 'a disk that lies, tried later', jobs: [[PLAIN]], misfortunes: { ...LYING, laters: 1 } }),
  scenario({ name: 'a disk that lies, run again', jobs: [[TWICE]], misfortunes: LYING }),
  scenario({ name: 'a disk that lies, tried again later', jobs: [[RERUN]], misfortunes: { ...LYING, laters: 1 } }),
  scenario({ name: 'a disk that lies, put off', jobs: [[PLAIN]], misfortunes: { ...LYING, hints: 0, shutdowns: 1 } }),
  scenario({
    name: 'a disk that lies, a restart between two steps',
    jobs: [[PLAIN, PLAIN]],
    misfortunes: { ...LYING, hints: 0, reboots: 1 },
  }),
];

/** Each is gone through to the end. */
export const WHOLE: readonly Scenario[] = [
  ...SHORT,
  scenario({ name: 'one job that tells how far it is, one misfortune', jobs: [[FAIL]] }),
  scenario({ name: 'one job of two steps, one misfortune', jobs: [[FAIL, RERUN]], misfortunes: { progress: 0 } }),
  scenario({
    name: 'one job of two other steps, one misfortune',
    jobs: [[IGNORED, FAIL]],
    misfortunes: { progress: 0 },
  }),
  scenario({ name: 'one job, two misfortunes', jobs: [[FAIL]], misfortunes: { all: 2, progress: 0 } }),
  scenario({
    name: 'one job that may run again, two misfortunes',
    jobs: [[RERUN]],
    misfortunes: { all: 2, progress: 0 },
  }),
  scenario({ name: 'two jobs, one misfortune', jobs: [[FAIL], [RERUN]], misfortunes: { progress: 0 } }),
  scenario({ name: 'room for two, one job, one misfortune', capacity: 2, jobs: [[RERUN]] }),
  scenario({
    name: 'room for two, two jobs, no misfortune',
    capacity: 2,
    jobs: [[FAIL], [FAIL]],
    misfortunes: { all: 0, progress: 0 },
  }),
  scenario({
    name: 'room for two, one alone, one crash',
    capacity: 2,
    jobs: [[ALONE], [PLAIN]],
    misfortunes: { ...NO_KIND, all: 1, crashes: 1, hints: 0 },
  }),
  ...RESTARTS,
  ...CONDITIONS,
  ...PROGRAMMES,
  ...WAITS,
  ...TIMERS,
  ...LIES,
];
