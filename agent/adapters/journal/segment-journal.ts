/**
 * The journal on a disk: two segments in `stateDir`, made once and then only written over. No rename, no truncate, no
 * growth: an append needs neither free space nor file system metadata; it is one write and one flush of 4 KiB.
 *
 * When a segment is full, what is still needed goes into the other one under the next generation. Its seal is written
 * after all else was synced, so at any moment one of the two is whole.
 */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { Clock } from '../../ports/clock.ts';
import {
  type Journal,
  type JournalBinding,
  type JournalEntry,
  JournalError,
  type OpenedJournal,
  type RecoveredJournal,
} from '../../ports/journal.ts';
import { blocksFor, FORMAT_VERSION, SEGMENT_BLOCKS, SEGMENT_BYTES } from './block-format.ts';
import { lockDirectory } from './directory-lock.ts';
import {
  EMPTY_STATE,
  type EncodedEntry,
  encodeEntry,
  entriesOf,
  fitSnapshot,
  type JournalState,
  MAX_ENTRY_BYTES,
  withEntry,
} from './journal-state.ts';
import {
  decodeSegment,
  type ReadJournal,
  type Recovery,
  recoverSegments,
  SEGMENT_NAMES,
  type SegmentImage,
  type SegmentNumber,
  type WritePosition,
} from './recover-segments.ts';
import {
  makeDirectory,
  type OpenSegmentFile,
  openSegmentFile,
  quarantine,
  readSegmentImage,
  syncDirectory,
  unwritable,
} from './segment-file.ts';
import { createSegmentWriter, type SegmentWriter } from './segment-writer.ts';

export interface SegmentJournalOptions {
  /** Made where it is not there. */
  readonly dir: string;
  readonly binding: JournalBinding;
  /** Of this boot: a lock from another one is stale. */
  readonly bootId: string;
  readonly clock: Pick<Clock, 'wallMs' | 'monotonicMs'>;
  /** Finished entries to keep, as many as fit half a segment (128 KB). Default 256. */
  readonly keepFinished?: number;
  /** For tests, which watch and fail what is done to the two files. */
  readonly openFile?: OpenSegmentFile;
}

const DEFAULT_KEEP_FINISHED = 256;

/** @throws JournalError `JOURNAL_UNWRITABLE`, `JOURNAL_LOCKED` or `JOURNAL_TOO_NEW`. Nothing is left open or locked. */
export async function openSegmentJournal(options: SegmentJournalOptions): Promise<OpenedJournal> {
  const { dir, binding, bootId, keepFinished = DEFAULT_KEEP_FINISHED, openFile = openSegmentFile } = options;
  const owned: (() => Promise<void>)[] = [];
  const release = async () => {
    await Promise.all(owned.map((one) => one()));
  };
  try {
    await makeDirectory(dir);
    owned.push((await lockDirectory(dir, bootId)).release);
    const [pathA, pathB] = [join(dir, SEGMENT_NAMES[0]), join(dir, SEGMENT_NAMES[1])];
    const images = [await readSegmentImage(pathA), await readSegmentImage(pathB)] as const;
    const recovery = recoverSegments([decodeSegment(images[0]), decodeSegment(images[1])], { binding, keepFinished });
    if (recovery.status === 'too-new') {
      throw tooNew(dir, recovery.version);
    }
    const a = await openFile(pathA);
    owned.push(a.close);
    const b = await openFile(pathB);
    owned.push(b.close);
    const journalId = recovery.status === 'read' ? recovery.journalId : randomUUID();
    const writer = createSegmentWriter({ ...options, files: [a, b], journalId });
    const recovered = toRecovered(recovery, recovery.status === 'lost' ? await quarantine(dir, images) : '');
    const start = await startWriting(recovery, { dir, images, writer });
    return { journal: new SegmentJournal({ dir, keepFinished, journalId, writer, release }, start), recovered };
  } catch (error) {
    await release().catch(() => undefined); // the first error says more
    throw error instanceof JournalError ? error : unwritable(dir, error);
  }
}

type UsableRecovery = Exclude<Recovery, { status: 'too-new' }>;

interface Written {
  readonly state: JournalState;
  readonly position: WritePosition;
  readonly nextGeneration: number;
}

interface SegmentJournalParts {
  readonly dir: string;
  readonly keepFinished: number;
  readonly journalId: string;
  readonly writer: SegmentWriter;
  /** Closes the files and gives back the lock. */
  readonly release: () => Promise<void>;
}

/** Owns the open files and the lock. One queue: what is called first is on the device first. */
class SegmentJournal implements Journal {
  readonly journalId: string;
  readonly #parts: SegmentJournalParts;
  #written: Written;
  #queue: Promise<void> = Promise.resolve();
  #failure: JournalError | undefined;
  #closed: Promise<void> | undefined;

  constructor(parts: SegmentJournalParts, start: Written) {
    this.journalId = parts.journalId;
    this.#parts = parts;
    this.#written = start;
  }

  async append(entry: JournalEntry): Promise<void> {
    if (this.#closed !== undefined) {
      throw unwritable(this.#parts.dir, new Error('it is closed'));
    }
    const encoded = encodeEntry(entry);
    if (encoded.bytes > MAX_ENTRY_BYTES) {
      throw tooLarge(entry, `it has ${encoded.bytes} bytes, and may have ${MAX_ENTRY_BYTES}`);
    }
    const written = this.#queue.then(() => this.#write(encoded));
    this.#queue = written.catch(() => undefined); // each caller hears of its own failure
    await written;
  }

  close(): Promise<void> {
    this.#closed ??= this.#queue.then(this.#parts.release);
    return this.#closed;
  }

  async #write(entry: EncodedEntry): Promise<void> {
    if (this.#failure !== undefined) {
      throw this.#failure;
    }
    const next = withEntry(this.#written.state, entry, this.#parts.keepFinished);
    const snapshot = fitSnapshot(next);
    if (snapshot === undefined) {
      throw tooLarge(entry, 'the unfinished entries do not fit a segment together with it');
    }
    try {
      const fits = this.#written.position.block + blocksFor(entry.bytes) <= SEGMENT_BLOCKS;
      this.#written = fits ? await this.#writeRecord(entry, next) : await this.#compact(snapshot);
    } catch (error) {
      // The kernel may have dropped what it could not write, and would report the next sync as good: never try again.
      this.#failure = unwritable(this.#parts.dir, error);
      throw this.#failure;
    }
  }

  async #writeRecord(entry: EncodedEntry, state: JournalState): Promise<Written> {
    const position = await this.#parts.writer.writeRecord(this.#written.position, Buffer.from(entry.json));
    return { ...this.#written, state, position };
  }

  async #compact(state: JournalState): Promise<Written> {
    const { position, nextGeneration } = this.#written;
    return writeGeneration(this.#parts.writer, otherSegment(position.segment), { state, nextGeneration });
  }
}

interface Found {
  readonly dir: string;
  readonly images: readonly [SegmentImage, SegmentImage];
  readonly writer: SegmentWriter;
}

/** Makes the journal, or makes sure that the one found can be written on. */
async function startWriting(recovery: UsableRecovery, { dir, images, writer }: Found): Promise<Written> {
  if (recovery.status === 'read') return goOn(recovery, { images, writer });
  const { nextGeneration } = recovery;
  for (const segment of [0, 1] as const) {
    const image = images[segment];
    if (recovery.status === 'created' || typeof image === 'string' || image.length < SEGMENT_BYTES) {
      await writer.zeroFill(segment);
    }
  }
  await syncDirectory(dir);
  // Both are sealed before the first entry: from then on a segment without a seal is a damaged one.
  const first = recovery.status === 'created' ? 0 : recovery.firstSegment;
  const begun = await writeGeneration(writer, first, { state: EMPTY_STATE, nextGeneration });
  return writeGeneration(writer, otherSegment(first), begun);
}

/**
 * A device may have failed since: an agent that finds out with its first record has taken a job by then, and must fail it;
 * one that is started again and again would so empty the queue. Hence each start writes one block, as it is.
 */
async function goOn(recovery: ReadJournal, { images, writer }: Pick<Found, 'images' | 'writer'>): Promise<Written> {
  const { state, position, nextGeneration } = recovery;
  const image = images[position.segment];
  if (recovery.clean && position.block < SEGMENT_BLOCKS && typeof image !== 'string') {
    await writer.rewriteBlock(position, image);
    return { state, position, nextGeneration };
  }
  return writeGeneration(writer, otherSegment(position.segment), {
    state: fitSnapshot(state) ?? state,
    nextGeneration,
  });
}

async function writeGeneration(
  writer: SegmentWriter,
  segment: SegmentNumber,
  { state, nextGeneration }: Pick<Written, 'state' | 'nextGeneration'>,
): Promise<Written> {
  const position = await writer.writeGeneration(segment, nextGeneration, state);
  return { state, position, nextGeneration: nextGeneration + 1 };
}

function otherSegment(segment: SegmentNumber): SegmentNumber {
  return segment === 0 ? 1 : 0;
}

function toRecovered(recovery: UsableRecovery, setAside: string): RecoveredJournal {
  if (recovery.status === 'lost') {
    return { status: 'lost', entries: [], reason: `${recovery.reason}; ${setAside}` };
  }
  return { status: recovery.status, entries: recovery.status === 'read' ? entriesOf(recovery.state) : [] };
}

function tooNew(dir: string, version: number): JournalError {
  const message = `the journal in ${dir} has format ${version}, written by a later agent; this one reads up to ${FORMAT_VERSION}`;
  return new JournalError('JOURNAL_TOO_NEW', `${message}. Install that agent, or set another stateDir`);
}

function tooLarge({ id }: { readonly id: string }, reason: string): JournalError {
  return new JournalError('JOURNAL_ENTRY_TOO_LARGE', `the entry of ${JSON.stringify(id)} cannot be kept: ${reason}`);
}
