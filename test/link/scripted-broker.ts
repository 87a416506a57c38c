/** A broker that does, packet by packet, what a test says; and as MQTT 3.1.1 wants it where the test says nothing. */
import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import { createServer, type TLSSocket, type TlsOptions } from 'node:tls';
import {
  acknowledgement,
  type ClientPacket,
  connack,
  createPacketReader,
  PACKET,
  pingresp,
  suback,
} from './mqtt-packets.ts';

export interface ScriptedBroker {
  readonly port: number;
  /** Those that finished their TLS handshake, in order, since the last `forget`. */
  readonly connections: readonly BrokerConnection[];
  /** What came that is no packet; the connection was closed. */
  readonly faults: readonly string[];
  /** What is done with packets from now on, on every connection. */
  behaviour: Behaviour;
  /** Resolves with the connection of this index once it is there. */
  connection(index: number): Promise<BrokerConnection>;
  /** Lets go of all connections, in long runs. They go on. */
  forget(): void;
  stop(): Promise<void>;
}

export interface BrokerConnection {
  readonly socket: TLSSocket;
  readonly packets: readonly ClientPacket[];
  readonly isOpen: boolean;
  /** Resolves when the connection is gone. */
  readonly closed: Promise<void>;
  send(bytes: Buffer): void;
  /** Resolves with all packets of that type once there are `count`. */
  received<Type extends ClientPacket['type']>(type: Type, count?: number): Promise<readonly PacketOf<Type>[]>;
}

export type PacketOf<Type extends ClientPacket['type']> = Extract<ClientPacket, { readonly type: Type }>;
export type Behaviour = (packet: ClientPacket, connection: BrokerConnection) => void;

/** Grants and acknowledges everything. */
export const behaveWell: Behaviour = (packet, connection) => {
  switch (packet.type) {
    case 'connect':
      return connection.send(connack());
    case 'subscribe':
      return connection.send(
        suback(
          packet.packetId,
          packet.filters.map(({ qos }) => qos),
        ),
      );
    case 'publish':
      if (packet.packetId !== undefined) connection.send(acknowledgement(PACKET.PUBACK, packet.packetId));
      return;
    case 'pingreq':
      return connection.send(pingresp());
    case 'acknowledgement':
    case 'disconnect':
      return;
  }
};

export async function startScriptedBroker(tls: TlsOptions, behaviour: Behaviour = behaveWell): Promise<ScriptedBroker> {
  const sockets = new Set<Socket>();
  const connections: BrokerConnection[] = [];
  const faults: string[] = [];
  const server = createServer({ requestCert: true, rejectUnauthorized: true, noDelay: true, ...tls });
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
  });
  server.on('tlsClientError', (_error, socket) => socket.destroy());
  const broker: ScriptedBroker = {
    port: 0,
    connections,
    faults,
    behaviour,
    forget() {
      connections.length = 0;
    },
    async connection(index) {
      while (connections[index] === undefined) await once(server, 'taken');
      return connections[index];
    },
    async stop() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
  server.on('secureConnection', (socket) => {
    connections.push(
      takeConnection(socket, { faults, behaviour: (packet, connection) => broker.behaviour(packet, connection) }),
    );
    server.emit('taken');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return Object.assign(broker, { port: (server.address() as AddressInfo).port });
}

interface Care {
  readonly behaviour: Behaviour;
  readonly faults: string[];
}

function takeConnection(socket: TLSSocket, { behaviour, faults }: Care): BrokerConnection {
  const packets: ClientPacket[] = [];
  const read = createPacketReader();
  const waiting = new Set<() => void>();
  const ofType = <Type extends ClientPacket['type']>(type: Type) =>
    packets.filter((packet): packet is PacketOf<Type> => packet.type === type);
  socket.on('error', () => {});
  const connection: BrokerConnection = {
    socket,
    packets,
    closed: new Promise((resolve) => socket.once('close', () => resolve())),
    get isOpen() {
      return socket.writable && !socket.destroyed;
    },
    send(bytes) {
      if (connection.isOpen) socket.write(bytes);
    },
    received: (type, count = 1) =>
      new Promise((resolve) => {
        const check = () => {
          const found = ofType(type);
          if (found.length < count) return;
          waiting.delete(check);
          resolve(found);
        };
        waiting.add(check);
        check();
      }),
  };
  socket.on('data', (chunk: Buffer) => {
    for (const packet of readOrHangUp(chunk)) {
      packets.push(packet);
      behaviour(packet, connection);
      for (const check of [...waiting]) check();
    }
  });
  function readOrHangUp(chunk: Buffer): readonly ClientPacket[] {
    try {
      return read(chunk);
    } catch (error) {
      faults.push((error as Error).message);
      socket.destroy();
      return [];
    }
  }
  return connection;
}
