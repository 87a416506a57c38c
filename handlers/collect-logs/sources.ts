/** Where log lines come from: journalctl(1), and files. Both as streams, of which no more is held than a piece. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { FileHandle } from 'node:fs/promises';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { lastLines } from '../../agent/handler-api.ts';
import { openSource } from '../upload-file/open-source.ts';
import { DEFAULT_LINES, type JournalParameters } from './parameters.ts';

/** One of the sources could not be read; the others are taken all the same. */
export class SourceError extends Error {
  override readonly name = 'SourceError';
}

/** Argument list only. UTC, so that logs of a fleet can be laid side by side. */
export function journalArguments({ units, since, until, boot, lines = DEFAULT_LINES }: JournalParameters): string[] {
  return [
    '--no-pager',
    '--quiet',
    '--utc',
    '--output=short-iso-precise',
    `--lines=${lines}`,
    ...(since === undefined ? [] : [`--since=${asSystemdTime(since)}`]),
    ...(until === undefined ? [] : [`--until=${asSystemdTime(until)}`]),
    ...(boot === undefined ? [] : [`--boot=${boot}`]),
    ...(units ?? []).map((unit) => `--unit=${unit}`),
  ];
}

/** systemd.time(7): older systemds know neither `T` nor `Z`. */
function asSystemdTime(moment: string): string {
  return moment.startsWith('-') ? moment : `${moment.replace('T', ' ').replace('Z', '')} UTC`;
}

/** @throws SourceError when journalctl is not there, or says no. */
export async function* readJournal(parameters: JournalParameters, signal: AbortSignal): AsyncGenerator<Buffer> {
  const child = spawn('journalctl', journalArguments(parameters), { stdio: ['ignore', 'pipe', 'pipe'] });
  const stop = () => void child.kill('SIGTERM');
  signal.addEventListener('abort', stop, { once: true });
  const ended = once(child, 'close').catch((error: Error) => [error.message]);
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-2000);
  });
  try {
    for await (const piece of child.stdout) yield piece as Buffer;
    const [end] = await ended;
    signal.throwIfAborted();
    if (end !== 0) throw new SourceError(`journalctl: ${lastLines(stderr, 2) || `ended with ${String(end)}`}`);
  } finally {
    signal.removeEventListener('abort', stop);
    stop();
  }
}

export interface LogFile {
  /** When it was opened. */
  readonly bytes: number;
  readonly modified: Date;
  readonly isCutBefore: boolean;
  readonly pieces: AsyncGenerator<Buffer>;
  close(): Promise<void>;
}

const PIECE_BYTES = 64 * 1024;

/**
 * From the place on from which no more than `maxBytes` are left; a file in gzip from its beginning.
 * @throws UploadError when it lies in no allowed folder or cannot be read. @throws SourceError when it is no text.
 */
export async function openLogFile(path: string, folders: readonly string[], maxBytes: number): Promise<LogFile> {
  const { file, bytes } = await openSource(path, folders);
  try {
    const head = await readAt(file, 0, 4096);
    const isGzip = head[0] === 0x1f && head[1] === 0x8b; // RFC 1952, 2.3.1
    if (!isGzip && head.includes(0)) throw new SourceError('is no text; upload-file takes any file');
    const from = isGzip ? 0 : Math.max(0, bytes - maxBytes);
    const raw = readPieces(file, from, bytes);
    return {
      bytes,
      modified: (await file.stat()).mtime,
      isCutBefore: from > 0,
      pieces: isGzip ? unpacked(raw) : withoutPartOfLine(raw, from > 0),
      close: () => file.close(),
    };
  } catch (error) {
    await file.close();
    throw error;
  }
}

async function* readPieces(file: FileHandle, from: number, to: number): AsyncGenerator<Buffer> {
  for (let position = from; position < to; ) {
    const piece = await readAt(file, position, Math.min(PIECE_BYTES, to - position));
    if (piece.length === 0) return; // it became shorter, as when it was rotated: what there was is what we have
    yield piece;
    position += piece.length;
  }
}

async function readAt(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(length), 0, length, position);
  return buffer.subarray(0, bytesRead);
}

/** @throws SourceError for what is damaged. */
async function* unpacked(pieces: AsyncGenerator<Buffer>): AsyncGenerator<Buffer> {
  const gunzip = createGunzip();
  pipeline(pieces, gunzip, () => undefined); // its error comes out of the loop below
  try {
    for await (const piece of gunzip) yield piece as Buffer;
  } catch (error) {
    throw new SourceError(`cannot be unpacked: ${(error as Error).message}`, { cause: error });
  }
}

async function* withoutPartOfLine(pieces: AsyncGenerator<Buffer>, startsWithin: boolean): AsyncGenerator<Buffer> {
  let isWithin = startsWithin;
  for await (const piece of pieces) {
    const end = isWithin ? piece.indexOf(0x0a) : -1;
    if (isWithin && end === -1) continue;
    isWithin = false;
    yield piece.subarray(end + 1);
  }
}
