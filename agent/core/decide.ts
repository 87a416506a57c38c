/**
 * The lifecycle: what to do about each thing that happened. Pure: the same state and event give the same decision. The
 * shell writes the `journal` effects of a decision to disk before it performs the others (I1).
 */
import { type AnswerRule, answerRule } from './answer-rules.ts';
import {
  choose,
  claimAnswered,
  claimLater,
  claimMore,
  describe,
  isKnown,
  listAnswered,
  offered,
  refusal,
} from './claiming.ts';
import { type Decision, inOrder, stay, withExecution } from './decision.ts';
import type { TimerName } from './effect.ts';
import type { AgentEvent, PlanVerdict } from './event.ts';
import {
  type ExecutionId,
  executionId,
  isTerminal,
  type JobExecution,
  type JobExecutionState,
} from './job-execution.ts';
import type { JobsNotification } from './jobs-request.ts';
import { failure } from './outcomes.ts';
import { INTERRUPTED, recover } from './recover.ts';
import { close, conclude, report, told } from './reporting.ts';
import { begin, FIRST, runEnded, runProgressed, stop, tellProgress } from './running.ts';
import type {
  AgentState,
  ClaimingPhase,
  ExecutionState,
  Phase,
  RequestPurpose,
  UpdatePurpose,
  WaitingPhase,
} from './state.ts';

/** A list this long may have been cut off, so that missing from it means nothing (Developer Guide, quotas of Jobs). */
const FULL_LIST = 10;
/** A service that keeps naming other versions is asked again only after a while. */
const MAX_ADOPTIONS = 5;

export function decide(state: AgentState, event: AgentEvent): Decision {
  switch (event.type) {
    case 'journalRecovered':
      return recover(state, event.records);
    case 'connected':
      return inOrder({ ...state, connected: true, claimHeld: false, claimRetries: 0 }, checkAll, claimMore, pollLater);
    case 'disconnected':
      return stay({ ...state, connected: false });
    case 'requestAccepted':
      return answered(state, event.requestId, (now, purpose) => accepted(now, purpose, event));
    case 'requestRejected':
      return answered(state, event.requestId, (now, purpose) => {
        const rule = answerRule(purpose, event.rejection);
        return refused(now, purpose, { rule, found: event.rejection.executionState });
      });
    case 'requestUnanswered':
      return answered(state, event.requestId, (now, purpose) =>
        refused(now, purpose, { rule: purpose.kind === 'progress' ? 'forget' : 'retry', found: undefined }),
      );
    case 'notified':
      return inOrder(
        state,
        (now) => checkMissing(now, event.notification),
        (now) => offered(now, offersWork(now, event.notification)),
      );
    case 'runProgressed':
      return runProgressed(state, event.id, event.runId, event.details);
    case 'runEnded':
      return inOrder(state, (now) => runEnded(now, event.id, event.runId, event.result), claimMore);
    case 'timerFired':
      return timerFired(state, event.timer);
    case 'shutdownRequested':
      return shutDown(state, event.mode);
    case 'journalFailed':
      return decide({ ...state, journalUsable: false }, event.event);
  }
}

/** An answer to nothing we asked, or the second answer to the same, changes nothing. */
function answered(
  state: AgentState,
  requestId: number,
  next: (state: AgentState, purpose: RequestPurpose) => Decision,
): Decision {
  const { [requestId]: purpose, ...requests } = state.requests;
  return purpose === undefined ? stay(state) : next({ ...state, requests }, purpose);
}

function accepted(
  state: AgentState,
  purpose: RequestPurpose,
  { answer, verdict }: Extract<AgentEvent, { type: 'requestAccepted' }>,
): Decision {
  switch (answer.operation) {
    case 'StartNextPendingJobExecution':
      return purpose.kind === 'claim'
        ? inOrder(state, (now) => claimAnswered(now, purpose.open, answer.execution, verdict), claimMoreIfNew(state))
        : stay(state);
    case 'GetPendingJobExecutions':
      return purpose.kind === 'list' ? listAnswered(state, answer) : stay(state);
    case 'DescribeJobExecution':
      return purpose.kind === 'check'
        ? inOrder(state, (now) => described(now, purpose.id, answer.execution, verdict), claimMoreIfNew(state))
        : stay(state);
    case 'UpdateJobExecution':
      return 'expectedVersion' in purpose ? updated(state, purpose) : stay(state);
  }
}

/** Claims further only when the answer changed what we have: a service that answers the same must not make us spin. */
function claimMoreIfNew(before: AgentState): (state: AgentState) => Decision {
  return (now) => (now.executions === before.executions ? stay(now) : claimMore(now));
}

function updated(state: AgentState, { kind, id, expectedVersion }: UpdatePurpose): Decision {
  const execution = state.executions[id];
  if (execution === undefined) return stay(state);
  if (kind === 'report') return inOrder(state, (now) => close(now, execution, 'accepted'), claimMore);
  // Each accepted update adds exactly one (Developer Guide, versionNumber); a description may have told us before.
  const versionNumber = Math.max(execution.versionNumber, expectedVersion + 1);
  const now = withExecution(state, id, () => ({ versionNumber, retries: 0 }));
  const { phase } = execution;
  return phase.name === 'claiming' ? taken(now, id, phase) : goOn(now, id);
}

/** Claimed by our own choice, and so it has a plan: only what was reviewed is taken. */
function taken(state: AgentState, id: ExecutionId, { plan }: ClaimingPhase): Decision {
  // Claimed while shutting down: the next start of the agent finds it in the journal and begins it.
  if (plan === null || state.shutdown !== null) return stay(state);
  return inOrder(state, (now) => begin(now, id, { ...FIRST, plan }), claimMore);
}

/** No update is under way any more: tells the service what waits to be told. */
function goOn(state: AgentState, id: ExecutionId): Decision {
  return inOrder(
    state,
    (now) => report(now, id),
    (now) => tellProgress(now, id),
  );
}

interface Refusal {
  readonly rule: AnswerRule;
  /** What the service says of the execution, where it says so. */
  readonly found: JobExecutionState | undefined;
}

function refused(state: AgentState, purpose: RequestPurpose, { rule, found }: Refusal): Decision {
  if (!('id' in purpose)) return claimLater(state);
  const execution = state.executions[purpose.id];
  if (execution === undefined) return stay(state);
  const { id } = execution;
  switch (rule) {
    case 'retry':
      return retryLater(state, execution);
    case 'end':
      return over(state, execution, found);
    case 'leave':
      // Described meanwhile as ours, it may have begun.
      if (execution.phase.name !== 'claiming') return goOn(state, id);
      return inOrder(state, (now) => close(now, execution, 'over'), claimMore);
    case 'plain':
      return retryLater(
        withExecution(state, id, ({ phase }) => ({ phase: withoutDetails(phase) })),
        execution,
      );
    case 'adopt':
      return adopt(state, execution, found);
    case 'forget':
      return goOn(state, id);
  }
}

function withoutDetails(phase: Phase): Phase {
  return phase.name === 'reporting' ? { ...phase, plain: true } : phase;
}

/**
 * VersionMismatch: take the service's version, then look at the execution (I4). Only a description tells when it was
 * queued: the version may be that of another execution, made under the same job id and number after ours was deleted.
 */
function adopt(state: AgentState, execution: ExecutionState, found: JobExecutionState | undefined): Decision {
  if (found !== undefined && isTerminal(found.status)) return over(state, execution, found);
  const { id, retries } = execution;
  const versionNumber = found?.versionNumber ?? execution.versionNumber;
  if (retries >= MAX_ADOPTIONS)
    return retryLater(
      withExecution(state, id, () => ({ versionNumber })),
      execution,
    );
  const adopted = withExecution(state, id, () => ({ versionNumber, retries: retries + 1 }));
  return describe(adopted, execution);
}

function retryLater(state: AgentState, { id, retries }: ExecutionState): Decision {
  if (!state.connected) return stay(state);
  return {
    state: withExecution(state, id, () => ({ retries: retries + 1 })),
    effects: [{ type: 'setTimer', timer: { name: 'retry', id }, delay: { kind: 'backoff', attempt: retries } }],
  };
}

/** DescribeJobExecution answered: is it still ours, and what follows from that? */
function described(
  state: AgentState,
  id: ExecutionId,
  found: JobExecution | null,
  verdict: PlanVerdict | undefined,
): Decision {
  const execution = state.executions[id];
  if (execution === undefined) return stay(state);
  // Not the service's word that it is over: that is a rejection.
  if (found === null) return retryLater(state, execution);
  // Another queuedAt is another execution: ours was deleted and its number used again.
  if (executionId(found) !== id) return over(state, execution, undefined);
  if (isTerminal(found.status)) return over(state, execution, found);
  const { phase } = execution;
  const versionNumber = Math.max(execution.versionNumber, found.versionNumber);
  // Of what comes to nothing again and again a description is a part: the waits go on growing.
  const retries = phase.name === 'running' ? 0 : execution.retries;
  const current = { ...execution, versionNumber, retries };
  const now = withExecution(state, id, () => current);
  if (phase.name === 'running' || phase.name === 'reporting') return goOn(now, id);
  if (phase.name === 'stopping' || state.shutdown !== null) return stay(now);
  // It was asked for without a document, or the service left it out.
  if (verdict === undefined) return retryLater(now, current);
  return phase.name === 'claiming' ? choose(now, current, found, verdict) : runAgain(now, current, phase, verdict);
}

/** The service says that an execution is over: its run is stopped (I6), or there is nothing left to do. */
function over(state: AgentState, execution: ExecutionState, found: JobExecutionState | undefined): Decision {
  const { id, phase } = execution;
  if (phase.name === 'running') return stop(state, id, 'canceled');
  if (phase.name === 'stopping') return stay(state);
  return inOrder(state, (now) => told(now, execution, found?.status), claimMore);
}

/** An interrupted run whose handler may run again, or one that was being cancelled and turns out not to be. */
function runAgain(state: AgentState, execution: ExecutionState, phase: WaitingPhase, verdict: PlanVerdict): Decision {
  const { id, recoveries } = execution;
  if (phase.onInterrupted === 'fail') return conclude(state, id, failure('INTERRUPTED', INTERRUPTED));
  if (verdict.kind !== 'run') return conclude(state, id, refusal(verdict));
  const { stepIndex, attempt } = phase;
  const again = withExecution(state, id, () => ({ recoveries: recoveries + 1 }));
  return begin(again, id, { plan: verdict.plan, stepIndex, attempt: attempt + 1 });
}

/** A notification is a hint: it is worth a request only if it names an execution that is news to us. */
function offersWork(state: AgentState, notification: JobsNotification): boolean {
  const named =
    notification.topic === 'notify'
      ? [...notification.inProgress, ...notification.queued]
      : [notification.execution].filter((execution) => execution !== null);
  return named.some((execution) => !isKnown(state, executionId(execution)));
}

/** Cancellation has no message of its own: an execution that is missing where it belongs is asked about. */
function checkMissing(state: AgentState, notification: JobsNotification): Decision {
  if (notification.topic === 'notify-next') {
    const first = notification.execution === null ? null : executionId(notification.execution);
    return checkRunning(state, (id) => id !== first && state.settings.capacity === 1);
  }
  const listed = [...notification.inProgress, ...notification.queued].map(executionId);
  return listed.length >= FULL_LIST ? stay(state) : checkRunning(state, (id) => !listed.includes(id));
}

function checkRunning(state: AgentState, isDoubtful: (id: ExecutionId) => boolean): Decision {
  const doubtful = Object.values(state.executions).filter(
    ({ id, phase }) => phase.name === 'running' && isDoubtful(id),
  );
  return inOrder(state, ...doubtful.map((execution) => (now: AgentState) => describe(now, execution)));
}

/** After every connect: what we hold is described before anything else, because it may be over by now. */
function checkAll(state: AgentState): Decision {
  return inOrder(
    state,
    ...Object.values(state.executions).map((execution) => (now: AgentState) => describe(now, execution)),
  );
}

function timerFired(state: AgentState, timer: TimerName): Decision {
  switch (timer.name) {
    case 'claim':
      return claimMore({ ...state, claimHeld: false });
    case 'poll':
      return inOrder(state, (now) => checkRunning(now, () => true), claimMore, pollLater);
    case 'progress':
      return tellProgress(
        withExecution(state, timer.id, () => ({ progressHeld: false })),
        timer.id,
      );
    case 'retry': {
      const execution = state.executions[timer.id];
      if (execution === undefined) return stay(state);
      // A report that keeps failing is worth a look at the execution first.
      const mayReport = execution.phase.name === 'reporting' && execution.retries <= MAX_ADOPTIONS;
      return mayReport ? report(state, timer.id) : describe(state, execution);
    }
    case 'stepTimeout': {
      const phase = state.executions[timer.id]?.phase;
      const isCurrent = phase?.name === 'running' && phase.runId === timer.runId;
      return isCurrent ? stop(state, timer.id, 'timed-out') : stay(state);
    }
  }
}

function pollLater(state: AgentState): Decision {
  const delay = { kind: 'exactly', ms: state.settings.pollIntervalMs } as const;
  return { state, effects: [{ type: 'setTimer', timer: { name: 'poll' }, delay }] };
}

/** `wait` lets runs end by themselves; `stop` ends them. Either way nothing new is begun. */
function shutDown(state: AgentState, mode: 'wait' | 'stop'): Decision {
  if (mode === 'wait') return stay({ ...state, shutdown: state.shutdown ?? 'wait' });
  const shuttingDown: AgentState = { ...state, shutdown: 'stop' };
  const ids = Object.keys(state.executions);
  return inOrder(shuttingDown, ...ids.map((id) => (now: AgentState) => stop(now, id, 'shutdown')));
}
