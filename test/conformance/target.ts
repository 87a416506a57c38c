/** What a case runs against: an account at AWS, or the local cloud. Everything it makes is removed when it is closed. */
import type { IoT } from '@aws-sdk/client-iot';
import type { IoTJobsDataPlane } from '@aws-sdk/client-iot-jobs-data-plane';
import type { JsonObject } from '../../agent/core/json.ts';

export interface ConformanceTarget {
  /** The control plane, signed. */
  readonly iot: IoT;
  /** The device's operations over HTTP, signed; null where they are not served. */
  readonly data: IoTJobsDataPlane | null;
  /** A name that nobody has, begun with the run's prefix. */
  freshName(what: string): string;
  /** A new thing, not connected. */
  thing(): Promise<ConformanceThing>;
  /** A new thing, connected with its certificate and subscribed to its answers and notifications. */
  device(): Promise<Device>;
  /** Another connection of the thing; the service ends the one before it. */
  connect(thing: ConformanceThing): Promise<Device>;
  /** CreateJob with a name of the run and a document; removed at the end. @returns the jobId. */
  createJob(things: readonly ConformanceThing[], members?: NewJob): Promise<string>;
  /** Called at the end, last first. */
  onClose(remove: () => Promise<unknown>): void;
  /** Lets this much time pass, where the target can; null at AWS. */
  readonly pass: ((seconds: number) => Promise<void>) | null;
}

/** Members of CreateJob; `jobId`, `targets` and `document` are made where they are not given. */
export type NewJob = Partial<Parameters<IoT['createJob']>[0]>;

export interface ConformanceThing {
  readonly thingName: string;
  readonly thingArn: string;
}

export interface Answer {
  readonly accepted: boolean;
  /** The whole topic. */
  readonly topic: string;
  readonly body: JsonObject;
}

export interface Device extends ConformanceThing {
  /** CreateJob for this thing; resolves when the device was notified of it. @returns the jobId. */
  queue(members?: NewJob): Promise<string>;
  /**
   * Publishes below `$aws/things/THING/jobs/` and waits for the answer. A body without clientToken gets one, so that the
   * answer is told from others; text and bytes go out as they are.
   */
  ask(operation: string, body?: JsonObject | string | Uint8Array): Promise<Answer>;
  /** As `ask`; the answer has to be an acceptance. @throws Difference */
  accepted(operation: string, body?: JsonObject | string | Uint8Array): Promise<JsonObject>;
  /** As `ask`; the answer has to be a refusal with this code. @throws Difference */
  rejected(operation: string, body: JsonObject | string | Uint8Array, code: string): Promise<JsonObject>;
  /** The next message on `notify` or `notify-next` that no call returned yet and that fits. @throws Difference */
  notified(topic: 'notify' | 'notify-next', fits?: (message: JsonObject) => boolean): Promise<JsonObject>;
  /** Messages on both that no call of `notified` returned, oldest first, by their topics. */
  unread(): readonly { readonly topic: string; readonly message: JsonObject }[];
  /** Where every message came so far, below `$aws/things/THING/jobs/`, oldest first. */
  heard(): readonly string[];
  /** Forgets what is unread. */
  forget(): void;
  publish(topic: string, payload: string | Uint8Array): Promise<void>;
  subscribe(filter: string): Promise<void>;
  disconnect(): Promise<void>;
}
