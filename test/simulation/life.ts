/** One life of the agent's process. Whatever it asks of the world goes through here, and the dead ask nothing. */
import type { Clock } from '../../agent/ports/clock.ts';
import type { Scheduler } from './scheduler.ts';

export interface Life {
  /** Counts from 1. */
  readonly number: number;
  readonly isAlive: boolean;
  readonly clock: Clock;
  /** Timers of the agent that are set and not due yet. */
  readonly timers: number;
  /** Does something for the process, unless it is dead: then nothing is done, and `whenDead` is what it gets. */
  call<T>(effect: () => T, whenDead: () => T): T;
  /** As `call`, for what takes time: what the dead wait for never comes. */
  wait<T>(effect: () => Promise<T>): Promise<T>;
  /** Later, unless the process is dead by then. */
  after(delayMs: number, what: () => void): void;
  /** It dies at its n-th call from now: just before what it asks for is done, or just after. */
  doom(calls: number, isDone: boolean): void;
  die(): void;
}

export interface LifeOptions {
  readonly number: number;
  readonly scheduler: Scheduler;
  /** By its own watch, which may be wrong. */
  readonly wallMs: () => number;
  readonly onDoom: () => void;
}

export function createLife({ number, scheduler, wallMs, onDoom }: LifeOptions): Life {
  const bornMs = scheduler.nowMs();
  let isAlive = true;
  let callsLeft = Infinity;
  let isDoneFirst = false;
  let timers = 0;

  function call<T>(effect: () => T, whenDead: () => T): T {
    if (!isAlive) return whenDead();
    callsLeft -= 1;
    if (callsLeft > 0) return effect();
    callsLeft = Infinity;
    if (!isDoneFirst) {
      onDoom();
      return whenDead();
    }
    const result = effect();
    onDoom();
    return result;
  }

  function setTimer(delayMs: number, due: () => void) {
    if (!isAlive) return { cancel: () => undefined };
    timers += 1;
    let isSet = true;
    const end = () => {
      if (isSet) timers -= 1;
      isSet = false;
    };
    const event = scheduler.after(delayMs, () => {
      end();
      if (isAlive) due();
    });
    return {
      cancel() {
        end();
        event.cancel();
      },
    };
  }

  return {
    number,
    get isAlive() {
      return isAlive;
    },
    get timers() {
      return timers;
    },
    clock: { wallMs, monotonicMs: () => scheduler.nowMs() - bornMs, setTimer },
    call,
    wait: <T>(effect: () => Promise<T>) => call(effect, () => new Promise<T>(() => undefined)),
    after(delayMs, what) {
      scheduler.after(delayMs, () => {
        if (isAlive) what();
      });
    },
    doom(calls, isDone) {
      callsLeft = calls;
      isDoneFirst = isDone;
    },
    die() {
      isAlive = false;
    },
  };
}
