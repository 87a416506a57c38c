/** The core with one fault each in what it knows of restarts, waits, timers and room, and of a disk that lies. */
import { CLAIM_DETAIL, claimMark } from '../../agent/core/claim-mark.ts';
import { decide } from '../../agent/core/decide.ts';
import type { TimerName } from '../../agent/core/effect.ts';
import type { AgentEvent } from '../../agent/core/event.ts';
import type { ExecutionRecord } from '../../agent/core/execution-record.ts';
import type { AgentState, Ending, ExecutionState, ReviewedStep, WaitingPhase } from '../../agent/core/state.ts';
import { type Core, without } from './faulty-core.ts';

/** Asks for a restart, and nothing on disk says what for. */
export const restartsUnwritten: Core = (state, event) =>
  without(decide(state, event), (effect) => effect.type === 'journal' && effect.record.phase === 'awaiting-reboot');

/** Asks for a restart at once, whatever else runs. */
export const restartsAtOnce: Core = (state, event) => {
  const { state: after, effects } = decide(state, event);
  const isAskedFor = event.type === 'runEnded' && event.result.status === 'reboot';
  return { state: after, effects: isAskedFor ? [...effects, { type: 'reboot', how: 'restart' }] : effects };
};

/** Begins work while the machine is to restart. */
export const startsDuringRestart: Core = (state, event) => {
  const hidden = Object.values(state.executions).filter(({ phase }) => phase.name === 'awaiting-reboot');
  const decision = decide({ ...withAll(state, hidden, HIDDEN), rebootRequested: false }, event);
  const before = hidden.filter(({ id }) => decision.state.executions[id]?.phase === HIDDEN);
  return { ...decision, state: before.reduce((now, one) => withAll(now, [one], one.phase), decision.state) };
};

/** Tells that a wait goes on, and what begins then is not on the disk. */
export const goesOnUnwritten: Core = (state, event) =>
  without(decide(state, event), (effect) => effect.type === 'journal' && 'begins' in effect.record);

/** Does not know at a start that the service may have been told that a wait goes on, as earlier versions do not. */
export const forgetsWord: Core = (state, event) =>
  decide(
    state,
    withRecords(event, (record) => {
      if (record.phase !== 'waiting') return record;
      const { begins: _, ...others } = record;
      return others;
    }),
  );

/** Forgets at a start that an update may have landed unheard, as an earlier version did where it had been refused. */
export const forgetsUnheard: Core = (state, event) =>
  decide(
    state,
    withRecords(event, (record) => (record.phase === 'closed' ? record : { ...record, isUpdating: false })),
  );

/** Begins again what may have begun, as if it had only been announced. */
export const trustsWord: Core = (state, event) => {
  if (event.type !== 'requestAccepted' || !('execution' in event.answer)) return decide(state, event);
  const { execution } = event.answer;
  const isTold = execution?.statusDetails[CLAIM_DETAIL]?.includes('/0.') === true;
  if (!isTold || event.answer.operation !== 'DescribeJobExecution') return decide(state, event);
  return decide(state, { ...event, answer: { ...event.answer, execution: { ...execution, statusDetails: {} } } });
};

const HIDDEN: WaitingPhase = {
  ...{ name: 'waiting', why: 'postponed', reason: '', stepIndex: 0, attempt: 1 },
  ...{ next: { kind: 'work' }, waitMs: 1_000, due: false, exclusive: false, recordedVersion: null, plan: null },
  begins: null,
};

/** Takes any start of the agent for a restart of the machine. */
export const trustsAnyStart: Core = (state, event) =>
  decide(
    state,
    withRecords(event, (record) => (record.phase === 'awaiting-reboot' ? { ...record, bootId: 'another' } : record)),
  );

/** Knows after a start of the agent only that the machine was to restart, as earlier versions do. */
export const forgetsPowerOff: Core = (state, event) =>
  decide(
    state,
    withRecords(event, (record) => (record.phase === 'awaiting-reboot' ? { ...record, how: 'restart' } : record)),
  );

/** Does not ask whether a restart has done what it was to do. */
export const skipsVerify: Core = (state, event) =>
  decide(
    state,
    withRecords(event, (record) => (record.phase === 'awaiting-reboot' ? { ...record, verifies: false } : record)),
  );

/** Does not clean up after an interruption. */
export const skipsCleanUp: Core = (state, event) =>
  decide(
    state,
    withRecords(event, (record) => ('cleansUp' in record ? { ...record, cleansUp: false } : record)),
  );

/** Tries again what failed, as if it had asked for that. */
export const triesFailedAgain: Core = (state, event) =>
  event.type === 'runEnded' && event.result.status === 'failed'
    ? decide(state, { ...event, result: { ...event.result, status: 'later', afterMs: null } })
    : decide(state, event);

/** Forgets at a start how often a step has failed. */
export const forgetsFailures: Core = (state, event) =>
  decide(
    state,
    withRecords(event, (record) => (record.phase === 'closed' ? record : { ...record, failures: 0 })),
  );

/** Runs again what was interrupted, as if it had failed. */
export const retriesInterrupted: Core = (state, event) =>
  decide(
    state,
    withRecords(event, (record) => (record.phase === 'running' ? { ...record, onInterrupted: 'rerun' } : record)),
  );

/** Begins a step without asking for its condition. */
export const asksNothing: Core = (state, event) => withSteps(state, event, { conditional: false });

/** Asks for the condition of a step again, though its work has begun. */
export const asksAgain: Core = (state, event) =>
  decide(
    state,
    withRecords(event, (record) =>
      record.phase === 'running' ? { ...record, purpose: { kind: 'condition' } } : record,
    ),
  );

/** Does not know of what always runs. */
export const forgetsFinally: Core = (state, event) =>
  withSteps(state, event, { role: 'work' }, (one) => one.role !== 'finally');

/** Rolls back what has failed. */
export const rollsBackTheFailed: Core = (state, event) => {
  if (event.type !== 'runEnded' || event.result.status !== 'failed') return decide(state, event);
  const hidden = Object.values(state.executions).map((one) => ({ ...one, ending: { ...one.ending, undoable: [0] } }));
  const executions = Object.fromEntries(hidden.map((one) => [one.id, one]));
  return decide({ ...state, executions }, event);
};

/** Forgets at a start that a step has failed. */
export const forgetsFailure = forgetsOf({ failure: null });
/** Forgets at a start what can be rolled back. */
export const forgetsUndoable = forgetsOf({ undoable: [] });
/** Takes it at a start that everything had succeeded. */
export const undoesAll = forgetsOf({ undoable: [0, 1] });
/** Forgets at a start that anything is owed. */
export const forgetsEnding = forgetsOf({ state: 'none' });

function forgetsOf(change: Partial<Ending>): Core {
  return (state, event) =>
    decide(
      state,
      withRecords(event, (record) =>
        record.phase === 'closed' ? record : { ...record, ending: { ...record.ending, ...change } },
      ),
    );
}

/** Takes a claim that its journal made in an earlier boot for one of now. */
export const trustsEarlierBoots: Core = (state, event) => {
  if (event.type !== 'requestAccepted' || !('execution' in event.answer)) return decide(state, event);
  const { execution } = event.answer;
  if (execution?.statusDetails[CLAIM_DETAIL]?.startsWith(state.journalId) !== true) return decide(state, event);
  const claimed = { ...execution, statusDetails: { [CLAIM_DETAIL]: claimMark(state) } };
  return decide(state, { ...event, answer: { ...event.answer, execution: claimed } });
};

/** Does not see that a handler has to run alone. */
export const forgetsExclusive: Core = (state, event) => withSteps(state, event, { exclusive: false });

/** Runs one more than there is room for. */
export const runsTooMany: Core = (state, event) => {
  const { settings } = state;
  const decision = decide({ ...state, settings: { ...settings, capacity: settings.capacity + 1 } }, event);
  return { ...decision, state: { ...decision.state, settings } };
};

/** Starts the step timer once, and never anew. */
export const forgetsStepTimer: Core = (state, event) => {
  const { state: after, effects } = decide(state, event);
  return {
    state: after,
    effects: effects.map((effect) => {
      if (effect.type !== 'request' || effect.request.operation !== 'UpdateJobExecution') return effect;
      const { stepTimeoutInMinutes: _, ...request } = effect.request;
      return { ...effect, request };
    }),
  };
};

export const neverBeats: Core = neverSets('heartbeat');
export const neverLimits: Core = neverSets('jobTimeout');
export const neverDue: Core = neverSets('due');
/** Waits for a restart that never comes. */
export const awaitsForEver: Core = neverSets('reboot');

function neverSets(name: TimerName['name']): Core {
  return (state, event) =>
    without(decide(state, event), (effect) => effect.type === 'setTimer' && effect.timer.name === name);
}

function withAll(state: AgentState, changed: readonly ExecutionState[], phase: ExecutionState['phase']): AgentState {
  const executions = Object.fromEntries(
    changed.map((one) => [one.id, { ...(state.executions[one.id] ?? one), phase }]),
  );
  return { ...state, executions: { ...state.executions, ...executions } };
}

/** Sees steps that are otherwise than they are. */
function withSteps(
  state: AgentState,
  event: AgentEvent,
  change: Partial<ReviewedStep>,
  isThere: (step: ReviewedStep) => boolean = () => true,
) {
  if (event.type !== 'requestAccepted' || event.verdict?.kind !== 'run') return decide(state, event);
  const { plan } = event.verdict;
  const steps = plan.steps.filter(isThere).map((step) => ({ ...step, ...change }));
  return decide(state, { ...event, verdict: { kind: 'run', plan: { ...plan, steps } } });
}

function withRecords(event: AgentEvent, change: (record: ExecutionRecord) => ExecutionRecord): AgentEvent {
  return event.type === 'journalRecovered' ? { ...event, records: event.records.map(change) } : event;
}
