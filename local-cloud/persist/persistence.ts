/** `--persist`: what the Jobs service knows stays between starts. */
import type { Logger } from 'pino';
import type { TurnableClock } from '../clock.ts';
import type { JobsState } from '../jobs-service/state.ts';
import { emptyJobsState } from '../jobs-service/state.ts';
import { decodeJobsState, encodeJobsState } from './kept-jobs-state.ts';
import { readStateFile, stateFilePath, UnusableStateFile } from './state-file.ts';
import type { StateStore } from './state-store.ts';
import { keepState } from './state-store.ts';

export interface Persistence {
  /** How far the clock was turned when the state was written, in milliseconds. */
  readonly clockOffsetMs: number;
  /** The state of before, or `empty` where there is none. @param empty has this start's settings */
  restore(empty: JobsState): JobsState;
  /** Writes from now on. */
  keep(state: JobsState, clock: TurnableClock): void;
  /** The state may have changed. */
  touched(): void;
  /** @throws what the last writing failed with. */
  close(): Promise<void>;
}

/** In memory: nothing is read and nothing written. */
const IN_MEMORY: Persistence = {
  clockOffsetMs: 0,
  restore: (empty) => empty,
  keep: () => undefined,
  touched: () => undefined,
  close: () => Promise.resolve(),
};

/** @throws UnusableStateFile before anything else of the cloud starts. */
export async function openPersistence(
  dataDir: string,
  { persist, log }: { readonly persist?: boolean | undefined; readonly log: Logger },
): Promise<Persistence> {
  if (persist !== true) return IN_MEMORY;
  const path = stateFilePath(dataDir);
  const kept = await readStateFile(path);
  const restore = (empty: JobsState) => {
    if (!kept) return empty;
    try {
      return decodeJobsState(kept.nodes, empty);
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new UnusableStateFile(path, `is damaged: ${reason}`, cause);
    }
  };
  const before = restore(emptyJobsState());
  if (kept) log.info({ path, jobs: before.jobs.size, things: before.things.size }, 'state of before is here again');
  let store: StateStore | undefined;
  return {
    clockOffsetMs: kept?.clockOffsetMs ?? 0,
    restore,
    keep: (state, clock) => {
      const snapshot = () => ({ clockOffsetMs: clock.offsetMs(), nodes: encodeJobsState(state) });
      store = keepState({ path, log, snapshot });
      store.touched();
    },
    touched: () => store?.touched(),
    close: async () => {
      await store?.close();
    },
  };
}
