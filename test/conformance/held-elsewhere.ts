/** Statements that tests of other files hold, by id. */
import { type TestLink, testsOf } from '../../scripts/docs/test-link.ts';

const faults = testsOf('local-cloud/faults/device-faults');
const windows = testsOf('local-cloud/jobs-service/maintenance-window');
const rollout = testsOf('local-cloud/jobs-service/rollout');
const deletion = testsOf('local-cloud/jobs-service/cancel-and-delete');
const options = testsOf('local-cloud/jobs-service/service-options');
const restFaults = testsOf('local-cloud/faults/rest-faults');
const iam = testsOf('local-cloud/rest/iam-policies');
const dataTls = testsOf('local-cloud/rest/jobs-data-tls');
const clients = testsOf('local-cloud/clients/aws-clients');
const commandLine = testsOf('local-cloud/clients/command-line');
const broker = testsOf('local-cloud/broker');
const lostAnswers = testsOf('local-cloud/broker/lost-answers');
const jobEvents = testsOf('local-cloud/broker/job-events');
const policies = testsOf('local-cloud/broker/policies-on-mqtt');
const packages = testsOf('local-cloud/substitution/package-placeholders');
const presigned = testsOf('local-cloud/substitution/presigned-urls');
const refusals = testsOf('local-cloud/rest-refusals');
const rest = testsOf('local-cloud/rest');
const jobsData = testsOf('local-cloud/rest/jobs-data');
const jsonMembers = testsOf('local-cloud/rest/json-members');
const downloads = testsOf('local-cloud/artifacts/device-downloads');

const ANSWERS = 'answers and notifications';
const EVENTS = 'events over the broker';

export const HELD_ELSEWHERE: Readonly<Record<string, readonly TestLink[]>> = {
  'delivery/unsubscribed': [broker('an answer comes without a subscription, at QoS 1', ANSWERS)],
  'delivery/once': [broker('a subscriber gets each answer exactly once', ANSWERS)],
  'delivery/nobody-else': [broker('nobody but the asker hears an answer', ANSWERS)],
  'delivery/subscribe-granted': [broker('a subscriber gets each answer exactly once', ANSWERS)],
  'delivery/qos': [
    broker('an answer comes without a subscription, at QoS 1', ANSWERS),
    broker('a job is notified at QoS 1 and not retained', ANSWERS),
  ],
  'delivery/policy': [
    policies('without iot:Receive an answer is dropped, and the connection stays'),
    policies('an explicit deny of a client id wins'),
  ],
  'notify/not-retained': [broker('a job is notified at QoS 1 and not retained', ANSWERS)],
  'error/internal': [broker('a fault of ours is answered with InternalError, and logged with its stack')],
  'limit/message': [broker('a payload of 128 KiB is answered'), broker('a payload over 128 KiB closes the connection')],
  'http-error/version': [
    jobsData('a version that does not match is an InvalidStateTransitionException with the state'),
  ],
  'notify/data-http': [jobsData('what changes over HTTP is told over MQTT')],
  'http/planes': [jobsData('one path means the device’s operation or the operator’s by the signature’s scope')],
  'error/throttled': [faults('%s, it is rejected as %s and leaves %s', 'a request')],
  'describe/eventual': [
    faults('emptyNext, the first $next/get after a notification finds nothing, and the second the job', 'an answer'),
  ],
  'delivery/http-policy': [
    iam('needs iotjobsdata for the data plane'),
    dataTls('a certificate whose policies do not speak of iotjobsdata'),
  ],
  'data-http/mutual-tls': [dataTls('a device works through its jobs over HTTPS with nothing but its certificate')],
  'http/old-scope': [clients('with $module of $python', 'every call comes out as at AWS')],
  'http/empty-body': [clients('with the AWS SDK for JavaScript', 'every call comes out as at AWS')],
  'http/exit-status': [commandLine('ends with 254 on an error of the service (version 1 with 255), and names it')],
  'http/signature': [refusals('another secret is refused'), refusals('a request that is not signed is refused')],
  'http/encoded': [rest('a thing name with a colon is found')],
  'http/pages': [rest('pages join to the whole list')],
  'http/booleans': [refusals('force counts in the query, as AWS reads it, not in the body')],
  'control/cancel': [rest('a job cancelled with force stops what runs')],
  'name/thing': [rest('a thing name with a colon is found')],
  'substitution/presigned': [presigned('a device gets a URL where the document has a placeholder')],
  'substitution/presigned-v2': [presigned('v2 takes an encoded URL and a version')],
  'substitution/upload': [presigned('the key has the thing, the job and the number of the execution')],
  'substitution/each-time': [presigned('each receipt has a URL of its own time, valid as long as the job says')],
  'substitution/role': [presigned('a job without a role makes none')],
  'substitution/get-document': [presigned('GetJobDocument shows the placeholder')],
  'substitution/attribute': [packages('one of them stands where its placeholder was')],
  'substitution/attributes': [packages('all of them are a JSON object')],
  'substitution/single-package': [packages('an empty name and version are those of the only destination')],
  'substitution/artifact': [packages('%s: is a URL of the place in S3')],
  'substitution/before': [
    packages('the default version is what it was when the job was made; the view before shows $default'),
  ],
  'limit/substitutions': [presigned('more than ten are refused, unless the rules allow them')],
  'substitution/source-once': [downloads('%s is read once, when the job is made', 'documentSource')],
  'limit/pending-scheduled': [windows('a list holds ten, and inside a window five more of such jobs')],
  'limit/rollout': [
    rollout('a job without a rate is handed to a thousand things at once, and to the rest a minute later'),
  ],
  'limit/deletions': [deletion('ten jobs are deleted at a time, and no eleventh')],
  'job/asynchronous': [options('a job takes its time to come where it shall')],
  'delivery/lost': [
    lostAnswers(
      'an answer to a client that has gone is lost, though one of its name is back, and what it asked for is done',
    ),
  ],
  'http-error/certificate': [
    dataTls('a certificate that has expired, as CertificateValidationException', 'what is forbidden'),
  ],
  'http-error/throttled': [restFaults('on the jobs data plane %s is %s, %i, and leaves %s')],
  'http-error/unavailable': [restFaults('on the jobs data plane %s is %s, %i, and leaves %s')],
  'control/throttled': [
    restFaults('%s, CreateThing fails with %s, %i', 'on the control plane'),
    restFaults('on the jobs data plane %s is %s, %i, and leaves %s'),
  ],
  'http/null': [
    jsonMembers('a member that is null is absent for operators'),
    jsonMembers('a member that is null is absent for devices'),
  ],
  'data-http/not-jobs': [jsonMembers('StartCommandExecution is no operation of the data plane here')],
  'event/off': [jobEvents('come once UpdateEventConfigurations has turned them on, and before it not', EVENTS)],
  'event/job': [jobEvents('of a job say that it was completed, cancelled and deleted', EVENTS)],
  'event/execution': [jobEvents('of an execution say how it ended, at QoS 1 and not retained', EVENTS)],
  'event/execution-members': [jobEvents('of an execution say how it ended, at QoS 1 and not retained', EVENTS)],
  'event/job-members': [jobEvents('of a job say that it was completed, cancelled and deleted', EVENTS)],
  'event/broker': [jobEvents('are heard by whoever may subscribe to them, and by nobody else', EVENTS)],
  'limit/package-versions': [packages('more than 25 are refused')],
};
