/**
 * The broker, and the network between it and the agent. A message takes its time, and may be late, lost or doubled; a
 * connection may be refused, kicked, or die without a word.
 */
import type { JsonObject } from '../../agent/core/json.ts';
import {
  type Connection,
  type ConnectionEvents,
  type Subscription,
  type Transport,
  TransportError,
  type TransportErrorCode,
} from '../../agent/ports/transport.ts';
import { topicMatches } from '../fakes/fake-transport.ts';
import type { Draw } from './draw.ts';
import type { History } from './history.ts';
import { foreignAnswer } from './hostile-messages.ts';
import type { Life } from './life.ts';
import type { Scheduler } from './scheduler.ts';
import { type MessageRates, NO_RATES } from './world-settings.ts';

export interface SimulatedLink {
  transport(life: Life): Transport;
  /** To whoever is connected when it comes, and has subscribed to it. */
  deliver(topic: string, payload: string, kind: 'answer' | 'notification'): void;
  /** The connection there is ends. */
  cut(code: TransportErrorCode): void;
  /** Nothing gets through any more, and only the keep-alive notices. */
  goSilent(): void;
  /** No connection can be made, for this reason. */
  refuse(code: TransportErrorCode | null): void;
  /** Every connection is ended a moment after it was made: somebody else uses its client id. */
  kickNewcomers(isOn: boolean): void;
  /** What becomes of a SUBSCRIBE. */
  answerSubscribes(verdict: SubscribeVerdict): void;
  /** The next requests are answered by another thing as well, and sooner. */
  mimicAnswers(count: number): void;
  /** From here on every message comes, soon and once. */
  heal(): void;
}

/** `closed`: as AWS IoT does when a policy forbids a filter; `refused`: SUBACK 0x80. */
export interface SubscribeVerdict {
  readonly how: 'granted' | 'refused' | 'closed' | 'never';
  /** The filter that is meant, by its end; every one when empty. */
  readonly filter: string;
}

export const GRANTED: SubscribeVerdict = { how: 'granted', filter: '' };

export interface SimulatedLinkOptions {
  readonly scheduler: Scheduler;
  readonly draw: Draw;
  readonly history: History;
  readonly rates: MessageRates;
  /** A request has come through. */
  readonly onRequest: (topic: string, payload: string) => void;
}

interface Line {
  readonly life: Life;
  readonly events: ConnectionEvents;
  readonly filters: string[];
  /** Of a SUBSCRIBE that has no answer yet. */
  refuseSubscribe: ((error: TransportError) => void) | null;
  isSilent: boolean;
  isOpen: boolean;
}

/** One and a half of the keep-alive's 60 s. */
const NOTICED_MS = 90_000;
/** How late a message can be: as long as this it may still be on its way. */
export const MAX_LATE_MS = 40_000;
const CONNECT_TIMEOUT_MS = 30_000;

export function createSimulatedLink(options: SimulatedLinkOptions): SimulatedLink {
  const { scheduler, draw, history, onRequest } = options;
  let rates = options.rates;
  let line: Line | null = null;
  let refusal: TransportErrorCode | null = null;
  let isKicking = false;
  let verdict = GRANTED;
  let mimics = 0;

  const travelMs = () => draw.spread(2, 200);
  const lateMs = () => draw.between(1_000, MAX_LATE_MS);
  const fault = (name: string) => history.note({ what: 'fault', name });

  function end(ended: Line, code: TransportErrorCode): void {
    if (!ended.isOpen) return;
    ended.isOpen = false;
    if (line === ended) line = null;
    history.note({ what: 'closed', life: ended.life.number, code });
    const reason = new TransportError(code, 'the simulated connection ended');
    ended.life.after(0, () => {
      ended.refuseSubscribe?.(reason);
      ended.events.onClosed(reason);
    });
  }

  function connect(life: Life, events: ConnectionEvents): Promise<Connection> {
    history.note({ what: 'connecting', life: life.number });
    const why = refusal;
    return new Promise((resolve, reject) => {
      if (why !== null) {
        const afterMs = why === 'CONNECT_TIMEOUT' ? CONNECT_TIMEOUT_MS : travelMs();
        life.after(afterMs, () => reject(new TransportError(why, 'the simulated broker is not to be had')));
        return;
      }
      life.after(travelMs() * 4, () => {
        // AWS lets a client id connect once: the older connection goes.
        if (line !== null) end(line, 'CLOSED_BY_BROKER');
        const opened: Line = { life, events, filters: [], refuseSubscribe: null, isSilent: false, isOpen: true };
        line = opened;
        history.note({ what: 'connected', life: life.number });
        if (isKicking) scheduler.after(draw.spread(5, 20_000), () => end(opened, 'CLOSED_BY_BROKER'));
        resolve(connection(opened));
      });
    });
  }

  function connection(opened: Line): Connection {
    const { life } = opened;
    const whileOpen = (what: () => Promise<void>) =>
      life.wait(() =>
        opened.isOpen ? what() : Promise.reject(new TransportError('CLOSED_BY_BROKER', 'the connection has ended')),
      );
    return {
      subscribe: (subscriptions) => whileOpen(() => subscribe(opened, subscriptions)),
      publish: (topic, payload) =>
        whileOpen(async () => {
          const body = JSON.parse(payload) as JsonObject;
          history.note({ what: 'asked', life: life.number, topic, body });
          if (opened.isSilent) return;
          if (mimics > 0) mimic(topic, body);
          send(topic, payload);
        }),
      close: () =>
        life.wait(() => {
          end(opened, 'CLOSED_BY_US');
          return new Promise((resolve) => life.after(1, resolve));
        }),
    };
  }

  function subscribe(opened: Line, subscriptions: readonly Subscription[]): Promise<void> {
    const { how, filter: meant } = verdict;
    const isMeant = how !== 'granted' && subscriptions.some(({ filter }) => filter.endsWith(meant));
    const granted = subscriptions.filter(({ filter }) => how === 'granted' || !filter.endsWith(meant));
    return new Promise((resolve, reject) => {
      opened.refuseSubscribe = reject;
      if (opened.isSilent || (isMeant && how === 'never')) return;
      opened.life.after(travelMs(), () => {
        if (!opened.isOpen) return;
        if (isMeant && how === 'closed') {
          end(opened, 'CLOSED_BY_BROKER');
          return;
        }
        opened.filters.push(...granted.map(({ filter }) => filter));
        if (isMeant) reject(new TransportError('SUBSCRIBE_REFUSED', 'the simulated broker says no'));
        else resolve();
      });
    });
  }

  function mimic(topic: string, body: JsonObject): void {
    mimics -= 1;
    const answer = foreignAnswer(topic, body);
    arrive(answer.topic, answer.payload, 1);
  }

  /** It may come after its connection has ended, and after its sender has. */
  function send(topic: string, payload: string): void {
    if (draw.chance(rates.requestLost)) {
      fault('request lost');
      return;
    }
    const isLate = draw.chance(rates.requestLate);
    if (isLate) fault('request late');
    scheduler.after(isLate ? lateMs() : travelMs(), () => onRequest(topic, payload));
  }

  function arrive(topic: string, payload: string, afterMs: number): void {
    scheduler.after(afterMs, () => {
      const open = line;
      if (open === null || open.isSilent || !open.life.isAlive) return;
      if (!open.filters.some((filter) => isWithin(filter, topic))) return;
      history.note({ what: 'heard', life: open.life.number, topic, payload });
      open.events.onMessage(topic, Buffer.from(payload));
    });
  }

  return {
    transport: (life) => ({ name: 'simulated', connect: (events) => life.wait(() => connect(life, events)) }),
    deliver(topic, payload, kind) {
      if (draw.chance(rates[`${kind}Lost`])) {
        fault(`${kind} lost`);
        return;
      }
      const isLate = draw.chance(rates[`${kind}Late`]);
      if (isLate) fault(`${kind} late`);
      arrive(topic, payload, isLate ? lateMs() : travelMs());
      if (!draw.chance(rates[`${kind}Doubled`])) return;
      fault(`${kind} doubled`);
      arrive(topic, payload, draw.chance(0.5) ? lateMs() : travelMs());
    },
    cut(code) {
      if (line !== null) end(line, code);
    },
    goSilent() {
      const silent = line;
      if (silent === null) return;
      silent.isSilent = true;
      scheduler.after(NOTICED_MS, () => end(silent, 'KEEP_ALIVE_TIMEOUT'));
    },
    refuse(code) {
      refusal = code;
    },
    kickNewcomers(isOn) {
      isKicking = isOn;
    },
    answerSubscribes(next) {
      verdict = next;
    },
    mimicAnswers(count) {
      mimics = count;
    },
    heal() {
      mimics = 0;
      refusal = null;
      isKicking = false;
      verdict = GRANTED;
      rates = NO_RATES;
    },
  };
}

/** A broker that takes one thing for another sends what it has for that one here as well: names of things do not count. */
function isWithin(filter: string, topic: string): boolean {
  return topicMatches(withoutThing(filter), withoutThing(topic));
}

function withoutThing(topic: string): string {
  return topic.slice(topic.indexOf('/jobs/') + 1);
}
