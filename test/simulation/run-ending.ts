/** What a run says when it ends: what its script wants, counting what its step has asked for already. */
import type { RunResult } from '../../agent/core/outcome.ts';
import type { AnyRun } from '../../agent/runs/step-runner.ts';
import { SECRET_KEY, SECRET_URL, type StepScript } from './job-script.ts';

export interface RunEndings {
  /** Of this run. What it asks for is remembered, as a handler does that leaves a file behind. */
  next(run: AnyRun, script: StepScript): RunResult;
}

export function createRunEndings(): RunEndings {
  const asked = new Map<string, number>();
  /** Whether it asks once more. */
  const asks = (what: 'later' | 'restart' | 'failure', { execution, stepIndex }: AnyRun, most: number) => {
    const { jobId, executionNumber, queuedAt } = execution;
    const key = `${jobId}.${executionNumber}.${queuedAt}.${stepIndex}.${what}`;
    const count = asked.get(key) ?? 0;
    asked.set(key, count + 1);
    return count < most;
  };
  return {
    next(run, script) {
      if (run.purpose === 'clean-up') return SUCCEEDED;
      if (run.purpose === 'condition') return CONDITIONS[script.condition ?? 'holds'];
      if (asks('later', run, script.postpones)) {
        return { status: 'later', afterMs: script.laterMs, message: `${SECRET_URL} is not there yet`, ...OUTPUT };
      }
      if (asks('restart', run, script.restarts)) {
        return { status: 'reboot', how: script.powersOff ? 'power-off' : 'restart', ...OUTPUT };
      }
      if (asks('failure', run, script.failures)) return FAILED;
      if (run.purpose === 'verify') return script.isVerified ? SUCCEEDED : FAILED;
      return ENDINGS[script.ending];
    },
  };
}

const OUTPUT = {
  details: { link: SECRET_URL, done: 'yes' },
  stdoutTail: `fetched ${SECRET_URL}\n`,
  stderrTail: `${SECRET_KEY}\ncannot fetch ${SECRET_URL}\n`,
};
const SUCCEEDED: RunResult = { status: 'succeeded', ...OUTPUT };
const FAILED: RunResult = {
  status: 'failed',
  reasonCode: 'HANDLER_EXIT_CODE',
  message: 'ended with exit code 3',
  ...OUTPUT,
};
export const SIGNALED: RunResult = {
  status: 'failed',
  reasonCode: 'HANDLER_SIGNALED',
  message: `ended by a signal while it fetched ${SECRET_URL}`,
  ...OUTPUT,
};

const CONDITIONS: Readonly<Record<NonNullable<StepScript['condition']>, RunResult>> = {
  holds: SUCCEEDED,
  'holds not': { ...SUCCEEDED, status: 'skipped' },
  unknown: { ...FAILED, reasonCode: 'CONDITION_UNKNOWN' },
};

const ENDINGS: Readonly<Record<StepScript['ending'], RunResult>> = {
  succeed: SUCCEEDED,
  fail: FAILED,
  signal: SIGNALED,
  reject: { status: 'rejected', reasonCode: 'NOT_HERE', message: `not for ${SECRET_URL}`, ...OUTPUT },
  hang: SIGNALED,
};
