/** What every clock keeps, the manual one included. */
import { describe, expect, test } from 'vitest';
import type { Clock } from '../../agent/ports/clock.ts';

export interface ClockHarness {
  readonly clock: Clock;
  /** Resolves when at least so much time has passed and timers that came due have fired. */
  pass(ms: number): Promise<void>;
}

const MAX_TIMEOUT_MS = 2 ** 31 - 1;

export function clockContract(name: string, create: () => ClockHarness): void {
  describe(`${name} keeps the contract of clocks`, () => {
    test('both clocks advance as time passes', async () => {
      const { clock, pass } = create();
      const before = [clock.monotonicMs(), clock.wallMs()] as const;
      await pass(10);
      expect(clock.monotonicMs() - before[0]).toBeGreaterThanOrEqual(10);
      expect(clock.wallMs()).toBeGreaterThan(before[1]);
    });

    test('a timer fires once, not early', async () => {
      const { clock, pass } = create();
      const dueMs = clock.monotonicMs() + 20;
      const firedMs: number[] = [];
      clock.setTimer(20, () => firedMs.push(clock.monotonicMs()));
      await pass(60);
      expect(firedMs.map((ms) => ms >= dueMs)).toEqual([true]);
    });

    test('timers fire in the order they are due', async () => {
      const { clock, pass } = create();
      const fired: string[] = [];
      clock.setTimer(30, () => fired.push('second'));
      clock.setTimer(5, () => fired.push('first'));
      await pass(60);
      expect(fired).toEqual(['first', 'second']);
    });

    test('a timer set by a timer fires', async () => {
      const { clock, pass } = create();
      const fired: string[] = [];
      clock.setTimer(5, () => clock.setTimer(5, () => fired.push('inner')));
      await pass(60);
      expect(fired).toEqual(['inner']);
    });

    test('a cancelled timer never fires', async () => {
      const { clock, pass } = create();
      let fired = 0;
      const timer = clock.setTimer(5, () => fired++);
      timer.cancel();
      await pass(30);
      timer.cancel();
      expect(fired).toBe(0);
    });

    test.each([0, -5])('a delay of %d ms is over with the next moment', async (delayMs) => {
      const { clock, pass } = create();
      let fired = 0;
      clock.setTimer(delayMs, () => fired++);
      expect(fired).toBe(0);
      await pass(10);
      expect(fired).toBe(1);
    });

    test.each([MAX_TIMEOUT_MS, MAX_TIMEOUT_MS + 1, 2 ** 32 + 1, Infinity])(
      'a delay of %d ms is not over at once',
      async (ms) => {
        const { clock, pass } = create();
        let fired = 0;
        const timer = clock.setTimer(ms, () => fired++);
        await pass(20);
        timer.cancel();
        expect(fired).toBe(0);
      },
    );
  });
}
