/**
 * The order in which things happen: events at simulated moments, one after the other. Between two of them everything
 * that hangs on promises alone has happened.
 */
import { promisesSettled } from '../fixtures/log-lines.ts';

export interface Scheduler {
  /** Milliseconds since the world began. */
  nowMs(): number;
  /** Of two at the same moment, the one asked for first comes first. */
  after(delayMs: number, what: () => void): ScheduledEvent;
  /** Runs events until `untilMs`, until there are none left, or until `isDone` says so after one. */
  run(untilMs: number, isDone?: () => boolean): Promise<void>;
}

export interface ScheduledEvent {
  cancel(): void;
}

interface PendingEvent {
  readonly atMs: number;
  readonly number: number;
  what: (() => void) | undefined;
}

export function createScheduler(): Scheduler {
  const heap: PendingEvent[] = [];
  let nowMs = 0;
  let number = 0;
  return {
    nowMs: () => nowMs,
    after(delayMs, what) {
      number += 1;
      const event: PendingEvent = { atMs: nowMs + Math.max(0, delayMs), number, what };
      push(heap, event);
      return {
        cancel() {
          event.what = undefined;
        },
      };
    },
    async run(untilMs, isDone = () => false) {
      await promisesSettled();
      for (let first = heap[0]; first !== undefined && first.atMs <= untilMs; first = heap[0]) {
        pop(heap);
        if (first.what === undefined) continue;
        nowMs = first.atMs;
        first.what();
        await promisesSettled();
        if (isDone()) return;
      }
      nowMs = Math.max(nowMs, Math.min(untilMs, heap[0]?.atMs ?? untilMs));
    },
  };
}

function isBefore(one: PendingEvent, other: PendingEvent): boolean {
  return one.atMs === other.atMs ? one.number < other.number : one.atMs < other.atMs;
}

/** A binary heap: the first event is at 0, those under `i` at `2i + 1` and `2i + 2`. */
function push(heap: PendingEvent[], event: PendingEvent): void {
  let index = heap.push(event) - 1;
  while (index > 0) {
    const above = (index - 1) >> 1;
    const parent = heap[above];
    if (parent === undefined || isBefore(parent, event)) break;
    heap[index] = parent;
    index = above;
  }
  heap[index] = event;
}

function pop(heap: PendingEvent[]): void {
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return;
  let index = 0;
  for (;;) {
    const left = heap[2 * index + 1];
    const right = heap[2 * index + 2];
    const isRight = left !== undefined && right !== undefined && isBefore(right, left);
    const first = isRight ? right : left;
    if (first === undefined || isBefore(last, first)) break;
    heap[index] = first;
    index = 2 * index + (isRight ? 2 : 1);
  }
  heap[index] = last;
}
