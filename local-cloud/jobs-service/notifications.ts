/**
 * When the service speaks first. `notify` goes out when something entered or left the pending list, `notify-next` when
 * another execution is first in it. A status, version or detail that changes within the list notifies nobody
 * (Developer Guide, "Job notifications": the worked series, not the rule text, which contradict each other).
 */
import { epochSeconds, jobExecution, pendingSummaries } from './device-shapes.ts';
import { headOf } from './pending-list.ts';
import type { JobsState, Notification, Thing } from './state.ts';

/** What is to be told now: each thing what it does not know yet, then the events. */
export function takeNotifications(state: JobsState, nowMs: number): Notification[] {
  const { things, events } = state.unsettled;
  const notifications = [...things].flatMap((thing) => announce(state, thing, nowMs));
  things.clear();
  return [...notifications, ...events.splice(0)];
}

/** `notify` first, `notify-next` after it, as AWS sends them. */
function announce(state: JobsState, thing: Thing, nowMs: number): Notification[] {
  const { thingName, announced, pendingRevision } = thing;
  const head = headOf(thing);
  thing.announced = { revision: pendingRevision, head: head?.sequence };
  const prefix = `$aws/things/${thingName}/jobs`;
  const timestamp = epochSeconds(nowMs);
  const notifications: Notification[] = [];
  if (pendingRevision !== announced.revision) {
    const { inProgress, queued } = pendingSummaries(state, thing);
    const jobs = {
      ...(inProgress.length > 0 && { IN_PROGRESS: inProgress }),
      ...(queued.length > 0 && { QUEUED: queued }),
    };
    notifications.push({ thingName, topic: `${prefix}/notify`, message: { timestamp, jobs } });
  }
  // By sequence: two executions with the same jobId and number still differ in it.
  if (head?.sequence !== announced.head) {
    const message = head ? { timestamp, execution: jobExecution(state, head, { nowMs }) } : { timestamp };
    notifications.push({ thingName, topic: `${prefix}/notify-next`, message });
  }
  return notifications;
}
