/**
 * Faults in what the core knows of restarts, waits, timers, room and lying disks: the exploration finds each. And what a
 * disk that lies can do to a core without faults, each as the shortest way to it.
 */
import { describe, expect, test } from 'vitest';
import { explore } from '../explore/explore.ts';
import * as faulty from '../explore/faulty-restarts.ts';
import {
  ALONE,
  ASKED,
  ASKED_AGAIN,
  CLEANS,
  FINALLY,
  LYING,
  NO_KIND,
  PLAIN,
  PROGRAMME,
  RERUN,
  type ScenarioOptions,
  SHORT_PROGRAMME,
  scenario,
  TWICE,
  VERIFIED,
  WITH_STEP_TIMER,
} from '../explore/scenarios.ts';

const MAX_STATES = 30_000;
const none = { ...NO_KIND, hints: 0 };
const restart = { ...none, reboots: 1 };
const crash = { ...none, all: 1, crashes: 1 };
const one = { name: 'one job', jobs: [[PLAIN]], misfortunes: none };
const two = { name: 'room for two', capacity: 2, jobs: [[PLAIN], [PLAIN]], misfortunes: none };
const timed = { ...one, settings: WITH_STEP_TIMER, misfortunes: { ...none, polls: 1 } };

type Row = readonly [what: string, options: ScenarioOptions];

const FAULTS: readonly Row[] = [
  [
    'I1: a restart is on disk before it is asked for',
    { ...one, decide: faulty.restartsUnwritten, misfortunes: restart },
  ],
  ['I1: nothing runs when a restart is asked for', { ...two, decide: faulty.restartsAtOnce, misfortunes: restart }],
  [
    'I2: nothing starts once a restart is asked for',
    { ...two, decide: faulty.startsDuringRestart, misfortunes: restart },
  ],
  ['I2: a `fail` handler works once', { ...one, decide: faulty.triesFailedAgain }],
  [
    'I2: a `fail` handler works once',
    { ...one, jobs: [[TWICE]], decide: faulty.forgetsFailures, misfortunes: { ...crash, all: 2, crashes: 2 } },
  ],
  [
    'I2: a `fail` handler works once',
    { ...one, jobs: [[TWICE]], decide: faulty.retriesInterrupted, misfortunes: crash },
  ],
  [
    'I2: what was not claimed in this boot does not begin',
    { ...one, decide: faulty.trustsEarlierBoots, misfortunes: crash },
  ],
  ['I2: a `fail` handler works once', { ...one, decide: faulty.trustsEarlierBoots, misfortunes: LYING }],
  ['I3: only what has succeeded is told so', { ...one, jobs: [[PLAIN, FINALLY]], decide: faulty.forgetsFinally }],
  [
    'I3: rollbacks and what always runs come before the end is told',
    { ...one, jobs: [[PLAIN, FINALLY]], decide: faulty.forgetsEnding, misfortunes: crash },
  ],
  [
    'I3: rollbacks come in reverse, and all of them',
    { ...one, jobs: [[...SHORT_PROGRAMME]], decide: faulty.forgetsUndoable, misfortunes: crash },
  ],
  [
    'I3: what had succeeded is rolled back when a later step fails, and nothing else',
    { ...one, jobs: [PROGRAMME], decide: faulty.undoesAll, misfortunes: crash },
  ],
  [
    'I3: what had succeeded is rolled back when a later step fails, and nothing else',
    { ...one, jobs: [SHORT_PROGRAMME], decide: faulty.rollsBackTheFailed },
  ],
  [
    'I3: only what has succeeded is told so',
    { ...one, jobs: [SHORT_PROGRAMME], decide: faulty.forgetsFailure, misfortunes: crash },
  ],
  ['I3: a step with a condition begins when that holds', { ...one, jobs: [[ASKED]], decide: faulty.asksNothing }],
  [
    'I3: what has begun is not asked whether it is to begin',
    { ...one, jobs: [[ASKED_AGAIN]], decide: faulty.asksAgain, misfortunes: crash },
  ],
  [
    'I1: a status is on disk before it is told',
    { ...one, decide: faulty.goesOnUnwritten, misfortunes: { ...none, laters: 1 } },
  ],
  [
    'I3: what the disk has is not told to be lost',
    { ...one, decide: faulty.forgetsWord, misfortunes: { ...none, all: 1, crashes: 1, laters: 1 } },
  ],
  [
    'I3: what the disk has is not told to be lost',
    { ...one, jobs: [[PLAIN, PLAIN]], decide: faulty.forgetsUnheard, misfortunes: { ...crash, laters: 1 } },
  ],
  [
    'I2: a `fail` handler works once',
    { ...one, decide: faulty.trustsWord, misfortunes: { ...LYING, hints: 0, laters: 1 } },
  ],
  ['I2: an exclusive handler runs alone', { ...two, jobs: [[PLAIN], [ALONE]], decide: faulty.forgetsExclusive }],
  ['I2: no more run than there is room for', { ...two, capacity: 1, decide: faulty.runsTooMany }],
  [
    'I3: only what has succeeded is told so',
    { ...one, decide: faulty.trustsAnyStart, misfortunes: { ...restart, ...{ all: 1, crashes: 1 } } },
  ],
  [
    'I3: only what has succeeded is told so',
    { ...one, jobs: [[VERIFIED]], decide: faulty.skipsVerify, misfortunes: restart },
  ],
  [
    'I3: a step begins when the one before is done',
    { ...one, jobs: [[VERIFIED, PLAIN]], decide: faulty.skipsVerify, misfortunes: restart },
  ],
  [
    'I3: the machine powers off when a handler asked for that, and only then',
    { ...one, decide: faulty.forgetsPowerOff, misfortunes: { ...crash, powerOffs: 1 } },
  ],
  [
    'I3: what was started is told or over some day',
    { ...one, decide: faulty.awaitsForEver, misfortunes: { ...restart, all: 1, rebootFailures: 1 } },
  ],
  [
    'I3: what was started is told or over some day',
    { ...one, decide: faulty.neverDue, misfortunes: { ...none, laters: 1 } },
  ],
  ['I3: the service hears in time that a handler lives', { ...timed, decide: faulty.neverBeats }],
  [
    'I3: the step timer is started anew by what says that a handler lives',
    { ...timed, decide: faulty.forgetsStepTimer, misfortunes: { ...timed.misfortunes, laters: 1 } },
  ],
  ['I6: a run is stopped at the time limit of its job', { ...one, limitSeconds: 600, decide: faulty.neverLimits }],
  [
    'I6: what was interrupted is cleaned up before that is told',
    { ...one, jobs: [[CLEANS]], decide: faulty.skipsCleanUp, misfortunes: crash },
  ],
];

describe('a fault in the core is found', () => {
  test.each(FAULTS)('%s', (what, options) => {
    const { found } = explore(scenario(options), { maxStates: MAX_STATES });
    expect(found?.violation.message).toContain(what);
  });
});

/**
 * A card that loses the record of a start which it said it had leaves what stood there before. Where that is a step that
 * may be run again, the steps after it are begun again too: nothing in the journal or the cloud tells that they had been.
 */
test('a disk that lies doubles what comes after a step that may run again', () => {
  const { found } = explore(scenario({ ...one, jobs: [[RERUN, PLAIN]], misfortunes: LYING }));
  expect(found?.violation.message).toContain('I2: a `fail` handler works once');
  expect(found?.path).toHaveLength(11);
});
