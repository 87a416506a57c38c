/** A TCP link on 127.0.0.1 with a rate, that counts what passes and can be cut. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

export interface CountingLink {
  readonly port: number;
  /** What came from the far end so far, whether or not it reached the near one. */
  readonly passedBytes: number;
  /** Resolves when so many bytes have passed. */
  passed(bytes: number): Promise<void>;
  /** Ends every connection at both ends, and refuses each that comes within `downMs`. @returns how many there were. */
  cut(downMs: number): number;
  close(): Promise<void>;
}

export interface CountingLinkOptions {
  readonly targetPort: number;
  readonly bytesPerSecond: number;
}

export async function startCountingLink({ targetPort, bytesPerSecond }: CountingLinkOptions): Promise<CountingLink> {
  const near = new Set<Socket>();
  const waiting = new Set<() => void>();
  let passedBytes = 0;
  let isUp = true;
  const server = createServer((socket) => {
    if (!isUp) return void socket.resetAndDestroy();
    near.add(socket);
    const far = connect({ port: targetPort, host: '127.0.0.1' });
    socket.on('error', () => undefined);
    far.on('error', () => undefined);
    socket.on('close', () => {
      near.delete(socket);
      far.destroy();
    });
    far.on('close', () => socket.destroySoon());
    socket.pipe(far);
    void forward(far, socket).catch(() => undefined);
  });

  async function forward(far: Socket, socket: Socket): Promise<void> {
    const startMs = performance.now();
    let sentBytes = 0;
    for await (const chunk of far as AsyncIterable<Buffer>) {
      passedBytes += chunk.length;
      sentBytes += chunk.length;
      for (const check of [...waiting]) check();
      if (!socket.write(chunk)) await once(socket, 'drain');
      const aheadMs = (sentBytes * 1000) / bytesPerSecond - (performance.now() - startMs);
      if (aheadMs > 0) await sleep(aheadMs);
    }
  }

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    get passedBytes() {
      return passedBytes;
    },
    passed: (bytes) =>
      new Promise((resolve) => {
        const check = () => {
          if (passedBytes < bytes) return;
          waiting.delete(check);
          resolve();
        };
        waiting.add(check);
        check();
      }),
    cut(downMs) {
      const count = near.size;
      isUp = false;
      setTimeout(() => {
        isUp = true;
      }, downMs);
      for (const socket of near) socket.resetAndDestroy();
      return count;
    },
    async close() {
      for (const socket of near) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
