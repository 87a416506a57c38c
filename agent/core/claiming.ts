/**
 * Taking on work. With room for one execution StartNext does it in one request; with room for more, or where a job may
 * have to be left to another agent, we list what is queued, describe the first we do not know, and take it by an update
 * to IN_PROGRESS.
 *
 * A claim carries the journal's id in its status details, which the service keeps. An execution that is handed out as
 * IN_PROGRESS with our id was claimed by this journal and never begun, so it may begin; with any other it was begun by
 * a journal we do not have, and must not run again (I2).
 */
import { ask, type Decision, inOrder, isAsking, stay, withExecution, withoutExecution } from './decision.ts';
import type { PlanVerdict } from './event.ts';
import { type ExecutionId, executionId, type JobExecution, type JobExecutionSummary } from './job-execution.ts';
import { failure, rejection } from './outcomes.ts';
import { close, conclude, journal } from './reporting.ts';
import { begin, FIRST } from './running.ts';
import { type AgentState, type ExecutionState, type FinishedExecution, MAX_LEFT, type ReviewedPlan } from './state.ts';

/** The status detail that names the journal that made a claim. */
export const CLAIM_DETAIL = 'claimedBy';

/** Executions that wait for their last answer do not count as running, but may not pile up either. */
const MAX_REPORTING = 4;

/** Asks for work if there is room for it. */
export function claimMore(state: AgentState): Decision {
  if (!mayClaim(state)) return stay(state);
  const { capacity, unknownOperation } = state.settings;
  if (capacity > 1 || unknownOperation === 'leave') {
    return ask(state, { kind: 'list' }, { operation: 'GetPendingJobExecutions' });
  }
  return ask(
    state,
    { kind: 'claim', open: Object.keys(state.executions) },
    { operation: 'StartNextPendingJobExecution', statusDetails: { [CLAIM_DETAIL]: state.journalId } },
  );
}

/** A claim came to nothing for now: the same again, later. */
export function claimLater(state: AgentState): Decision {
  if (!state.connected) return stay(state);
  return {
    state: { ...state, claimRetries: state.claimRetries + 1, claimHeld: true },
    effects: [{ type: 'setTimer', timer: { name: 'claim' }, delay: { kind: 'backoff', attempt: state.claimRetries } }],
  };
}

/** StartNext was accepted. `open`: what was not over when it was sent. */
export function claimAnswered(
  state: AgentState,
  open: readonly ExecutionId[],
  execution: JobExecution | null,
  verdict: PlanVerdict | undefined,
): Decision {
  const rested = { ...state, claimRetries: 0 };
  if (execution === null) return stay(rested);
  const id = executionId(execution);
  // The head of the queue is handed out again until it is over. We ask again when it is.
  if (state.executions[id] !== undefined) return stay(rested);
  const finished = state.finished.find((one) => one.id === id);
  if (finished === undefined) return admit(rested, execution, verdict);
  // Sent before our report was accepted, so the answer is old news; asked again it is either gone or a real case.
  return open.includes(id) ? claimMore(rested) : reopen(rested, finished, execution);
}

/** GetPending was accepted: describe the first execution that is nobody's yet. */
export function listAnswered(state: AgentState, queued: readonly JobExecutionSummary[]): Decision {
  const rested = { ...state, claimRetries: 0 };
  const next = queued.find((summary) => !isKnown(state, executionId(summary)));
  if (next === undefined || !hasRoom(state) || state.shutdown !== null) return stay(rested);
  const execution = newExecution(next);
  return describe({ ...rested, executions: { ...state.executions, [execution.id]: execution } }, execution);
}

/** Asks what the service has of an execution; the document comes along where we do not have its plan. */
export function describe(state: AgentState, { id, key, phase }: ExecutionState): Decision {
  if (!state.connected || isAsking(state, (purpose) => purpose.kind === 'check' && purpose.id === id)) {
    return stay(state);
  }
  return ask(
    state,
    { kind: 'check', id },
    {
      operation: 'DescribeJobExecution',
      jobId: key.jobId,
      executionNumber: key.executionNumber,
      includeJobDocument: phase.name === 'claiming' || phase.name === 'waiting',
    },
  );
}

/** A described execution in phase `claiming`: take it, refuse it, or leave it. */
export function choose(
  state: AgentState,
  execution: ExecutionState,
  found: JobExecution,
  verdict: PlanVerdict,
): Decision {
  if (verdict.kind === 'unknown-operation' && state.settings.unknownOperation === 'leave') {
    return leave(state, execution.id);
  }
  if (verdict.kind !== 'run') return conclude(state, execution.id, refusal(verdict));
  if (found.status === 'QUEUED') return take(state, { ...execution, versionNumber: found.versionNumber }, verdict.plan);
  // Our update landed unheard, or somebody else's did.
  if (found.statusDetails[CLAIM_DETAIL] !== state.journalId) return close(state, execution.id, 'over');
  return begin(state, execution.id, { ...FIRST, plan: verdict.plan });
}

export function refusal(verdict: Exclude<PlanVerdict, { kind: 'run' }>) {
  return verdict.kind === 'reject'
    ? rejection(verdict.reasonCode, verdict.rejection)
    : rejection('UNKNOWN_OPERATION', verdict.rejection);
}

/** An execution handed out by StartNext that we do not know. */
function admit(state: AgentState, found: JobExecution, verdict: PlanVerdict | undefined): Decision {
  const execution = newExecution(found);
  const { id } = execution;
  if (found.statusDetails[CLAIM_DETAIL] !== state.journalId) {
    return conclude(withNew(state, execution), id, failure('STATE_LOST', STATE_LOST));
  }
  // Claimed and not begun: the next start of the agent is handed it again, and takes it up.
  if (state.shutdown !== null || verdict === undefined) return stay(state);
  if (verdict.kind !== 'run') return conclude(withNew(state, execution), id, refusal(verdict));
  return begin(withNew(state, execution), id, { ...FIRST, plan: verdict.plan });
}

const STATE_LOST =
  'it was in progress before this agent knew of it: the journal that began it is gone, or another agent began it. ' +
  'It is not run again, because it may have been run already; create a new job execution to run it.';

/** The service hands out what we told it was over: tell it again. */
function reopen(state: AgentState, { id, outcome }: FinishedExecution, found: JobExecution): Decision {
  const others = state.finished.filter((one) => one.id !== id);
  const reopened = withNew({ ...state, finished: others }, newExecution(found));
  return conclude(reopened, id, outcome ?? failure('STATE_LOST', STATE_LOST));
}

function take(state: AgentState, { id, key, versionNumber }: ExecutionState, plan: ReviewedPlan): Decision {
  return inOrder(
    withExecution(state, id, () => ({ phase: { name: 'claiming', plan } })),
    (now) => journal(now, id),
    (now) =>
      ask(
        now,
        { kind: 'take', id },
        {
          operation: 'UpdateJobExecution',
          jobId: key.jobId,
          executionNumber: key.executionNumber,
          expectedVersion: versionNumber,
          status: 'IN_PROGRESS',
          statusDetails: { [CLAIM_DETAIL]: now.journalId },
        },
      ),
  );
}

function leave(state: AgentState, id: ExecutionId): Decision {
  return claimMore({ ...withoutExecution(state, id), left: [...state.left, id].slice(-MAX_LEFT) });
}

function mayClaim(state: AgentState): boolean {
  return (
    state.connected &&
    state.journalUsable &&
    state.shutdown === null &&
    !state.claimHeld &&
    hasRoom(state) &&
    !isAsking(state, ({ kind }) => kind === 'claim' || kind === 'list')
  );
}

function hasRoom({ executions, settings }: AgentState): boolean {
  const all = Object.values(executions);
  const occupied = all.filter(({ phase }) => phase.name !== 'reporting').length;
  return occupied < settings.capacity && all.length < settings.capacity + MAX_REPORTING;
}

function isKnown(state: AgentState, id: ExecutionId): boolean {
  const isFinished = state.finished.some((finished) => finished.id === id);
  return state.executions[id] !== undefined || isFinished || state.left.includes(id);
}

function withNew(state: AgentState, execution: ExecutionState): AgentState {
  return { ...state, executions: { ...state.executions, [execution.id]: execution } };
}

function newExecution(found: JobExecutionSummary): ExecutionState {
  const key = { jobId: found.jobId, executionNumber: found.executionNumber, queuedAt: found.queuedAt };
  return {
    id: executionId(key),
    key,
    versionNumber: found.versionNumber,
    phase: { name: 'claiming', plan: null },
    details: {},
    ignoredFailures: [],
    progressPending: false,
    progressHeld: false,
    retries: 0,
    recoveries: 0,
  };
}
