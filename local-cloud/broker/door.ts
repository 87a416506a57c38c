/** Where clients come in: TLS with a certificate of our CA, and a look at which MQTT they speak. */
import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import { createServer, type TLSSocket } from 'node:tls';
import type { Logger } from 'pino';
import type { Identity } from '../identity/certificates.ts';
import { certificateFingerprint } from '../identity/certificates.ts';
import type { Peer } from './permissions.ts';
import { protocolVersion } from './protocol-version.ts';

/** As aedes gives a client to send its CONNECT. */
const FIRST_BYTES_TIMEOUT_MS = 30_000;
/** Developer Guide, "Device communication protocols": what a client asks for that speaks MQTT on port 443. */
const AWS_ALPN = 'x-amzn-mqtt-ca';

export interface DoorOptions {
  readonly host: string;
  /** 0 for any free one. */
  readonly port: number;
  readonly caPem: string;
  readonly server: Identity;
  readonly log: Logger;
  /** A client with its first bytes unread. `version` is `unknown` where they are no CONNECT. */
  onClient(socket: TLSSocket, peer: Peer, version: number | 'unknown'): void;
  /** A client that came in, with the TCP connection under its TLS; it has not said anything yet. */
  onConnection?(fingerprint: string, socket: TLSSocket, raw: Socket): void;
}

export interface Door {
  readonly port: number;
  close(): Promise<void>;
}

/** Listens. @throws what `listen` fails with. */
export async function openDoor(options: DoorOptions): Promise<Door> {
  const { log } = options;
  /** Connections of whatever state: one that never finishes its handshake must not hold up `close`. */
  const sockets = new Set<Socket>();
  /** A TLS connection has the port of the TCP connection under it. */
  const rawByPort = new Map<number | undefined, Socket>();
  const server = createServer({
    key: options.server.keyPem,
    cert: options.server.certPem,
    ca: options.caPem,
    requestCert: true,
    // TLS proves that the client has the key; whether its certificate counts is for the registry to say, because
    // RegisterCertificateWithoutCA takes those of any authority.
    rejectUnauthorized: false,
    minVersion: 'TLSv1.2',
    // A client that asks for something else is served all the same.
    ALPNCallback: ({ protocols }) => (protocols.includes(AWS_ALPN) ? AWS_ALPN : protocols[0]),
    // Nagle's algorithm and the peer's delayed acknowledgement cost 40 ms an exchange.
    noDelay: true,
  });
  server.on('connection', (socket: Socket) => {
    const { remotePort } = socket;
    sockets.add(socket);
    rawByPort.set(remotePort, socket);
    socket.once('close', () => {
      sockets.delete(socket);
      if (rawByPort.get(remotePort) === socket) rawByPort.delete(remotePort);
    });
  });
  server.on('secureConnection', (socket) => {
    socket.on('error', (err) => log.debug({ err }, 'connection failed'));
    const peer = peerOf(socket);
    if (!peer) {
      log.warn({ address: socket.remoteAddress }, 'TLS client without a valid certificate: connection closed');
      return socket.destroy();
    }
    const raw = rawByPort.get(socket.remotePort);
    if (raw) options.onConnection?.(peer.fingerprint, socket, raw);
    return awaitVersion(socket, (version) => options.onClient(socket, peer, version));
  });
  server.on('tlsClientError', (err, socket) => {
    log.warn({ err }, 'TLS handshake refused');
    socket.destroy();
  });
  server.listen(options.port, options.host);
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

/** Undefined without a certificate, or with one that has expired. */
function peerOf(socket: TLSSocket): Peer | undefined {
  const certificate = socket.getPeerX509Certificate();
  if (!certificate || !(Date.parse(certificate.validTo) > Date.now())) return undefined;
  const serverName = (socket as TLSSocket & { servername?: string | false }).servername;
  return {
    certificate,
    fingerprint: certificateFingerprint(certificate.raw),
    address: socket.remoteAddress ?? '',
    serverName: serverName || undefined,
  };
}

/** Calls back once, with the bytes that were looked at put back. */
function awaitVersion(socket: TLSSocket, onVersion: (version: number | 'unknown') => void): void {
  let head = Buffer.alloc(0);
  const timer = setTimeout(() => socket.destroy(), FIRST_BYTES_TIMEOUT_MS);
  const look = () => {
    const chunk: Buffer | null = socket.read();
    if (chunk === null) return;
    head = Buffer.concat([head, chunk]);
    const version = protocolVersion(head);
    if (version === 'incomplete') return;
    clearTimeout(timer);
    socket.off('readable', look);
    socket.unshift(head);
    onVersion(version);
  };
  socket.on('readable', look);
  socket.once('close', () => clearTimeout(timer));
}
