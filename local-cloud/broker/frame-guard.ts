/**
 * Watches the bytes a client sends for the two limits of AWS IoT Core that a broker library does not know: the size of a
 * message and the number of filters in one SUBSCRIBE. It reads MQTT's fixed header (MQTT 3.1.1, 2.2) and no more than it
 * must, so that a message that is too large is refused by its header, before it is in memory.
 */

/** AWS IoT Core quotas: "Message size 128 KB", of the payload; the topic (256 bytes) and two lengths come on top. */
const MAX_PAYLOAD_BYTES = 128 * 1024;
const MAX_PUBLISH_BYTES = MAX_PAYLOAD_BYTES + 256 + 4;
/** AWS IoT Core quotas: "Maximum subscriptions per subscribe call 8". */
const MAX_FILTERS = 8;

const PUBLISH = 3;
const SUBSCRIBE = 8;

export type FrameViolation = 'PAYLOAD_TOO_LARGE' | 'TOO_MANY_FILTERS' | 'MALFORMED_LENGTH';

export interface FrameGuardOptions {
  /** False leaves SUBSCRIBE alone: with MQTT 5 its filters are elsewhere. True unless given. */
  readonly countsFilters?: boolean;
}

/** One guard a connection: gives the violation that a chunk completes, or null. */
export function createFrameGuard(options: FrameGuardOptions = {}): (chunk: Uint8Array) => FrameViolation | null {
  const { countsFilters = true } = options;
  let header: number[] = [];
  /** Body bytes still to come, of the frame whose header is complete. */
  let remaining = 0;
  let subscribeBody: number[] | null = null;

  return (chunk) => {
    let at = 0;
    while (at < chunk.length) {
      if (remaining > 0) {
        const end = Math.min(chunk.length, at + remaining);
        subscribeBody?.push(...chunk.subarray(at, end));
        remaining -= end - at;
        at = end;
        if (remaining === 0 && subscribeBody && countFilters(subscribeBody) > MAX_FILTERS) return 'TOO_MANY_FILTERS';
        continue;
      }
      header.push(chunk[at++] ?? 0);
      const length = readLength(header);
      if (length === 'incomplete') continue;
      if (length === 'malformed') return 'MALFORMED_LENGTH';
      const type = (header[0] ?? 0) >> 4;
      if (length > MAX_PUBLISH_BYTES || (type !== PUBLISH && length > MAX_PAYLOAD_BYTES)) return 'PAYLOAD_TOO_LARGE';
      subscribeBody = type === SUBSCRIBE && countsFilters ? [] : null;
      remaining = length;
      header = [];
    }
    return null;
  };
}

/** Remaining Length: seven bits a byte, least significant first, at most four bytes. */
function readLength(header: readonly number[]): number | 'incomplete' | 'malformed' {
  let length = 0;
  for (const [index, byte] of header.slice(1).entries()) {
    length += (byte & 0x7f) * 128 ** index;
    if ((byte & 0x80) === 0) return length;
    if (index === 3) return 'malformed';
  }
  return 'incomplete';
}

/** After the packet identifier: a length of two bytes, that many bytes of filter, one byte of QoS; and again. */
function countFilters(body: readonly number[]): number {
  let filters = 0;
  for (let at = 2; at + 1 < body.length; filters++) {
    at += 2 + ((body[at] ?? 0) << 8) + (body[at + 1] ?? 0) + 1;
  }
  return filters;
}
