/** The operator's operations, what AWS's HTTP clients need, and the events of the service. */
import { CAPTURE, documented, inferred, PAGE, type Statement, seen, switchedBy, unknown } from '../statement.ts';

export const CONTROL_ROWS: readonly Statement[] = [
  documented(
    'control/errors',
    PAGE.controlApi,
    'InvalidRequestException is 400, ResourceNotFoundException 404, ServiceUnavailableException 503.',
  ),
  documented('control/throttled', PAGE.controlApi, 'ThrottlingException is 400 here, 429 on the device’s plane.'),
  documented('control/create', PAGE.controlApi, 'CreateJob gives jobArn, jobId and description.'),
  seen('control/create-no-description', CAPTURE.jsSample, 'It leaves description out where none was given.'),
  documented('control/job-arn', PAGE.controlApi, 'A jobArn is `arn:aws:iot:REGION:ACCOUNT:job/ID`.'),
  documented(
    'control/create-exists',
    PAGE.controlApi,
    'A jobId that is taken is ResourceAlreadyExistsException, 409, with resourceId and resourceArn.',
  ),
  unknown(
    'control/create-repeat',
    CAPTURE.reading,
    'Whether the same CreateJob twice is idempotent is not said. It is refused.',
  ),
  documented('control/create-document', PAGE.management, 'The document has to be JSON.'),
  documented(
    'control/create-one-source',
    PAGE.controlApi,
    'It comes as document, documentSource or by a jobTemplateArn.',
  ),
  inferred(
    'control/create-unknown-thing',
    CAPTURE.thirdParty,
    'A target that does not exist is ResourceNotFoundException.',
  ),
  documented(
    'control/create-members',
    PAGE.controlApi,
    'Every member of CreateJob is checked by AWS’s model: types, lengths, patterns, enumerations.',
  ),
  documented('control/create-tags', PAGE.controlApi, 'Tags of CreateJob are tags of the job.'),
  documented(
    'control/describe',
    PAGE.controlApi,
    'DescribeJob gives the job with what it was created with, its status and jobProcessDetails.',
  ),
  documented('control/describe-unknown', PAGE.controlApi, 'What does not exist is ResourceNotFoundException, 404.'),
  documented(
    'control/process-details',
    PAGE.controlApi,
    'jobProcessDetails counts things by their status, and lists processingTargets while the rollout lasts.',
  ),
  documented('control/document', PAGE.controlApi, 'GetJobDocument gives the document as it was written.'),
  documented(
    'control/list-jobs',
    PAGE.controlApi,
    'ListJobs filters by status, targetSelection and thing group, page by page.',
  ),
  documented(
    'control/update',
    PAGE.controlApi,
    'UpdateJob changes description and configurations, and answers nothing.',
  ),
  documented(
    'control/cancel',
    PAGE.commandLine,
    'CancelJob without force cancels what is QUEUED only; with force also what is IN_PROGRESS.',
  ),
  documented(
    'control/cancel-words',
    PAGE.controlApi,
    'Its comment and reasonCode are the job’s; forceCanceled says whether it was forced.',
  ),
  switchedBy(
    'deletionTakesMs',
    documented(
      'control/delete',
      PAGE.controlApi,
      'DeleteJob takes an ended job, or any by force; others are InvalidStateTransitionException, 409.',
    ),
  ),
  documented('control/delete-reuse', PAGE.controlApi, 'A deleted jobId may be used again.'),
  documented('control/associate', PAGE.controlApi, 'AssociateTargetsWithJob adds targets to a CONTINUOUS job.'),
  documented(
    'control/associate-snapshot',
    PAGE.controlApi,
    'It refuses jobs that are SNAPSHOT or no longer IN_PROGRESS.',
  ),
  documented(
    'control/list-for-job',
    PAGE.controlApi,
    'ListJobExecutionsForJob gives thingArn and summary of each, by status, page by page.',
  ),
  documented(
    'control/list-for-thing',
    PAGE.controlApi,
    'ListJobExecutionsForThing gives jobId and summary of each, by status and job, page by page.',
  ),
  documented(
    'control/describe-execution',
    PAGE.controlApi,
    'DescribeJobExecution gives thingArn, nested statusDetails and forceCanceled, and no document.',
  ),
  documented('control/describe-ended', PAGE.controlApi, 'It shows ended executions too.'),
  documented('control/no-next', PAGE.controlApi, '`$next` is no jobId of the control plane.'),
  documented(
    'control/cancel-execution',
    PAGE.controlApi,
    'CancelJobExecution takes what is QUEUED, or IN_PROGRESS by force; else InvalidStateTransitionException, 409.',
  ),
  documented(
    'control/cancel-execution-version',
    PAGE.controlApi,
    'Another expectedVersion is VersionConflictException, 409.',
  ),
  documented(
    'control/cancel-execution-details',
    PAGE.controlApi,
    'Its statusDetails replace the stored ones, ten pairs at most.',
  ),
  switchedBy(
    'deleteQueuedWithoutForce',
    documented(
      'control/delete-execution',
      PAGE.controlApi,
      'DeleteJobExecution refuses IN_PROGRESS without force: InvalidStateTransitionException, 409.',
    ),
  ),
  documented('control/delete-execution-number', PAGE.controlApi, 'It needs the executionNumber.'),
  documented(
    'control/templates',
    PAGE.controlApi,
    'Job templates are created, described, listed and deleted; one that is taken is ConflictException, 409.',
  ),
  documented('control/managed-templates', PAGE.templates, 'AWS’s managed templates are listed and described.'),
  documented(
    'control/endpoint',
    PAGE.controlApi,
    'DescribeEndpoint gives the address of `iot:Jobs` and of `iot:Data-ATS`.',
  ),
  documented('control/times', PAGE.controlApi, 'Times of the control plane are seconds, with a fraction.'),
  documented(
    'control/summary',
    PAGE.controlApi,
    'Its summaries have status, times, executionNumber and retryAttempt, and no versionNumber.',
  ),
];

export const DATA_HTTP_ROWS: readonly Statement[] = [
  documented('data-http/pending', PAGE.dataApi, 'GetPendingJobExecutions gives both lists.'),
  documented('data-http/start-next', PAGE.dataApi, 'StartNextPendingJobExecution starts the first in line.'),
  documented(
    'data-http/describe',
    PAGE.dataApi,
    'DescribeJobExecution takes a jobId or `$next`, includeJobDocument and executionNumber.',
  ),
  documented('data-http/update', PAGE.dataApi, 'UpdateJobExecution has the members it has over MQTT.'),
  documented('data-http/no-token', PAGE.dataApi, 'Answers have neither clientToken nor timestamp.'),
  documented('data-http/seconds', PAGE.dataApi, 'Times are whole seconds.'),
  inferred(
    'data-http/mutual-tls',
    PAGE.devices,
    'A device may use its certificate on port 8443 in place of a signature.',
  ),
  documented('data-http/not-jobs', PAGE.dataApi, 'StartCommandExecution is of another feature, and not served.'),
];

export const HTTP_ROWS: readonly Statement[] = [
  seen('http/planes', CAPTURE.clients, 'Both planes have paths in common; the signature’s scope tells them apart.'),
  seen(
    'http/old-scope',
    CAPTURE.clients,
    'Older clients sign for `execute-api`: whatever is not `iot-jobs-data` is the control plane.',
  ),
  seen('http/encoded', CAPTURE.clients, '`$next` may come as `%24next`, a colon as `%3A`.'),
  seen('http/booleans', CAPTURE.clients, 'Booleans of a query are `true` and `false`.'),
  seen('http/empty-body', CAPTURE.clients, 'A body may be `{}`, empty or absent where all members are optional.'),
  seen('http/null', CAPTURE.clients, 'A member that is null is absent.'),
  seen('http/error-type', CAPTURE.clients, 'The error’s name is in `x-amzn-ErrorType`, its text in `message`.'),
  seen('http/request-id', CAPTURE.clients, 'Every answer has `x-amzn-RequestId`.'),
  seen(
    'http/server-checks',
    CAPTURE.clients,
    'Clients check little: the server has to check lengths, patterns and enumerations.',
  ),
  seen('http/pages', CAPTURE.clients, 'The last page has no nextToken.'),
  seen('http/exit-status', CAPTURE.clients, 'The command line ends with 254 on an error of the service.'),
  documented(
    'http/signature',
    'AWS Signature Version 4',
    'A request that is not signed with a known key is refused, 403.',
  ),
];

export const EVENT_ROWS: readonly Statement[] = [
  documented('event/off', PAGE.events, 'Events are off until UpdateEventConfigurations turns them on.'),
  documented(
    'event/job',
    PAGE.events,
    'A job’s completion, cancellation and deletion are events on `$aws/events/job/JOB/…`.',
  ),
  documented('event/execution', PAGE.events, 'An execution’s end is an event on `$aws/events/jobExecution/JOB/…`.'),
  documented(
    'event/execution-members',
    PAGE.events,
    'An execution’s event has eventType, eventId, timestamp, operation, jobId, thingArn, status and statusDetails.',
  ),
  switchedBy(
    'eventTimes',
    documented('event/job-members', PAGE.events, 'A job’s event has its times and jobProcessDetails.'),
  ),
  documented('event/broker', PAGE.topics, 'Events pass the broker: whoever may subscribe hears them.'),
];
