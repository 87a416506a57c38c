/**
 * MQTT 3.1.1 as bytes, by hand: what a test's broker sends must not come from the library that the agent reads it with.
 * Names and numbers are those of the standard (http://docs.oasis-open.org/mqtt/mqtt/v3.1.1/).
 */

export const PACKET = {
  CONNECT: 1,
  CONNACK: 2,
  PUBLISH: 3,
  PUBACK: 4,
  PUBREC: 5,
  PUBREL: 6,
  PUBCOMP: 7,
  SUBSCRIBE: 8,
  SUBACK: 9,
  UNSUBSCRIBE: 10,
  UNSUBACK: 11,
  PINGREQ: 12,
  PINGRESP: 13,
  DISCONNECT: 14,
} as const;

export interface PublishOptions {
  readonly qos?: 0 | 1 | 2;
  /** For QoS 1 and 2. */
  readonly packetId?: number;
  readonly isRetained?: boolean;
  readonly isDuplicate?: boolean;
}

export function connack(returnCode = 0, isSessionPresent = false): Buffer {
  return packet(PACKET.CONNACK, 0, Buffer.from([Number(isSessionPresent), returnCode]));
}

/** @param granted a QoS for each filter, 0x80 for a refusal. */
export function suback(packetId: number, granted: readonly number[]): Buffer {
  return packet(PACKET.SUBACK, 0, Buffer.concat([uint16(packetId), Buffer.from(granted)]));
}

export function publish(topic: string, payload: string | Buffer, options: PublishOptions = {}): Buffer {
  const { qos = 0, packetId = 1, isRetained = false, isDuplicate = false } = options;
  const flags = (Number(isDuplicate) << 3) | (qos << 1) | Number(isRetained);
  const id = qos === 0 ? Buffer.alloc(0) : uint16(packetId);
  return packet(PACKET.PUBLISH, flags, Buffer.concat([text(topic), id, Buffer.from(payload)]));
}

/** PUBACK, PUBREC, PUBREL, PUBCOMP or UNSUBACK. */
export function acknowledgement(type: number, packetId: number): Buffer {
  return packet(type, type === PACKET.PUBREL ? 2 : 0, uint16(packetId));
}

export function pingresp(): Buffer {
  return packet(PACKET.PINGRESP, 0, Buffer.alloc(0));
}

/** Any packet: a fixed header with the right length, and a body. */
export function packet(type: number, flags: number, body: Buffer): Buffer {
  return Buffer.concat([Buffer.from([(type << 4) | flags]), remainingLength(body.length), body]);
}

/** Seven bits a byte, the least significant first. */
export function remainingLength(length: number): Buffer {
  const bytes: number[] = [];
  let left = length;
  do {
    bytes.push((left & 0x7f) | (left > 0x7f ? 0x80 : 0));
    left >>>= 7;
  } while (left > 0);
  return Buffer.from(bytes);
}

/** What a client sent. */
export type ClientPacket =
  | {
      readonly type: 'connect';
      readonly clientId: string;
      readonly isCleanSession: boolean;
      readonly keepAliveSeconds: number;
    }
  | { readonly type: 'subscribe'; readonly packetId: number; readonly filters: readonly Filter[] }
  | {
      readonly type: 'publish';
      readonly topic: string;
      readonly payload: Buffer;
      readonly qos: number;
      readonly packetId: number | undefined;
      readonly isDuplicate: boolean;
    }
  | { readonly type: 'acknowledgement'; readonly packetType: number; readonly packetId: number }
  | { readonly type: 'pingreq' | 'disconnect' };

export interface Filter {
  readonly filter: string;
  readonly qos: number;
}

/** One reader a connection: feed it what comes, it gives the packets that are whole. @throws Error at what is no packet. */
export function createPacketReader(): (chunk: Buffer) => readonly ClientPacket[] {
  let unread = Buffer.alloc(0);
  return (chunk) => {
    unread = Buffer.concat([unread, chunk]);
    const packets: ClientPacket[] = [];
    for (;;) {
      const frame = frameOf(unread);
      if (frame === undefined) return packets;
      unread = unread.subarray(frame.bytes);
      packets.push(readPacket(frame.header, frame.body));
    }
  };
}

function frameOf(bytes: Buffer): { header: number; body: Buffer; bytes: number } | undefined {
  let length = 0;
  for (let at = 1; at < bytes.length; at += 1) {
    const byte = bytes[at] ?? 0;
    length += (byte & 0x7f) * 128 ** (at - 1);
    if ((byte & 0x80) !== 0) continue;
    const end = at + 1 + length;
    return bytes.length < end ? undefined : { header: bytes[0] ?? 0, body: bytes.subarray(at + 1, end), bytes: end };
  }
  return undefined;
}

function readPacket(header: number, body: Buffer): ClientPacket {
  const type = header >> 4;
  switch (type) {
    case PACKET.CONNECT:
      return {
        type: 'connect',
        isCleanSession: ((body[7] ?? 0) & 2) !== 0,
        keepAliveSeconds: body.readUInt16BE(8),
        clientId: readText(body, 10),
      };
    case PACKET.SUBSCRIBE:
      return { type: 'subscribe', packetId: body.readUInt16BE(0), filters: readFilters(body) };
    case PACKET.PUBLISH:
      return readPublish(header, body);
    case PACKET.PUBACK:
    case PACKET.PUBREC:
    case PACKET.PUBREL:
    case PACKET.PUBCOMP:
      return { type: 'acknowledgement', packetType: type, packetId: body.readUInt16BE(0) };
    case PACKET.PINGREQ:
      return { type: 'pingreq' };
    case PACKET.DISCONNECT:
      return { type: 'disconnect' };
    default:
      throw new Error(`a client does not send packets of type ${type}`);
  }
}

function readPublish(header: number, body: Buffer): ClientPacket {
  const qos = (header >> 1) & 3;
  const topic = readText(body, 0);
  const at = 2 + Buffer.byteLength(topic);
  return {
    type: 'publish',
    topic,
    qos,
    isDuplicate: (header & 8) !== 0,
    packetId: qos === 0 ? undefined : body.readUInt16BE(at),
    payload: body.subarray(qos === 0 ? at : at + 2),
  };
}

function readFilters(body: Buffer): readonly Filter[] {
  const filters: Filter[] = [];
  for (let at = 2; at < body.length; ) {
    const filter = readText(body, at);
    at += 2 + Buffer.byteLength(filter);
    filters.push({ filter, qos: body[at] ?? 0 });
    at += 1;
  }
  return filters;
}

function readText(body: Buffer, at: number): string {
  return body.toString('utf8', at + 2, at + 2 + body.readUInt16BE(at));
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([uint16(bytes.length), bytes]);
}

function uint16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value & 0xffff);
  return bytes;
}
