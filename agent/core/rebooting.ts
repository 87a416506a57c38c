/**
 * Restarts of the machine that a handler asks for, and its power-off. That one has happened is told by the boot id alone,
 * never by a clock; only then does the step count as done, and only if its handler's own check agrees where there is one.
 * A machine that is off tells nothing: what powered it off is done when it starts again. One that was to power off and
 * has restarted has ended its boot as well, and somebody has switched it on, or its firmware has.
 */
import { type Decision, inOrder, stay, withExecution } from './decision.ts';
import type { FailedRun, RebootHow, RebootRun } from './outcome.ts';
import { failure, merge, REBOOTS } from './outcomes.ts';
import { owesEnding } from './programme.ts';
import { tellProgress } from './progress.ts';
import { conclude, journal } from './reporting.ts';
import type { AgentState, AwaitingRebootPhase, ExecutionState, Run } from './state.ts';
import { failLater } from './waiting.ts';

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
  return failed(
    'REBOOT_LOOP',
    `the handler asked the gateway to ${REBOOTS[result.how].verb} ${reboots + 1} times in a row`,
  );
}

/** A step's handler asked for the end of this boot. I1: what it is for is on disk before it is asked for. */
export function awaitReboot(state: AgentState, execution: ExecutionState, run: Run, how: RebootHow): Decision {
  const { id, reboots } = execution;
  const { stepIndex, attempt, step } = run;
  const { bootId } = state;
  const verifies = step.verifies;
  const phase: AwaitingRebootPhase = {
    name: 'awaiting-reboot',
    how,
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
  'the handler asked for the end of this boot, but the state directory cannot be written: nobody could tell afterwards ' +
  'what it was for';

/** What else runs is let end first; nothing new begins meanwhile. */
export function rebootWhenAlone(state: AgentState): Decision {
  const isBusy = Object.values(state.executions).some(
    ({ phase }) => phase.name === 'running' || phase.name === 'stopping',
  );
  const awaiting = awaitingReboot(state, false);
  // A stop of the agent must not restart the machine; the next start asks for it, unless it was a restart that stopped us.
  if (state.shutdown !== null || isBusy || awaiting.length === 0) return stay(state);
  const delay = { kind: 'exactly', ms: state.settings.rebootLimitMs } as const;
  // After a power-off the machine starts again as well, if not at once: so it has done what either asked for.
  const how = awaiting.some(({ phase }) => phase.how === 'power-off') ? 'power-off' : 'restart';
  return {
    state: awaiting.reduce<AgentState>(
      (now, { id, phase }) => withExecution(now, id, () => ({ phase: { ...phase, requested: true } })),
      { ...state, rebootRequested: true },
    ),
    effects: [
      { type: 'setTimer', timer: { name: 'reboot' }, delay },
      { type: 'reboot', how },
    ],
  };
}

/** This boot did not end: those that asked for it fail, and the others go on. */
export function rebootFailed(state: AgentState, message: (how: RebootHow) => string): Decision {
  const outcome = ({ phase: { how, bootId }, details }: Awaiting) =>
    failure(REBOOTS[how].reasonCode, message(how), [['bootIdBefore', bootId], ...Object.entries(details)]);
  return inOrder(
    { ...state, rebootRequested: false },
    (now) => ({ state: now, effects: [{ type: 'clearTimer', timer: { name: 'reboot' } }] }),
    ...awaitingReboot(state, true).map((one) => (now: AgentState) => {
      if (owesEnding(one)) return failLater(now, one.id, outcome(one), one.phase);
      return conclude(now, one.id, outcome(one));
    }),
  );
}

type Awaiting = ExecutionState & { readonly phase: AwaitingRebootPhase };

function awaitingReboot({ executions }: AgentState, requested: boolean): readonly Awaiting[] {
  return Object.values(executions).filter(
    (execution): execution is Awaiting =>
      execution.phase.name === 'awaiting-reboot' && execution.phase.requested === requested,
  );
}

/** The limit is over, and this is still the boot that was to end. */
export function rebootOverdue(state: AgentState): Decision {
  const seconds = Math.round(state.settings.rebootLimitMs / 1_000);
  return rebootFailed(state, (how) => `the gateway had not ${REBOOTS[how].done} ${seconds} s after it was asked to`);
}

/** What the operator is told of a restart that happened. */
export function withBootIds(details: ExecutionState['details'], before: string, after: string) {
  return merge(details, { bootIdBefore: before, bootIdAfter: after });
}
