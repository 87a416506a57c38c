import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DueQueue, type DueSubject } from '../../../local-cloud/jobs-service/due-queue.ts';

test('whatever is set, moved and taken away, the earliest comes first', () => {
  const step = fc.record({
    subject: fc.nat({ max: 9 }),
    dueAtMs: fc.option(fc.nat({ max: 20 }), { nil: undefined }),
    takeUntil: fc.option(fc.nat({ max: 20 }), { nil: undefined }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const subjects: DueSubject[] = Array.from({ length: 10 }, () => ({ dueAtMs: undefined }));
      const queue = new DueQueue();
      for (const { subject, dueAtMs, takeUntil } of steps) {
        const chosen = subjects[subject];
        if (chosen) queue.set(chosen, dueAtMs);
        const times = () => subjects.flatMap(({ dueAtMs: at }) => at ?? []).sort((a, b) => a - b);
        const earliest = times()[0];
        expect(queue.nextMs()).toBe(earliest);
        if (takeUntil === undefined) continue;
        const taken = queue.take(takeUntil);
        expect(taken?.atMs).toBe(earliest !== undefined && earliest <= takeUntil ? earliest : undefined);
        expect(taken?.subject.dueAtMs).toBeUndefined();
      }
    }),
    { numRuns: 1000 },
  );
});

test('times that were moved ten thousand times take no room', () => {
  const queue = new DueQueue();
  const subject: DueSubject = { dueAtMs: undefined };
  for (let time = 10_000; time > 0; time--) queue.set(subject, time);
  expect(queue.take(10_000)).toEqual({ subject, atMs: 1, order: expect.any(Number) });
  expect(queue.nextMs()).toBeUndefined();
  expect(queue.size).toBeLessThan(1024);
});
