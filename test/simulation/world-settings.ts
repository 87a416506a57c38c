/** What kind of world it is: how its agent is set, and how often its messages go wrong. */
import type { JobsAgentSettings } from '../../agent/jobs/jobs-agent.ts';
import type { Draw } from './draw.ts';

export interface WorldSettings {
  readonly agent: JobsAgentSettings;
  readonly logLevel: 'debug' | 'info';
  readonly rates: MessageRates;
  /** Jobs and faults come in this time. */
  readonly horizonMs: number;
}

/** Of each message, how likely it is that this happens to it. */
export interface MessageRates {
  readonly requestLost: number;
  readonly requestLate: number;
  readonly answerLost: number;
  readonly answerLate: number;
  readonly answerDoubled: number;
  readonly answerGarbled: number;
  readonly notificationLost: number;
  readonly notificationLate: number;
  readonly notificationDoubled: number;
  readonly throttled: number;
  /** InternalError, and nothing was done. */
  readonly failed: number;
  /** InternalError, and it was done all the same. */
  readonly failedAfter: number;
  readonly malformed: number;
}

export const NO_RATES: MessageRates = {
  requestLost: 0,
  requestLate: 0,
  answerLost: 0,
  answerLate: 0,
  answerDoubled: 0,
  answerGarbled: 0,
  notificationLost: 0,
  notificationLate: 0,
  notificationDoubled: 0,
  throttled: 0,
  failed: 0,
  failedAfter: 0,
  malformed: 0,
};

const MINUTE_MS = 60_000;

export function drawSettings(draw: Draw): WorldSettings {
  const rates = Object.fromEntries(
    Object.keys(NO_RATES).map((name) => [name, Number(draw.weighted({ 0: 40, 0.02: 30, 0.1: 20, 0.3: 10 }))]),
  ) as unknown as MessageRates;
  return {
    agent: {
      core: {
        capacity: Number(draw.weighted({ 1: 60, 2: 20, 3: 20 })),
        unknownOperation: draw.chance(0.75) ? 'reject' : 'leave',
        progressIntervalMs: draw.pick([1_000, 10_000, 60_000]),
        pollIntervalMs: draw.pick([5 * MINUTE_MS, 15 * MINUTE_MS]),
        // As `agent.ts` has them.
        maxRecoveries: 3,
        maxPostponements: 24,
        maxReboots: 3,
        rebootLimitMs: 10 * MINUTE_MS,
        cleanUpLimitMs: MINUTE_MS,
        stepTimeoutMinutes: draw.chance(0.2) ? draw.spread(2, 60) : null,
      },
      requestTimeoutMs: 10_000,
      subscribeTimeoutMs: 30_000,
      stopGraceMs: 10_000,
      shutdownGraceMs: 30_000,
    },
    logLevel: draw.chance(0.1) ? 'debug' : 'info',
    rates: draw.chance(0.2) ? NO_RATES : rates,
    horizonMs: draw.spread(5 * MINUTE_MS, 12 * 60 * MINUTE_MS),
  };
}
