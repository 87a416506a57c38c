/** The Jobs rules with a clock, a timer and somebody to tell: what the broker and the REST face call. */
import type { JsonObject } from '../agent/core/json.ts';
import type { ControlOperationName, DataOperationName } from './api-model/model.ts';
import { expireTimers, nextDeadlineMs } from './jobs-service/control-operations.ts';
import type { ControlOperation, ControlResult } from './jobs-service/control-request.ts';
import { handleControlRequest } from './jobs-service/control-request.ts';
import { handleDataRequest } from './jobs-service/data-request.ts';
import type { DeviceAnswer, DeviceRequest } from './jobs-service/device-request.ts';
import { handleDeviceRequest } from './jobs-service/device-request.ts';
import type { DocumentSettings, JobsState, Notification } from './jobs-service/state.ts';
import { emptyJobsState, registerThing } from './jobs-service/state.ts';
import { adoptLocalThing } from './registry/local-thing.ts';

/** setTimeout fires at once on a longer delay. */
const MAX_DELAY_MS = 2 ** 31 - 1;

export interface RunningService {
  readonly state: JobsState;
  /** Makes a thing known; with its certificate, where it has one, as `adoptLocalThing` does. */
  addThing(thingName: string, certificatePem?: string): void;
  /** Answers through `answer` first, then notifies. Never throws. */
  device(request: DeviceRequest, answer: (answer: DeviceAnswer) => void): void;
  /** @throws ControlError */
  control(operation: ControlOperationName, input: JsonObject): JsonObject;
  /** A device's operation over HTTP. @throws ControlError */
  data(operation: DataOperationName, input: JsonObject): JsonObject;
  /** Runs what is no operation of the API by itself: the half of one that `cloud-operations.ts` composes. @throws ControlError */
  perform(operation: ControlOperation, input: JsonObject): JsonObject;
  /** Lets happen what is due by now. A timer does this too; a test that moves the clock does it itself. */
  tick(): void;
  close(): void;
}

export interface RunningServiceOptions {
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly notify: (notification: Notification) => void;
  /** Without them no document may have a pre-signed URL. */
  readonly documents?: DocumentSettings;
  /** A device's request met a fault of ours, and was answered with InternalError. */
  readonly onFault?: (fault: unknown, request: DeviceRequest) => void;
}

export function runJobsService({ now, notify, onFault, documents }: RunningServiceOptions): RunningService {
  const state = emptyJobsState(documents);
  let timer: NodeJS.Timeout | undefined;
  let closed = false;

  const tell = (notifications: readonly Notification[]) => {
    for (const notification of notifications) notify(notification);
    armTimer();
  };

  /** Each thing at the time it was due, however late this comes: a clock that was turned a day skips no step of it. */
  const tick = () => {
    const notifications: Notification[] = [];
    let doneMs = Number.NEGATIVE_INFINITY;
    let dueMs = nextDeadlineMs(state);
    while (dueMs !== undefined && dueMs <= now() && dueMs > doneMs) {
      notifications.push(...expireTimers(state, dueMs));
      doneMs = dueMs;
      dueMs = nextDeadlineMs(state);
    }
    tell([...notifications, ...expireTimers(state, now())]);
  };

  const armTimer = () => {
    clearTimeout(timer);
    const deadline = nextDeadlineMs(state);
    if (deadline === undefined || closed) return;
    timer = setTimeout(tick, Math.min(Math.max(deadline - now(), 0), MAX_DELAY_MS));
  };

  const answerOf = ({ answer, notifications }: ControlResult): JsonObject => {
    tell(notifications);
    return answer;
  };

  return {
    state,
    addThing: (thingName, certificatePem) => {
      registerThing(state, thingName);
      if (certificatePem !== undefined) adoptLocalThing(state, { thingName, certificatePem }, now());
    },
    device: (request, answer) => {
      const handled = handleDeviceRequest(state, request, now());
      answer(handled.answer);
      if (handled.fault !== undefined) onFault?.(handled.fault, request);
      tell(handled.notifications);
    },
    control: (operation, input) => answerOf(handleControlRequest(state, { operation, input }, now())),
    data: (operation, input) => answerOf(handleDataRequest(state, { operation, input }, now())),
    perform: (operation, input) => answerOf(operation(state, input, now())),
    tick,
    close: () => {
      closed = true;
      clearTimeout(timer);
    },
  };
}
