/** Ctrl-C, SIGTERM and a terminal that was closed, as an end that other work can be raced against. */
import { constants } from 'node:os';

export interface Interruption {
  /** Aborted by the first signal; its reason is `Interrupted`. */
  readonly signal: AbortSignal;
  /** As `work`, but rejects with `Interrupted` when a signal comes first. */
  unlessFirst<T>(work: Promise<T>): Promise<T>;
  /** Calls back with every signal after the first, from somebody who does not want to wait. */
  onImpatience(hurry: () => void): void;
}

/** A signal asked us to end. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
  /** 128 and the signal's number, as a shell reports who died of one. */
  readonly exitCode: number;
  constructor(signal: NodeJS.Signals) {
    super(`ended by ${signal}`);
    this.exitCode = 128 + constants.signals[signal];
  }
}

/** From now on a signal ends the process no more: whoever calls this has something to end first. */
export function watchForInterruption(): Interruption {
  const controller = new AbortController();
  const hurries: (() => void)[] = [];
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (controller.signal.aborted) for (const hurry of hurries) hurry();
      else controller.abort(new Interrupted(signal));
    });
  }
  const interrupted = new Promise<never>((_, reject) => {
    controller.signal.addEventListener('abort', () => reject(controller.signal.reason));
  });
  interrupted.catch(() => undefined); // whoever has something to lose races it
  return {
    signal: controller.signal,
    unlessFirst: (work) => Promise.race([interrupted, work]),
    onImpatience: (hurry) => void hurries.push(hurry),
  };
}
