/** The Jobs service behind everything that can go wrong on the way to it and back. */
import { isJsonObject } from '../../agent/core/json.ts';
import type { DeviceRequest } from '../../local-cloud/jobs-service/device-request.ts';
import { type RunningService, runJobsService } from '../../local-cloud/running-service.ts';
import type { CloudFaults, MessageFate } from './cloud-faults.ts';
import type { SendAnswer, WireMessage } from './wire.ts';

export interface FaultyService {
  readonly jobs: RunningService;
  onRequest(request: DeviceRequest, send: SendAnswer): void;
  close(): void;
}

export interface FaultyServiceOptions {
  readonly faultsOf: (thingName: string) => CloudFaults;
  readonly cut: (thingName: string) => void;
  readonly notify: (message: WireMessage) => void;
  /** A request may have changed something. */
  readonly onServed: () => void;
}

/** Longer than an agent under test waits for an answer. */
const LATE_BY_UP_TO_MS = 1_500;
const DOUBLED_WITHIN_MS = 300;
/** For one that waits to be overtaken, where nothing comes. */
const OVERTAKEN_WITHIN_MS = 300;
const CUT_WITHIN_MS = 5;

export function createFaultyService(options: FaultyServiceOptions): FaultyService {
  const { faultsOf, cut, onServed } = options;
  const timers = new Set<NodeJS.Timeout>();
  /** What waits to be overtaken, by thing. */
  const held = new Map<string, Set<() => void>>();

  function later(delayMs: number, run: () => void): void {
    const timer = setTimeout(() => {
      timers.delete(timer);
      run();
    }, delayMs);
    timers.add(timer);
  }

  function deliver(thingName: string, fate: MessageFate | null, send: () => void): void {
    const faults = faultsOf(thingName);
    if (fate === 'late') later(faults.delayMs(LATE_BY_UP_TO_MS), send);
    else if (fate === 'overtaken') hold(thingName, send);
    else if (fate !== 'lost') {
      send();
      if (fate === 'doubled') later(faults.delayMs(DOUBLED_WITHIN_MS), send);
      for (const release of held.get(thingName) ?? []) release();
    }
  }

  function hold(thingName: string, send: () => void): void {
    const waiting = held.get(thingName) ?? new Set();
    held.set(thingName, waiting);
    const release = () => {
      if (waiting.delete(release)) send();
    };
    waiting.add(release);
    later(OVERTAKEN_WITHIN_MS, release);
  }

  function serve(request: DeviceRequest, send: SendAnswer): void {
    const { thingName } = request;
    const faults = faultsOf(thingName);
    const moment = faults.cut();
    if (moment === 'before the request') {
      cut(thingName);
      return;
    }
    jobs.device(request, (answer) => {
      if (moment === 'before the answer') cut(thingName);
      else deliver(thingName, faults.answer(), () => send(answer));
    });
    if (moment === 'after the answer') later(faults.delayMs(CUT_WITHIN_MS), () => cut(thingName));
    onServed();
  }

  const jobs = runJobsService({
    now: Date.now,
    notify: ({ thingName, topic, message }) => {
      const send = () => options.notify({ topic, message });
      // Events are no thing's, and take no thing's link.
      if (thingName === undefined) send();
      else deliver(thingName, faultsOf(thingName).notification(), send);
    },
  });
  return {
    jobs,
    onRequest(request, send) {
      const faults = faultsOf(request.thingName);
      const fate = faults.request();
      const reject = (code: string) =>
        deliver(request.thingName, faults.answer(), () => send(rejection(request, code)));
      if (fate === null) serve(request, send);
      else if (fate === 'late') later(faults.delayMs(LATE_BY_UP_TO_MS), () => serve(request, send));
      else if (fate === 'throttled') reject('RequestThrottled');
      else if (fate === 'failed') reject('InternalError');
      else if (fate === 'failed, though it took effect') {
        serve(request, () => undefined);
        reject('InternalError');
      }
    },
    close() {
      jobs.close();
      for (const timer of timers) clearTimeout(timer);
    },
  };
}

/** As AWS sends it, Developer Guide, "Jobs MQTT API": RejectedError. */
function rejection({ topic, payload }: DeviceRequest, code: string): WireMessage {
  const clientToken = clientTokenOf(payload);
  const message = { code, message: 'by chance', timestamp: Math.floor(Date.now() / 1_000) };
  return { topic: `${topic}/rejected`, message: clientToken === undefined ? message : { clientToken, ...message } };
}

function clientTokenOf(payload: Uint8Array): string | undefined {
  const body: unknown = payload.byteLength === 0 ? {} : JSON.parse(Buffer.from(payload).toString());
  const token = isJsonObject(body) ? body.clientToken : undefined;
  return typeof token === 'string' ? token : undefined;
}
