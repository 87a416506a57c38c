/** The end of what was collected, for gateways that can upload nowhere: compressed, in pieces that status details can hold. */
import { gzipSync } from 'node:zlib';

/**
 * Ten pairs of at most 1,024 characters (AWS IoT API Reference, DetailsMap and CancelJobExecution): three are for what was
 * taken and what could not be, and one is left for the agent.
 */
const CHUNKS = 6;
const CHUNK_LENGTH = 1024;
const MAX_LENGTH = CHUNKS * CHUNK_LENGTH;
/** No more than this is looked at: log text shrinks to a tenth, hardly ever to a fiftieth. */
export const LOOKED_AT_BYTES = 256 * 1024;

export interface DetailChunks {
  /** `log1`, `log2` and so on: base64 of one gzip. */
  readonly chunks: Readonly<Record<string, string>>;
  /** Lines in them. */
  readonly lines: number;
}

/** As many of the last lines as fit. */
export function chunksOf(text: string): DetailChunks {
  const lines = text.slice(-LOOKED_AT_BYTES).split('\n');
  if (lines.at(-1) === '') lines.pop();
  // The number of lines that fit lies between these: halved until they meet, with one compression each time.
  let [fits, tooMany] = [0, lines.length + 1];
  while (tooMany - fits > 1) {
    const middle = Math.floor((fits + tooMany) / 2);
    if (packed(lines, middle).length <= MAX_LENGTH) fits = middle;
    else tooMany = middle;
  }
  const base64 = packed(lines, fits);
  const pieces = base64.match(new RegExp(`.{1,${CHUNK_LENGTH}}`, 'g')) ?? [];
  return { chunks: Object.fromEntries(pieces.map((piece, index) => [`log${index + 1}`, piece])), lines: fits };
}

function packed(lines: readonly string[], count: number): string {
  if (count === 0) return '';
  return gzipSync(`${lines.slice(-count).join('\n')}\n`, { level: 9 }).toString('base64');
}
