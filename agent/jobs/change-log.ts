/** The life of each execution as log lines, one a change of phase, told from the states before and after. */
import type { Logger } from 'pino';
import type { AgentState, AwaitingRebootPhase, ExecutionState, FinishedExecution } from '../core/state.ts';

/** @param executionLogger a child logger that carries jobId and executionNumber on every line. */
export function logChanges(
  before: AgentState,
  after: AgentState,
  executionLogger: (execution: { readonly jobId: string; readonly executionNumber: number }) => Logger,
): void {
  for (const execution of Object.values(after.executions)) {
    const known = before.executions[execution.id];
    if (known === undefined || !isSamePhase(known.phase, execution.phase)) {
      logPhase(executionLogger(execution.key), execution, known === undefined);
    }
  }
  for (const finished of newlyFinished(before, after)) {
    executionLogger(finished.key).info(
      { status: finished.outcome?.status ?? null, how: finished.how },
      finished.how === 'accepted' ? 'job execution closed' : 'job execution closed: the service says it is over',
    );
  }
}

/** Those that were open before: what the journal brings back is no news. */
export function newlyFinished(before: AgentState, after: AgentState): readonly FinishedExecution[] {
  if (before.finished === after.finished) return [];
  return after.finished.filter(({ id }) => before.executions[id] !== undefined && after.executions[id] === undefined);
}

/** @param isNew it was not in hand before: found just now, or brought back by the journal. */
function logPhase(log: Logger, { phase, versionNumber, details }: ExecutionState, isNew: boolean): void {
  switch (phase.name) {
    case 'claiming':
      log.info({ versionNumber }, 'job execution found');
      return;
    case 'running': {
      const { stepIndex, step, attempt, purpose } = phase;
      const facts = { step: stepIndex, stepName: step.name, steps: phase.plan.steps.length, attempt };
      log.info({ ...facts, purpose: purpose.kind }, 'step started');
      return;
    }
    case 'waiting':
      if (phase.why === 'rebooted') {
        const { bootIdBefore, bootIdAfter } = details;
        log.info({ step: phase.stepIndex, bootIdBefore, bootIdAfter }, 'gateway has restarted, as the step asked');
        return;
      }
      log.info({ step: phase.stepIndex, why: phase.why, waitMs: phase.waitMs, reason: phase.reason }, 'step waits');
      return;
    case 'awaiting-reboot':
      logRestartAsked(log, phase, isNew);
      return;
    case 'stopping':
      log.info({ step: phase.stepIndex, reason: phase.reason }, 'step is being stopped');
      return;
    case 'reporting': {
      const { status, statusDetails } = phase.outcome;
      // Redacted and cut already, and the only words of a handler that a log of level `info` has.
      const { reasonCode, reason, stderr } = statusDetails;
      const facts = { status, reasonCode, reason, stderr };
      if (status === 'SUCCEEDED') log.info({ status }, 'job execution ended, reporting');
      else log.warn(facts, 'job execution ended, reporting');
      return;
    }
  }
}

/** @param isAgain the agent that asked first has ended, and the boot has not. */
function logRestartAsked(log: Logger, { stepIndex: step, bootId, how }: AwaitingRebootPhase, isAgain: boolean): void {
  const facts = { step, bootId };
  if (how === 'restart') {
    if (!isAgain) log.warn(facts, 'step asked for a restart of the gateway');
    else log.warn(facts, 'agent started again, but the gateway did not restart: its restart is asked for again');
  } else if (!isAgain) log.warn(facts, 'step asked for the gateway to be powered off');
  else log.warn(facts, 'agent started again, but the gateway did not power off: it is asked for again');
}

function isSamePhase(before: ExecutionState['phase'], after: ExecutionState['phase']): boolean {
  const run = (phase: ExecutionState['phase']) => ('runId' in phase ? phase.runId : null);
  return before.name === after.name && run(before) === run(after);
}
