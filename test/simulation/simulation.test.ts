import { describe, expect, test } from 'vitest';
import { printEntry, printTail } from './print-history.ts';
import { simulate } from './simulation.ts';
import { runWorld } from './world.ts';

/** Three seconds of work, on a machine that may have much else to do. */
const TIME_LIMIT_MS = 120_000;
/** Any would do; a failure names the world to replay. */
const SEED = 20_260;

test(
  'five hundred executions with faults break nothing',
  async () => {
    const found: string[] = [];
    const report = await simulate({
      seed: SEED,
      executions: 500,
      onViolations(world, violations, history) {
        for (const { check, what } of violations) found.push(`--seed ${SEED} --world ${world}: ${check} ${what}`);
        const [first] = violations;
        if (found.length < 10 && first !== undefined) found.push(printTail(history, first));
      },
    });
    expect(found).toEqual([]);
    expect(report.restarts).toBeGreaterThan(50);
    expect(report.faults.size).toBeGreaterThan(25);
    expect([...report.endings.keys()]).toEqual(expect.arrayContaining(ENDINGS));
    expect([...report.endingRuns.keys()]).toEqual(expect.arrayContaining(ENDING_RUNS));
  },
  TIME_LIMIT_MS,
);

/** What must come to pass in so many worlds, or they would prove little. */
const ENDINGS = [
  'SUCCEEDED by agent',
  'FAILED by agent',
  'REJECTED by agent',
  'CANCELED by operator',
  'TIMED_OUT by timer',
];

const ENDING_RUNS = [
  'rollback',
  'rollback, interrupted',
  'finally',
  'finally, interrupted',
  'told to go on, and cut off',
];

describe('a seed', () => {
  const linesOf = async (seed: number, world: number) =>
    (await runWorld({ seed, world, isSmall: true })).map(printEntry);

  test('brings a world back, word for word', async () => {
    for (const world of [1, 2, 3, 4]) {
      const first = await runWorld({ seed: SEED, world, isSmall: true });
      const again = await runWorld({ seed: SEED, world, isSmall: true });
      expect(JSON.stringify(again)).toBe(JSON.stringify(first));
    }
  });

  test('has many worlds, and another seed has others', async () => {
    const first = await linesOf(SEED, 1);
    expect(await linesOf(SEED, 2)).not.toEqual(first);
    expect(await linesOf(SEED + 1, 1)).not.toEqual(first);
  });
});
