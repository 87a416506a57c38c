/** The bytes of a tar archive, unpacked as they are asked for: by zlib, or by a program that reads the file itself. */
import type { FileHandle } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { lastLines, NOT_FOUND, type ProgramResult, startFilter } from '../../agent/handler-api.ts';
import { ArchiveError, broken } from './archive-error.ts';
import type { FilterName, TarPacking } from './compression.ts';

export interface ArchiveContent {
  /** One generator: whoever reads on goes on where the one before stopped. Throws ArchiveError. */
  readonly chunks: AsyncGenerator<Buffer>;
  /** Whether what comes at the end vouches for what came before, so that it is to be read. */
  readonly hasChecksum: boolean;
  /** Ends the program, if there is one. */
  close(): Promise<void>;
}

/** What the largest presets that are common take: 65 MiB for `xz -9` (xz(1)), 64 MiB for `zstd --ultra -21` (RFC 8878). */
const MAX_MEMORY_MIB = 72;
const READ_BYTES = 256 * 1024;

interface Filter {
  readonly args: readonly string[];
  /** Options for the one program that BusyBox has, too, without them: that xz has a limit of its own. */
  readonly environment?: Readonly<Record<string, string>>;
}

const FILTERS: Readonly<Record<FilterName, Filter>> = {
  // xz(1), "ENVIRONMENT"; with one thread it needs what one block needs.
  xz: { args: ['-dc'], environment: { XZ_OPT: `--threads=1 --memlimit-decompress=${MAX_MEMORY_MIB}MiB` } },
  zstd: { args: ['-dcq', `--memory=${MAX_MEMORY_MIB}MB`] },
  bzip2: { args: ['-dc'] }, // never more than 3.7 MB (bzip2(1), "MEMORY MANAGEMENT")
};

/** @param file open, and read by nobody else. @throws ArchiveError, or the system's error. */
export function openContent(file: FileHandle, { compression, name }: TarPacking, signal: AbortSignal): ArchiveContent {
  if (compression === 'not unpacked') throw broken(`it is ${name}, which is not unpacked`);
  if (compression !== 'none' && compression !== 'gzip') return openFilter(file, compression, signal);
  const stored = file.createReadStream({ start: 0, autoClose: false, highWaterMark: READ_BYTES });
  const close = async () => void stored.destroy();
  if (compression === 'none') return { chunks: chunksOf(stored), hasChecksum: false, close };
  const gunzip = createGunzip({ chunkSize: READ_BYTES });
  stored.on('error', (error) => gunzip.destroy(error));
  return { chunks: chunksOf(stored.pipe(gunzip)), hasChecksum: true, close };
}

async function* chunksOf(stream: Readable): AsyncGenerator<Buffer> {
  for await (const chunk of stream) yield chunk as Buffer;
}

/** The file is its input: nothing of it passes through here but what comes out. */
function openFilter(file: FileHandle, program: FilterName, signal: AbortSignal): ArchiveContent {
  const { args, environment } = FILTERS[program];
  const options = { signal, maxOutputLength: KEPT_STDERR_LENGTH, environment: { LC_ALL: 'C', ...environment } };
  const { output, ended, kill } = startFilter([program, ...args], file.fd, options);
  async function* chunks(): AsyncGenerator<Buffer> {
    try {
      yield* chunksOf(output);
    } catch (error) {
      throw problemOf(program, await ended) ?? error;
    }
    const problem = problemOf(program, await ended);
    if (problem !== undefined) throw problem;
  }
  return {
    chunks: chunks(),
    hasChecksum: true,
    async close() {
      kill();
      await ended;
    },
  };
}

const KEPT_STDERR_LENGTH = 4096;
const SAID_LINES = 2;

function problemOf(program: FilterName, { exitCode, stderr }: ProgramResult): ArchiveError | undefined {
  if (exitCode === 0) return undefined;
  if (exitCode === NOT_FOUND) {
    return new ArchiveError(
      'ARCHIVE_PROGRAM_MISSING',
      `it is compressed by ${program}, and there is no program ${program}`,
    );
  }
  const said = lastLines(stderr, SAID_LINES);
  if (/memory/i.test(said)) {
    return new ArchiveError('ARCHIVE_TOO_LARGE', `unpacking takes more than ${MAX_MEMORY_MIB} MiB of memory: ${said}`);
  }
  return broken(said === '' ? `${program} ended with exit code ${exitCode}` : said);
}
