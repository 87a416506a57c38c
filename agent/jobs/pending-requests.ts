/** Requests that wait for their answer: sent, matched by clientToken, asked again a few times, and given up. */
import { backoffMs } from '../core/backoff.ts';
import type { JobsRequest } from '../core/jobs-request.ts';
import type { Clock, Timer } from '../ports/clock.ts';
import type { AnswerTopic } from '../protocol/topics.ts';
import type { Answer } from './jobs-client.ts';

export interface PendingRequests {
  /** Sends the request and resolves with what came of it. Never rejects. */
  add(request: JobsRequest): Promise<Answer>;
  /** The request an answer on this topic belongs to, if there is one. */
  find(topic: AnswerTopic, clientToken: string | undefined): PendingRequest | undefined;
  /** Nothing more is sent of updates of this execution: it is over, and its number may come to mean another. */
  abandonUpdates(jobId: string, executionNumber: number): void;
  /** Settles everything as unanswered. */
  abandonAll(): void;
}

export interface PendingRequest {
  /** The answer is final. */
  finish(answer: Answer): void;
  /**
   * The answer may be another one later: asks again after a while, unless that was often enough. When a later attempt is
   * under way it says nothing of that one, and a second time it says nothing at all.
   */
  refusedForNow(answer: Answer, clientToken: string | undefined): void;
}

export interface PendingRequestsOptions {
  readonly clock: Clock;
  readonly random: () => number;
  /** A token nobody used before. */
  readonly newToken: () => string;
  readonly requestTimeoutMs: number;
  readonly send: (request: JobsRequest, clientToken: string, attempt: number) => void;
}

/** How often one request is sent on one connection before the core hears that it came to nothing. */
const MAX_ATTEMPTS = 3;
/** Between attempts. AWS's own Device Client starts at 10 s and never gives up; the core goes on after us. */
const RETRY_RANGE = { firstMs: 2_000, maxMs: 20_000 } as const;

export function createPendingRequests(options: PendingRequestsOptions): PendingRequests {
  const pending = new Set<SentRequest>();
  return {
    add: (request) =>
      new Promise((resolve) => {
        const one: SentRequest = new SentRequest(request, options, (answer) => {
          pending.delete(one);
          resolve(answer);
        });
        pending.add(one);
        one.send();
      }),
    find(topic, clientToken) {
      const candidates = [...pending].filter((one) => one.isFor(topic));
      if (clientToken !== undefined) return candidates.find((one) => one.tokens.has(clientToken));
      // A `rejected` without a token (the service could not read our JSON) belongs to the only request its topic can
      // mean, if there is just one.
      return !topic.accepted && candidates.length === 1 ? candidates[0] : undefined;
    },
    abandonUpdates(jobId, executionNumber) {
      for (const one of [...pending]) if (one.updates(jobId, executionNumber)) one.finish({ kind: 'unanswered' });
    },
    abandonAll() {
      for (const one of [...pending]) one.finish({ kind: 'unanswered' });
    },
  };
}

/** Owns the timer of one request. */
class SentRequest implements PendingRequest {
  /** Of every attempt: an answer to the first is an answer, even if it comes during the second. */
  readonly tokens = new Set<string>();
  readonly #request: JobsRequest;
  readonly #options: PendingRequestsOptions;
  readonly #settle: (answer: Answer) => void;
  #timer: Timer | undefined;
  #attempts = 0;
  /** Of the attempt under way; none between two attempts. */
  #awaited: string | undefined;

  constructor(request: JobsRequest, options: PendingRequestsOptions, settle: (answer: Answer) => void) {
    this.#request = request;
    this.#options = options;
    this.#settle = settle;
  }

  isFor(topic: AnswerTopic): boolean {
    const jobId = 'jobId' in this.#request ? this.#request.jobId : undefined;
    return this.#request.operation === topic.operation && jobId === topic.jobId;
  }

  updates(jobId: string, executionNumber: number): boolean {
    const request = this.#request;
    return (
      request.operation === 'UpdateJobExecution' &&
      request.jobId === jobId &&
      request.executionNumber === executionNumber
    );
  }

  send(): void {
    const { clock, newToken, requestTimeoutMs, send } = this.#options;
    const clientToken = newToken();
    this.tokens.add(clientToken);
    this.#awaited = clientToken;
    this.#attempts += 1;
    this.#timer = clock.setTimer(requestTimeoutMs, () => this.#again({ kind: 'unanswered' }));
    send(this.#request, clientToken, this.#attempts);
  }

  finish(answer: Answer): void {
    this.#timer?.cancel();
    this.#settle(answer);
  }

  refusedForNow(answer: Answer, clientToken: string | undefined): void {
    const refused = clientToken ?? this.#awaited;
    if (refused === undefined) return;
    this.tokens.delete(refused);
    if (refused === this.#awaited) this.#again(answer);
  }

  #again(answer: Answer): void {
    this.#timer?.cancel();
    this.#awaited = undefined;
    if (this.#attempts >= MAX_ATTEMPTS) {
      this.finish(answer);
      return;
    }
    const { clock, random } = this.#options;
    this.#timer = clock.setTimer(backoffMs(this.#attempts - 1, RETRY_RANGE, random), () => this.send());
  }
}
