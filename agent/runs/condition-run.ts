/** The run before the first one of a step that has a condition: is it to be done here? */
import type { RunResult } from '../core/outcome.ts';
import { ConditionError, evaluateCondition } from './evaluate-condition.ts';
import { failedRun } from './run-result.ts';
import type { ConditionRun, RunningStep } from './step-runner.ts';

export function startConditionRun({ step: { runIf } }: ConditionRun, agentVersion: string): RunningStep {
  const control = new AbortController();
  const { signal } = control;
  // A file system that hangs does not keep the agent from going on.
  const stopped = new Promise<RunResult>((resolve) => {
    signal.addEventListener('abort', () => resolve(failedRun('CONDITION_UNKNOWN', 'stopped while it was evaluated')));
  });
  const asked = runIf === undefined ? Promise.resolve(HOLDS) : evaluated(runIf, { agentVersion, signal });
  const ended = Promise.race([asked, stopped]);
  return {
    ended,
    async stop() {
      control.abort();
      await ended;
    },
  };
}

async function evaluated(...[condition, facts]: Parameters<typeof evaluateCondition>): Promise<RunResult> {
  try {
    return (await evaluateCondition(condition, facts)) ? HOLDS : { ...HOLDS, status: 'skipped' };
  } catch (error) {
    const reason = error instanceof ConditionError ? error.message : String(error);
    return failedRun('CONDITION_UNKNOWN', `whether the step is to run here cannot be told: ${reason}`);
  }
}

const HOLDS = { status: 'succeeded', details: {}, stdoutTail: '', stderrTail: '' } as const;
