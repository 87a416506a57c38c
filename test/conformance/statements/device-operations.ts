/** The device's topics and its four operations. */
import {
  CAPTURE,
  documented,
  inferred,
  PAGE,
  type Statement,
  seen,
  switchedBy,
  thirdParty,
  unknown,
} from '../statement.ts';

export const DEVICE_TOPICS: readonly Statement[] = [
  documented(
    'topic/requests',
    PAGE.topics,
    'Requests go to `get`, `start-next`, `JOB/get`, `$next/get` and `JOB/update` below `$aws/things/THING/jobs/`.',
  ),
  documented(
    'topic/answers',
    PAGE.topics,
    'An answer’s topic is the request’s with `/accepted` or `/rejected` behind it.',
  ),
  documented('topic/requester-only', PAGE.topics, 'An answer goes to the client that asked, and to no other.'),
  documented('topic/notifications', PAGE.topics, 'The service speaks first on `notify` and `notify-next`.'),
  seen('topic/next-answer', CAPTURE.greengrass, 'The answer to `$next/get` keeps the word `$next` in its topic.'),
  switchedBy(
    'nextUpdateCode',
    unknown(
      'topic/next-update',
      PAGE.dataApi,
      '`$next` is no jobId of an update; with which code `$next/update` is refused is not said. It is InvalidRequest.',
    ),
  ),
  documented(
    'topic/namespaces',
    CAPTURE.greengrass,
    'Jobs of a namespace have topics of their own, `…/namespace-NAME/…`. They are not served: those topics are InvalidTopic.',
  ),
];

export const DEVICE_REQUESTS: readonly Statement[] = [
  documented(
    'request/token-echoed',
    PAGE.mqttApi,
    'The clientToken of a request comes back in its answer, accepted or rejected.',
  ),
  documented('request/timestamp', PAGE.mqttApi, 'Every answer has a timestamp: when it was sent, in seconds.'),
  inferred('request/no-token', CAPTURE.reading, 'A request without a clientToken has an answer without one.'),
  seen('request/empty', CAPTURE.embeddedC, 'A payload of no bytes is a request without members.'),
  seen(
    'request/unknown-members',
    CAPTURE.jsClient,
    'Members that an operation does not know are ignored: AWS’s client sends thingName and jobId too.',
  ),
  documented('request/quoted-numbers', PAGE.programming, 'A number may come as a string of digits.'),
  inferred('request/not-a-number', CAPTURE.reading, 'A string that is no number is InvalidRequest.'),
];

export const GET_PENDING_ROWS: readonly Statement[] = [
  seen('get-pending/empty', CAPTURE.jsSample, 'Both lists are always there, possibly empty.'),
  documented('get-pending/nothing-accepted', PAGE.mqttApi, 'With nothing pending the request is accepted.'),
  seen(
    'get-pending/in-progress-listed',
    CAPTURE.jsSample,
    'inProgressJobs lists what is IN_PROGRESS, although one page says that it is filtered out.',
  ),
  documented('get-pending/no-documents', PAGE.mqttApi, 'The lists have no job documents.'),
];

export const START_NEXT_ROWS: readonly Statement[] = [
  documented(
    'start-next/queued-head',
    PAGE.mqttApi,
    'The first in line, when QUEUED, becomes IN_PROGRESS with the given details.',
  ),
  documented(
    'start-next/running-head',
    PAGE.mqttApi,
    'The first in line, when IN_PROGRESS, is handed out again, its details unchanged.',
  ),
  thirdParty('start-next/running-version', CAPTURE.thirdParty, 'Handing it out again leaves its version.'),
  seen('start-next/no-second', CAPTURE.jsSample, 'So it never starts a second job beside the first.'),
  switchedBy(
    'stepTimerOnRehand',
    unknown(
      'start-next/running-step-timer',
      CAPTURE.reading,
      'Whether stepTimeoutInMinutes sets the timer of one that is handed out again is not said. It does not.',
    ),
  ),
  documented('start-next/nothing', PAGE.mqttApi, 'With nothing pending it is accepted without an execution.'),
  documented('start-next/document', PAGE.programming, 'The job document is always in the answer.'),
  documented('start-next/step-timer', PAGE.mqttApi, 'stepTimeoutInMinutes sets the step timer.'),
  documented('start-next/no-discard', PAGE.dataApi, '-1 is no value of its stepTimeoutInMinutes.'),
];

export const DESCRIBE_ROWS: readonly Statement[] = [
  documented(
    'describe/next',
    PAGE.mqttApi,
    '`$next` describes the first in line: IN_PROGRESS before QUEUED, then by the time of queueing.',
  ),
  documented('describe/read-only', PAGE.mqttApi, 'Describing starts nothing.'),
  seen('describe/next-nothing', CAPTURE.greengrass, '`$next` with nothing pending is accepted without an execution.'),
  documented('describe/include-document', PAGE.mqttApi, 'The document is there unless includeJobDocument is false.'),
  documented(
    'describe/execution-number',
    PAGE.mqttApi,
    'executionNumber chooses one execution; without it the latest is meant.',
  ),
  documented('describe/not-found', PAGE.errors, 'What does not exist is rejected with ResourceNotFound.'),
  documented('describe/terminal', PAGE.errors, 'What has ended is rejected with TerminalStateReached.'),
  switchedBy(
    'describeTerminalByNumber',
    unknown(
      'describe/terminal-by-number',
      CAPTURE.reading,
      'Whether naming its executionNumber shows an ended execution is not said. It is rejected too.',
    ),
  ),
  seen(
    'describe/eventual',
    CAPTURE.greengrass,
    'Right after a notification `$next` may come back empty. Here it never does, unless a fault is asked for (`emptyNext`).',
  ),
];

export const UPDATE_ROWS: readonly Statement[] = [
  documented('update/status-required', PAGE.mqttApi, 'status is required with every update.'),
  seen(
    'update/null-message',
    CAPTURE.cppIssue,
    "Its absence is told as “Value null at 'status' failed to satisfy constraint: Member must not be null”.",
  ),
  documented('update/plain-answer', PAGE.mqttApi, 'The plain answer has clientToken and timestamp only.'),
  documented('update/include-state', PAGE.mqttApi, 'includeJobExecutionState puts executionState into the answer.'),
  documented('update/include-document', PAGE.mqttApi, 'includeJobDocument puts jobDocument into the answer.'),
  documented(
    'update/execution-number',
    PAGE.mqttApi,
    'executionNumber chooses one execution; without it the latest is meant.',
  ),
  documented(
    'update/step-timer',
    PAGE.mqttApi,
    'stepTimeoutInMinutes sets the step timer anew, -1 discards it, without it the timer stays.',
  ),
];

export const VERSION_ROWS: readonly Statement[] = [
  seen('version/one', CAPTURE.jsSample, 'A new execution has versionNumber 1.'),
  documented(
    'version/each-update',
    PAGE.mqttApi,
    'Each accepted update adds one, also from IN_PROGRESS to IN_PROGRESS.',
  ),
  seen('version/start-next', CAPTURE.jsSample, 'Starting by start-next adds one.'),
  documented('version/unchanged-by-reads', PAGE.mqttApi, 'Describing and listing add nothing.'),
  documented('version/unchanged-by-refusals', PAGE.errors, 'A refused update adds nothing and changes nothing.'),
  switchedBy(
    'serviceChangesBumpVersion',
    unknown(
      'version/service-changes',
      CAPTURE.thirdParty,
      'Whether CANCELED, TIMED_OUT and REMOVED add one is not said. They do.',
    ),
  ),
  inferred(
    'version/retry',
    CAPTURE.reading,
    'A retry is a new execution: executionNumber one higher, versionNumber 1.',
  ),
  documented(
    'version/right-accepted',
    PAGE.mqttApi,
    'An update with the stored version as expectedVersion is accepted.',
  ),
  documented(
    'version/mismatch',
    PAGE.errors,
    'Another expectedVersion than the stored one is rejected with VersionMismatch.',
  ),
  documented('version/mismatch-state', PAGE.errors, 'The rejection carries the executionState.'),
  thirdParty(
    'version/mismatch-message',
    CAPTURE.thirdParty,
    'Its message is “Expected version 99 but found version 1”.',
  ),
  switchedBy(
    'firstCheck',
    unknown(
      'version/check-order',
      CAPTURE.thirdParty,
      'Which is looked at first when version and transition are both wrong is not said. The version is.',
    ),
  ),
];

export const STATE_ROWS: readonly Statement[] = [
  documented('state-machine/queued', PAGE.lifecycle, 'The rollout makes an execution QUEUED.'),
  documented(
    'state-machine/queued-in-progress',
    PAGE.lifecycle,
    'A device may take QUEUED to IN_PROGRESS, by start-next or by an update.',
  ),
  documented('state-machine/queued-rejected', PAGE.lifecycle, 'A device may take QUEUED to REJECTED.'),
  inferred('state-machine/queued-ended', CAPTURE.deviceClient, 'A device may take QUEUED to SUCCEEDED or FAILED.'),
  inferred('state-machine/direct-started-at', CAPTURE.deviceClient, 'Such a direct update sets startedAt.'),
  documented('state-machine/repeat', PAGE.lifecycle, 'A device may update IN_PROGRESS to IN_PROGRESS again and again.'),
  documented(
    'state-machine/in-progress-ended',
    PAGE.lifecycle,
    'A device may take IN_PROGRESS to SUCCEEDED, FAILED or REJECTED.',
  ),
  inferred('state-machine/to-queued', CAPTURE.thirdParty, 'A device cannot go back to QUEUED: InvalidStateTransition.'),
  switchedBy(
    'serviceOnlyStatusCode',
    unknown(
      'state-machine/service-only',
      CAPTURE.thirdParty,
      'With which code a device’s CANCELED, TIMED_OUT or REMOVED is refused is not said. It is InvalidRequest.',
    ),
  ),
  documented(
    'state-machine/terminal',
    PAGE.errors,
    'Nothing leads out of a terminal status: InvalidStateTransition with the executionState.',
  ),
  documented('state-machine/cancel-queued', PAGE.commandLine, 'An operator’s cancel takes QUEUED to CANCELED.'),
  documented('state-machine/cancel-in-progress', PAGE.commandLine, 'IN_PROGRESS is cancelled by force only.'),
  documented('state-machine/canceled-final', PAGE.controlApi, 'A device cannot update what was cancelled by force.'),
  documented(
    'state-machine/removed',
    PAGE.lifecycle,
    'A pending execution becomes REMOVED when its thing is no target any more.',
  ),
  documented('state-machine/timed-out', PAGE.configurations, 'IN_PROGRESS becomes TIMED_OUT when its timer ends.'),
  documented('state-machine/queued-no-timer', PAGE.configurations, 'QUEUED never times out.'),
  documented('state-machine/deleted', PAGE.workflow, 'What was deleted is ResourceNotFound to the device.'),
  documented(
    'state-machine/retryable',
    PAGE.lifecycle,
    'Of the terminal statuses only FAILED and TIMED_OUT are retried.',
  ),
];
