/** Bytes of a stream in the pieces that a parser asks for; holds one chunk, and what it was asked for. */
import { broken } from './archive-error.ts';

export interface TarBytes {
  /** @returns nothing at the end of the stream. @throws ArchiveError when it ends within. */
  read(count: number): Promise<Buffer | undefined>;
  /** So many bytes as they come. @throws ArchiveError when the stream ends before. */
  pass(count: number): AsyncGenerator<Buffer>;
}

export function createTarBytes(source: AsyncIterable<Buffer>): TarBytes {
  const chunks = source[Symbol.asyncIterator]();
  let rest: Buffer = Buffer.alloc(0);

  /** @returns at most so many, at least one; nothing at the end. */
  async function some(count: number): Promise<Buffer | undefined> {
    while (rest.length === 0) {
      const next = await chunks.next();
      if (next.done === true) return undefined;
      rest = next.value;
    }
    const piece = rest.subarray(0, count);
    rest = rest.subarray(piece.length);
    return piece;
  }

  async function* pass(count: number): AsyncGenerator<Buffer> {
    for (let left = count; left > 0; ) {
      const piece = await some(left);
      if (piece === undefined) throw broken(`it ends ${left} bytes too early`);
      left -= piece.length;
      yield piece;
    }
  }

  return {
    pass,
    async read(count) {
      const first = await some(count);
      if (first === undefined || first.length === count) return first;
      const pieces = [first];
      for await (const piece of pass(count - first.length)) pieces.push(piece);
      return Buffer.concat(pieces, count);
    },
  };
}
