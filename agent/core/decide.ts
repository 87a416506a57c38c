/**
 * The lifecycle: what to do about each thing that happened. Pure: the same state and event give the same decision. The
 * shell writes the `journal` effects of a decision to disk before it performs the others (I1).
 */
import { answerRule } from './answer-rules.ts';
import { accepted, refused } from './answering.ts';
import { claimMore } from './claiming.ts';
import { type Decision, describe, heartbeatLater, inOrder, stay, withExecution } from './decision.ts';
import type { TimerName } from './effect.ts';
import type { AgentEvent } from './event.ts';
import { endJob, jobLimitReached } from './job-limit.ts';
import { checkHeld, notified } from './noticing.ts';
import { tellAlive, tellProgress } from './progress.ts';
import { rebootFailed, rebootOverdue } from './rebooting.ts';
import { recover } from './recover.ts';
import { runEnded, runProgressed, stop } from './running.ts';
import type { AgentState, Phase, RequestPurpose } from './state.ts';

export function decide(state: AgentState, event: AgentEvent): Decision {
  switch (event.type) {
    case 'journalRecovered':
      return recover(state, event.records, event.fault);
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
      return notified(state, event.notification);
    case 'runProgressed':
      return runProgressed(state, event.id, event.runId, event.details);
    case 'runEnded':
      return inOrder(state, (now) => runEnded(now, event.id, event.runId, event.result), claimMore);
    case 'rebootFailed':
      return inOrder(state, (now) => rebootFailed(now, () => event.message), claimMore);
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
      return inOrder({ ...state, exclusiveNext: false }, (now) => checkHeld(now, () => true), claimMore, pollLater);
    case 'progress':
      return tellProgress(
        withExecution(state, timer.id, () => ({ progressHeld: false })),
        timer.id,
      );
    case 'retry': {
      const execution = state.executions[timer.id];
      if (execution === undefined) return stay(state);
      // A report too is told again only after a look: by now the version it expects may be another execution's.
      return describe(state, execution);
    }
    case 'due':
      return claimMore(withExecution(state, timer.id, ({ phase }) => ({ phase: asDue(phase) })));
    case 'heartbeat':
      return inOrder(
        state,
        (now) => tellAlive(now, timer.id),
        (now) => (now.executions[timer.id] === undefined ? stay(now) : heartbeatLater(now, timer.id)),
      );
    case 'jobTimeout':
      return inOrder(state, (now) => jobLimitReached(now, timer.id), claimMore);
    case 'documentTimeout':
      return inOrder(state, (now) => endJob(now, timer.id), claimMore);
    case 'reboot':
      return inOrder(state, rebootOverdue, claimMore);
    case 'stepTimeout': {
      const phase = state.executions[timer.id]?.phase;
      const isCurrent = phase?.name === 'running' && phase.runId === timer.runId;
      return isCurrent ? stop(state, timer.id, 'timed-out') : stay(state);
    }
  }
}

function asDue(phase: Phase): Phase {
  return phase.name === 'waiting' ? { ...phase, due: true } : phase;
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
