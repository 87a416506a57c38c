/** Timers, the order of the list, notifications, delivery. */
import {
  CAPTURE,
  documented,
  inferred,
  notOurs,
  PAGE,
  type Statement,
  seen,
  switchedBy,
  unknown,
} from '../statement.ts';

export const TIMER_ROWS: readonly Statement[] = [
  documented(
    'timer/in-progress',
    PAGE.configurations,
    'inProgressTimeoutInMinutes starts to run when an execution becomes IN_PROGRESS.',
  ),
  documented(
    'timer/in-progress-fixed',
    PAGE.configurations,
    'It cannot be changed for an execution that runs; UpdateJob changes it for those that start later.',
  ),
  documented('timer/range', PAGE.dataApi, 'Timers are 1 to 10,080 minutes long.'),
  inferred('timer/bad-range', CAPTURE.reading, '0, below -1, above 10,080 and fractions are InvalidRequest.'),
  documented(
    'timer/step-replaces',
    PAGE.configurations,
    'A new step timer replaces the old one and counts from its own update.',
  ),
  documented(
    'timer/earlier',
    PAGE.configurations,
    'The earlier of both ends the execution: a step timer never extends the bound of the job.',
  ),
  inferred('timer/update-keeps-step', CAPTURE.reading, 'An update without stepTimeoutInMinutes leaves the step timer.'),
  inferred('timer/not-restarted', CAPTURE.reading, 'Further IN_PROGRESS updates do not restart the in-progress timer.'),
  documented('timer/ends-with-terminal', PAGE.programming, 'Both end when the execution ends.'),
  switchedBy('timeoutLateMs', documented('timer/late', PAGE.dataApi, 'The service may be up to 60 seconds late.')),
  documented(
    'timer/expiry',
    PAGE.configurations,
    'At the end of a timer the execution is TIMED_OUT, leaves the list and is notified.',
  ),
  seen(
    'timer/seconds-left',
    CAPTURE.thirdParty,
    'approximateSecondsBeforeTimedOut is there while a timer runs, and only then.',
  ),
  documented(
    'timer/terminal-no-seconds',
    PAGE.controlApi,
    'The control plane leaves it out once the execution has ended.',
  ),
  unknown(
    'timer/queued-no-seconds',
    PAGE.programming,
    'One sample shows it on QUEUED. It is left out while nothing runs.',
  ),
];

export const ORDER_ROWS: readonly Statement[] = [
  documented('order/in-progress-first', PAGE.notifications, 'IN_PROGRESS comes before QUEUED.'),
  documented(
    'order/queued',
    PAGE.notifications,
    'Within a status the earlier queued comes first; the first of all is “next”.',
  ),
  inferred('order/ties', CAPTURE.reading, 'Executions queued within one second keep their order.'),
];

export const NOTIFICATION_ROWS: readonly Statement[] = [
  inferred('notify/not-retained', PAGE.workflow, 'Notifications are not retained: a device that was away has to ask.'),
  documented(
    'notify/shape',
    PAGE.notifications,
    '`notify` has a timestamp and jobs by status; a status without jobs is left out, nothing pending is `"jobs":{}`.',
  ),
  documented(
    'notify-next/shape',
    PAGE.notifications,
    '`notify-next` has a timestamp and the execution with its document; nothing pending has no execution.',
  ),
  documented('notify/first-queued', PAGE.notifications, 'A job queued into an empty list is told on both topics.'),
  documented('notify/behind', PAGE.notifications, 'A job queued behind others is told on `notify` only.'),
  documented('notify/head-started', PAGE.notifications, 'The first in line that is started is told on neither.'),
  documented(
    'notify/other-started-first',
    PAGE.notifications,
    'Another that is started and thereby becomes first is told on `notify-next` only.',
  ),
  inferred(
    'notify/other-started-behind',
    CAPTURE.reading,
    'Another that is started behind one that runs longer is told on neither.',
  ),
  documented('notify/progress', PAGE.mqttApi, 'Details, versions and timers that change are told on neither.'),
  documented(
    'notify/head-ended',
    PAGE.notifications,
    'The first in line that ends is told on both, with the new first or without an execution.',
  ),
  documented('notify/other-ended', PAGE.notifications, 'Another that ends is told on `notify` only.'),
  documented('notify/deleted', PAGE.notifications, 'A pending execution that is deleted is told as one that ends.'),
  documented(
    'notify/refusals',
    PAGE.notifications,
    'Refused requests, reads and a job handed out again are told on neither.',
  ),
  seen('notify/order', CAPTURE.jsSample, 'After a terminal update: its answer, then `notify`, then `notify-next`.'),
  documented('notify/control-plane', PAGE.notifications, 'Changes by an operator are told as well.'),
  inferred('notify/data-http', CAPTURE.reading, 'Changes by a device over HTTP are told as well.'),
  inferred(
    'notify/new-execution',
    CAPTURE.reading,
    'A retry, or a jobId that is used again, is another “next” and told as one.',
  ),
  inferred(
    'notify/cancel-silent',
    CAPTURE.embeddedC,
    'A cancellation has no message of its own: the job is missing from the lists.',
  ),
  switchedBy(
    'maxListed',
    documented('notify/ten', PAGE.limits, '`notify` lists ten executions at most (15 with scheduled jobs).'),
  ),
];

export const DELIVERY_ROWS: readonly Statement[] = [
  documented(
    'delivery/unsubscribed',
    PAGE.mqttApi,
    'An answer comes to the client that asked, even without a subscription.',
  ),
  documented('delivery/nobody-else', PAGE.topics, 'Nobody else can hear it.'),
  inferred('delivery/once', CAPTURE.reading, 'A subscriber gets its answer once.'),
  inferred('delivery/subscribe-granted', CAPTURE.jsClient, 'Subscribing to answers is granted.'),
  unknown('delivery/qos', CAPTURE.reading, 'At which QoS answers and notifications are sent is not said. QoS 1.'),
  inferred('delivery/lost', CAPTURE.reading, 'An answer to a client that has gone is lost.'),
  documented(
    'delivery/policy',
    PAGE.devices,
    'MQTT needs iot:Connect, iot:Publish, iot:Subscribe and iot:Receive on these topics; what no policy allows ends the connection.',
  ),
  documented('delivery/http-policy', PAGE.devices, 'HTTP needs the actions of `iotjobsdata`.'),
  notOurs(documented('delivery/billed', PAGE.mqttApi, 'Messages are billed.'), 'nothing is billed here'),
];
