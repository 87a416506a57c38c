/**
 * Appends to a file in blocks: a record of TLS has 16 KiB, and one write for each costs more than the writing. One block
 * is filled while the one before it is written, so there are never more than two.
 */
import type { FileHandle } from 'node:fs/promises';

export interface BlockWriter {
  /** Bytes of the file, those of the block that is being filled among them. */
  readonly bytes: number;
  /** Copies the chunk. Wait for the promise, if there is one, before the next call. It rejects with the system's error. */
  append(chunk: Uint8Array): Promise<void> | undefined;
  /** Resolves when all of it is with the system. */
  flush(): Promise<void>;
  /** Forgets everything and empties the file. */
  restart(): Promise<void>;
}

export interface BlockWriterOptions {
  /** Where to go on: how many bytes the file has. */
  readonly start: number;
  /** Called with each block, in the order of the file. */
  readonly onBlock: (block: Uint8Array) => void;
}

const BLOCK_BYTES = 256 * 1024;

export function createBlockWriter(file: FileHandle, { start, onBlock }: BlockWriterOptions): BlockWriter {
  let [filling, other] = [Buffer.allocUnsafeSlow(BLOCK_BYTES), Buffer.allocUnsafeSlow(BLOCK_BYTES)];
  let filled = 0;
  let handedOver = start;
  let writing: Promise<void> | undefined;

  /** Before the block after it is touched. */
  async function written(): Promise<void> {
    const before = writing;
    writing = undefined;
    await before;
  }

  function handOver(): void {
    const block = filling.subarray(0, filled);
    writing = writeAll(file, block, handedOver);
    writing.catch(() => undefined); // whoever waits for it is told
    onBlock(block); // while the system writes
    handedOver += filled;
    filled = 0;
    [filling, other] = [other, filling];
  }

  async function appendInParts(chunk: Uint8Array): Promise<void> {
    for (let done = 0; done < chunk.length; ) {
      const part = chunk.subarray(done, done + BLOCK_BYTES - filled);
      filling.set(part, filled);
      filled += part.length;
      done += part.length;
      if (filled < BLOCK_BYTES) return;
      await written();
      handOver();
    }
  }

  return {
    get bytes() {
      return handedOver + filled;
    },
    append(chunk) {
      if (filled + chunk.length >= BLOCK_BYTES) return appendInParts(chunk);
      filling.set(chunk, filled);
      filled += chunk.length;
      return undefined;
    },
    async flush() {
      await written();
      if (filled > 0) handOver();
      await written();
    },
    async restart() {
      await written().catch(() => undefined); // it was for what is forgotten
      await file.truncate(0);
      filled = 0;
      handedOver = 0;
    },
  };
}

/** write(2) may write less than it was given. */
async function writeAll(file: FileHandle, block: Uint8Array, start: number): Promise<void> {
  for (let done = 0; done < block.length; ) {
    const { bytesWritten } = await file.write(block, done, block.length - done, start + done);
    done += bytesWritten;
  }
}
