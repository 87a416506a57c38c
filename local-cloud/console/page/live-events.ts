/** What happens in the cloud, as it happens; and whether we hear of it. */
import { ApiError, type CloudApi } from './cloud-api.ts';

export type LiveEvent =
  | {
      readonly type: 'execution';
      readonly thingName: string;
      readonly jobId: string;
      readonly executionNumber: number;
      readonly status: string;
    }
  | { readonly type: 'connection'; readonly thingName: string; readonly connected: boolean }
  | { readonly type: 'operation'; readonly operation: string }
  | { readonly type: 'faults' }
  | { readonly type: 'clock' }
  /** Some were missed: everything is to be read anew. */
  | { readonly type: 'resync' };

export interface LiveListener {
  onEvent(event: LiveEvent): void;
  onConnected(): void;
  onLost(): void;
  /** The token is not the right one any more. */
  onRefused(): void;
}

const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 5_000;
/** Until the server says how often it is heard of. */
const FIRST_HEARTBEAT_MS = 15_000;

/** Ends when it is refused. Tries again for ever otherwise. */
export async function followEvents(api: CloudApi, listener: LiveListener): Promise<void> {
  let retryMs = FIRST_RETRY_MS;
  for (;;) {
    try {
      await readStream(api, {
        ...listener,
        onConnected: () => {
          retryMs = FIRST_RETRY_MS;
          listener.onConnected();
          listener.onEvent({ type: 'resync' });
        },
      });
    } catch (error) {
      if (error instanceof ApiError && error.httpStatus === 401) return listener.onRefused();
    }
    listener.onLost();
    await new Promise((resolve) => setTimeout(resolve, retryMs));
    retryMs = Math.min(retryMs * 2, LAST_RETRY_MS);
  }
}

/** Until the connection ends, or is silent for longer than two heartbeats. */
async function readStream(api: CloudApi, listener: LiveListener): Promise<void> {
  const abort = new AbortController();
  let heartbeatMs = FIRST_HEARTBEAT_MS;
  let watchdog = 0;
  const alive = () => {
    clearTimeout(watchdog);
    watchdog = window.setTimeout(() => abort.abort(), heartbeatMs * 2.5);
  };
  alive();
  try {
    const reader = (await api.events(abort.signal)).pipeThrough(textDecoder()).getReader();
    let rest = '';
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const blocks = (rest + value).split('\n\n');
      rest = blocks.pop() ?? '';
      for (const { type, data } of blocks.map(parseBlock)) {
        if (type === 'hello') {
          heartbeatMs = Number(data.heartbeatMs) || FIRST_HEARTBEAT_MS;
          listener.onConnected();
        } else if (type !== '') listener.onEvent({ ...data, type } as LiveEvent);
      }
      alive();
    }
  } finally {
    clearTimeout(watchdog);
    abort.abort();
  }
}

/** Its declared types disagree with those of a response's body. */
function textDecoder(): ReadableWritablePair<string, Uint8Array> {
  return new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>;
}

/** A comment, as a heartbeat is one, has no type. */
function parseBlock(block: string): { type: string; data: Readonly<Record<string, unknown>> } {
  const lines = block.split('\n');
  const field = (name: string) => lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2);
  return { type: field('event') ?? '', data: JSON.parse(field('data') ?? '{}') };
}
