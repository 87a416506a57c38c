/**
 * Taking on work. With room for one execution StartNext does it in one request; with room for more, or where a job may
 * have to be left to another agent, we list what is queued, describe the first we do not know, and take it by an update
 * to IN_PROGRESS.
 *
 * A claim carries the journal's id in its status details, which the service keeps. An execution that is handed out as
 * IN_PROGRESS with our id was claimed by this journal and never begun, so it may begin; with any other it was begun by
 * a journal we do not have, and must not run again (I2).
 */
import { CLAIM_DETAIL, claimMark } from './claim-mark.ts';
import {
  ask,
  type Decision,
  describe,
  inOrder,
  isAsking,
  stay,
  stepTimer,
  update,
  withExecution,
  withoutExecution,
} from './decision.ts';
import type { PlanVerdict } from './event.ts';
import { goOnWaiting } from './going-on.ts';
import { type ExecutionId, executionId, type JobExecution, type JobExecutionSummary } from './job-execution.ts';
import { isOutOfTime, limitJob, OVER_BEFORE_BEGUN } from './job-limit.ts';
import type { AcceptedAnswer } from './jobs-request.ts';
import { mayBeKnownSoon, retryLater } from './looking-again.ts';
import { failure, refusal } from './outcomes.ts';
import { close, conclude, journal } from './reporting.ts';
import { hasRoom, isExclusivePlan, isRunning, mayRunBeside } from './room.ts';
import { start } from './running.ts';
import {
  type AgentState,
  type ExecutionState,
  type FinishedExecution,
  MAX_LEFT,
  NO_ENDING,
  type ReviewedPlan,
} from './state.ts';

/** How often an announced execution that is not handed out is asked for; after that only when something new is said. */
const MAX_EMPTY_CLAIMS = 5;

/** Goes on with what waits, then asks for more work if there is room for it. */
export function claimMore(state: AgentState): Decision {
  return inOrder(state, goOnWaiting, claimNew);
}

function claimNew(state: AgentState): Decision {
  if (!mayClaim(state)) return stay(state);
  const offer = state.offer === 'unasked' ? 'asked' : state.offer;
  const asking: AgentState = { ...state, offer, exclusiveNext: false };
  if (state.settings.capacity > 1 || isShared(state) || isAnyWaiting(state)) {
    return ask(asking, { kind: 'list' }, { operation: 'GetPendingJobExecutions' });
  }
  // Until the last one is told, StartNext hands it out again. And one that was made anew under its id would be claimed
  // before it, so that what we tell of the one before would be taken for the new one's.
  const open = Object.keys(state.executions);
  if (!open.every((id) => isReportUnderWay(state, id))) return stay(state);
  return ask(
    asking,
    { kind: 'claim', open },
    {
      operation: 'StartNextPendingJobExecution',
      statusDetails: { [CLAIM_DETAIL]: claimMark(state) },
      ...stepTimer(state),
    },
  );
}

/** A notification came. Only work that is news to us is worth a request. */
export function offered(state: AgentState, isNews: boolean): Decision {
  // The one that has to run alone may be gone.
  const now = { ...state, exclusiveNext: false };
  return isNews ? claimMore({ ...now, offer: 'unasked' }) : stay({ ...now, offer: 'none' });
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

/** A described execution in phase `claiming`: take it, refuse it, or leave it. */
export function choose(
  state: AgentState,
  execution: ExecutionState,
  found: JobExecution,
  verdict: PlanVerdict,
): Decision {
  const { id } = execution;
  if (found.status !== 'QUEUED') return chooseBegun(state, execution, found, verdict);
  if (verdict.kind === 'unknown-operation' && isShared(state)) return leave(state, id);
  if (mayBeKnownSoon(verdict, execution)) return retryLater(state, execution);
  if (verdict.kind !== 'run') return conclude(state, id, refusal(verdict));
  // I1: what cannot be written down is not claimed. The next start of the agent finds it in the queue.
  if (!state.journalUsable) return stay(withoutExecution(state, id));
  const isHeld = !mayRunBeside(state, id, isExclusivePlan(verdict.plan));
  return isHeld ? hold(state, id) : take(state, execution, verdict.plan);
}

/** In progress, and not begun by us as far as we know. */
function chooseBegun(
  state: AgentState,
  execution: ExecutionState,
  found: JobExecution,
  verdict: PlanVerdict,
): Decision {
  const { id } = execution;
  const claimedBy = claimantOf(state, found);
  // Another agent's; or our own update landed unheard, and then it carries our mark.
  if (claimedBy === 'another' && isShared(state)) return close(state, execution, 'over');
  if (!mayBegin(claimedBy, verdict)) return conclude(state, id, failure('STATE_LOST', STATE_LOST[claimedBy]));
  if (mayBeKnownSoon(verdict, execution)) return retryLater(state, execution);
  if (verdict.kind !== 'run') return conclude(state, id, refusal(verdict));
  return isOutOfTime(found) ? conclude(state, id, OVER_BEFORE_BEGUN) : start(state, id, verdict.plan);
}

/** An execution handed out by StartNext that we do not know. */
function admit(state: AgentState, found: JobExecution, verdict: PlanVerdict | undefined): Decision {
  // Without its document nothing can be said of it; it is handed out again.
  if (verdict === undefined) return stay(state);
  const execution = newExecution(found);
  return inOrder(
    withNew(state, execution),
    (now) => chooseBegun(now, execution, found, verdict),
    (now) => limitJob(now, execution.id, found),
  );
}

type Claimant = 'us' | 'us-before' | 'another';

/** `us-before`: this journal, but before a restart of the machine, in which a disk may have lost what was written last. */
function claimantOf(state: AgentState, { statusDetails }: JobExecution): Claimant {
  const mark = statusDetails[CLAIM_DETAIL];
  if (mark === claimMark(state)) return 'us';
  return mark === state.journalId || mark?.startsWith(`${state.journalId}/`) ? 'us-before' : 'another';
}

/** I2: what may have begun begins again only if its handlers' authors declared that it may. */
function mayBegin(claimedBy: Claimant, verdict: PlanVerdict): boolean {
  if (claimedBy !== 'us-before' || verdict.kind !== 'run') return claimedBy !== 'another';
  return verdict.plan.steps.every(({ onInterrupted }) => onInterrupted !== 'fail');
}

const STATE_LOST: Readonly<Record<Claimant, string>> = {
  us: '', // then nothing is lost
  'us-before':
    'it was claimed before the gateway restarted, and the journal does not say whether it had begun. It is not run ' +
    'again, because it may have been run already; create a new job execution to run it.',
  another:
    'it was in progress before this agent knew of it: the journal that began it is gone, or another agent began it. ' +
    'It is not run again, because it may have been run already; create a new job execution to run it.',
};

/** The service hands out what we told it was over: tell it again, and be slow to claim more, for it may go on so (I8). */
function reopen(state: AgentState, { id, outcome }: FinishedExecution, found: JobExecution): Decision {
  const others = state.finished.filter((one) => one.id !== id);
  return inOrder(withNew({ ...state, finished: others }, newExecution(found)), claimLater, (now) =>
    conclude(now, id, outcome ?? failure('STATE_LOST', STATE_LOST.another)),
  );
}

function take(state: AgentState, execution: ExecutionState, plan: ReviewedPlan): Decision {
  const { id } = execution;
  const statusDetails = { [CLAIM_DETAIL]: claimMark(state) };
  return inOrder(
    withExecution(state, id, () => ({ phase: { name: 'claiming', plan } })),
    (now) => journal(now, id),
    (now) => update(now, execution, { kind: 'take', status: 'IN_PROGRESS', statusDetails }),
  );
}

/** It has to run alone and others still run: it stays in the queue, and nothing behind it is taken before it. */
function hold(state: AgentState, id: ExecutionId): Decision {
  return stay({ ...withoutExecution(state, id), exclusiveNext: true });
}

function leave(state: AgentState, id: ExecutionId): Decision {
  return claimMore({ ...withoutExecution(state, id), left: [...state.left, id].slice(-MAX_LEFT) });
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
    !(state.exclusiveNext && Object.values(state.executions).some(isRunning)) &&
    hasRoom(state) &&
    !isAsking(state, ({ kind }) => kind === 'claim' || kind === 'list')
  );
}

function isReportUnderWay(state: AgentState, id: ExecutionId): boolean {
  return isAsking(state, (purpose) => purpose.kind === 'report' && purpose.id === id);
}

/** StartNext would hand it out again instead of the next. */
function isAnyWaiting({ executions }: AgentState): boolean {
  return Object.values(executions).some(({ phase }) => phase.name === 'waiting');
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
    toldVersion: 0,
    phase: { name: 'claiming', plan: null },
    details: {},
    ignoredFailures: [],
    skippedSteps: [],
    ending: NO_ENDING,
    progressPending: false,
    progressHeld: false,
    isLimited: false,
    retries: 0,
    recoveries: 0,
    postponements: 0,
    reboots: 0,
    failures: 0,
  };
}
