/** Takes the sources one by one, redacted, into files of the working folder; and makes an archive of them. */
import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import type { HandlerContext } from '../../agent/handler-api.ts';
import { UploadError } from '../upload-file/upload-error.ts';
import { type CollectLogsParameters, DEFAULT_MAX_BYTES } from './parameters.ts';
import { createLineRedactor, type LineRedactor } from './redact-line.ts';
import { type LogFile, openLogFile, readJournal, SourceError } from './sources.ts';
import { createTailSpool, type Kept, type TailSpool } from './tail-spool.ts';
import { fitsTar, type TarEntry, tarOf } from './tar.ts';
import { linesOf } from './text-lines.ts';

/** As in the manifest. */
export interface SourceFacts {
  /** `journal`, or the path of the file. */
  readonly source: string;
  /** Name in the archive. */
  readonly entry: string;
  readonly lines: number;
  readonly bytes: number;
  /** Older lines were left out for `maxBytes`. */
  readonly isCut: boolean;
  /** Lines from which secrets were taken out. */
  readonly redactedLines: number;
  /** Of a file: when it was changed last. */
  readonly modified?: string;
}

export interface Taken {
  readonly facts: SourceFacts;
  readonly kept: Kept;
  readonly spool: TailSpool;
}

export interface Collection {
  readonly taken: readonly Taken[];
  /** By source: why it could not be taken. */
  readonly problems: Readonly<Record<string, string>>;
  remove(): Promise<void>;
}

/** What cannot be read is noted, and the rest is taken. @throws the system's error, such as ENOSPC; or an aborted signal's reason. */
export async function collect(context: HandlerContext, parameters: CollectLogsParameters): Promise<Collection> {
  const { journal, files = [], maxBytes = DEFAULT_MAX_BYTES } = parameters;
  const { signal, workDir, facts } = context;
  const patterns = facts.redactPatterns.map((pattern) => new RegExp(pattern, 'gu'));
  const taken: Taken[] = [];
  const problems: Record<string, string> = {};
  const remove = async () => {
    for (const { spool } of taken) await spool.remove();
  };

  async function take(source: string, entry: string, open: () => Promise<Opened> | Opened): Promise<void> {
    context.progress({ phase: `collecting ${source}` });
    const spool = await createTailSpool(join(workDir, `logs-${taken.length}`), maxBytes);
    let opened: Opened | undefined;
    try {
      opened = await open();
      const redactor = createLineRedactor(patterns);
      const kept = await keep(opened.pieces, { spool, redactor, signal });
      const { bytes, lines } = { bytes: kept.bytes, lines: await countLines(kept) };
      const isCut = kept.isCut || opened.isCutBefore;
      const { redactedLines } = redactor;
      const modified = opened.modified === undefined ? {} : { modified: opened.modified.toISOString() };
      taken.push({ kept, spool, facts: { source, entry, lines, bytes, isCut, redactedLines, ...modified } });
    } catch (error) {
      await spool.remove();
      if (signal.aborted || !(error instanceof SourceError || error instanceof UploadError)) throw error;
      problems[source] = error.message;
    } finally {
      await opened?.close();
    }
  }

  try {
    if (journal !== undefined) await take('journal', 'journal.log', () => journalOf(journal, signal));
    for (const [index, path] of files.entries()) {
      const full = join(path.startsWith('/') ? '/' : workDir, path);
      const name = path.startsWith('/') ? `files${path}` : `files/work/${path}`;
      const entry = fitsTar(name) ? name : `files/${index + 1}.log`;
      await take(path, entry, () => openLogFile(full, [workDir, ...facts.uploadFolders], maxBytes));
    }
  } catch (error) {
    await remove();
    throw error;
  }
  return { taken, problems, remove };
}

type Opened = Pick<LogFile, 'pieces' | 'isCutBefore' | 'close'> & { readonly modified?: Date };

function journalOf(parameters: NonNullable<CollectLogsParameters['journal']>, signal: AbortSignal): Opened {
  return { pieces: readJournal(parameters, signal), isCutBefore: false, close: async () => undefined };
}

async function keep(
  pieces: AsyncIterable<Buffer>,
  {
    spool,
    redactor,
    signal,
  }: { readonly spool: TailSpool; readonly redactor: LineRedactor; readonly signal: AbortSignal },
): Promise<Kept> {
  for await (const line of linesOf(pieces)) {
    signal.throwIfAborted();
    const redacted = redactor.redact(line);
    if (redacted !== undefined) await spool.write(redacted);
  }
  return spool.finish();
}

async function countLines(kept: Kept): Promise<number> {
  let lines = 0;
  for await (const piece of kept.read()) for (const byte of piece) if (byte === 0x0a) lines += 1;
  return lines;
}

/** @param about for the manifest, which comes last: it has the hash of each source. */
export async function writeArchive(
  path: string,
  collection: Collection,
  { about, signal }: { readonly about: object; readonly signal: AbortSignal },
): Promise<void> {
  const archive = tarOf(entriesOf(collection, about));
  await pipeline(Readable.from(archive), createGzip(), createWriteStream(path, { mode: 0o600 }), { signal });
}

async function* entriesOf({ taken, problems }: Collection, about: object): AsyncGenerator<TarEntry> {
  const sources: object[] = [];
  for (const { facts, kept } of taken) {
    const hash = createHash('sha256');
    const content = hashed(kept.read(), (piece) => void hash.update(piece));
    yield { name: facts.entry, bytes: facts.bytes, modified: new Date(facts.modified ?? Date.now()), content };
    sources.push({ ...facts, sha256: hash.digest('hex') });
  }
  const manifest = Buffer.from(`${JSON.stringify({ ...about, sources, problems }, null, 2)}\n`);
  yield { name: 'manifest.json', bytes: manifest.length, modified: new Date(), content: oneOf(manifest) };
}

async function* hashed(pieces: AsyncGenerator<Buffer>, hash: (piece: Buffer) => void): AsyncGenerator<Buffer> {
  for await (const piece of pieces) {
    hash(piece);
    yield piece;
  }
}

async function* oneOf(piece: Buffer): AsyncGenerator<Buffer> {
  yield piece;
}
