/**
 * A journal that keeps its entries in memory, over as many openings and power cuts as a test likes. Held to the same
 * contract as the one on disk. What it adds is for tests of those who use a journal: to fail it, and to hold it.
 */
import { randomUUID } from 'node:crypto';
import {
  EMPTY_STATE,
  type EncodedEntry,
  encodeEntry,
  entriesOf,
  fitSnapshot,
  type JournalState,
  MAX_ENTRY_BYTES,
  withEntry,
} from '../../agent/adapters/journal/journal-state.ts';
import {
  type Journal,
  type JournalBinding,
  type JournalEntry,
  JournalError,
  type OpenedJournal,
} from '../../agent/ports/journal.ts';

export interface MemoryJournal {
  /** As `openSegmentJournal`. @throws JournalError `JOURNAL_LOCKED` while it is open. */
  open(binding?: JournalBinding): Promise<OpenedJournal>;
  /** Every entry written since the beginning, the overtaken ones too. */
  readonly written: readonly JournalEntry[];
  /** The next append fails, and with it, as on a disk, every later one until the journal is opened again. */
  failNextAppend(reason: string): void;
  /** Appends wait until what this returns is called. */
  hold(): () => void;
  /** The next opening says that the journal was lost. */
  lose(reason: string): void;
  /** The open journal is gone without having been closed. What was not written stays so, and its caller hears nothing. */
  cutPower(): void;
}

export const MEMORY_BINDING: JournalBinding = { thingName: 'gateway-1', endpoint: 'iot.example.com' };

export function createMemoryJournal({ keepFinished = 256 }: { keepFinished?: number } = {}): MemoryJournal {
  const disk: MemoryDisk = { keepFinished, written: [], held: Promise.resolve() };
  return {
    written: disk.written,
    async open(binding = MEMORY_BINDING) {
      if (disk.opened !== undefined) {
        throw new JournalError('JOURNAL_LOCKED', 'the journal is open already');
      }
      disk.opened = Symbol('opening');
      const { content } = disk;
      const reason = disk.lossReason ?? (content && foreignReason(content.binding, binding));
      disk.lossReason = undefined;
      const isRead = content !== undefined && reason === undefined;
      const kept = isRead ? content : { journalId: randomUUID(), binding, state: EMPTY_STATE };
      disk.content = kept;
      const status = reason !== undefined ? 'lost' : isRead ? 'read' : 'created';
      const recovered = { status, entries: entriesOf(kept.state), ...(reason !== undefined && { reason }) } as const;
      return { journal: openJournal(disk, kept.journalId, disk.opened), recovered };
    },
    failNextAppend(reason) {
      disk.failNext = reason;
    },
    hold() {
      let release = () => {};
      disk.held = new Promise((resolve) => {
        release = resolve;
      });
      return () => release();
    },
    lose(reason) {
      disk.lossReason = reason;
    },
    cutPower() {
      disk.opened = undefined;
    },
  };
}

interface MemoryDisk {
  readonly keepFinished: number;
  readonly written: JournalEntry[];
  content?: { readonly journalId: string; readonly binding: JournalBinding; readonly state: JournalState };
  /** The opening that holds the lock. */
  opened?: symbol | undefined;
  lossReason?: string | undefined;
  failNext?: string | undefined;
  held: Promise<void>;
}

function openJournal(disk: MemoryDisk, journalId: string, me: symbol): Journal {
  let queue: Promise<void> = Promise.resolve();
  let failure: JournalError | undefined;
  let closed: Promise<void> | undefined;

  async function writeInTurn(entry: EncodedEntry): Promise<void> {
    await disk.held;
    if (disk.opened !== me) {
      await new Promise<never>(() => undefined); // the power is out
    }
    if (disk.failNext !== undefined) {
      failure = new JournalError('JOURNAL_UNWRITABLE', disk.failNext);
      disk.failNext = undefined;
    }
    if (failure !== undefined) {
      throw failure;
    }
    write(disk, entry);
  }

  return {
    journalId,
    async append(entry) {
      if (closed !== undefined) {
        throw new JournalError('JOURNAL_UNWRITABLE', 'the journal is closed');
      }
      const encoded = encodeEntry(entry);
      if (encoded.bytes > MAX_ENTRY_BYTES) {
        throw new JournalError('JOURNAL_ENTRY_TOO_LARGE', `the entry of ${entry.id} has ${encoded.bytes} bytes`);
      }
      const turn = queue.then(() => writeInTurn(encoded));
      queue = turn.catch(() => undefined);
      await turn;
    },
    close() {
      closed ??= queue.then(() => {
        disk.opened = disk.opened === me ? undefined : disk.opened;
      });
      return closed;
    },
  };
}

function write(disk: MemoryDisk, entry: EncodedEntry): void {
  if (disk.content === undefined) {
    throw new Error('appended before it was opened');
  }
  const state = withEntry(disk.content.state, entry, disk.keepFinished);
  if (fitSnapshot(state) === undefined) {
    throw new JournalError('JOURNAL_ENTRY_TOO_LARGE', `the entry of ${entry.id} does not fit with the others`);
  }
  disk.content = { ...disk.content, state };
  disk.written.push(JSON.parse(entry.json) as JournalEntry);
}

function foreignReason(ours: JournalBinding, theirs: JournalBinding): string | undefined {
  const same = ours.thingName === theirs.thingName && ours.endpoint === theirs.endpoint;
  return same ? undefined : `it belongs to thing ${ours.thingName} at ${ours.endpoint}`;
}
