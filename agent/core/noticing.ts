/** Notifications are hints: that there is work, or that a job of ours is not where it belongs. */
import { isKnown, offered } from './claiming.ts';
import { type Decision, describe, inOrder, stay } from './decision.ts';
import { dropReplaced } from './describing.ts';
import { type ExecutionId, type ExecutionKey, executionId } from './job-execution.ts';
import type { JobsNotification } from './jobs-request.ts';
import type { AgentState, Phase } from './state.ts';

/** A list this long may have been cut off, so that missing from it means nothing (Developer Guide, quotas of Jobs). */
const FULL_LIST = 10;

export function notified(state: AgentState, notification: JobsNotification): Decision {
  return inOrder(
    state,
    (now) => dropReplaced(now, namedIn(notification)),
    (now) => checkMissing(now, notification),
    (now) => offered(now, offersWork(now, notification)),
  );
}

/** Asks about those that run or wait: they may have been cancelled. Others are asked about or told of in any case. */
export function checkHeld(state: AgentState, isDoubtful: (id: ExecutionId) => boolean): Decision {
  const doubtful = Object.values(state.executions).filter(
    ({ id, phase }) => HELD.includes(phase.name) && isDoubtful(id),
  );
  return inOrder(state, ...doubtful.map((execution) => (now: AgentState) => describe(now, execution)));
}

const HELD: readonly Phase['name'][] = ['running', 'waiting', 'awaiting-reboot'];

/** A notification is a hint: it is worth a request only if it names an execution that is news to us. */
function offersWork(state: AgentState, notification: JobsNotification): boolean {
  return namedIn(notification).some((execution) => !isKnown(state, executionId(execution)));
}

function namedIn(notification: JobsNotification): readonly ExecutionKey[] {
  if (notification.topic === 'notify') return [...notification.inProgress, ...notification.queued];
  return notification.execution === null ? [] : [notification.execution];
}

/** Cancellation has no message of its own: an execution that is missing where it belongs is asked about. */
function checkMissing(state: AgentState, notification: JobsNotification): Decision {
  if (notification.topic === 'notify-next') {
    const first = notification.execution === null ? null : executionId(notification.execution);
    return checkHeld(state, (id) => id !== first && state.settings.capacity === 1);
  }
  const listed = namedIn(notification).map(executionId);
  return listed.length >= FULL_LIST ? stay(state) : checkHeld(state, (id) => !listed.includes(id));
}
