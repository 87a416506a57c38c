// Watches how long MQTT packets say they are. MQTT.js would buffer up to the 256 MB that the length field can hold
// before it looks at a packet; this sees the length first.

/**
 * Feed it every chunk that comes from the broker, in order. It answers with the announced length of the first packet over
 * `maxBytes` (Infinity where the length field is malformed), else undefined. Lengths are MQTT's "remaining length".
 */
export function createPacketMeter(maxBytes: number): (chunk: Uint8Array) => number | undefined {
  let bodyBytesLeft = 0;
  let length: { value: number; bits: number } | undefined; // undefined: the next byte is a packet type

  return (chunk) => {
    let at = 0;
    while (at < chunk.length) {
      if (bodyBytesLeft > 0) {
        const skipped = Math.min(bodyBytesLeft, chunk.length - at);
        bodyBytesLeft -= skipped;
        at += skipped;
        continue;
      }
      const byte = chunk[at++] ?? 0;
      if (length === undefined) {
        length = { value: 0, bits: 0 };
        continue;
      }
      length = { value: length.value + (byte & 0x7f) * 2 ** length.bits, bits: length.bits + 7 };
      const more = (byte & 0x80) !== 0;
      if (more && length.bits === 28) return Number.POSITIVE_INFINITY; // four length bytes at most, MQTT 3.1.1 part 2.2.3
      if (more) continue;
      if (length.value > maxBytes) return length.value;
      bodyBytesLeft = length.value;
      length = undefined;
    }
    return undefined;
  };
}
