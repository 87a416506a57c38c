/** A folder with a journal on disk, opened and left as a test likes, and removed after it. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import {
  type OpenSegmentFile,
  openSegmentFile,
  type SegmentFile,
} from '../../../agent/adapters/journal/segment-file.ts';
import { openSegmentJournal, type SegmentJournalOptions } from '../../../agent/adapters/journal/segment-journal.ts';
import type { JournalBinding, OpenedJournal } from '../../../agent/ports/journal.ts';

export const BINDING: JournalBinding = { thingName: 'gateway-1', endpoint: 'iot.example.com' };

export interface JournalFolder {
  readonly dir: string;
  open(options?: Partial<SegmentJournalOptions>): Promise<OpenedJournal>;
  /** Leaves what is open as it is: not closed, lock in place. The next opening is in another boot. */
  cutPower(): Promise<void>;
}

export async function createJournalFolder(defaults: Partial<SegmentJournalOptions> = {}): Promise<JournalFolder> {
  const top = await mkdtemp(join(tmpdir(), 'job-agent-journal-'));
  const dir = join(top, 'state');
  const files = new Set<SegmentFile>();
  let boot = 1;
  const closeFiles = async () => {
    await Promise.all([...files].map((file) => file.close()));
    files.clear();
  };
  onTestFinished(async () => {
    await closeFiles();
    await rm(top, { recursive: true });
  });

  function tracked(openFile: OpenSegmentFile): OpenSegmentFile {
    return async (path) => {
      const file = await openFile(path);
      const handle: SegmentFile = {
        ...file,
        close: async () => {
          files.delete(handle);
          await file.close();
        },
      };
      files.add(handle);
      return handle;
    };
  }

  return {
    dir,
    open(options = {}) {
      const clock = { wallMs: () => 1_700_000_000_000, monotonicMs: () => 12_345.5 };
      const { openFile = openSegmentFile, ...rest } = {
        dir,
        binding: BINDING,
        bootId: `boot-${boot}`,
        clock,
        ...defaults,
        ...options,
      };
      return openSegmentJournal({ ...rest, openFile: tracked(openFile) });
    },
    async cutPower() {
      boot += 1;
      await closeFiles();
    },
  };
}
