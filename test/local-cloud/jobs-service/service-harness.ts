/** The pure rules with a clock that the test moves: what a device and an operator would see, without any I/O. */
import type { JsonObject } from '../../../agent/core/json.ts';
import type { ControlOperationName } from '../../../local-cloud/api-model/model.ts';
import { handleControlRequest } from '../../../local-cloud/jobs-service/control-request.ts';
import { type DeviceAnswer, handleDeviceRequest } from '../../../local-cloud/jobs-service/device-request.ts';
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
  /** A device's request; text and bytes are sent as they are. */
  device(operation: string, body?: JsonObject | string | Uint8Array, thingName?: string): DeviceAnswer;
  control(operation: ControlOperationName, input: JsonObject): JsonObject;
  createJob(jobId: string, members?: JsonObject, things?: readonly string[]): void;
  /** Lets time pass, and what is due happen. */
  advance(seconds: number): void;
}

export function startService(things: readonly string[] = ['gw-1']): ServiceHarness {
  const state = emptyJobsState();
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
  };
  return harness;
}
