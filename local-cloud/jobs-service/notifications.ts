/**
 * When the service speaks first. `notify` goes out when something entered or left the pending list, `notify-next` when
 * another execution is first in it. A status, version or detail that changes within the list notifies nobody
 * (Developer Guide, "Job notifications": the worked series, not the rule text, which contradict each other).
 */
import { epochSeconds, jobExecution, pendingSummaries } from './device-shapes.ts';
import type { Notification, Thing } from './state.ts';
import { pendingInOrder } from './state.ts';

/** What has to be remembered of a thing before a change to know whom to tell after it. */
export interface PendingSnapshot {
  readonly revision: number;
  /** Sequence of the first in line: two executions with the same jobId and number still differ in it. */
  readonly head: number | undefined;
}

export function snapshotPending(thing: Thing): PendingSnapshot {
  return { revision: thing.pendingRevision, head: pendingInOrder(thing)[0]?.sequence };
}

/** `notify` first, `notify-next` after it, as AWS sends them. */
export function notificationsSince(before: PendingSnapshot, thing: Thing, nowMs: number): Notification[] {
  const head = pendingInOrder(thing)[0];
  const prefix = `$aws/things/${thing.thingName}/jobs`;
  const timestamp = epochSeconds(nowMs);
  const notifications: Notification[] = [];
  if (thing.pendingRevision !== before.revision) {
    const { inProgress, queued } = pendingSummaries(thing);
    const jobs = {
      ...(inProgress.length > 0 && { IN_PROGRESS: inProgress }),
      ...(queued.length > 0 && { QUEUED: queued }),
    };
    notifications.push({ thingName: thing.thingName, topic: `${prefix}/notify`, message: { timestamp, jobs } });
  }
  if (head?.sequence !== before.head) {
    const message = head ? { timestamp, execution: jobExecution(head, nowMs, true) } : { timestamp };
    notifications.push({ thingName: thing.thingName, topic: `${prefix}/notify-next`, message });
  }
  return notifications;
}
