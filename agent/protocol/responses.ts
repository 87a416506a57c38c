/** Answers and notifications: bytes in, one closed union out. Nothing a cloud can send makes this throw. */
import { quote } from '../core/describe-value.ts';
import type {
  AcceptedAnswer,
  JobsNotification,
  JobsRequest,
  RejectedAnswer,
  RejectedErrorCode,
} from '../core/jobs-request.ts';
import type { JsonValue } from '../core/json.ts';
import {
  type JsonPlace,
  noteProblem,
  readItems,
  readObject,
  readOptional,
  readString,
  rootPlace,
} from '../core/json-place.ts';
import { messageMember, readExecution, readExecutionState, readSummary } from './executions.ts';
import type { AnswerTopic, NotificationTopic, ParsedTopic } from './topics.ts';

export type ParsedMessage =
  | {
      readonly kind: 'accepted';
      /** As in the request. Absent where the request had none the service could read. */
      readonly clientToken?: string;
      readonly answer: AcceptedAnswer;
    }
  | { readonly kind: 'rejected'; readonly clientToken?: string; readonly answer: RejectedAnswer }
  | { readonly kind: 'notification'; readonly notification: JobsNotification }
  /** To be ignored, counted, and logged once. The reason quotes no secret and not the payload. */
  | { readonly kind: 'bad'; readonly reason: string };

/** AWS IoT Core carries at most 128 KiB a message (its quotas page); twice that leaves room for other brokers. */
const MAX_PAYLOAD_BYTES = 256 * 1024;

/** Developer Guide, ErrorResponse. */
const REJECTED_ERROR_CODES: readonly RejectedErrorCode[] = [
  'InvalidTopic',
  'InvalidJson',
  'InvalidRequest',
  'InvalidStateTransition',
  'ResourceNotFound',
  'VersionMismatch',
  'InternalError',
  'RequestThrottled',
  'TerminalStateReached',
];

/**
 * Reads quoted numbers, empty payloads (as `{}`) and unknown members; a member of the wrong type makes the message bad.
 * A job document of any depth passes through as it came, so that its execution can be REJECTED: nothing here recurses.
 */
export function parseMessage(topic: ParsedTopic, payload: Uint8Array): ParsedMessage {
  const decoded = decodePayload(payload);
  if (!decoded.ok) return { kind: 'bad', reason: decoded.reason };
  const place = rootPlace(decoded.value);
  readObject(place);
  const message = topic.kind === 'notification' ? readNotification(topic, place) : readAnswer(topic, place);
  const [problem] = place.problems;
  return problem === undefined
    ? message
    : { kind: 'bad', reason: `${problem.pointer || 'payload'}: ${problem.reason}` };
}

type Decoded = { readonly ok: true; readonly value: JsonValue } | { readonly ok: false; readonly reason: string };

function decodePayload(payload: Uint8Array): Decoded {
  if (payload.byteLength > MAX_PAYLOAD_BYTES) {
    return { ok: false, reason: `payload: expected at most ${MAX_PAYLOAD_BYTES} bytes, got ${payload.byteLength}` };
  }
  if (payload.byteLength === 0) return { ok: true, value: {} };
  try {
    return { ok: true, value: JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(payload)) };
  } catch {
    // The error's own message quotes the payload, which may hold a pre-signed URL.
    return { ok: false, reason: 'payload: expected JSON in UTF-8, got something else' };
  }
}

function readNotification(topic: NotificationTopic, place: JsonPlace): ParsedMessage {
  if (topic.topic === 'notify-next') {
    return { kind: 'notification', notification: { topic: 'notify-next', execution: readExecutionIfAny(place) } };
  }
  const jobs = messageMember(place, 'jobs');
  readObject(jobs);
  return {
    kind: 'notification',
    notification: {
      topic: 'notify',
      inProgress: readSummaries(messageMember(jobs, 'IN_PROGRESS')),
      queued: readSummaries(messageMember(jobs, 'QUEUED')),
    },
  };
}

function readAnswer(topic: AnswerTopic, place: JsonPlace): ParsedMessage {
  const clientToken = readOptional(messageMember(place, 'clientToken'), readString);
  const token = clientToken === undefined ? {} : { clientToken };
  if (!topic.accepted) return { kind: 'rejected', ...token, answer: readRejected(place) };
  const answer = readAccepted(topic.operation, place);
  if ('execution' in answer) checkJobId(topic, place, answer.execution?.jobId);
  return { kind: 'accepted', ...token, answer };
}

function readAccepted(operation: JobsRequest['operation'], place: JsonPlace): AcceptedAnswer {
  switch (operation) {
    case 'StartNextPendingJobExecution':
    case 'DescribeJobExecution':
      return { operation, execution: readExecutionIfAny(place) };
    case 'GetPendingJobExecutions':
      return {
        operation,
        inProgressJobs: readSummaries(messageMember(place, 'inProgressJobs')),
        queuedJobs: readSummaries(messageMember(place, 'queuedJobs')),
      };
    case 'UpdateJobExecution': {
      const executionState = readOptional(messageMember(place, 'executionState'), readExecutionState);
      const jobDocument = messageMember(place, 'jobDocument').value;
      return {
        operation,
        ...(executionState !== undefined && { executionState }),
        ...(jobDocument !== undefined && { jobDocument }),
      };
    }
  }
}

/** A Describe of one job that answers with another is not an answer to act on. */
function checkJobId(topic: AnswerTopic, place: JsonPlace, jobId: string | undefined): void {
  if (topic.jobId === undefined || topic.jobId === '$next' || jobId === undefined || jobId === topic.jobId) return;
  noteProblem(messageMember(messageMember(place, 'execution'), 'jobId'), 'is not the job that the topic names');
}

/**
 * A code we do not know comes out as InternalError, with a message that names it: it is retried with backoff, which
 * neither gives up an execution nor wedges the others, and an operator sees what to ask AWS about.
 */
function readRejected(place: JsonPlace): RejectedAnswer {
  const code = readString(messageMember(place, 'code'));
  const message = readOptional(messageMember(place, 'message'), readString) ?? '';
  const executionState = readOptional(messageMember(place, 'executionState'), readExecutionState);
  const known = REJECTED_ERROR_CODES.find((each) => each === code);
  return {
    code: known ?? 'InternalError',
    message: known === undefined ? `unknown rejection code ${quote(code)}: ${message}` : message,
    ...(executionState !== undefined && { executionState }),
  };
}

function readExecutionIfAny(place: JsonPlace) {
  return readOptional(messageMember(place, 'execution'), readExecution) ?? null;
}

/** Keys without entries are left out of a notification, so nothing means none. */
function readSummaries(place: JsonPlace) {
  return (readOptional(place, readItems) ?? []).map(readSummary);
}
