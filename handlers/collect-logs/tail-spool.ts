/** Keeps the newest lines of a stream on disk: at most so many bytes, in two files of which the older one is dropped. */
import { type FileHandle, open, rename, rm } from 'node:fs/promises';

export interface TailSpool {
  /** @param line without its end. */
  write(line: string): Promise<void>;
  /** What was kept, from its first whole line on. */
  finish(): Promise<Kept>;
  remove(): Promise<void>;
}

export interface Kept {
  readonly bytes: number;
  readonly isCut: boolean;
  read(): AsyncGenerator<Buffer>;
}

const PIECE_BYTES = 64 * 1024;
const PRIVATE_MODE = 0o600;
const LINE_END = 0x0a;

/** @param path of the newer file; the older one is beside it. */
export async function createTailSpool(path: string, maxBytes: number): Promise<TailSpool> {
  const older = `${path}.older`;
  await rm(older, { force: true });
  let file = await open(path, 'w+', PRIVATE_MODE);
  let fileBytes = 0;
  let olderBytes = 0;
  let dropped = 0;
  let waiting: string[] = [];
  let waitingLength = 0;

  async function flush(): Promise<void> {
    const bytes = Buffer.from(waiting.join(''));
    waiting = [];
    waitingLength = 0;
    if (fileBytes > 0 && fileBytes + bytes.length > maxBytes) {
      await file.close();
      await rename(path, older);
      dropped += olderBytes;
      olderBytes = fileBytes;
      fileBytes = 0;
      file = await open(path, 'w+', PRIVATE_MODE);
    }
    await file.appendFile(bytes);
    fileBytes += bytes.length;
  }

  return {
    async write(line) {
      waiting.push(`${line}\n`);
      waitingLength += line.length + 1;
      if (waitingLength >= PIECE_BYTES) await flush();
    },
    async finish() {
      await flush();
      await file.close();
      const surplus = Math.max(0, olderBytes + fileBytes - maxBytes);
      const pieces = () => readBoth({ older: olderBytes === 0 ? undefined : older, path }, surplus);
      const skipped = surplus === 0 ? 0 : await lengthOfFirstLine(pieces());
      return {
        bytes: olderBytes + fileBytes - surplus - skipped,
        isCut: dropped + surplus + skipped > 0,
        read: () => withoutFirst(pieces(), skipped),
      };
    },
    async remove() {
      await file.close().catch(() => undefined); // it may be closed already
      for (const name of [path, older]) await rm(name, { force: true });
    },
  };
}

async function* readBoth(
  { older, path }: { readonly older: string | undefined; readonly path: string },
  from: number,
): AsyncGenerator<Buffer> {
  let skip = from;
  for (const name of [older, path]) {
    if (name === undefined) continue;
    const file = await open(name, 'r');
    try {
      const { size } = await file.stat();
      yield* readFrom(file, Math.min(skip, size));
      skip = Math.max(0, skip - size);
    } finally {
      await file.close();
    }
  }
}

async function* readFrom(file: FileHandle, from: number): AsyncGenerator<Buffer> {
  for (let position = from; ; ) {
    const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(PIECE_BYTES), 0, PIECE_BYTES, position);
    if (bytesRead === 0) return;
    yield buffer.subarray(0, bytesRead);
    position += bytesRead;
  }
}

/** With its end: the surplus ends within it. */
async function lengthOfFirstLine(pieces: AsyncGenerator<Buffer>): Promise<number> {
  let length = 0;
  for await (const piece of pieces) {
    const end = piece.indexOf(LINE_END);
    if (end !== -1) return length + end + 1;
    length += piece.length;
  }
  return length;
}

async function* withoutFirst(pieces: AsyncGenerator<Buffer>, count: number): AsyncGenerator<Buffer> {
  let skip = count;
  for await (const piece of pieces) {
    if (piece.length > skip) yield piece.subarray(skip);
    skip = Math.max(0, skip - piece.length);
  }
}
