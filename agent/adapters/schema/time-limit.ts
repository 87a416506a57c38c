/**
 * Ends work of this process that takes too long, such as a regular expression that backtracks for ever: V8 looks for an
 * end in loops and in backtracking, and node:vm asks for one after `timeout` (vm.Script.runInContext).
 *
 * That time goes by on a busy gateway though the work hardly gets the processor, and good work must not be refused for it:
 * what has not used its time on the processor is done again, and given longer.
 */
import { createContext, Script } from 'node:vm';

export class TimeLimitError extends Error {
  override readonly name = 'TimeLimitError';
}

/** Together, whatever the work has used: nothing else is done meanwhile, and systemd waits 60 s (WatchdogSec). */
const ALL_TRIES_MS = 16_000;

/**
 * @param work may be done several times.
 * @returns what `work` returns. @throws TimeLimitError, and what `work` throws.
 */
export type WithinTime = <T>(limitMs: number, work: () => T) => T;

export function createTimeLimit(): WithinTime {
  const script = new Script('work()');
  const globals: { work?: (() => unknown) | undefined } = {};
  const context = createContext(globals);
  const tryWithin = <T>(limitMs: number, work: () => T): { readonly value: T } | undefined => {
    globals.work = work;
    try {
      return { value: script.runInContext(context, { timeout: limitMs }) as T };
    } catch (error) {
      if ((error as NodeJS.ErrnoException | undefined)?.code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw error;
      return undefined;
    } finally {
      globals.work = undefined;
    }
  };
  return <T>(limitMs: number, work: () => T): T => {
    for (let [triedMs, nextMs] = [0, limitMs]; triedMs + nextMs <= ALL_TRIES_MS; triedMs += nextMs, nextMs *= 2) {
      const before = process.cpuUsage();
      const done = tryWithin(nextMs, work);
      if (done !== undefined) return done.value;
      if (processorMs(before) >= limitMs) break;
    }
    throw new TimeLimitError(`takes longer than ${limitMs} ms`);
  };
}

/** Of all threads of this process: more than the work itself has used, never less. */
function processorMs(since: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(since);
  return (user + system) / 1_000;
}
