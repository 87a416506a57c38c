/** Wrong packets and wrong JSON, made of right ones by chance that a seed brings back. */
import type { JsonObject, JsonValue } from '../../agent/core/json.ts';
import type { Random } from '../power/random.ts';
import {
  acknowledgement,
  connack,
  PACKET,
  packet,
  pingresp,
  publish,
  remainingLength,
  suback,
} from './mqtt-packets.ts';

/** Over the ceiling of the agent's packets, which is 256 KiB. */
const OVERSIZED_BYTES = 300 * 1024;

/** Bytes flipped, cut out, doubled, put in, or the end missing. Never the same as before but by chance. */
export function mutateBytes(bytes: Buffer, random: Random): Buffer {
  const at = random.below(bytes.length + 1);
  const count = 1 + random.below(4);
  switch (random.below(5)) {
    case 0:
      return Buffer.from(bytes.map((byte, index) => (index === at ? byte ^ (1 << random.below(8)) : byte)));
    case 1:
      return bytes.subarray(0, at);
    case 2:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + count)]);
    case 3:
      return Buffer.concat([bytes.subarray(0, at), random.bytes(count), bytes.subarray(at)]);
    default:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(0, at), bytes.subarray(at)]);
  }
}

/** One value somewhere inside is another one, is gone, or has company it did not ask for. */
export function mutateJson(value: JsonValue, random: Random): JsonValue {
  const isInner = typeof value === 'object' && value !== null && Object.keys(value).length > 0 && random.below(8) > 0;
  if (!isInner) return random.pick(STRANGE_VALUES)(random);
  const entries = Object.entries(value);
  const at = random.below(entries.length);
  if (Array.isArray(value)) return value.map((item, index) => (index === at ? mutateJson(item, random) : item));
  if (random.below(8) === 0) return Object.fromEntries(entries.filter((_, index) => index !== at));
  if (random.below(8) === 0) return { ...value, [random.pick(STRANGE_NAMES)]: random.pick(STRANGE_VALUES)(random) };
  return Object.fromEntries(
    entries.map(([name, item], index) => [name, index === at ? mutateJson(item ?? null, random) : item] as const),
  );
}

/** Text that may no longer be JSON, or UTF-8. */
export function mutateText(json: JsonObject, random: Random): Buffer {
  const text = Buffer.from(JSON.stringify(random.below(2) === 0 ? json : mutateJson(json, random)));
  switch (random.below(12)) {
    case 0:
      return mutateBytes(text, random);
    case 1:
      return Buffer.alloc(0);
    case 2:
      return Buffer.from(`${'['.repeat(20_000)}${']'.repeat(20_000)}`);
    case 3:
      return Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), text]);
    case 4:
      return Buffer.from(JSON.stringify(json).replace('{', '{"__proto__":{"jobId":"x"},"constructor":1,'));
    default:
      return text;
  }
}

/** A packet that a client of MQTT 3.1.1 can pass over: right in form, but nobody asked for it. */
export function unaskedPacket(random: Random): Buffer {
  const packetId = random.below(0x1_0000);
  switch (random.below(8)) {
    case 0:
      return pingresp();
    case 1:
      return suback(packetId, [0, 0x80, 1].slice(0, 1 + random.below(3)));
    case 2:
      return publish(`$aws/things/other/jobs/${random.below(10)}/get/accepted`, '{}', { qos: 0 });
    case 3:
      return publish('', '', { qos: 1, packetId });
    default: {
      const types = [PACKET.PUBACK, PACKET.PUBREC, PACKET.PUBREL, PACKET.PUBCOMP, PACKET.UNSUBACK] as const;
      return acknowledgement(random.pick(types), packetId);
    }
  }
}

/** A packet, or a part of one, that may well end a connection. */
export function brokenPacket(seed: Buffer, random: Random): Buffer {
  switch (random.below(10)) {
    case 0:
      return random.bytes(1 + random.below(64));
    case 1:
      return Buffer.alloc(1 + random.below(64));
    case 2:
      return Buffer.concat([Buffer.from([0x30]), remainingLength(OVERSIZED_BYTES + random.below(1 << 27))]);
    case 3:
      return Buffer.from([0x30, 0xff, 0xff, 0xff, 0xff, 0x7f]);
    case 4:
      return connack(random.below(256), random.below(2) === 0);
    case 5:
      return packet(random.below(16), random.below(16), random.bytes(random.below(16)));
    case 6:
      return publish('a/b', random.bytes(32), { qos: 2, packetId: random.below(0x1_0000) });
    default:
      return mutateBytes(seed, random);
  }
}

const STRANGE_NAMES = ['execution', 'jobs', 'status', 'timestamp', 'toString', 'clientToken', '', '\u0000'] as const;

const STRANGE_VALUES: readonly [(random: Random) => JsonValue, ...((random: Random) => JsonValue)[]] = [
  () => null,
  () => '',
  () => true,
  () => [],
  () => ({}),
  () => -1,
  () => 2 ** 53,
  () => 1e308,
  () => 0.5,
  () => '\ud800',
  () => '../../../etc/passwd',
  () => 'SUCCEEDED',
  () => 'QUEUED',
  () => '17',
  (random) => random.below(100),
  (random) => 'x'.repeat(1 << random.below(16)),
  (random) => [random.below(10), { jobId: 'a', status: 7 }],
  (random) => ({ jobId: `j${random.below(4)}`, executionNumber: 1, versionNumber: random.below(9) }),
];
