/**
 * Taking on work. With room for one execution StartNext does it in one request; with room for more, or where a job may
 * have to be left to another agent, we list what is queued, describe the first we do not know, and take it by an update
 * to IN_PROGRESS.
 *
 * A claim carries the journal's id in its status details, which the service keeps. An execution that is handed out as
 * IN_PROGRESS with our id was claimed by this journal and never begun, so it may begin; with any other it was begun by
 * a journal we do not have, and must not run again (I2).
 */
import { ask, type Decision, inOrder, isAsking, stay, update, withExecution, withoutExecution } from './decision.ts';
import type { PlanVerdict } from './event.ts';
import { type ExecutionId, executionId, type JobExecution, type JobExecutionSummary } from './job-execution.ts';
import type { AcceptedAnswer } from './jobs-request.ts';
import { failure, rejection } from './outcomes.ts';
import { close, conclude, journal } from './reporting.ts';
import { begin, FIRST } from './running.ts';
import { type AgentState, type ExecutionState, type FinishedExecution, MAX_LEFT, type ReviewedPlan } from './state.ts';

/** The status detail that names the journal that made a claim. */
export const CLAIM_DETAIL = 'claimedBy';

/** How often an announced execution that is not handed out is asked for; after that only when something new is said. */
const MAX_EMPTY_CLAIMS = 5;

/** Executions that wait for their last answer do not count as running, but may not pile up either. */
const MAX_REPORTING = 4;

/** Asks for work if there is room for it. */
export function claimMore(state: AgentState): Decision {
  if (!mayClaim(state)) return stay(state);
  const asking: AgentState = { ...state, offer: state.offer === 'unasked' ? 'asked' : state.offer };
  if (state.settings.capacity > 1 || isShared(state)) {
    return ask(asking, { kind: 'list' }, { operation: 'GetPendingJobExecutions' });
  }
  // Until the last one is told, StartNext hands it out again. And one that was made anew under its id would be claimed
  // before it, so that what we tell of the one before would be taken for the new one's.
  const open = Object.keys(state.executions);
  if (!open.every((id) => isReportUnderWay(state, id))) return stay(state);
  return ask(
    asking,
    { kind: 'claim', open },
    { operation: 'StartNextPendingJobExecution', statusDetails: { [CLAIM_DETAIL]: state.journalId } },
  );
}

/** A notification came. Only work that is news to us is worth a request. */
export function offered(state: AgentState, isNews: boolean): Decision {
  return isNews ? claimMore({ ...state, offer: 'unasked' }) : stay({ ...state, offer: 'none' });
}

/** A claim brought nothing. If something had been announced it is asked for again, but not for ever. */
function claimedNothing(state: AgentState): Decision {
  const { offer, claimRetries } = state;
  if (offer === 'unasked') return claimMore(state);
  if (offer === 'asked' && claimRetries < MAX_EMPTY_CLAIMS) return claimLater(state);
  return stay({ ...state, offer: 'none', claimRetries: 0 });
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
  if (execution === null) return claimedNothing(state);
  const rested: AgentState = { ...state, claimRetries: 0, offer: 'none' };
  const id = executionId(execution);
  // The head of the queue is handed out again until it is over. We ask again when it is.
  if (state.executions[id] !== undefined) return stay(rested);
  const finished = state.finished.find((one) => one.id === id);
  if (finished === undefined) return admit(rested, execution, verdict);
  // Sent before our report was accepted, so the answer is old news; asked again it is either gone or a real case.
  return open.includes(id) ? claimMore(rested) : reopen({ ...state, offer: 'none' }, finished, execution);
}

/**
 * GetPending was accepted: describe the first execution that we do not know. One that is in progress without us is
 * another agent's where the thing is shared; where it is not, the journal that knew it is gone.
 */
export function listAnswered(
  state: AgentState,
  { inProgressJobs, queuedJobs }: Extract<AcceptedAnswer, { operation: 'GetPendingJobExecutions' }>,
): Decision {
  const candidates = isShared(state) ? queuedJobs : [...inProgressJobs, ...queuedJobs];
  const next = candidates.find((summary) => !isKnown(state, executionId(summary)));
  if (next === undefined) return claimedNothing(state);
  const rested: AgentState = { ...state, claimRetries: 0, offer: 'none' };
  if (!hasRoom(state) || state.shutdown !== null) return stay(rested);
  const execution = newExecution(next);
  return describe(withNew(rested, execution), execution);
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
  const { id } = execution;
  const isQueued = found.status === 'QUEUED';
  // Begun by somebody else. Or our update landed unheard: then it carries our id.
  if (!isQueued && !isClaimedByUs(state, found)) {
    return isShared(state) ? close(state, execution, 'over') : conclude(state, id, failure('STATE_LOST', STATE_LOST));
  }
  if (isQueued && verdict.kind === 'unknown-operation' && isShared(state)) return leave(state, id);
  if (verdict.kind !== 'run') return conclude(state, id, refusal(verdict));
  if (!isQueued) return begin(state, id, { ...FIRST, plan: verdict.plan });
  // I1: what cannot be written down is not claimed. The next start of the agent finds it in the queue.
  return state.journalUsable ? take(state, execution, verdict.plan) : stay(withoutExecution(state, id));
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
  if (!isClaimedByUs(state, found)) {
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

/** The service hands out what we told it was over: tell it again, and be slow to claim more, for it may go on so (I8). */
function reopen(state: AgentState, { id, outcome }: FinishedExecution, found: JobExecution): Decision {
  const others = state.finished.filter((one) => one.id !== id);
  return inOrder(withNew({ ...state, finished: others }, newExecution(found)), claimLater, (now) =>
    conclude(now, id, outcome ?? failure('STATE_LOST', STATE_LOST)),
  );
}

function take(state: AgentState, execution: ExecutionState, plan: ReviewedPlan): Decision {
  const { id } = execution;
  const statusDetails = { [CLAIM_DETAIL]: state.journalId };
  return inOrder(
    withExecution(state, id, () => ({ phase: { name: 'claiming', plan } })),
    (now) => journal(now, id),
    (now) => update(now, execution, { kind: 'take', status: 'IN_PROGRESS', statusDetails }),
  );
}

function leave(state: AgentState, id: ExecutionId): Decision {
  return claimMore({ ...withoutExecution(state, id), left: [...state.left, id].slice(-MAX_LEFT) });
}

function isClaimedByUs({ journalId }: AgentState, { statusDetails }: JobExecution): boolean {
  return statusDetails[CLAIM_DETAIL] === journalId;
}

/** With another agent, to which the jobs are left that nobody here handles. */
function isShared({ settings }: AgentState): boolean {
  return settings.unknownOperation === 'leave';
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

function isReportUnderWay(state: AgentState, id: ExecutionId): boolean {
  return isAsking(state, (purpose) => purpose.kind === 'report' && purpose.id === id);
}

function hasRoom({ executions, settings }: AgentState): boolean {
  const all = Object.values(executions);
  const occupied = all.filter(({ phase }) => phase.name !== 'reporting').length;
  return occupied < settings.capacity && all.length < settings.capacity + MAX_REPORTING;
}

/** Ours, over, or left to another agent: nothing to ask for. */
export function isKnown(state: AgentState, id: ExecutionId): boolean {
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
