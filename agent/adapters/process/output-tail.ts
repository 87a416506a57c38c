/** Keeps the end of a stream in a fixed piece of memory, however much is printed, and counts what went by. */

export interface OutputTail {
  push(chunk: Uint8Array): void;
  /** What is kept, as UTF-8. A character cut in two at the front is left out; bytes that are no UTF-8 become U+FFFD. */
  text(): string;
  /** Bytes seen, kept or not. */
  bytes(): number;
  /** Lines seen; a last line without its line feed counts. */
  lines(): number;
}

const LINE_FEED = 0x0a;

export function createOutputTail(capacity: number): OutputTail {
  const ring = Buffer.allocUnsafe(capacity);
  let bytes = 0;
  let lineFeeds = 0;
  let lastByte = LINE_FEED;

  return {
    push(chunk) {
      bytes += chunk.length;
      lineFeeds += countLineFeeds(chunk);
      lastByte = chunk.at(-1) ?? lastByte;
      const kept = chunk.subarray(Math.max(0, chunk.length - capacity));
      // The byte with number n of the stream always lies at n % capacity.
      const at = capacity === 0 ? 0 : (bytes - kept.length) % capacity;
      ring.set(kept.subarray(0, capacity - at), at);
      ring.set(kept.subarray(capacity - at), 0);
    },
    text() {
      if (bytes <= capacity) return ring.toString('utf8', 0, bytes);
      const at = bytes % Math.max(capacity, 1);
      return withoutCutCharacter(Buffer.concat([ring.subarray(at), ring.subarray(0, at)])).toString('utf8');
    },
    bytes: () => bytes,
    lines: () => lineFeeds + (lastByte === LINE_FEED ? 0 : 1),
  };
}

function countLineFeeds(chunk: Uint8Array): number {
  let count = 0;
  for (let at = chunk.indexOf(LINE_FEED); at !== -1; at = chunk.indexOf(LINE_FEED, at + 1)) count += 1;
  return count;
}

/** A UTF-8 character is at most four bytes long, so at most three continuation bytes (10xxxxxx) can be left of one. */
function withoutCutCharacter(bytes: Buffer): Buffer {
  let start = 0;
  while (start < 3 && ((bytes[start] ?? 0) & 0xc0) === 0x80) start += 1;
  return bytes.subarray(start);
}
