import { describe, expect, test } from 'vitest';
import { judgeSoak, type RestSample } from './soak-verdict.ts';

const HOURS = 0.5;
const RESTS = 120;
const JOBS_PER_HOUR = 7_200;

const AT_FIRST: RestSample = {
  atHours: 0,
  jobs: 0,
  rssBytes: 80e6,
  heapBytes: 10e6,
  externalBytes: 2e6,
  descriptors: 24,
  threads: 11,
  timers: 3,
  listeners: 90,
  emitters: 40,
  resources: 6,
  children: 0,
  zombies: 0,
  stateBytes: 600_000,
};

/** An agent that is busy and noisy, and leaks what it is told to leak with each job. */
function soak(leakPerJob: Partial<Record<keyof RestSample, number>>, hours = HOURS): readonly RestSample[] {
  return Array.from({ length: RESTS }, (_, index) => {
    const atHours = (hours * (index + 1)) / RESTS;
    const jobs = Math.round(atHours * JOBS_PER_HOUR);
    const wave = Math.sin(index * 2.4);
    const noisy = {
      ...AT_FIRST,
      atHours,
      jobs,
      rssBytes: AT_FIRST.rssBytes + 600_000 * wave,
      heapBytes: AT_FIRST.heapBytes + 40_000 * wave,
      descriptors: AT_FIRST.descriptors + (index % 3),
      timers: AT_FIRST.timers + (index % 2),
    };
    const leaked = Object.entries(leakPerJob).map(([name, each]) => {
      return [name, noisy[name as keyof RestSample] + Math.floor(jobs * each)];
    });
    return { ...noisy, ...Object.fromEntries(leaked) };
  });
}

const complaints = (samples: readonly RestSample[]) => judgeSoak(samples).complaints;

test('an agent that is only noisy is flat', () => {
  expect(complaints(soak({}))).toEqual([]);
});

test('what settles is not held against it, what goes on is', () => {
  const grown = (bytesAt: (share: number) => number) =>
    soak({}).map((one) => ({ ...one, rssBytes: one.rssBytes + bytesAt(one.atHours / HOURS) }));
  expect(complaints(grown((share) => 4e6 * (1 - Math.exp(-6 * share))))).toEqual([]);
  expect(complaints(grown((share) => 4e6 * share))).toEqual([expect.stringContaining('resident grows by at least')]);
});

describe('a leak is found', () => {
  test.each([
    [{ heapBytes: 1_000 }, 'heap grows by at least'],
    [{ rssBytes: 2_000 }, 'resident grows by at least'],
    [{ externalBytes: 1_000 }, 'heap grows by at least'],
    [{ descriptors: 0.01 }, 'descriptors: never below'],
    [{ timers: 0.01 }, 'timers: never below'],
    [{ listeners: 0.01 }, 'listeners: never below'],
    [{ emitters: 0.01 }, 'emitters: never below'],
    [{ threads: 0.001 }, 'threads: never below'],
    [{ zombies: 0.001 }, 'zombies: never below'],
    [{ stateBytes: 4_096 }, 'stateBytes: never below'],
  ])('of %o for each job', (leak, complaint) => {
    expect(complaints(soak(leak))).toContainEqual(expect.stringContaining(complaint));
  });

  test('as growth altogether, where noise hides the slope and the agent is not warm', () => {
    const short = Array.from({ length: 6 }, (_, index) => {
      return { ...AT_FIRST, atHours: (index + 7) / 720, rssBytes: 80e6 + (index % 2) * 40e6 + index * 4e6 };
    });
    expect(complaints(short)).toEqual([expect.stringContaining('resident grew by')]);
  });
});

test('the slope of a leak is what it leaks an hour', () => {
  const [heap] = judgeSoak(soak({ heapBytes: 1_000 })).memory;
  expect(heap?.slopeKbPerHour).toBeGreaterThan(6_900);
  expect(heap?.slopeKbPerHour).toBeLessThan(7_500);
});

test('a count that was low once at first, by chance, has not grown', () => {
  const timers = [5, 4, 4, 4, 3, 4, 5, 4, 4, 5, 4, 4, 4];
  const rests = timers.map((count, index) => ({ ...AT_FIRST, atHours: (index + 14) / 720, timers: count }));
  expect(complaints(rests)).toEqual([]);
});

test('two rests are too few to call it flat', () => {
  expect(complaints(soak({}).slice(-2))).toEqual([expect.stringContaining('too few')]);
});
