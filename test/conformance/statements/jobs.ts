// biome-ignore-all lint/suspicious/noTemplateCurlyInString: placeholders of job documents look so.
/** Limits, and what becomes of a job as a whole. */
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

const QUOTA = 'a quota of an account; here a fault asks for it (`throttled`)';

export const LIMIT_ROWS: readonly Statement[] = [
  switchedBy(
    'maxListed',
    documented('limit/pending', PAGE.limits, 'GetPendingJobExecutions returns ten executions at most.'),
  ),
  switchedBy(
    'maxListedInWindow',
    documented(
      'limit/pending-scheduled',
      PAGE.limits,
      'With scheduled jobs up to fifteen, five of them inside a maintenance window only.',
    ),
  ),
  unknown(
    'limit/pending-split',
    CAPTURE.reading,
    'How the ten are divided between both lists is not said. The first ten of the order.',
  ),
  documented('limit/document', PAGE.controlApi, 'A job document has at most 32,768 characters.'),
  documented('limit/message', PAGE.management, 'An MQTT message has at most 128 KB.'),
  documented('limit/document-source', PAGE.controlApi, 'A documentSource has 1 to 1,350 characters.'),
  documented(
    'limit/description',
    PAGE.controlApi,
    'Description and comment have at most 2,028 characters, none of them a control character.',
  ),
  documented('limit/reason-code', PAGE.controlApi, 'A reasonCode has at most 128 capitals, digits and underscores.'),
  documented('limit/targets', PAGE.limits2019, 'A job has 1 to 100 targets.'),
  documented('limit/page-size', PAGE.controlApi, 'A page has 1 to 250 entries.'),
  documented('limit/presigned', PAGE.controlApi, 'A presigned URL lives 60 to 3,600 seconds, 3,600 unless said.'),
  documented('limit/substitutions', PAGE.limits2019, 'A document has at most ten presigned URLs.'),
  documented('limit/retries', PAGE.controlApi, 'Retries are 0 to 10 for a criterion, and ten for a device in all.'),
  documented('limit/package-versions', PAGE.controlApi, 'A job has at most 25 destinationPackageVersions.'),
  switchedBy(
    'defaultMaximumPerMinute',
    documented(
      'limit/rollout',
      PAGE.configurationApi,
      'A rollout notifies up to 1,000 things a minute, which is the default.',
    ),
  ),
  documented('limit/deletions', PAGE.controlApi, 'At most ten jobs are DELETION_IN_PROGRESS.'),
  notOurs(
    documented('limit/retention', PAGE.limits2019, 'Jobs that nothing happens to are kept for 730 days.'),
    'a cloud on one machine keeps what it has',
  ),
  notOurs(
    documented('limit/device-reads', PAGE.limits2019, 'An account’s devices describe and list 200 times a second.'),
    QUOTA,
  ),
  notOurs(documented('limit/device-writes', PAGE.limits2019, 'They start and update 200 times a second.'), QUOTA),
  notOurs(
    documented(
      'limit/control-describe',
      PAGE.limits2019,
      'DescribeJobExecution of the control plane is answered ten times a second.',
    ),
    QUOTA,
  ),
];

export const JOB_ROWS: readonly Statement[] = [
  documented('job/selection-default', PAGE.management, 'targetSelection is SNAPSHOT unless said.'),
  documented(
    'job/snapshot-completed',
    PAGE.lifecycle,
    'A SNAPSHOT job is COMPLETED when all its executions have ended.',
  ),
  documented(
    'job/continuous-open',
    PAGE.lifecycle,
    'A CONTINUOUS job never completes by itself, unless it has an endTime.',
  ),
  documented('job/continuous-joins', PAGE.management, 'It also runs on things that join a target group later.'),
  switchedBy(
    'removeInProgress',
    documented(
      'job/continuous-leaves',
      PAGE.lifecycle,
      'A thing that leaves the group has its pending execution REMOVED.',
    ),
  ),
  documented(
    'job/statuses',
    PAGE.controlApi,
    'A job is IN_PROGRESS, CANCELED, COMPLETED, DELETION_IN_PROGRESS or SCHEDULED.',
  ),
  switchedBy(
    'creationDelayMs',
    seen('job/asynchronous', CAPTURE.jsSample, 'A device is notified up to a second after CreateJob. Here at once.'),
  ),
  switchedBy(
    'rolloutSpread',
    documented(
      'job/rollout-maximum',
      PAGE.configurations,
      'maximumPerMinute bounds how many executions are made in a minute.',
    ),
  ),
  documented(
    'job/rollout-exponential',
    PAGE.configurations,
    'exponentialRate begins at baseRatePerMinute and grows by incrementFactor at its criterion.',
  ),
  documented(
    'job/abort',
    PAGE.configurations,
    'An abort criterion that is met cancels what is QUEUED; what is IN_PROGRESS goes on.',
  ),
  documented(
    'job/abort-minimum',
    PAGE.configurations,
    'It counts from minNumberOfExecutedThings on, by thresholdPercentage.',
  ),
  documented('job/abort-words', PAGE.controlApi, 'The service fills comment and reasonCode of a job that it aborts.'),
  documented(
    'job/retry',
    PAGE.configurations,
    'A FAILED or TIMED_OUT execution is retried as often as its criterion says.',
  ),
  documented('job/retry-rejected', PAGE.configurations, 'REJECTED is never retried.'),
  documented('job/retry-zero', PAGE.configurationApi, 'After its creation the number of retries can only be set to 0.'),
  documented('job/retry-attempt', PAGE.controlApi, 'Summaries of a retry say retryAttempt.'),
  switchedBy(
    'retryNotifies',
    inferred(
      'job/retry-execution',
      CAPTURE.reading,
      'A retry is a new QUEUED execution of the same job: number one higher, version 1, its own queuedAt.',
    ),
  ),
  switchedBy(
    'retryDelayMs',
    unknown('job/retry-delay', CAPTURE.reading, 'How long a retry waits is not said. It does not wait.'),
  ),
  documented('job/retry-reset', PAGE.configurations, 'Leaving and joining a group begins the count of retries anew.'),
  switchedBy(
    'minScheduleLeadMinutes',
    documented(
      'job/scheduled',
      PAGE.controlApi,
      'With a startTime, 30 minutes to a year ahead, a job is SCHEDULED and makes no execution before it.',
    ),
  ),
  documented(
    'job/end-behavior',
    PAGE.controlApi,
    'At endTime the endBehavior STOP_ROLLOUT, CANCEL or FORCE_CANCEL is done.',
  ),
  documented(
    'job/maintenance',
    PAGE.controlApi,
    'Maintenance windows (cron, 1 to 1,430 minutes) bound when executions are made.',
  ),
  documented('job/concurrent', PAGE.limits, 'isConcurrent is true while a job is rolled out or cancelled.'),
];

export const SUBSTITUTION_ROWS: readonly Statement[] = [
  documented(
    'substitution/presigned',
    PAGE.presignedUrls,
    '`${aws:iot:s3-presigned-url:URL}` becomes a URL to download from.',
  ),
  documented(
    'substitution/presigned-v2',
    PAGE.presignedUrls,
    '`${aws:iot:s3-presigned-url-v2:URL}` takes encoded URLs, virtual hosts and versions.',
  ),
  documented(
    'substitution/upload',
    PAGE.presignedUrls,
    '`${aws:iot:s3-presigned-url-upload:URL}` becomes a URL to upload to; its key may name thing, job and execution.',
  ),
  documented(
    'substitution/parameter',
    PAGE.templates,
    '`${aws:iot:parameter:NAME}` becomes a documentParameter of a managed template.',
  ),
  documented(
    'substitution/attribute',
    PAGE.packages,
    '`${aws:iot:package:NAME:version:VERSION:attributes:KEY}` becomes an attribute of a package version.',
  ),
  documented(
    'substitution/attributes',
    PAGE.packages,
    'Without KEY it becomes all attributes as JSON, where it is a whole value.',
  ),
  documented(
    'substitution/single-package',
    PAGE.packages,
    'An empty name and version mean the only destinationPackageVersion.',
  ),
  documented(
    'substitution/artifact',
    PAGE.packageTroubleshooting,
    '`…:artifact:s3-presigned-url` becomes a URL of the version’s artifact; another page spells it `artifact-location`.',
  ),
  documented('substitution/each-time', PAGE.presignedUrls, 'URLs are made anew each time a device gets the document.'),
  documented(
    'substitution/role',
    PAGE.packageTroubleshooting,
    'A presigned placeholder without presignedUrlConfig.roleArn is InvalidRequestException.',
  ),
  documented(
    'substitution/unterminated',
    PAGE.packageTroubleshooting,
    'An unterminated `${` is InvalidJobDocumentException.',
  ),
  documented(
    'substitution/get-document',
    PAGE.commandLine,
    'GetJobDocument leaves presigned placeholders as they are.',
  ),
  documented('substitution/before', PAGE.packages, 'beforeSubstitution shows package parameters as they were written.'),
  documented('substitution/source-once', PAGE.commandLine, 'documentSource is read once, when the job is created.'),
  documented(
    'substitution/shadow',
    PAGE.packages,
    'After success the service writes the versions into the reserved shadow `$package`.',
  ),
];
