/** A TCP link of one thing to its broker that breaks when it is told to. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export interface Link {
  /** On 127.0.0.1. */
  readonly port: number;
  /** Ends every connection that stands: in order, or by a reset that loses what was under way. */
  cut(how: 'end' | 'reset'): void;
  /** From now on nothing passes over the connections that stand, not even their end. New ones are well. */
  freeze(): void;
  close(): Promise<void>;
}

export interface LinkOptions {
  /** Where the broker is when a connection is made. */
  readonly targetPort: () => number;
  /** Asked for each new connection: after how many bytes from the broker it breaks; `null` lets it stand. */
  readonly breaksAfterBytes: () => number | null;
}

interface Pair {
  readonly near: Socket;
  readonly far: Socket;
  frozen: boolean;
}

export async function openLink({ targetPort, breaksAfterBytes }: LinkOptions): Promise<Link> {
  const pairs = new Set<Pair>();
  const server = createServer((near) => {
    const far = connect({ port: targetPort(), host: '127.0.0.1', noDelay: true });
    near.setNoDelay(true);
    const pair: Pair = { near, far, frozen: false };
    pairs.add(pair);
    near.once('close', () => pairs.delete(pair));
    forward(pair, near, far);
    forward(pair, far, near);
    const limit = breaksAfterBytes();
    let passed = 0;
    far.on('data', (chunk: Buffer) => {
      passed += chunk.length;
      if (limit !== null && passed > limit) end(pair, 'reset');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    cut(how) {
      for (const pair of [...pairs]) end(pair, how);
    },
    freeze() {
      for (const pair of pairs) pair.frozen = true;
    },
    async close() {
      const closed = once(server, 'close');
      server.close();
      for (const pair of [...pairs]) end(pair, 'reset');
      await closed;
    },
  };
}

function forward(pair: Pair, from: Socket, to: Socket): void {
  from.on('data', (chunk) => {
    if (!pair.frozen && to.writable) to.write(chunk);
  });
  from.on('error', () => undefined); // 'close' follows
  from.on('close', () => {
    if (!pair.frozen || from === pair.near) to.destroy();
  });
}

function end({ near, far }: Pair, how: 'end' | 'reset'): void {
  far.destroy();
  if (how === 'reset') near.resetAndDestroy();
  else near.destroySoon();
}
