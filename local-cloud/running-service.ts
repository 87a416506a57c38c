/** The Jobs rules with a clock, a timer and somebody to tell: what the broker and the REST face call. */
import type { JsonObject } from '../agent/core/json.ts';
import type { ControlOperationName, DataOperationName } from './api-model/model.ts';
import type { ControlOperation, ControlResult } from './jobs-service/control-request.ts';
import { handleControlRequest } from './jobs-service/control-request.ts';
import { handleDataRequest } from './jobs-service/data-request.ts';
import type { DeviceAnswer, DeviceRequest } from './jobs-service/device-request.ts';
import { handleDeviceRequest } from './jobs-service/device-request.ts';
import type { ServiceOptions } from './jobs-service/service-options.ts';
import { nextDueMs, passTime } from './jobs-service/settle.ts';
import type { DocumentSettings, Execution, JobsState, Notification } from './jobs-service/state.ts';
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
  /** Hears of each execution that was made, changed or deleted, after it was. @returns ends it. */
  onChange(listener: (execution: Execution) => void): () => void;
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
  /** Gives the state to begin with in place of the empty one. */
  readonly restore?: (empty: JobsState) => JobsState;
  /** Something was served or happened by itself: the state may have changed. */
  readonly onServed?: () => void;
  /** A device's request met a fault of ours, and was answered with InternalError. */
  readonly onFault?: (fault: unknown, request: DeviceRequest) => void;
  /** What AWS leaves open; the defaults unless given. */
  readonly serviceOptions?: ServiceOptions;
}

export function runJobsService(settings: RunningServiceOptions): RunningService {
  const { now, notify, onFault, onServed } = settings;
  const state = firstState(settings);
  const changes = listenToChanges(state);
  let timer: NodeJS.Timeout | undefined;
  let closed = false;

  const tell = (notifications: Iterable<Notification>) => {
    for (const notification of notifications) notify(notification);
    changes.tell();
    armTimer();
    onServed?.();
  };

  /** Each thing at the time it was due, however late this comes: a clock that was turned a day skips no step of it. */
  const tick = () => tell(passTime(state, now()));

  const armTimer = () => {
    clearTimeout(timer);
    const deadline = nextDueMs(state);
    if (deadline === undefined || closed) return;
    timer = setTimeout(tick, Math.min(Math.max(deadline - now(), 0), MAX_DELAY_MS));
  };

  /** What was due before a request happens before it. */
  const catchUp = () => {
    if ((nextDueMs(state) ?? Infinity) <= now()) tick();
  };

  const act = (perform: () => ControlResult): JsonObject => {
    catchUp();
    const { answer, notifications } = perform();
    tell(notifications);
    return answer;
  };

  return {
    state,
    addThing: (thingName, certificatePem) => {
      addLocalThing(state, { thingName, certificatePem }, now());
      onServed?.();
    },
    device: (request, answer) => {
      catchUp();
      const handled = handleDeviceRequest(state, request, now());
      if (isAnswered(state, handled.answer)) answer(handled.answer);
      if (handled.fault !== undefined) onFault?.(handled.fault, request);
      tell(handled.notifications);
    },
    control: (operation, input) => act(() => handleControlRequest(state, { operation, input }, now())),
    data: (operation, input) => act(() => handleDataRequest(state, { operation, input }, now())),
    perform: (operation, input) => act(() => operation(state, input, now())),
    onChange: changes.onChange,
    tick,
    close: () => {
      closed = true;
      clearTimeout(timer);
    },
  };
}

function firstState({ documents, serviceOptions: options, restore }: RunningServiceOptions): JobsState {
  const empty = emptyJobsState({ ...documents, ...(options && { options }) });
  return restore?.(empty) ?? empty;
}

function addLocalThing(
  state: JobsState,
  { thingName, certificatePem }: { readonly thingName: string; readonly certificatePem: string | undefined },
  nowMs: number,
): void {
  registerThing(state, thingName);
  if (certificatePem !== undefined) adoptLocalThing(state, { thingName, certificatePem }, nowMs);
}

function isAnswered({ options }: JobsState, { operation }: DeviceAnswer): boolean {
  return operation !== 'InvalidTopic' || options.invalidTopic !== 'silent';
}

/** Who hears of the executions that changed. */
function listenToChanges(state: JobsState): { tell(): void } & Pick<RunningService, 'onChange'> {
  const listeners = new Set<(execution: Execution) => void>();
  return {
    tell() {
      const changed = [...state.changed];
      state.changed.clear();
      for (const execution of changed) for (const listener of listeners) listener(execution);
    },
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
