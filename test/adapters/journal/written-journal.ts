/** A journal as a file system has it after some appends, and what it should say. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { decodeSegment, recoverSegments, SEGMENT_NAMES } from '../../../agent/adapters/journal/recover-segments.ts';
import type { JournalEntry } from '../../../agent/ports/journal.ts';
import { live } from '../../contracts/journal-contract.ts';
import { BINDING, createJournalFolder } from './journal-folder.ts';

export const RECOVERY_OPTIONS = { binding: BINDING, keepFinished: 256 };

/** `appends` records of a block each to five ids, then perhaps one more; what was known after each. */
export async function writeJournal(appends: number, { last }: { last?: JournalEntry } = {}) {
  const folder = await createJournalFolder();
  const { journal } = await folder.open();
  const known = new Map<string, JournalEntry>();
  const states: (readonly JournalEntry[])[] = [[]];
  const all = Array.from({ length: appends }, (_, n) => live(`job-${n % 5}`, { n, phase: 'running' }));
  for (const entry of last === undefined ? all : [...all, last]) {
    await journal.append(entry);
    known.set(entry.id, entry);
    states.push([...known.values()]);
  }
  await journal.close();
  const [a, b] = SEGMENT_NAMES.map((name) => join(folder.dir, name)) as [string, string];
  const images: [Buffer, Buffer] = [await readFile(a), await readFile(b)];
  const recovery = recoverSegments([decodeSegment(images[0]), decodeSegment(images[1])], RECOVERY_OPTIONS);
  return { images, states, log: recovery.status === 'read' ? recovery.position.segment : 0 };
}
