/** Reads which MQTT a client speaks from the first bytes of its CONNECT (MQTT 3.1.1 and 5.0, 3.1.1 and 3.1.2). */

const CONNECT = 1;
/** `MQTT`, and `MQIsdp` before 3.1.1. */
const NAME_BYTES = [4, 6];

/** 3, 4 or 5 where a CONNECT says so; `incomplete` until it does; `unknown` where no CONNECT begins so. */
export function protocolVersion(bytes: Uint8Array): number | 'incomplete' | 'unknown' {
  const [first] = bytes;
  if (first === undefined) return 'incomplete';
  if (first >> 4 !== CONNECT) return 'unknown';
  let at = 1;
  while (((bytes[at] ?? 0) & 0x80) !== 0) {
    if (++at > 4) return 'unknown';
  }
  const [high, low] = [bytes[at + 1], bytes[at + 2]];
  if (high === undefined || low === undefined) return 'incomplete';
  const nameBytes = high * 256 + low;
  if (!NAME_BYTES.includes(nameBytes)) return 'unknown';
  return bytes[at + 3 + nameBytes] ?? 'incomplete';
}
