/**
 * The four requests of a thing over a plain publish/subscribe connection. Answers are matched by clientToken; what may
 * be asked again (silence, RequestThrottled, InternalError) is asked again a few times, and then left to the core.
 */
import type { Logger } from 'pino';
import { backoffMs } from '../core/backoff.ts';
import type { AcceptedAnswer, JobsNotification, JobsRequest, RejectedAnswer } from '../core/jobs-request.ts';
import { meaningOf } from '../core/rejection.ts';
import type { Clock, Timer } from '../ports/clock.ts';
import type { Connection } from '../ports/transport.ts';
import { encodeRequest } from '../protocol/requests.ts';
import { type ParsedMessage, parseMessage } from '../protocol/responses.ts';
import { type AnswerTopic, parseTopic, requestTopic } from '../protocol/topics.ts';
import { createOddities, type Oddities } from './oddities.ts';

export type Answer =
  | { readonly kind: 'accepted'; readonly answer: AcceptedAnswer }
  | { readonly kind: 'rejected'; readonly rejection: RejectedAnswer }
  /** It may have taken effect all the same. */
  | { readonly kind: 'unanswered' };

export interface JobsClient {
  /** Never rejects. Without a connection it is `unanswered` at once. */
  request(request: JobsRequest): Promise<Answer>;
  /** Every message of the connection comes here. Never throws, whatever it is. */
  handleMessage(topic: string, payload: Uint8Array): void;
  attach(connection: Connection): void;
  /** Everything asked on the connection is `unanswered`. */
  detach(): void;
  /** What came that could not be used, by reason. */
  readonly oddities: Oddities;
}

export interface JobsClientOptions {
  readonly thingName: string;
  readonly clock: Clock;
  readonly random: () => number;
  /** A token nobody used before. */
  readonly newToken: () => string;
  readonly requestTimeoutMs: number;
  readonly log: Logger;
  readonly onNotification: (notification: JobsNotification) => void;
}

/** How often one request is sent on one connection before the core hears that it came to nothing. */
const MAX_ATTEMPTS = 3;
/** Between attempts. AWS's own Device Client starts at 10 s and never gives up; the core goes on after us. */
const RETRY_RANGE = { firstMs: 2_000, maxMs: 20_000 } as const;

interface PendingRequest {
  readonly request: JobsRequest;
  /** Of every attempt: an answer to the first is an answer, even if it comes during the second. */
  readonly tokens: Set<string>;
  readonly settle: (answer: Answer) => void;
  attempts: number;
  timer: Timer | null;
}

export function createJobsClient(options: JobsClientOptions): JobsClient {
  const { thingName, clock, random, newToken, requestTimeoutMs, log } = options;
  const pending = new Set<PendingRequest>();
  const oddities = createOddities(log);
  let connection: Connection | null = null;

  function send(one: PendingRequest): void {
    const clientToken = newToken();
    one.tokens.add(clientToken);
    one.attempts += 1;
    one.timer = clock.setTimer(requestTimeoutMs, () => again(one, { kind: 'unanswered' }));
    const payload = encodeRequest(one.request, clientToken);
    log.debug({ operation: one.request.operation, clientToken, attempt: one.attempts }, 'request sent');
    // QoS 0: the answer is the acknowledgement. A publish that fails is a connection that is ending: the time-out or
    // `detach` settles it.
    connection?.publish(requestTopic(thingName, one.request), payload, 0).catch((error: unknown) => {
      log.debug({ err: error }, 'request could not be sent');
    });
  }

  /** Tries again after a while, or gives the last answer there was. */
  function again(one: PendingRequest, answer: Answer): void {
    one.timer?.cancel();
    if (one.attempts >= MAX_ATTEMPTS) {
      finish(one, answer);
      return;
    }
    one.timer = clock.setTimer(backoffMs(one.attempts - 1, RETRY_RANGE, random), () => send(one));
  }

  function finish(one: PendingRequest, answer: Answer): void {
    one.timer?.cancel();
    pending.delete(one);
    one.settle(answer);
  }

  function handleAnswer(topic: AnswerTopic, message: Exclude<ParsedMessage, { kind: 'bad' | 'notification' }>): void {
    const one = findPending(pending, topic, message.clientToken);
    if (one === undefined) {
      oddities.note('answer to nobody: late, doubled, or not asked by us', { operation: topic.operation });
    } else if (message.kind === 'accepted') {
      finish(one, { kind: 'accepted', answer: message.answer });
    } else if (meaningOf(message.answer) === 'retry') {
      again(one, { kind: 'rejected', rejection: message.answer });
    } else {
      finish(one, { kind: 'rejected', rejection: message.answer });
    }
  }

  return {
    oddities,
    request(request) {
      if (connection === null) return Promise.resolve({ kind: 'unanswered' });
      return new Promise((settle) => {
        const one: PendingRequest = { request, tokens: new Set(), settle, attempts: 0, timer: null };
        pending.add(one);
        send(one);
      });
    },
    handleMessage(topic, payload) {
      const parsedTopic = parseTopic(thingName, topic);
      if (parsedTopic === null) {
        oddities.note('message on a topic that is not ours', { topic });
        return;
      }
      const message = parseMessage(parsedTopic, payload);
      if (message.kind === 'bad') {
        oddities.note('message that cannot be read', { topic, reason: message.reason, bytes: payload.byteLength });
      } else if (message.kind === 'notification') {
        options.onNotification(message.notification);
      } else if (parsedTopic.kind === 'answer') {
        handleAnswer(parsedTopic, message);
      }
    },
    attach(next) {
      connection = next;
    },
    detach() {
      connection = null;
      for (const one of [...pending]) finish(one, { kind: 'unanswered' });
    },
  };
}

/**
 * The request an answer belongs to. A `rejected` without a token (the service could not read our JSON) belongs to the
 * only request its topic can mean, if there is just one.
 */
function findPending(
  pending: ReadonlySet<PendingRequest>,
  topic: AnswerTopic,
  clientToken: string | undefined,
): PendingRequest | undefined {
  const candidates = [...pending].filter(({ request }) => isFor(request, topic));
  if (clientToken !== undefined) return candidates.find(({ tokens }) => tokens.has(clientToken));
  return !topic.accepted && candidates.length === 1 ? candidates[0] : undefined;
}

function isFor(request: JobsRequest, topic: AnswerTopic): boolean {
  const jobId = 'jobId' in request ? request.jobId : undefined;
  return request.operation === topic.operation && jobId === topic.jobId;
}
