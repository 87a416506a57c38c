/**
 * After a start: from the last record of each execution to where it goes on. The boot before this one may have ended by
 * a power cut; whatever still ran of an earlier agent process was ended before this is asked.
 */
import { type Decision, inOrder, stay } from './decision.ts';
import type { ExecutionRecord, LiveRecord } from './execution-record.ts';
import type { Outcome } from './outcome.ts';
import { failure, INTERRUPTED, interruptedTooOften, REBOOTS } from './outcomes.ts';
import { owesEnding } from './programme.ts';
import { rebootWhenAlone, withBootIds } from './rebooting.ts';
import { journal } from './reporting.ts';
import { type AgentState, type ExecutionState, MAX_FINISHED, type Phase, type Resumption } from './state.ts';
import { FOR_THE_ENDING, interruptedRun, waitingAt, waitUntilDue } from './waiting.ts';

/** @param fault the error of its own that ended the agent before. */
export function recover(state: AgentState, records: readonly ExecutionRecord[], fault?: string): Decision {
  return inOrder(
    state,
    ...records.map((record) => (now: AgentState) => recoverOne(now, record, interruptionOf(fault))),
    rebootWhenAlone,
  );
}

function interruptionOf(fault: string | undefined): string {
  return fault === undefined ? INTERRUPTED : `the agent ended by an error of its own while the handler ran: ${fault}`;
}

function recoverOne(state: AgentState, record: ExecutionRecord, interruption: string): Decision {
  if (record.phase === 'closed') {
    const { id, key, outcome, how } = record;
    return stay({ ...state, finished: [...state.finished, { id, key, outcome, how }].slice(-MAX_FINISHED) });
  }
  const { id, key, recoveries, postponements, reboots, failures } = record;
  const { details, ignoredFailures, skippedSteps, ending } = record;
  const phase = phaseAfter(record, state, interruption);
  const hasRebooted = record.phase === 'awaiting-reboot' && phase.name === 'waiting';
  const execution: ExecutionState = {
    id,
    key,
    versionNumber: versionOf(record),
    toldVersion: 0,
    phase,
    details: hasRebooted ? withBootIds(details, record.bootId, state.bootId) : details,
    ignoredFailures,
    skippedSteps,
    ending: isFailed(phase) && ending.state !== 'none' ? { ...ending, state: 'begun' } : ending,
    progressPending: false,
    progressHeld: false,
    isLimited: false,
    retries: 0,
    // Every start in the boot that was to end is one too many.
    recoveries: phase.name === 'awaiting-reboot' ? recoveries + 1 : recoveries,
    postponements,
    reboots,
    failures,
  };
  return inOrder(
    { ...state, executions: { ...state.executions, [id]: execution } },
    (now) => (isUnchanged(execution, record) ? stay(now) : journal(now, id)),
    (now) => waitUntilDue(now, id),
  );
}

/** What it owes is all that is left of it. */
function isFailed(phase: Phase): boolean {
  return phase.name === 'waiting' && phase.next.kind === 'conclude';
}

function isUnchanged({ phase, recoveries }: ExecutionState, record: LiveRecord): boolean {
  return phase.name === record.phase && recoveries === record.recoveries;
}

/** I2: an interrupted run is run again only if its handler's author declared that it may be. */
function phaseAfter(record: LiveRecord, state: AgentState, interruption: string): Phase {
  switch (record.phase) {
    case 'claiming':
      return { name: 'claiming', plan: null };
    case 'reporting':
      return concluded(record.outcome);
    case 'waiting': {
      const { stepIndex, attempt, why, reason, waitMs, next, begins = null } = record;
      const told = { begins, recordedVersion: versionOfWait(record, begins, next) };
      // How much of the wait is over nobody knows: it is waited for anew, unless it was over for sure.
      const isDue = waitMs === 0 || begins !== null;
      return { ...waitingAt({ stepIndex, attempt }), why, reason, waitMs, next, due: isDue, ...told };
    }
    case 'awaiting-reboot':
      return afterReboot(record, state);
    default:
      return interrupted(record, state, interruption);
  }
}

function interrupted(record: RunRecord, { settings: { maxRecoveries } }: AgentState, interruption: string): Phase {
  const { purpose, onInterrupted, cleansUp, recoveries } = record;
  const outcome = outcomeOfInterruption(record, interruption);
  const isStopped = record.phase === 'stopping' && !isToGoOn(record);
  if (isStopped && record.reason !== 'canceled') return failed(record, outcome);
  // It was over in the cloud, or so it was said: describing it tells.
  if (isStopped && onInterrupted === 'fail')
    return waiting(record, { kind: cleansUp ? 'clean-up' : 'conclude', outcome });
  const mayRepeat = purpose.kind === 'work' ? onInterrupted !== 'fail' : true;
  if (!mayRepeat) return failed(record, outcome);
  if (recoveries < maxRecoveries) return interruptedRun(record);
  return failed(record, interruptedTooOften(recoveries, interruption));
}

/** A question that takes too long is asked again as well: what it asks about may be there now. */
function isToGoOn({ reason, purpose }: Extract<LiveRecord, { phase: 'stopping' }>): boolean {
  return reason === 'shutdown' || (reason === 'timed-out' && purpose.kind === 'condition');
}

/** Cleaned up after first, where its handler can; a clean-up that was itself in hand ends as it was to end. */
function failed(record: RunRecord, outcome: Outcome): Phase {
  if (record.purpose.kind === 'clean-up') return over(record, record.purpose.outcome);
  return record.cleansUp ? waiting(record, { kind: 'clean-up', outcome }) : over(record, outcome);
}

/** Where rollbacks or other steps have to follow, the service is asked first whether it is still ours. */
function over(record: Extract<LiveRecord, { stepIndex: number }>, outcome: Outcome): Phase {
  return owesEnding(record) ? waiting(record, { kind: 'conclude', outcome }) : concluded(outcome);
}

type RunRecord = Extract<LiveRecord, { phase: 'running' | 'stopping' }>;

function outcomeOfInterruption(record: RunRecord, interruption: string): Outcome {
  if (record.phase === 'running') return failure('INTERRUPTED', interruption);
  if (record.reason === 'timed-out') return failure('STEP_TIMED_OUT', `the step was over its time limit ${STOPPING}`);
  if (record.reason !== 'job-timed-out') return failure('INTERRUPTED', interruption);
  return failure('JOB_TIMED_OUT', `the job was over its time limit ${STOPPING}`);
}

const STOPPING = 'and was being stopped when power or the agent was lost';

/** The boot id alone tells whether the machine has restarted. */
function afterReboot(record: Extract<LiveRecord, { phase: 'awaiting-reboot' }>, state: AgentState): Phase {
  const { stepIndex, attempt, verifies, bootId, how, recoveries } = record;
  if (bootId !== state.bootId) {
    const next: Resumption = { kind: verifies ? 'verify' : 'pass' };
    const told = { reason: REBOOTS[how].awaited, recordedVersion: versionOf(record) };
    return { ...waitingAt({ stepIndex, attempt }), why: 'rebooted', next, ...told };
  }
  if (recoveries < state.settings.maxRecoveries) {
    return { name: 'awaiting-reboot', how, stepIndex, attempt, verifies, bootId, requested: false };
  }
  const reason =
    `the gateway did not ${REBOOTS[how].verb}: its boot is the same after ${recoveries + 1} starts of the agent during ` +
    `this step; look at what the command in the setting ${REBOOTS[how].setting} does`;
  return over(record, failure(REBOOTS[how].reasonCode, reason, [['bootIdBefore', bootId]]));
}

/** That the service had when this was written down, if all that was told had arrived. */
function versionOf({ versionNumber, isUpdating }: LiveRecord): number {
  return isUpdating === true ? versionNumber + 1 : versionNumber;
}

/** @returns null where it does not tell: what ran before that had told may have come after what was written down of it. */
function versionOfWait(record: LiveRecord, begins: number | null, next: Resumption): number | null {
  if (begins !== null) return record.versionNumber + 1; // with the word that it goes on
  return next.kind === 'conclude' ? null : versionOf(record);
}

function waiting(record: Extract<LiveRecord, { stepIndex: number }>, next: Resumption): Phase {
  const reason = next.kind === 'conclude' && owesEnding(record) ? FOR_THE_ENDING : '';
  return { ...waitingAt(record), why: 'interrupted', reason, next };
}

function concluded(outcome: Outcome): Phase {
  return { name: 'reporting', outcome, plain: false };
}
