/** Lets happen, between things and the Jobs service, what `decide-fate.ts` decided. */
import type { DeviceAnswer, DeviceRequest } from '../jobs-service/device-request.ts';
import { routeTopic } from '../jobs-service/device-request.ts';
import type { Notification } from '../jobs-service/state.ts';
import type { DelayedRuns } from './delayed-runs.ts';
import { createDelayedRuns } from './delayed-runs.ts';
import type { DeviceConnections } from './device-connections.ts';
import { troubleRejection } from './device-rejection.ts';
import type { FaultDraw } from './fault-control.ts';
import type { FaultPlace, FaultRule } from './fault-settings.ts';

/** From the sending of a message to the break after it, at least: the broker takes a few turns to write it. */
const SENT_WITHIN_MS = 20;

export interface FaultyDevicePlane {
  /** `send` is called with what is to go out now: once, twice, late or never. */
  request(request: DeviceRequest, send: (answer: DeviceAnswer) => void): void;
  notify(notification: Notification): void;
  /** Drops what still waits. */
  close(): void;
}

export interface FaultyDevicePlaneOptions {
  readonly faults: FaultDraw;
  readonly connections: DeviceConnections;
  /** The Jobs service: calls back with its one answer before it returns. */
  readonly serve: (request: DeviceRequest, answer: (answer: DeviceAnswer) => void) => void;
  /** Each answer as it was made, the service's or one of a service in trouble, whatever became of it. */
  readonly onAnswer: (request: DeviceRequest, answer: DeviceAnswer) => void;
  readonly sendNotification: (notification: Notification) => void;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

export function createFaultyDevicePlane(options: FaultyDevicePlaneOptions): FaultyDevicePlane {
  const { faults, connections } = options;
  const runs = createDelayedRuns();
  const deliver = createDelivery(runs, connections);
  /** Things that were notified and have not asked for `$next` since. */
  const notified = new Set<string>();

  const answer = (request: DeviceRequest, made: DeviceAnswer, send: (answer: DeviceAnswer) => void) => {
    const { thingName } = request;
    const asksNext = request.topic.endsWith('/$next/get');
    const isNextAfterNotification = asksNext && notified.delete(thingName) && made.message.execution !== undefined;
    const rule = faults.strike({ on: 'answer', operation: made.operation, thingName, isNextAfterNotification });
    if (rule?.fault === 'emptyNext')
      deliver(undefined, { place: 'answer', thingName, send: () => send(emptied(made)) });
    else deliver(rule, { place: 'answer', thingName, send: () => send(made) });
    options.onAnswer(request, made);
  };

  const request = (asked: DeviceRequest, send: (answer: DeviceAnswer) => void) => {
    const { thingName } = asked;
    const serve = () => options.serve(asked, (made) => answer(asked, made, send));
    const reject = (code: 'RequestThrottled' | 'InternalError') =>
      answer(asked, troubleRejection(asked, code, options.now()), send);
    const operation = routeTopic(asked)?.operation ?? 'InvalidTopic';
    const rule = faults.strike({ on: 'request', operation, thingName });
    switch (rule?.fault) {
      case 'throttled':
        return reject('RequestThrottled');
      case 'internalError':
        return reject('InternalError');
      case 'internalErrorAfter':
        options.serve(asked, () => undefined);
        return reject('InternalError');
      case 'disconnectAfter':
        options.serve(asked, (made) => options.onAnswer(asked, made));
        return connections.break(thingName, rule.how);
      default:
        return deliver(rule, { place: 'request', thingName, send: serve });
    }
  };

  const notify = (notification: Notification) => {
    const { thingName, topic } = notification;
    // Events are no thing's, and take no thing's way.
    if (thingName === undefined) return options.sendNotification(notification);
    notified.add(thingName);
    const operation = topic.slice(topic.lastIndexOf('/') + 1);
    const rule = faults.strike({ on: 'notification', operation, thingName });
    deliver(rule, { place: 'notification', thingName, send: () => options.sendNotification(notification) });
  };

  return { request, notify, close: runs.close };
}

/** Sends a message its way, or not: what happens alike to requests, answers and notifications. */
function createDelivery(runs: DelayedRuns, connections: DeviceConnections) {
  return (rule: FaultRule | undefined, { place, thingName, send }: Message) => {
    const key = `${place}\n${thingName}`;
    const pass = () => {
      send();
      runs.overtaken(key);
    };
    if (!rule) return pass();
    switch (rule.fault) {
      case 'late':
        return runs.after(rule.delayMs, send);
      case 'doubled':
        pass();
        return runs.after(rule.delayMs, send);
      case 'reordered':
        return runs.hold(key, send, rule.delayMs);
      case 'disconnectBefore':
        return connections.break(thingName, rule.how);
      case 'disconnectAfter':
        pass();
        return runs.after(Math.max(rule.delayMs, SENT_WITHIN_MS), () => connections.break(thingName, rule.how));
      case 'silent':
        return connections.silence(thingName);
      default:
        // `lost`: the settings allow no other fault here.
        return undefined;
    }
  };
}

interface Message {
  readonly place: FaultPlace;
  readonly thingName: string;
  readonly send: () => void;
}

/** As if nothing were pending. */
function emptied(answer: DeviceAnswer): DeviceAnswer {
  const { execution: _stale, ...message } = answer.message;
  return { ...answer, message };
}
