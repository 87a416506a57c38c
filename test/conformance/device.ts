/** A thing's connection: requests with their answers, and notifications in the order they came. */
import { randomUUID } from 'node:crypto';
import type { MqttClient } from 'mqtt';
import { isJsonObject, type JsonObject } from '../../agent/core/json.ts';
import { Difference } from './expectation.ts';
import type { Answer, ConformanceThing, Device, NewJob } from './target.ts';

export interface ThingConnection {
  readonly client: MqttClient;
  /** `$aws/things/THING/jobs`. */
  readonly jobs: string;
}

export interface DeviceOptions {
  readonly thing: ConformanceThing;
  /** @returns the jobId. */
  createJob(members: NewJob | undefined): Promise<string>;
  readonly patienceMs: number;
}

interface Message {
  readonly topic: string;
  readonly message: JsonObject;
}

type Fits = (message: Message) => boolean;

export function createDevice({ client, jobs }: ThingConnection, options: DeviceOptions): Device {
  const inbox = openInbox(client, options.patienceMs);
  const publish = async (topic: string, payload: string | Uint8Array) => {
    await client.publishAsync(topic, typeof payload === 'string' ? payload : Buffer.from(payload), { qos: 1 });
  };

  const ask: Device['ask'] = async (operation, body = {}) => {
    const request = `${jobs}/${operation}`;
    const { payload, clientToken } = encodeRequest(body);
    const answered = inbox.take(`an answer to ${operation}`, ({ topic, message }) => {
      const isAnswer = topic === `${request}/accepted` || topic === `${request}/rejected`;
      return isAnswer && (clientToken === undefined || message.clientToken === clientToken);
    });
    const [{ topic, message }] = await Promise.all([answered, publish(request, payload)]);
    return { accepted: topic.endsWith('/accepted'), topic, body: message };
  };

  const notified: Device['notified'] = async (name, fits = () => true) => {
    const { message } = await inbox.take(`a message on ${name}`, ({ topic, message: body }) => {
      return topic === `${jobs}/${name}` && fits(body);
    });
    return message;
  };

  return {
    ...options.thing,
    ask,
    accepted: async (operation, body) => requireAnswer(operation, await ask(operation, body), 'accepted'),
    rejected: async (operation, body, code) => {
      const answer = requireAnswer(operation, await ask(operation, body), `rejected with ${code}`);
      if (answer.code !== code) throw new Difference(`${operation}, code`, code, JSON.stringify(answer));
      return answer;
    },
    queue: async (members) => {
      const jobId = await options.createJob(members);
      await notified('notify', (message) => pendingJobIds(message).includes(jobId));
      return jobId;
    },
    notified,
    unread: () =>
      inbox.unread(({ topic }) => topic === `${jobs}/notify` || topic === `${jobs}/notify-next`).map(shortTopic),
    heard: () => inbox.topics.map((topic) => topic.slice(jobs.length + 1)),
    forget: () => inbox.forget(),
    publish,
    subscribe: async (filter) => {
      await client.subscribeAsync(filter, { qos: 1 });
    },
    disconnect: async () => {
      await client.endAsync();
    },
  };
}

/** Of a message on `notify`. */
export function pendingJobIds({ jobs }: JsonObject): readonly string[] {
  const lists = isJsonObject(jobs) ? Object.values(jobs) : [];
  return lists
    .flatMap((list) => (Array.isArray(list) ? list : []))
    .map((summary) => String((summary as JsonObject).jobId));
}

function openInbox(client: MqttClient, patienceMs: number) {
  const topics: string[] = [];
  let kept: Message[] = [];
  const waiting = new Set<(message: Message) => boolean>();
  client.on('message', (topic, payload) => {
    topics.push(topic);
    const parsed: unknown = JSON.parse(payload.toString('utf8'));
    const message = { topic, message: isJsonObject(parsed) ? parsed : {} };
    for (const offer of waiting) if (offer(message)) return;
    kept.push(message);
  });
  return {
    topics,
    /** The first that fits, past or to come; it is not given again. @throws Difference when none comes in time. */
    take: (what: string, fits: Fits): Promise<Message> => {
      const found = kept.find(fits);
      if (found !== undefined) {
        kept = kept.filter((message) => message !== found);
        return Promise.resolve(found);
      }
      return new Promise((resolve, reject) => {
        const timer = setTimeout(() => {
          waiting.delete(offer);
          reject(new Difference(what, 'one', `none within ${patienceMs} ms`));
        }, patienceMs);
        const offer = (message: Message) => {
          if (!fits(message)) return false;
          clearTimeout(timer);
          waiting.delete(offer);
          resolve(message);
          return true;
        };
        waiting.add(offer);
      });
    },
    unread: (fits: Fits) => kept.filter(fits),
    forget: () => {
      kept = [];
    },
  };
}

function encodeRequest(body: JsonObject | string | Uint8Array): {
  readonly payload: string | Uint8Array;
  readonly clientToken: unknown;
} {
  if (typeof body === 'string' || body instanceof Uint8Array) return { payload: body, clientToken: undefined };
  const clientToken = body.clientToken ?? randomUUID();
  return { payload: JSON.stringify({ ...body, clientToken }), clientToken };
}

function requireAnswer(operation: string, { accepted, body }: Answer, wanted: string): JsonObject {
  if (accepted === (wanted === 'accepted')) return body;
  throw new Difference(operation, wanted, `${accepted ? 'accepted' : 'rejected'} ${JSON.stringify(body)}`);
}

function shortTopic({ topic, message }: Message): Message {
  return { topic: topic.split('/').at(-1) ?? '', message };
}
