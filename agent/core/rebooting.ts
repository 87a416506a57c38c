/**
 * Restarts of the machine that a handler asks for. That one has happened is told by the boot id alone, never by a clock;
 * only then does the step count as done, and only if its handler's own check agrees where there is one.
 */
import { type Decision, inOrder, stay, withExecution } from './decision.ts';
import type { FailedRun, RebootRun } from './outcome.ts';
import { failure, merge } from './outcomes.ts';
import { tellProgress } from './progress.ts';
import { conclude, journal } from './reporting.ts';
import type { AgentState, AwaitingRebootPhase, ExecutionState, Run } from './state.ts';

/** It may not ask for ever, nor where nobody could tell afterwards what it was for: then the step has failed. */
export function refusedReboot(
  { journalUsable, settings }: AgentState,
  { reboots }: ExecutionState,
  result: RebootRun,
): FailedRun | null {
  const failed = (reasonCode: string, message: string) =>
    ({ ...result, status: 'failed', reasonCode, message }) as const;
  if (!journalUsable) return failed('JOURNAL_FAILED', WITHOUT_JOURNAL);
  if (reboots < settings.maxReboots) return null;
  return failed('REBOOT_LOOP', `the handler asked for a restart ${reboots + 1} times in a row`);
}

/** A step's handler asked for a restart. I1: what it is for is on disk before it is asked for. */
export function awaitReboot(state: AgentState, execution: ExecutionState, run: Run): Decision {
  const { id, reboots } = execution;
  const { stepIndex, attempt, step } = run;
  const { bootId } = state;
  const verifies = step.verifies;
  const phase: AwaitingRebootPhase = {
    name: 'awaiting-reboot',
    stepIndex,
    attempt,
    verifies,
    bootId,
    requested: false,
  };
  return inOrder(
    withExecution(state, id, () => ({ phase, reboots: reboots + 1, progressPending: true })),
    (now) => journal(now, id),
    (now) => tellProgress(now, id),
    rebootWhenAlone,
  );
}

const WITHOUT_JOURNAL =
  'the handler asked for a restart, but the state directory cannot be written: nobody could tell afterwards what it was for';

/** What else runs is let end first; nothing new begins meanwhile. */
export function rebootWhenAlone(state: AgentState): Decision {
  const isBusy = Object.values(state.executions).some(
    ({ phase }) => phase.name === 'running' || phase.name === 'stopping',
  );
  const awaiting = awaitingReboot(state, false);
  // A stop of the agent must not restart the machine; the next start asks for it, unless it was a restart that stopped us.
  if (state.shutdown !== null || isBusy || awaiting.length === 0) return stay(state);
  const delay = { kind: 'exactly', ms: state.settings.rebootLimitMs } as const;
  return {
    state: awaiting.reduce<AgentState>(
      (now, { id, phase }) => withExecution(now, id, () => ({ phase: { ...phase, requested: true } })),
      { ...state, rebootRequested: true },
    ),
    effects: [{ type: 'setTimer', timer: { name: 'reboot' }, delay }, { type: 'reboot' }],
  };
}

/** The machine did not restart: those that asked for it fail, and the others go on. */
export function rebootFailed(state: AgentState, message: string): Decision {
  const outcome = ({ phase, details }: Awaiting) =>
    failure('REBOOT_FAILED', message, [['bootIdBefore', phase.bootId], ...Object.entries(details)]);
  return inOrder(
    { ...state, rebootRequested: false },
    (now) => ({ state: now, effects: [{ type: 'clearTimer', timer: { name: 'reboot' } }] }),
    ...awaitingReboot(state, true).map((one) => (now: AgentState) => conclude(now, one.id, outcome(one))),
  );
}

type Awaiting = ExecutionState & { readonly phase: AwaitingRebootPhase };

function awaitingReboot({ executions }: AgentState, requested: boolean): readonly Awaiting[] {
  return Object.values(executions).filter(
    (execution): execution is Awaiting =>
      execution.phase.name === 'awaiting-reboot' && execution.phase.requested === requested,
  );
}

/** The limit for the restart is over, and this is still the boot in which it was asked for. */
export function rebootOverdue(state: AgentState): Decision {
  const seconds = Math.round(state.settings.rebootLimitMs / 1_000);
  return rebootFailed(state, `the gateway had not restarted ${seconds} s after it was asked to`);
}

/** What the operator is told of a restart that happened. */
export function withBootIds(details: ExecutionState['details'], before: string, after: string) {
  return merge(details, { bootIdBefore: before, bootIdAfter: after });
}
