/** What a run told, in order, and waiting for something to be told. */
import type { StatusDetails } from '../core/job-execution.ts';

interface Waiting {
  readonly matches: (details: StatusDetails) => boolean;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

export function createProgressLog() {
  const told: StatusDetails[] = [];
  const waiting = new Set<Waiting>();
  let isOver = false;
  return {
    told: told as readonly StatusDetails[],
    tell(details: StatusDetails): void {
      const snapshot = { ...details };
      told.push(snapshot);
      for (const one of waiting) {
        if (!one.matches(snapshot)) continue;
        waiting.delete(one);
        one.resolve();
      }
    },
    until: (matches: Waiting['matches']) =>
      new Promise<void>((resolve, reject) => {
        if (told.some(matches)) return resolve();
        if (isOver) return reject(endedWithout());
        waiting.add({ matches, resolve, reject });
      }),
    /** Nothing more is told. */
    end(): void {
      isOver = true;
      for (const { reject } of waiting) reject(endedWithout());
    },
  };
}

function endedWithout(): Error {
  return new Error('the handler ended without having told such progress');
}
