/**
 * Ends work of this process that takes too long, such as a regular expression that backtracks for ever: V8 looks for an
 * end in loops and in backtracking, and node:vm asks for one after `timeout` (vm.Script.runInContext).
 */
import { createContext, Script } from 'node:vm';

export class TimeLimitError extends Error {
  override readonly name = 'TimeLimitError';
}

/** @returns what `work` returns. @throws TimeLimitError, and what `work` throws. */
export type WithinTime = <T>(limitMs: number, work: () => T) => T;

export function createTimeLimit(): WithinTime {
  const script = new Script('work()');
  const globals: { work?: (() => unknown) | undefined } = {};
  const context = createContext(globals);
  return <T>(limitMs: number, work: () => T): T => {
    globals.work = work;
    try {
      return script.runInContext(context, { timeout: limitMs }) as T;
    } catch (error) {
      if ((error as NodeJS.ErrnoException | undefined)?.code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw error;
      throw new TimeLimitError(`takes longer than ${limitMs} ms`);
    } finally {
      globals.work = undefined;
    }
  };
}
