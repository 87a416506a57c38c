/** Names, and the objects of the device's API. */
import { CAPTURE, documented, inferred, PAGE, type Statement, seen, switchedBy, unknown } from '../statement.ts';

export const DEVICE_DATA: readonly Statement[] = [
  documented('name/thing', PAGE.dataApi, 'A thing’s name has 1 to 128 characters of `[a-zA-Z0-9:_-]`.'),
  documented('name/job', PAGE.dataApi, 'A jobId has 1 to 64 characters of `[a-zA-Z0-9_-]`: no dot, no colon.'),
  documented('name/next', PAGE.dataApi, 'DescribeJobExecution takes a jobId or the word `$next`.'),
  seen('execution-number/one', CAPTURE.jsSample, 'The first execution of a job on a thing has executionNumber 1.'),
  documented(
    'name/client-token',
    PAGE.mqttApi,
    'A clientToken is any text; no length and no characters are documented.',
  ),
  unknown(
    'name/like-a-topic',
    CAPTURE.reading,
    'A job may be called `get`, `start-next` or `notify`; what becomes of its topics is not said. Topics are told apart by their number of segments.',
  ),
  documented(
    'job-execution/members',
    PAGE.dataTypes,
    'A JobExecution always has jobId, status, queuedAt, lastUpdatedAt, versionNumber and executionNumber.',
  ),
  switchedBy(
    'thingNameInExecutions',
    unknown(
      'job-execution/no-thing-name',
      PAGE.dataTypes,
      'thingName is in the model of a JobExecution and in no message that was seen over MQTT. It is left out.',
    ),
  ),
  seen('job-execution/no-empty-details', CAPTURE.jsSample, 'statusDetails is left out while it is empty.'),
  seen('job-execution/started-only', CAPTURE.jsSample, 'startedAt is there once the execution was started.'),
  documented('time/seconds', PAGE.mqttApi, 'Times over MQTT are whole seconds since the epoch.'),
  seen('job-execution/document-object', CAPTURE.jsSample, 'Over MQTT jobDocument is a JSON object.'),
  documented('job-execution/document-string', PAGE.dataApi, 'Over HTTP jobDocument is a string.'),
  documented(
    'summary/members',
    PAGE.dataTypes,
    'A JobExecutionSummary has jobId, queuedAt, lastUpdatedAt, executionNumber and versionNumber; no status, document or details.',
  ),
  seen('summary/started-only', CAPTURE.jsSample, 'A summary has startedAt once the execution was started.'),
  documented(
    'state/members',
    PAGE.dataTypes,
    'A JobExecutionState is an object of status, statusDetails and versionNumber.',
  ),
  inferred('state/no-empty-details', CAPTURE.thirdParty, 'A JobExecutionState leaves out empty statusDetails.'),
  documented('details/key', PAGE.dataApi, 'A key of statusDetails has 1 to 128 characters of `[a-zA-Z0-9:_-]`.'),
  documented(
    'details/value-pattern',
    PAGE.dataApi,
    'A value of statusDetails matches `[^\\p{C}]+`: no control, format, private-use or unassigned character.',
  ),
  documented('details/value-length', PAGE.dataTypes, 'A value of statusDetails has 1 to 1,024 characters.'),
  unknown(
    'details/value-unit',
    PAGE.dataTypes,
    'Whether the 1,024 are UTF-16 units or code points is not said. UTF-16 units are counted.',
  ),
  documented('details/ten', PAGE.controlApi, 'statusDetails has at most ten pairs.'),
  documented(
    'details/strings-only',
    PAGE.dataApi,
    'Values of statusDetails are strings; lists and objects are refused.',
  ),
  inferred('details/scalars', CAPTURE.jobsAgent, 'A number, which AWS’s own agent sends, is taken as its text.'),
  documented('details/omitted', PAGE.mqttApi, 'statusDetails that are left out stay as they are.'),
  switchedBy(
    'statusDetailsUpdate',
    inferred('details/replaced', CAPTURE.thirdParty, 'statusDetails that are given replace the whole map.'),
  ),
  inferred('details/empty-accepted', CAPTURE.deviceClient, 'An empty map of statusDetails is accepted.'),
  switchedBy(
    'emptyStatusDetails',
    unknown(
      'details/empty-clears',
      CAPTURE.reading,
      'Whether `{}` clears the stored details or keeps them is not said. It clears them.',
    ),
  ),
  switchedBy(
    'strictStatusDetails',
    unknown(
      'details/enforced',
      CAPTURE.deviceClient,
      'A published result shows a value that ends in a newline, against the pattern. The pattern is enforced.',
    ),
  ),
];
