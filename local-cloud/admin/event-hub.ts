/**
 * Server-sent events (WHATWG HTML, 9.2) for whoever looks on. What is told says that something changed, not all of what it
 * is now: a client reads that anew. So one that cannot keep up loses nothing by being told `resync` instead of the rest.
 */
import type { ServerResponse } from 'node:http';
import { ControlError } from '../jobs-service/control-error.ts';

const HEARTBEAT_MS = 15_000;
/** Events held for one client whose connection takes no more. */
const MAX_QUEUED_EVENTS = 200;
const MAX_CLIENTS = 32;

export type AdminEvent =
  | {
      readonly type: 'execution';
      readonly thingName: string;
      readonly jobId: string;
      readonly executionNumber: number;
      readonly status: string;
      readonly versionNumber: number;
    }
  | { readonly type: 'connection'; readonly thingName: string; readonly connected: boolean }
  /** An operation that is no reading one was answered. */
  | { readonly type: 'operation'; readonly operation: string }
  | { readonly type: 'faults' }
  | { readonly type: 'clock' };

export interface EventHub {
  /** Takes the response over until its connection ends. @throws ControlError when there are too many already. */
  open(response: ServerResponse): void;
  publish(event: AdminEvent): void;
  /** Who listens now. */
  clientCount(): number;
  close(): void;
}

export interface EventHubOptions {
  readonly heartbeatMs?: number;
}

interface Client {
  readonly response: ServerResponse;
  readonly queue: string[];
  /** It fell behind: what was queued is gone, and it is told so. */
  isOverrun: boolean;
  /** Heartbeats that found its connection full. */
  stuck: number;
}

export function createEventHub({ heartbeatMs = HEARTBEAT_MS }: EventHubOptions = {}): EventHub {
  const clients = new Set<Client>();
  const heartbeat = setInterval(() => {
    for (const client of clients) beat(client);
  }, heartbeatMs);
  heartbeat.unref();
  return {
    open: (response) => {
      if (clients.size >= MAX_CLIENTS) {
        throw new ControlError('LimitExceededException', `${MAX_CLIENTS} clients listen already`);
      }
      const client: Client = { response, queue: [], isOverrun: false, stuck: 0 };
      clients.add(client);
      response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
      response.write(`retry: 1000\nevent: hello\ndata: ${JSON.stringify({ heartbeatMs })}\n\n`);
      response.on('drain', () => drain(client));
      response.on('error', () => undefined);
      response.once('close', () => clients.delete(client));
    },
    publish: ({ type, ...data }) => {
      const text = `event: ${type}\ndata: ${JSON.stringify(data)}\n\n`;
      for (const client of clients) send(client, text);
    },
    clientCount: () => clients.size,
    close: () => {
      clearInterval(heartbeat);
      for (const { response } of clients) response.destroy();
    },
  };
}

function send(client: Client, text: string): void {
  if (!client.response.writableNeedDrain) {
    client.response.write(text);
    return;
  }
  if (client.isOverrun) return;
  client.queue.push(text);
  if (client.queue.length <= MAX_QUEUED_EVENTS) return;
  client.queue.length = 0;
  client.isOverrun = true;
}

function drain(client: Client): void {
  client.stuck = 0;
  if (client.isOverrun) {
    client.isOverrun = false;
    client.response.write('event: resync\ndata: {}\n\n');
  }
  for (const text of client.queue.splice(0)) client.response.write(text);
}

/** Keeps proxies from closing it, and finds out who has gone without a word. */
function beat(client: Client): void {
  if (!client.response.writableNeedDrain) client.response.write(': still here\n\n');
  else if (++client.stuck > 1) client.response.destroy();
}
