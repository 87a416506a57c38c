/** The pure rules with a clock that the test moves: what a device and an operator would see, without any I/O. */
import type { JsonObject } from '../../../agent/core/json.ts';
import type { ControlOperationName } from '../../../local-cloud/api-model/model.ts';
import { ControlError } from '../../../local-cloud/jobs-service/control-error.ts';
import { handleControlRequest } from '../../../local-cloud/jobs-service/control-request.ts';
import { type DeviceAnswer, handleDeviceRequest } from '../../../local-cloud/jobs-service/device-request.ts';
import { DEFAULT_SERVICE_OPTIONS, type ServiceOptions } from '../../../local-cloud/jobs-service/service-options.ts';
import { passTime } from '../../../local-cloud/jobs-service/settle.ts';
import {
  emptyJobsState,
  type JobsState,
  type Notification,
  registerThing,
} from '../../../local-cloud/jobs-service/state.ts';

export const START_SECONDS = 1_700_000_000;

export interface ServiceHarness {
  readonly state: JobsState;
  /** Last segments of the topics notified since the last call of `notified`, with their messages. */
  notified(): { topic: string; message: JsonObject }[];
  /** The same with the things that were notified; events are left out. */
  heard(): { thing: string; kind: string; message: JsonObject }[];
  nowMs(): number;
  /** A device's request; text and bytes are sent as they are. */
  device(operation: string, body?: JsonObject | string | Uint8Array, thingName?: string): DeviceAnswer;
  control(operation: ControlOperationName, input: JsonObject): JsonObject;
  createJob(jobId: string, members?: JsonObject, things?: readonly string[]): void;
  /** Lets time pass, and what is due happen. */
  advance(seconds: number): void;
  /** What the control plane says of the thing's latest execution, or of the one with that number. */
  execution(jobId: string, thingName?: string, executionNumber?: number): JsonObject;
  job(jobId: string): JsonObject;
  /** A thing group with these members. @returns its ARN. */
  createGroup(thingGroupName: string, things: readonly string[], parentGroupName?: string): string;
}

export function startService(
  things: readonly string[] = ['gw-1'],
  options: Partial<ServiceOptions> = {},
): ServiceHarness {
  const state = emptyJobsState({ options: { ...DEFAULT_SERVICE_OPTIONS, ...options } });
  for (const thing of things) registerThing(state, thing);
  let nowMs = START_SECONDS * 1000;
  let heard: Notification[] = [];

  const harness: ServiceHarness = {
    state,
    notified: () => {
      const messages = heard.map(({ topic, message }) => ({ topic: topic.split('/').at(-1) ?? '', message }));
      heard = [];
      return messages;
    },
    heard: () => {
      const messages = heard.flatMap(({ thingName: thing, topic, message }) =>
        thing === undefined ? [] : [{ thing, kind: topic.split('/').at(-1) ?? '', message }],
      );
      heard = [];
      return messages;
    },
    nowMs: () => nowMs,
    device: (operation, body = {}, thingName = 'gw-1') => {
      const payload =
        body instanceof Uint8Array ? body : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
      const topic = `$aws/things/${thingName}/jobs/${operation}`;
      const { answer, notifications } = handleDeviceRequest(state, { thingName, topic, payload }, nowMs);
      heard.push(...notifications);
      return answer;
    },
    control: (operation, input) => {
      const { answer, notifications } = handleControlRequest(state, { operation, input }, nowMs);
      heard.push(...notifications);
      return answer;
    },
    createJob: (jobId, members = {}, targets = ['gw-1']) => {
      harness.control('CreateJob', {
        jobId,
        document: '{"operation":"x"}',
        targets: targets.map((thing) => `arn:aws:iot:us-east-1:123456789012:thing/${thing}`),
        ...members,
      });
    },
    advance: (seconds) => {
      nowMs += seconds * 1000;
      heard.push(...passTime(state, nowMs));
    },
    execution: (jobId, thingName = 'gw-1', executionNumber) => {
      const number = executionNumber === undefined ? {} : { executionNumber };
      return harness.control('DescribeJobExecution', { jobId, thingName, ...number }).execution as JsonObject;
    },
    job: (jobId) => harness.control('DescribeJob', { jobId }).job as JsonObject,
    createGroup: (thingGroupName, members, parentGroupName) => {
      const parent = parentGroupName === undefined ? {} : { parentGroupName };
      const { thingGroupArn } = harness.control('CreateThingGroup', { thingGroupName, ...parent });
      for (const thingName of members) harness.control('AddThingToThingGroup', { thingGroupName, thingName });
      return String(thingGroupArn);
    },
  };
  return harness;
}

/** The name of the refusal. */
export function refusal(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (error instanceof ControlError) return error.name;
    throw error;
  }
  return 'taken';
}
