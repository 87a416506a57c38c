/** The connections of things, to be broken on purpose. */
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { BreakKind } from './fault-settings.ts';

/** Each acts on every connection that the thing has now; later ones are well. */
export interface DeviceConnections {
  /** In order, so that what was sent arrives, or by a TCP reset. */
  break(thingName: string, how: BreakKind): void;
  /** Nothing more is sent, not even acknowledgements; the connection stands until the thing gives it up. */
  silence(thingName: string): void;
}

export interface TrackedConnections extends DeviceConnections {
  /** @param raw the TCP connection under `tls`. */
  add(fingerprint: string, tls: TLSSocket, raw: Socket): void;
}

interface Connection {
  /** Of the client's certificate. */
  readonly fingerprint: string;
  readonly tls: TLSSocket;
  readonly raw: Socket;
}

/** @param isOf whether a certificate is the thing's, now. */
export function trackConnections(
  isOf: (fingerprint: string, thingName: string) => boolean | undefined,
): TrackedConnections {
  const connections = new Set<Connection>();
  const ofThing = (thingName: string) => [...connections].filter(({ fingerprint }) => isOf(fingerprint, thingName));
  return {
    add: (fingerprint, tls, raw) => {
      const connection = { fingerprint, tls, raw };
      connections.add(connection);
      tls.once('close', () => connections.delete(connection));
    },
    break: (thingName, how) => {
      for (const { tls, raw } of ofThing(thingName)) {
        // The reset is TCP's alone: TLS has none, and would end in order.
        if (how === 'reset') raw.resetAndDestroy();
        else tls.destroySoon();
      }
    },
    silence: (thingName) => {
      for (const { tls } of ofThing(thingName)) swallowWrites(tls);
    },
  };
}

/** What is written is taken as sent: whoever writes must not be held up by it. */
function swallowWrites(tls: TLSSocket): void {
  tls.write = (_chunk: unknown, encodingOrDone?: unknown, done?: unknown): boolean => {
    const written = typeof encodingOrDone === 'function' ? encodingOrDone : done;
    if (typeof written === 'function') setImmediate(() => written());
    return true;
  };
}
