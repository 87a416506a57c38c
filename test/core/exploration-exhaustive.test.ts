/**
 * Every interleaving of what may happen, to the end: in no world that can be reached is an invariant broken, and every
 * world comes to rest. `npm run test:explore` goes through many times as many.
 */
import { describe, expect, test } from 'vitest';
import { type Exploration, explore } from '../explore/explore.ts';
import * as faulty from '../explore/faulty-core.ts';
import { FAIL, RERUN, SHORT, scenario } from '../explore/scenarios.ts';

/** With the way to it, so that a failure of this test can be read. */
function violationOf({ found }: Exploration): string | null {
  return found === null ? null : [found.violation.message, ...found.path].join('\n  ');
}

describe('no invariant breaks in any world that can be reached', () => {
  test.each(SHORT.map((one) => [one.name, one] as const))('%s', (_, one) => {
    const exploration = explore(one);
    expect(violationOf(exploration)).toBeNull();
    expect(exploration.isWhole).toBe(true);
    expect(exploration.settled).toBeGreaterThan(0);
  });
});

describe('a fault in the core is found', () => {
  const one = { name: 'one job', jobs: [[FAIL]] };
  const again = { name: 'one job that may run again', jobs: [[RERUN]] };
  const quiet = { all: 1, refusals: 0, late: 0, journalFailures: 0, shutdowns: 0, progress: 0 };
  const crashes = { ...quiet, losses: 0, doubles: 0, serviceEnds: 0 };
  const ends = { ...quiet, losses: 0, doubles: 0, crashes: 0 };
  test.each([
    ['I1', 'a run that no record explains', { ...one, decide: faulty.startsUnwritten }],
    ['I1', 'an outcome that is told unwritten', { ...one, decide: faulty.reportsUnwritten }],
    ['I2', 'a rerun that nobody allowed', { ...one, decide: faulty.runsAgain, misfortunes: crashes }],
    ['I2', 'a start on every delivery', { ...one, decide: faulty.startsWhatItHas, misfortunes: quiet }],
    ['I3', 'a report that a restart forgets', { ...again, decide: faulty.forgetsReport, misfortunes: crashes }],
    ['I3', 'a failure told as a success', { ...one, decide: faulty.tellsWrong, misfortunes: quiet }],
    ['I4', 'an old version expected', { ...one, decide: faulty.expectsOldVersion }],
    ['I5', 'a start before the service agreed', { ...one, decide: faulty.startsUnconfirmed, capacity: 2 }],
    ['I6', 'an end that is heard and not obeyed', { ...one, decide: faulty.ignoresEnd, misfortunes: ends }],
    ['I6', 'an end that is never asked about', { ...one, decide: faulty.neverAsks, misfortunes: ends }],
  ] as const)('%s: %s', (invariant, _, options) => {
    const { found } = explore(scenario(options), { maxStates: 20_000 });
    expect(found?.violation.invariant).toBe(invariant);
    expect(found?.path[0]).toBe('the agent starts');
  });
});
