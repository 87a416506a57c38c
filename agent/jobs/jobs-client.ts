/**
 * The four requests of a thing over a plain publish/subscribe connection. Answers are matched by clientToken; what may
 * be asked again (silence, RequestThrottled, InternalError) is asked again a few times, and then left to the core.
 */
import type { Logger } from 'pino';
import type { AcceptedAnswer, JobsNotification, JobsRequest, RejectedAnswer } from '../core/jobs-request.ts';
import { meaningOf } from '../core/rejection.ts';
import type { Clock } from '../ports/clock.ts';
import type { Connection } from '../ports/transport.ts';
import { encodeRequest } from '../protocol/requests.ts';
import { type ParsedMessage, parseMessage } from '../protocol/responses.ts';
import { type AnswerTopic, parseTopic, requestTopic } from '../protocol/topics.ts';
import { createOddities, type Oddities } from './oddities.ts';
import { createPendingRequests, type PendingRequest } from './pending-requests.ts';

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
  /** Nothing more is sent of updates of this execution. */
  abandonUpdates(jobId: string, executionNumber: number): void;
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

export function createJobsClient(options: JobsClientOptions): JobsClient {
  const { thingName, log } = options;
  const oddities = createOddities(log);
  let connection: Connection | null = null;
  const pending = createPendingRequests({
    ...options,
    send(request, clientToken, attempt) {
      log.debug({ operation: request.operation, clientToken, attempt }, 'request sent');
      // QoS 0: the answer is the acknowledgement. A publish that fails is a connection that is ending: the time-out or
      // `detach` settles it.
      connection
        ?.publish(requestTopic(thingName, request), encodeRequest(request, clientToken), 0)
        .catch((error: unknown) => log.debug({ err: error }, 'request could not be sent'));
    },
  });
  return {
    oddities,
    request: (request) => (connection === null ? Promise.resolve({ kind: 'unanswered' }) : pending.add(request)),
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
        deliver(pending.find(parsedTopic, message.clientToken), parsedTopic, message);
      }
    },
    abandonUpdates: pending.abandonUpdates,
    attach(next) {
      connection = next;
    },
    detach() {
      connection = null;
      pending.abandonAll();
    },
  };

  function deliver(one: PendingRequest | undefined, { operation }: AnswerTopic, message: AnswerMessage): void {
    if (one === undefined) {
      oddities.note('answer to nobody: late, doubled, or not asked by us', { operation });
    } else if (message.kind === 'accepted') {
      one.finish({ kind: 'accepted', answer: message.answer });
    } else if (meaningOf(message.answer) === 'retry') {
      one.refusedForNow({ kind: 'rejected', rejection: message.answer }, message.clientToken);
    } else {
      one.finish({ kind: 'rejected', rejection: message.answer });
    }
  }
}

type AnswerMessage = Extract<ParsedMessage, { kind: 'accepted' | 'rejected' }>;
