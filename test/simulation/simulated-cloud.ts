/**
 * The Jobs service: the local cloud's own rules, on simulated time, with everything that changed in its log. It refuses
 * for a while, is silent, and answers twice, as its rates say.
 */
import { executionId, isTerminal, type JobExecutionStatus } from '../../agent/core/job-execution.ts';
import type { RejectedErrorCode } from '../../agent/core/jobs-request.ts';
import type { JsonObject } from '../../agent/core/json.ts';
import type { ControlOperationName } from '../../local-cloud/api-model/model.ts';
import { handleControlRequest } from '../../local-cloud/jobs-service/control-request.ts';
import { type DeviceAnswer, handleDeviceRequest } from '../../local-cloud/jobs-service/device-request.ts';
import { epochSeconds } from '../../local-cloud/jobs-service/device-shapes.ts';
import { encodeMessage } from '../../local-cloud/jobs-service/encode-message.ts';
import { pendingInOrder } from '../../local-cloud/jobs-service/pending-list.ts';
import { nextDueMs, passTime, settle } from '../../local-cloud/jobs-service/settle.ts';
import {
  type Execution,
  emptyJobsState,
  type Notification,
  registerThing,
} from '../../local-cloud/jobs-service/state.ts';
import { changeExecution, deleteExecution, queueExecution } from '../../local-cloud/jobs-service/transitions.ts';
import type { Draw } from './draw.ts';
import type { Author, History } from './history.ts';
import { documentOf, type JobScript } from './job-script.ts';
import type { ScheduledEvent, Scheduler } from './scheduler.ts';
import { type MessageRates, NO_RATES } from './world-settings.ts';

export const THING_NAME = 'gateway-1';
export const JOBS_PREFIX = `$aws/things/${THING_NAME}/jobs/`;

export interface SimulatedCloud {
  /** A request of the thing, whoever sent it. */
  receive(topic: string, payload: string): void;
  createJob(jobId: string, script: JobScript): void;
  /** By an operator; what is IN_PROGRESS only with `force`. */
  cancel(execution: Execution, force: boolean): void;
  /** The thing has left the job's targets. */
  remove(execution: Execution): void;
  /** With all its executions, whatever they are at. */
  deleteJob(jobId: string): void;
  /** As `deleteJob`, and later it is made anew under its id. */
  replaceJob(jobId: string, afterMs: number): void;
  /** Another client of this thing tells how far its execution is, takes it, or ends it. */
  updateByOther(execution: Execution, status: 'IN_PROGRESS' | 'FAILED', hasDetails: boolean): void;
  /** Not over, as StartNext hands them out. */
  pending(): readonly Execution[];
  scriptOf(execution: Execution): JobScript;
  /** Executions that it will make by itself. */
  readonly due: number;
  heal(): void;
}

export interface SimulatedCloudOptions {
  readonly scheduler: Scheduler;
  readonly draw: Draw;
  readonly history: History;
  readonly rates: MessageRates;
  readonly deliver: (topic: string, payload: string, kind: 'answer' | 'notification') => void;
}

const EPOCH_MS = Date.UTC(2026, 0, 1);
/** AWS: "up to 60 seconds late" (Developer Guide, job timers). */
const TIMER_LATE_MS = 60_000;

interface Known {
  readonly status: JobExecutionStatus;
  readonly versionNumber: number;
}

export function createSimulatedCloud(options: SimulatedCloudOptions): SimulatedCloud {
  const { scheduler, draw, history, deliver } = options;
  const state = emptyJobsState();
  const thing = registerThing(state, THING_NAME);
  /** By jobId; of one that was made anew, the new one's. */
  const scripts = new Map<string, JobScript>();
  const known = new Map<Execution, Known>();
  let rates = options.rates;
  let timer: ScheduledEvent | undefined;
  let due = 0;
  const nowMs = () => EPOCH_MS + scheduler.nowMs();
  const fault = (name: string) => history.note({ what: 'fault', name });

  /** Everything that changes the service goes through here: it is logged, announced, and its timers are set. */
  function change<T>(by: Author, make: () => T & { readonly notifications: readonly Notification[] }): T {
    const result = make();
    noteChanges(by);
    for (const { topic, message } of result.notifications) deliver(topic, encodeMessage(message), 'notification');
    timer?.cancel();
    const deadlineMs = nextDueMs(state);
    if (deadlineMs === undefined) return result;
    timer = scheduler.after(deadlineMs - nowMs() + draw.between(0, TIMER_LATE_MS), () =>
      change('timer', () => ({ notifications: [...passTime(state, nowMs())] })),
    );
    return result;
  }

  function noteChanges(by: Author): void {
    for (const execution of [...thing.executions.values()].flat()) {
      const { status, versionNumber, statusDetails, job } = execution;
      const id = idOf(execution);
      const before = known.get(execution);
      known.set(execution, { status, versionNumber });
      if (before === undefined) {
        const { jobId } = job;
        const { executionNumber } = execution;
        history.note({ what: 'offered', id, jobId, executionNumber, script: scriptOf(execution) });
      } else if (before.versionNumber !== versionNumber) {
        history.note({
          what: 'changed',
          id,
          from: before.status,
          to: status,
          versionNumber,
          by,
          details: statusDetails,
        });
        if (!isTerminal(before.status)) retryIfWanted(execution);
      }
    }
  }

  /** As `jobExecutionsRetryConfig` does: a new number, some time later. */
  function retryIfWanted(execution: Execution): void {
    const { status, job, executionNumber } = execution;
    const mayRetry = status === 'FAILED' || status === 'TIMED_OUT';
    if (!mayRetry || executionNumber > scriptOf(execution).retries) return;
    later(draw.spread(1_000, 60_000), () => {
      if (state.jobs.get(job.jobId) !== job) return;
      fault('retried as a new execution');
      change('operator', () => {
        queueExecution(state, job, { thing, nowMs: nowMs() });
        return { notifications: settle(state, nowMs()) };
      });
    });
  }

  function later(afterMs: number, what: () => void): void {
    due += 1;
    scheduler.after(afterMs, () => {
      due -= 1;
      what();
    });
  }

  function receive(topic: string, payload: string): void {
    const { clientToken = '' } = JSON.parse(payload) as { clientToken?: string };
    const served = (answer: string) => history.note({ what: 'served', topic, token: clientToken, answer });
    const refuse = (code: RejectedErrorCode) => {
      served(code);
      const message = { code, message: 'simulated', clientToken, timestamp: epochSeconds(nowMs()) };
      deliver(`${topic}/rejected`, encodeMessage(message), 'answer');
    };
    const refusal = drawRefusal(payload);
    if (refusal !== null) {
      fault(refusal);
      refuse(refusal);
      return;
    }
    const { answer } = change('agent', () => answerTo(topic, payload));
    served(answer.accepted ? 'accepted' : String(answer.code));
    if (draw.chance(rates.failedAfter)) {
      fault('InternalError, though done');
      refuse('InternalError');
    } else {
      deliver(answer.topic, garbledOrNot(answer), 'answer');
    }
  }

  function drawRefusal(payload: string): RejectedErrorCode | null {
    if (draw.chance(rates.throttled)) return 'RequestThrottled';
    if (draw.chance(rates.failed)) return 'InternalError';
    return isDetailed(payload) && draw.chance(rates.malformed) ? 'InvalidRequest' : null;
  }

  function answerTo(topic: string, payload: string) {
    const request = { thingName: THING_NAME, topic, payload: Buffer.from(payload) };
    const handled = handleDeviceRequest(state, request, nowMs());
    if (handled.fault !== undefined) throw handled.fault;
    return handled;
  }

  function garbledOrNot({ message }: DeviceAnswer): string {
    const text = encodeMessage(message);
    if (!draw.chance(rates.answerGarbled)) return text;
    fault('answer garbled');
    return draw.chance(0.5) ? text.slice(0, draw.below(text.length)) : text.replaceAll(':{', ':[{');
  }

  /** An operator may come too late: that is no fault. */
  function control(operation: ControlOperationName, input: JsonObject): void {
    change('operator', () => {
      try {
        return handleControlRequest(state, { operation, input }, nowMs());
      } catch {
        return { notifications: [] };
      }
    });
  }

  function scriptOf({ job }: Execution): JobScript {
    const script = scripts.get(job.jobId);
    if (script === undefined) throw new Error(`nobody made the job ${job.jobId}`);
    return script;
  }

  function createJob(jobId: string, script: JobScript): void {
    scripts.set(jobId, script);
    const document = JSON.stringify(documentOf(script));
    const timeout = script.inProgressTimeoutInMinutes;
    control('CreateJob', {
      jobId,
      document,
      targets: [thing.thingArn],
      ...(timeout === null ? {} : { timeoutConfig: { inProgressTimeoutInMinutes: timeout } }),
    });
  }

  function deleteJob(jobId: string): void {
    change('operator', () => {
      for (const execution of thing.executions.get(jobId) ?? []) {
        history.note({ what: 'deleted', id: idOf(execution) });
        deleteExecution(state, execution, nowMs());
      }
      state.jobs.delete(jobId);
      return { notifications: settle(state, nowMs()) };
    });
  }

  return {
    receive,
    createJob,
    deleteJob,
    replaceJob(jobId, afterMs) {
      const script = scripts.get(jobId);
      deleteJob(jobId);
      later(afterMs, () => script && createJob(jobId, script));
    },
    get due() {
      return due;
    },
    cancel({ job, executionNumber }, force) {
      control('CancelJobExecution', { thingName: THING_NAME, jobId: job.jobId, executionNumber, force });
    },
    remove(execution) {
      if (isTerminal(execution.status)) return;
      change('operator', () => {
        changeExecution(state, execution, { status: 'REMOVED', by: 'service' }, nowMs());
        return { notifications: settle(state, nowMs()) };
      });
    },
    updateByOther({ job, executionNumber, versionNumber }, status, hasDetails) {
      const details = hasDetails ? { statusDetails: { by: 'another client' } } : {};
      const body = { status, executionNumber, expectedVersion: versionNumber, ...details };
      change('other', () => answerTo(`${JOBS_PREFIX}${job.jobId}/update`, JSON.stringify(body)));
    },
    pending: () => pendingInOrder(thing),
    scriptOf,
    heal() {
      rates = NO_RATES;
    },
  };
}

/** As the agent names it. */
export function idOf({ job, executionNumber, queuedAtMs }: Execution): string {
  return executionId({ jobId: job.jobId, executionNumber, queuedAt: epochSeconds(queuedAtMs) });
}

/** What the service can call malformed in a report: only its details differ from one to the next. */
function isDetailed(payload: string): boolean {
  const { status = 'IN_PROGRESS', statusDetails = {} } = JSON.parse(payload) as Partial<Execution>;
  return isTerminal(status) && Object.keys(statusDetails).some((name) => name !== 'reason');
}
