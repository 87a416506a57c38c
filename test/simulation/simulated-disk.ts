/**
 * The disk under the journal: it takes its time, fails, breaks, and loses what was not synced when the power goes. What
 * it holds is the memory journal's.
 */
import { type JournalEntry, JournalError, type OpenedJournal } from '../../agent/ports/journal.ts';
import { createMemoryJournal } from '../fakes/memory-journal.ts';
import type { Draw } from './draw.ts';
import type { History } from './history.ts';
import type { Life } from './life.ts';

export interface SimulatedDisk {
  /** @throws JournalError while it is broken. */
  open(life: Life): Promise<OpenedJournal>;
  /** The process that had the journal open is gone: what it was writing is there, or not. */
  abandoned(): void;
  /** A sync that fails: nothing more is taken until the journal is opened again. */
  failNext(): void;
  /** Neither opens nor writes until it is mended. */
  breakDown(): void;
  mend(): void;
  /** The next start finds that the journal is lost. */
  lose(): void;
  /** Syncs take so many times longer. */
  slowDown(times: number): void;
  /** Once, when a wait is next on the disk of which the service is about to be told that it goes on. */
  onNextWord(what: () => void): void;
}

interface Write {
  readonly entry: JournalEntry;
  readonly journalId: string;
}

export function createSimulatedDisk({ draw, history }: { draw: Draw; history: History }): SimulatedDisk {
  const memory = createMemoryJournal();
  /** The journal makes its own ids by chance; here they are numbered, so that a seed brings them back. */
  const names = new Map<string, string>();
  let inFlight: Write | null = null;
  let writeInFlight: ((entry: JournalEntry) => Promise<void>) | null = null;
  let isBroken = false;
  let failsNext = false;
  let slowness = 1;
  let whenWord: (() => void) | null = null;

  function note(life: Life, { entry, journalId }: Write, state: 'asked' | 'synced' | 'failed' | 'unheard'): void {
    history.note({ what: 'record', life: life.number, journalId, state, entry });
  }

  /** One entry at a time, as the loop writes them. */
  function sync(life: Life, write: Write, journal: OpenedJournal['journal']): Promise<void> {
    note(life, write, 'asked');
    inFlight = write;
    writeInFlight = async (entry) => {
      await journal.append(entry);
      note(life, write, 'unheard');
    };
    return new Promise((resolve, reject) => {
      life.after(draw.spread(1, 30) * slowness, () => {
        inFlight = null;
        if (isBroken || failsNext) {
          failsNext = false;
          note(life, write, 'failed');
          // What the failed sync was to bring to the disk may have come there.
          if (draw.chance(0.5)) void journal.append(write.entry).catch(() => undefined);
          reject(new JournalError('JOURNAL_UNWRITABLE', 'the simulated disk failed'));
          return;
        }
        journal.append(write.entry).then(() => {
          note(life, write, 'synced');
          if ('begins' in write.entry.body) {
            whenWord?.();
            whenWord = null;
          }
          resolve();
        }, reject);
      });
    });
  }

  return {
    open: (life) =>
      life.wait(async () => {
        if (isBroken) throw new JournalError('JOURNAL_UNWRITABLE', 'the simulated disk is broken');
        const { journal, recovered } = await memory.open();
        const journalId = names.get(journal.journalId) ?? `j${String(names.size + 1).padStart(7, '0')}`;
        names.set(journal.journalId, journalId);
        const { status, entries } = recovered;
        history.note({ what: 'opened', life: life.number, journalId, status, entries });
        let isPoisoned = false;
        let queue: Promise<void> = Promise.resolve();
        const append = (entry: JournalEntry) =>
          life.wait(() => {
            const turn = queue.then(() => {
              if (isPoisoned) throw new JournalError('JOURNAL_UNWRITABLE', 'the simulated disk failed before');
              return sync(life, { entry, journalId }, journal);
            });
            queue = turn.catch(() => {
              isPoisoned = true;
            });
            return turn;
          });
        const close = () => life.wait(() => queue.then(() => journal.close()));
        return { recovered, journal: { journalId, append, close } };
      }),
    abandoned() {
      const write = inFlight;
      const finish = writeInFlight;
      inFlight = null;
      writeInFlight = null;
      if (write === null || finish === null || isBroken || draw.chance(0.5)) memory.cutPower();
      else void finish(write.entry).then(() => memory.cutPower());
    },
    failNext() {
      failsNext = true;
    },
    breakDown() {
      isBroken = true;
    },
    mend() {
      isBroken = false;
      failsNext = false;
      slowness = 1;
    },
    lose: () => memory.lose('the simulated disk lost it'),
    slowDown(times) {
      slowness = times;
    },
    onNextWord(what) {
      whenWord = what;
    },
  };
}
