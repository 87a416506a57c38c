/** The journal, beside the usual way to write a small state file durably: a new file, synced, renamed, folder synced. */
import { randomUUID } from 'node:crypto';
import { mkdtemp, open, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../agent/adapters/clock/system.ts';
import { openSegmentJournal } from '../agent/adapters/journal/segment-journal.ts';
import { measure, type Row } from './row.ts';

const COUNT = 1_000;

export async function benchJournal(): Promise<readonly Row[]> {
  const dir = await mkdtemp(join(tmpdir(), 'bench-'));
  const { journal } = await openSegmentJournal({
    dir: join(dir, 'journal'),
    binding: { thingName: 'bench', endpoint: 'localhost' },
    bootId: randomUUID(),
    clock: systemClock,
  });
  const body = { phase: 'running', note: 'x'.repeat(300) };
  try {
    return [
      await measure({
        name: 'job-agent journal, one fdatasync',
        count: COUNT,
        once: () => journal.append({ id: 'job.1.1', finished: false, body }),
      }),
      await measure({
        name: 'new file, fsync, rename, fsync of the folder',
        count: COUNT,
        once: () => replaceDurably(dir, JSON.stringify(body)),
      }),
    ];
  } finally {
    await journal.close();
    await rm(dir, { recursive: true, force: true });
  }
}

async function replaceDurably(dir: string, text: string): Promise<void> {
  const file = await open(join(dir, 'state.tmp'), 'w');
  await file.writeFile(text);
  await file.sync();
  await file.close();
  await rename(join(dir, 'state.tmp'), join(dir, 'state.json'));
  const folder = await open(dir, 'r');
  await folder.sync();
  await folder.close();
}
