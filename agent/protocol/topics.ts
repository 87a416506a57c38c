/**
 * Names of the Jobs topics of one thing
 * (https://docs.aws.amazon.com/iot/latest/developerguide/reserved-topics.html#reserved-topics-job).
 *
 * Topics are told apart by their number of segments after `jobs/`: a thing's own topics and answers have one or two, a
 * job's answers three. So a job called `get`, `start-next` or `notify` is never taken for the thing's own topic of that
 * name. What remains open is the service's side: AWS does not say how it reads a request for a job of such a name.
 */
import type { JobsNotification, JobsRequest } from '../core/jobs-request.ts';

export type ParsedTopic = AnswerTopic | NotificationTopic;

/** Where the service answers a request: the request's topic with `/accepted` or `/rejected`. */
export interface AnswerTopic {
  readonly kind: 'answer';
  readonly operation: JobsRequest['operation'];
  /** With DescribeJobExecution and UpdateJobExecution only. The literal `$next` stays as it is. */
  readonly jobId?: string;
  readonly accepted: boolean;
}

export interface NotificationTopic {
  readonly kind: 'notification';
  readonly topic: JobsNotification['topic'];
}

/**
 * The six filters a connection needs, to be subscribed at once: AWS takes eight in one SUBSCRIBE. Answers come at
 * QoS 0, for the answer is the acknowledgement and we ask again; a notification that is lost is not repeated: QoS 1.
 */
export function jobsSubscriptions(thingName: string): readonly { readonly filter: string; readonly qos: 0 | 1 }[] {
  const jobs = jobsPrefix(thingName);
  return [
    { filter: `${jobs}+/get/+`, qos: 0 },
    { filter: `${jobs}+/update/+`, qos: 0 },
    { filter: `${jobs}start-next/+`, qos: 0 },
    { filter: `${jobs}get/+`, qos: 0 },
    { filter: `${jobs}notify`, qos: 1 },
    { filter: `${jobs}notify-next`, qos: 1 },
  ];
}

/** Where `request` is published. */
export function requestTopic(thingName: string, request: JobsRequest): string {
  const jobs = jobsPrefix(thingName);
  switch (request.operation) {
    case 'StartNextPendingJobExecution':
      return `${jobs}start-next`;
    case 'GetPendingJobExecutions':
      return `${jobs}get`;
    case 'DescribeJobExecution':
      return `${jobs}${request.jobId}/get`;
    case 'UpdateJobExecution':
      return `${jobs}${request.jobId}/update`;
  }
}

/** @returns what arrives on `topic`; null for another thing's topics, for requests, and for whatever AWS may add. */
export function parseTopic(thingName: string, topic: string): ParsedTopic | null {
  const jobs = jobsPrefix(thingName);
  if (!topic.startsWith(jobs)) return null;
  const segments = topic.slice(jobs.length).split('/');
  const [first = '', second = '', third = ''] = segments;
  if (segments.length === 1) return first === 'notify' || first === 'notify-next' ? notification(first) : null;
  if (segments.length === 2) return thingAnswer(first, second);
  if (segments.length === 3) return jobAnswer(first, second, third);
  return null;
}

/** API model of iot-jobs-data: 1 to 64 of these. It becomes part of file names, so nothing else may pass. */
export function isJobId(text: string): boolean {
  return /^[a-zA-Z0-9_-]{1,64}$/.test(text);
}

function jobsPrefix(thingName: string): string {
  return `$aws/things/${thingName}/jobs/`;
}

function notification(topic: NotificationTopic['topic']): NotificationTopic {
  return { kind: 'notification', topic };
}

function thingAnswer(request: string, verdict: string): AnswerTopic | null {
  if (!isVerdict(verdict)) return null;
  const accepted = verdict === 'accepted';
  if (request === 'get') return { kind: 'answer', operation: 'GetPendingJobExecutions', accepted };
  if (request === 'start-next') return { kind: 'answer', operation: 'StartNextPendingJobExecution', accepted };
  return null;
}

function jobAnswer(jobId: string, request: string, verdict: string): AnswerTopic | null {
  if (!isVerdict(verdict)) return null;
  const accepted = verdict === 'accepted';
  if (request === 'get' && (isJobId(jobId) || jobId === '$next')) {
    return { kind: 'answer', operation: 'DescribeJobExecution', jobId, accepted };
  }
  if (request === 'update' && isJobId(jobId))
    return { kind: 'answer', operation: 'UpdateJobExecution', jobId, accepted };
  return null;
}

function isVerdict(segment: string): boolean {
  return segment === 'accepted' || segment === 'rejected';
}
