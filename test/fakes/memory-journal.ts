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
  const written: JournalEntry[] = [];
  let disk: { journalId: string; binding: JournalBinding; state: JournalState } | undefined;
  let opened: symbol | undefined;
  let lossReason: string | undefined;
  let failNext: string | undefined;
  let held: Promise<void> = Promise.resolve();

  function write(entry: EncodedEntry): void {
    const state = withEntry(disk?.state ?? EMPTY_STATE, entry, keepFinished);
    if (fitSnapshot(state) === undefined) {
      throw new JournalError('JOURNAL_ENTRY_TOO_LARGE', `the entry of ${entry.id} does not fit with the others`);
    }
    disk = { ...(disk ?? start(MEMORY_BINDING)), state };
    written.push(JSON.parse(entry.json) as JournalEntry);
  }

  function createJournal(journalId: string, me: symbol): Journal {
    let queue: Promise<void> = Promise.resolve();
    let failure: JournalError | undefined;
    let closed: Promise<void> | undefined;

    async function writeInTurn(entry: EncodedEntry): Promise<void> {
      await held;
      if (opened !== me) {
        await new Promise<never>(() => undefined); // the power is out
      }
      if (failNext !== undefined) {
        failure = new JournalError('JOURNAL_UNWRITABLE', failNext);
        failNext = undefined;
      }
      if (failure !== undefined) {
        throw failure;
      }
      write(entry);
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
          opened = opened === me ? undefined : opened;
        });
        return closed;
      },
    };
  }

  return {
    written,
    async open(binding = MEMORY_BINDING) {
      if (opened !== undefined) {
        throw new JournalError('JOURNAL_LOCKED', 'the journal is open already');
      }
      opened = Symbol('opening');
      const reason = lossReason ?? (disk === undefined ? undefined : foreignReason(disk.binding, binding));
      lossReason = undefined;
      const status = reason !== undefined ? 'lost' : disk === undefined ? 'created' : 'read';
      disk = status === 'read' && disk !== undefined ? disk : start(binding);
      const journal = createJournal(disk.journalId, opened);
      return { journal, recovered: { status, entries: entriesOf(disk.state), ...(reason && { reason }) } };
    },
    failNextAppend(reason) {
      failNext = reason;
    },
    hold() {
      let release = () => {};
      held = new Promise((resolve) => {
        release = resolve;
      });
      return () => release();
    },
    lose(reason) {
      lossReason = reason;
    },
    cutPower() {
      opened = undefined;
    },
  };
}

function start(binding: JournalBinding) {
  return { journalId: randomUUID(), binding, state: EMPTY_STATE };
}

function foreignReason(ours: JournalBinding, theirs: JournalBinding): string | undefined {
  const same = ours.thingName === theirs.thingName && ours.endpoint === theirs.endpoint;
  return same ? undefined : `it belongs to thing ${ours.thingName} at ${ours.endpoint}`;
}
