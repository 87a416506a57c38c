/** Writes the state a moment after it changed, and once more at the end. */
import { performance } from 'node:perf_hooks';
import type { Logger } from 'pino';
import type { KeptState } from './state-file.ts';
import { encodeStateFile, writeStateFile } from './state-file.ts';

/** A kill loses what changed in this time at most, while writing is quick. */
const DEBOUNCE_MS = 200;
/** A large state takes a while to write, and nothing is served meanwhile: no more than a sixth of the time goes to it. */
const REST_FACTOR = 5;
const RETRY_MS = 5_000;

export interface StateStore {
  /** The state may have changed. */
  touched(): void;
  /**
   * Writes what is not written yet.
   * @throws what writing failed with; the file is as it was before
   */
  close(): Promise<void>;
}

export interface StateStoreOptions {
  readonly path: string;
  readonly log: Logger;
  /** Everything as it is now. */
  readonly snapshot: () => KeptState;
}

/**
 * A write that fails is logged as an error and tried again; requests are answered meanwhile, from memory. An answer does
 * not wait for the disk: AWS's clients could not tell, and would wait with every request.
 */
export function keepState({ path, log, snapshot }: StateStoreOptions): StateStore {
  let written: string | undefined;
  let isDirty = false;
  let restMs = DEBOUNCE_MS;
  let timer: NodeJS.Timeout | undefined;
  let saving: Promise<void> = Promise.resolve();
  let closed = false;

  const save = async () => {
    const begunMs = performance.now();
    isDirty = false;
    const text = encodeStateFile(snapshot());
    restMs = Math.max(DEBOUNCE_MS, (performance.now() - begunMs) * REST_FACTOR);
    if (text === written) return;
    try {
      await writeStateFile(path, text);
      written = text;
      log.debug({ path, bytes: text.length }, 'state written');
    } catch (err) {
      isDirty = true;
      log.error({ err, path }, 'STATE NOT WRITTEN: what changes now is lost when job-cloud ends');
      throw err;
    }
  };
  const arm = (delayMs: number) => {
    if (timer !== undefined || closed) return;
    timer = setTimeout(() => {
      timer = undefined;
      saving = save().then(
        () => {
          if (isDirty) arm(restMs);
        },
        () => arm(RETRY_MS),
      );
    }, delayMs);
  };
  return {
    touched: () => {
      isDirty = true;
      void saving.then(() => arm(restMs));
    },
    close: async () => {
      closed = true;
      clearTimeout(timer);
      await saving;
      if (isDirty) await save();
    },
  };
}
