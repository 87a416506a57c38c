/** A TCP link on 127.0.0.1 that can be cut at a byte, go dead while its sockets stay open, or become slow. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** `up`: from the gateway to the cloud. */
export type Direction = 'up' | 'down';

export interface Cut {
  readonly direction: Direction;
  /** This many bytes pass in that direction, and not one more in any. */
  readonly afterBytes: number;
  /** `rst`: both ends are told at once that the connection is gone. `fin`: both are told that nothing more will come. */
  readonly how: 'rst' | 'fin';
}

export interface Rate {
  readonly bytes: number;
  /** So many milliseconds for these bytes, each way. */
  readonly everyMs: number;
}

export interface LinkProxy {
  readonly port: number;
  /** Connections so far. */
  readonly connections: number;
  /** What passed on the first connection. */
  readonly passed: Readonly<Record<Direction, number>>;
  /** Whether the planned cut was made. */
  readonly isCut: boolean;
  /** Sockets that are open, at either side. */
  readonly openSockets: number;
  /** What is connected now is dead from now on: bytes vanish, also the end of a connection. So is what connects before `heal`. */
  goDead(directions?: readonly Direction[]): void;
  /** Connections to come pass everything again, as fast as they can. Those that were dead stay so. */
  heal(): void;
  /** Resolves when no socket is open, or with how many are left after `limitMs`. */
  emptied(limitMs: number): Promise<number>;
  stop(): Promise<void>;
}

export interface LinkProxyOptions {
  readonly targetPort: number;
  /** Of the first connection. */
  readonly cut?: Cut;
  /** Of every connection until `heal`. */
  readonly rate?: Rate;
  /** Called in the turn in which the cut is made. */
  readonly onCut?: () => void;
}

export async function startLinkProxy(options: LinkProxyOptions): Promise<LinkProxy> {
  const state: ProxyState = {
    links: [],
    sockets: new Set(),
    deadAtBirth: [],
    rate: options.rate,
    onEmpty: () => {},
  };
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (near) => {
    const far = connect({ port: options.targetPort, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
    state.links.push(new Link(near, far, state, state.links.length === 0 ? options : {}));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return proxyOf(server, state);
}

interface ProxyState {
  readonly links: Link[];
  readonly sockets: Set<Socket>;
  deadAtBirth: readonly Direction[];
  rate: Rate | undefined;
  onEmpty: () => void;
}

function proxyOf(server: Server, state: ProxyState): LinkProxy {
  return {
    port: (server.address() as AddressInfo).port,
    get connections() {
      return state.links.length;
    },
    get passed() {
      return state.links[0]?.passed ?? { up: 0, down: 0 };
    },
    get isCut() {
      return state.links[0]?.isCut ?? false;
    },
    get openSockets() {
      return state.sockets.size;
    },
    goDead(directions = ['up', 'down']) {
      state.deadAtBirth = directions;
      for (const link of state.links) link.goDead(directions);
    },
    heal() {
      state.deadAtBirth = [];
      state.rate = undefined;
    },
    async emptied(limitMs) {
      if (state.sockets.size === 0) return 0;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, limitMs);
        state.onEmpty = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      return state.sockets.size;
    },
    async stop() {
      for (const socket of state.sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Owns the two sockets of one connection. */
class Link {
  readonly passed = { up: 0, down: 0 };
  isCut = false;
  readonly #near: Socket;
  readonly #far: Socket;
  readonly #cut: Cut | undefined;
  readonly #onCut: () => void;
  readonly #rate: Rate | undefined;
  readonly #dead = new Set<Direction>();

  constructor(near: Socket, far: Socket, state: ProxyState, options: Pick<LinkProxyOptions, 'cut' | 'onCut'>) {
    this.#near = near;
    this.#far = far;
    this.#cut = options.cut;
    this.#onCut = options.onCut ?? (() => {});
    this.#rate = state.rate;
    this.goDead(state.deadAtBirth);
    for (const socket of [near, far]) keepBooks(socket, state);
    this.#forward('up', near, far);
    this.#forward('down', far, near);
    if (this.#cut?.afterBytes === 0) this.#make(this.#cut);
  }

  goDead(directions: readonly Direction[]): void {
    for (const direction of directions) this.#dead.add(direction);
  }

  #forward(direction: Direction, from: Socket, to: Socket): void {
    const isSilent = () => this.isCut || this.#dead.has(direction);
    const queue: Buffer[] = [];
    from.on('data', (chunk: Buffer) => {
      if (isSilent()) return;
      if (this.#rate === undefined) this.#pass(direction, chunk, to);
      else queue.push(chunk);
    });
    from.on('end', () => {
      // Both ends of a cut connection have been told; what they answer to that leads nowhere.
      if (this.isCut) from.end();
      else if (!this.#dead.has(direction)) to.end();
    });
    from.on('error', () => {
      if (!isSilent()) to.destroy();
    });
    if (this.#rate !== undefined) this.#passSlowly(direction, queue, to, this.#rate);
  }

  #pass(direction: Direction, chunk: Buffer, to: Socket): void {
    const cut = this.#cut?.direction === direction ? this.#cut : undefined;
    const room = cut === undefined ? chunk.length : Math.min(chunk.length, cut.afterBytes - this.passed[direction]);
    this.passed[direction] += room;
    const isLast = cut !== undefined && this.passed[direction] === cut.afterBytes;
    if (isLast) this.isCut = true; // nothing passes meanwhile in the other direction
    to.write(chunk.subarray(0, room), () => {
      if (isLast) this.#make(cut);
    });
  }

  #passSlowly(direction: Direction, queue: Buffer[], to: Socket, { bytes, everyMs }: Rate): void {
    const timer = setInterval(() => {
      const [first, ...rest] = queue;
      if (first === undefined || this.#dead.has(direction)) return;
      queue.splice(0, queue.length, ...(first.length > bytes ? [first.subarray(bytes)] : []), ...rest);
      this.#pass(direction, first.subarray(0, bytes), to);
    }, everyMs);
    to.on('close', () => clearInterval(timer));
  }

  #make({ how }: Cut): void {
    this.isCut = true;
    for (const socket of [this.#near, this.#far]) {
      if (how === 'rst') socket.resetAndDestroy();
      else socket.end();
    }
    this.#onCut();
  }
}

function keepBooks(socket: Socket, state: ProxyState): void {
  state.sockets.add(socket);
  socket.on('error', () => {}); // the other end is told by `close` or by nothing, as the link wants it
  socket.on('close', () => {
    state.sockets.delete(socket);
    if (state.sockets.size === 0) state.onEmpty();
  });
}
